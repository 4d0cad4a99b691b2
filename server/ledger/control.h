// SPDX-License-Identifier: Apache-2.0
#pragma once

// The second person (security.md e, steps 13 and 15). A command whose row in commands.def names a
// control asks here, as its last refusal, whether a rule of the book demands one; when it does, its
// request is put aside as it is and answered APPROVAL_PENDING. An approved request runs again from
// the beginning, as its creator and with the rights that the creator has then (control_run).
//
// Trap: control_check may write, so that nothing may be refused behind it.

#include "server/ledger/done.h"

// Demands a second person for this call when the rule of `control` says so for `amount_minor`
// (greater is looser; 0 where there is no amount). `control` must be the one of the command's row.
// In a preview the call goes on, and the reply says what it will need.
MUST_CHECK enum status control_check(struct txn *txn, struct call *call, enum control control,
                                     int64_t amount_minor);

// The same where one call does several things: the first is that of the command's row, the others
// come with it, each counted with what else was done of its kind. An amount that somebody chose
// asks a rule that says always; one that follows from terms, rates and tolerances only one that
// speaks of an amount.
struct act {
    enum control control;
    int64_t amount_minor;
    bool is_chosen;
};
MUST_CHECK enum status control_check_acts(struct txn *txn, struct call *call, const struct act *act,
                                          size_t count);
// The same for an act that takes a second person whatever the rule says.
MUST_CHECK enum status control_insist(struct txn *txn, struct call *call, enum control control);
// This call does nothing for which its control stands: a command that names one says either.
void control_pass(struct call *call);

// Would the rule demand somebody, with what the caller did alone for this customer on that day? For
// rows of an import, which cannot wait; control_count notes what one of them did.
MUST_CHECK enum status control_demands(struct txn *txn, const struct call *call,
                                       const struct doing *doing, bool *demands);
MUST_CHECK enum status control_count(struct txn *txn, const struct call *call,
                                     const struct doing *doing);
// The rule of a control; mode OFF when there is none.
MUST_CHECK enum status control_rule(struct txn *txn, enum control control, RuleRecord *out);

// Runs what waits, as call->second->creator. On STATUS_OK the call says what came of it, and the
// transaction looks with the creator's eyes; a refusal leaves the call as the approver's.
// *result is the command's own reply.
MUST_CHECK enum status control_run(struct txn *txn, struct call *call,
                                   const ApprovalRecord *approval, ProtobufCMessage **result);
