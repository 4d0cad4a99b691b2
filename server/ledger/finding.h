// SPDX-License-Identifier: Apache-2.0
#pragma once

// Findings of an auditor as other files of the ledger need them: their number, and how many are
// left open.

#include "server/ledger/books.h"

// "F-0001", in `arena`; NULL when it is exhausted.
char *finding_number(struct arena *arena, const FindingRecord *finding);

// The finding of a check of the books: the one that is open already, or a new one.
MUST_CHECK enum status finding_of_check(struct txn *txn, struct call *call, uint64_t check_id,
                                        const char *title, char *notes, uint64_t *finding_id);

// Gives a new finding its id and number, opens it with its title and closes the books. The caller
// puts it.
MUST_CHECK enum status finding_open(struct books *books, FindingRecord *finding);
