// SPDX-License-Identifier: Apache-2.0
#pragma once

// What waits for a second person, as the commands about it share it.

#include "server/ledger/call.h"

// Loads what waits; refused NOT_FOUND when it is not there, or not for the eyes of the caller: who
// sees it must be permitted the command itself or the list of what it is about, or have asked for
// it.
MUST_CHECK enum status approval_load(struct txn *txn, struct call *call, uint64_t id,
                                     ApprovalRecord **out);
// Looks on with the caller's right to list what waits, whatever the running command reaches: for
// commands of any session that name or tell of it.
MUST_CHECK enum status approval_look(struct txn *txn, struct call *call);
bool approval_may_see(const struct call *call, const ApprovalRecord *approval);
// The state at the call's instant: what waited too long has lapsed.
ApprovalState approval_state(const struct call *call, const ApprovalRecord *approval);
// Does the request of that id still wait? Not for 0, nor for one that is out of sight.
MUST_CHECK enum status approval_waits(struct txn *txn, struct call *call, uint64_t id, bool *out);
bool approval_is_author(const ApprovalRecord *approval, uint64_t user_id);
char *approval_number(struct call *call, const ApprovalRecord *approval);
