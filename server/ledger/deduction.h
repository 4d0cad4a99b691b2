// SPDX-License-Identifier: Apache-2.0
#pragma once

// What leaves a receivable without money (domain.md d.1, d.17): a discount, a fee that the bank
// kept, a small difference, a claim that is given up, what rates differ by, a credit that no money
// came with. Every command that lets such an amount go plans it here and asks deduction_check as
// its last refusal. So all of it counts as writing off, together, for one person, customer and day;
// and what a command settles counts in its own rule and limits with all that it settles, not only
// with the money.

#include "server/ledger/control.h"
#include "server/ledger/shares.h"

struct deduction {
    int64_t agreed_minor; // follows from terms, tolerance, rates, or is a usual fee
    int64_t chosen_minor; // because somebody says so
    int64_t beyond_minor; // of both: what is settled beside the money
};

// Amounts are of the book's currency. What is beyond the money is settled beside it.
void deduction_agree(struct deduction *deduction, int64_t amount_minor);
// Given up: takes the permission and limit of a write-off. Not `is_beyond` the money: what is left
// over of it, and kept.
MUST_CHECK enum status deduction_give(struct books *books, uint64_t customer_id,
                                      int64_t amount_minor, const char *field, bool is_beyond,
                                      struct deduction *deduction);
// The bank kept it of an amount that was paid: agreed up to what is usual.
MUST_CHECK enum status deduction_fee(struct books *books, int64_t fee_minor, int64_t amount_minor,
                                     struct deduction *deduction);
// What a payment settles beside its money: discounts, and what the debts are worth more in the
// books than the money for them. A loss that no rate of that time explains was chosen.
void deduction_settle(const PaymentRecord *payment, const struct settlement *settlement,
                      struct deduction *deduction);

// The last refusal of a command whose own act is about `amount_minor` of money.
MUST_CHECK enum status deduction_check(struct books *books, uint64_t customer_id,
                                       int64_t amount_minor, const struct deduction *deduction);
// The same for a command that settles with what stands to the customer's credit already: there only
// rates can differ.
MUST_CHECK enum status deduction_check_shares(struct books *books, const struct shares *shares);
