// SPDX-License-Identifier: Apache-2.0
#pragma once

// How much one person may take out in a day (requirements R114): rows of lists, exports, looks
// behind a veil. Counted in the book, by its day. What counts for somebody is the rule about him,
// else the widest one about his roles, else the one for everybody, else QUOTA_ROWS and its like.

#include "server/ledger/call.h"
#include "server/store/store.h"

enum quota_kind { QUOTA_KIND_ROWS, QUOTA_KIND_EXPORTS, QUOTA_KIND_REVEALS, QUOTA_KINDS };

const char *quota_word(enum quota_kind kind); // "rows"

struct quota {
    uint32_t used[QUOTA_KINDS]; // today
    uint32_t most[QUOTA_KINDS];
};

MUST_CHECK enum status quota_of(struct txn *txn, const UserRecord *user, int32_t day,
                                struct quota *out);
// May the caller take one more of this kind? Refuses E-QUOTA with what it would be and what is
// allowed. The system may.
MUST_CHECK enum status quota_check(struct txn *txn, struct call *call, enum quota_kind kind);
// Counts what was checked, among the writes of a command.
MUST_CHECK enum status quota_take(struct txn *txn, const struct call *call, enum quota_kind kind);
// Is the command a list whose rows are counted?
bool quota_counts_rows(const struct command *command);
