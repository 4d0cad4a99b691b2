// SPDX-License-Identifier: Apache-2.0
#pragma once

// What becomes of a bank line: it is a receipt of a customer, shows a payment or an entry that is
// in the books, is booked against an account, or is left out with a reason. A line that is matched
// clears entries of its account whose sum is the line's amount, to the cent; so what the books and
// the bank show differ by nothing but what is listed (domain.md d.13, "Outcome statement").

#include "server/ledger/match.h"
#include "server/ledger/receipt.h"

// A line at work, with its account and statement.
struct reconcile {
    BankLineRecord *line;
    BankRecord *bank;
    BankStatementRecord *statement;
    int32_t day; // that it is booked on: the line's own, unless somebody chose another
    struct match match;
    uint64_t *entry; // that the line clears
    size_t entry_count;

    // A receipt that is made; `settlement` is what it pays, and the bank kept the fee of it.
    PaymentRecord *payment;
    struct settlement settlement;
    int64_t fee_minor;
    PaymentMethod method; // unset: a transfer
    uint64_t method_id;   // of the catalogue; 0: the kind itself

    // Receipts that arrive with the line, on an entry that is made.
    PaymentRecord **receipt;
    size_t receipt_count;
    MethodRecord *confirmed;  // whose arrival they are; NULL: none that would have been proposed
    bool arrives_for_certain; // and nobody needs to look at it
    EntryRecord *booking;     // an entry that is made
};

// Missing: refused; `waits` says whether it must wait for a decision or must have one.
MUST_CHECK enum status reconcile_load(struct books *books, uint64_t line_id, bool waits,
                                      struct reconcile *out);

// The line is booked on that day instead of its own (0: no wish): where its month takes no postings
// any more. Not before it, nor ahead.
MUST_CHECK enum status reconcile_choose_day(struct books *books, struct reconcile *at,
                                            int32_t asked);
// A refusal for the sake of the day says how to go on.
void reconcile_tell_day(struct books *books);

// Plans a receipt of the customer, with everything that can speak against it; `named` may be empty:
// then it settles what the machine chooses.
MUST_CHECK enum status reconcile_plan_receipt(struct books *books, struct reconcile *at,
                                              uint64_t customer_id, Allocate *const *named,
                                              size_t count);
// Finds the movement of an entry on the line's account: it must be the line's amount, and nothing
// else may show it yet.
MUST_CHECK enum status reconcile_plan_entry(struct books *books, struct reconcile *at,
                                            uint64_t entry_id, const char *field);

// Finds the receipts that the line brings from where they were received: what is left of them is
// the line's amount, and none has arrived yet.
MUST_CHECK enum status reconcile_plan_receipts(struct books *books, struct reconcile *at,
                                               ReconcileReceipt *const *receipt, size_t count);

// Would they have been proposed, and need nobody look at them? Fills `confirmed` and
// `arrives_for_certain` of what is planned.
MUST_CHECK enum status reconcile_confirms(struct books *books, struct reconcile *at);
// Somebody looked at them: one more for the method.
MUST_CHECK enum status reconcile_confirm(struct books *books, const struct reconcile *at);

// The receipts are on the bank account, and on their way again.
MUST_CHECK enum status reconcile_arrive(struct books *books, struct reconcile *at);
MUST_CHECK enum status reconcile_depart(struct books *books, const BankLineRecord *line);

// A new entry of the line, which keeps the line's own day as where it came from. NULL when the
// arena is exhausted.
EntryRecord *reconcile_entry(struct books *books, const struct reconcile *at, size_t line_max);

// A line that was split becomes one again: every part waits.
MUST_CHECK enum status reconcile_plan_join(struct books *books, const struct reconcile *at,
                                           BankLineRecord ***parts);
MUST_CHECK enum status reconcile_join(struct books *books, struct reconcile *at,
                                      BankLineRecord *const *parts);

// What an entry moves on an account; debit positive.
int64_t reconcile_moved(const EntryRecord *entry, uint32_t account);

// A rule that demands a second person for something that this command does by the way: it cannot
// wait for one here, and is refused. A part of a line that was split counts as all of that line.
MUST_CHECK enum status reconcile_refuse_controlled(struct books *books, const BankLineRecord *line,
                                                   enum control control);

// A line for a reply: what the bank says of it, as the reader may see it.
MUST_CHECK enum status reconcile_row(struct txn *txn, struct call *call, const BankLineRecord *line,
                                     ReconcileRow *row);

// Puts the line and its account.
MUST_CHECK enum status reconcile_keep(struct books *books, const struct reconcile *at);
// Posts what was planned, clears, and keeps the line; bank and line are put.
MUST_CHECK enum status reconcile_do(struct books *books, struct reconcile *at);
