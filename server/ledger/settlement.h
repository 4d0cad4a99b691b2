// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which open items a sum of money settles, decided before anything is written (domain.md d.1,
// "Order in which a receipt is applied"): what the payer named; else the one open item of exactly
// that amount; else in the order of the customer's profile (settlement_order.h). Disputed items,
// and those whose payment is promised for a later day, are left to a decision of people.

#include "server/ledger/item.h"

struct settlement_line {
    struct item *debit;
    int64_t open_minor; // of the item before
    int64_t amount_minor;
    int64_t discount_minor; // for early payment, given beside the money
    int32_t day;            // effective
    const char *rule;       // "named", "exact", or the word of a profile
    uint64_t id;            // of the allocation, once it is made
};

struct settlement {
    uint64_t customer_id;
    const char *currency; // of the money and of all that it may settle; "": the book's
    int32_t day;          // of the money
    bool strict;   // a named sum that does not fit is refused; else the rest stays with the money
    bool is_asked; // by a person, not by the way: a manual profile does not stop it
    bool is_named; // items were named
    int32_t paid_day;   // of money that may earn a discount; 0: none
    size_t ids;         // that carrying it out will need
    bool is_full;       // there is more to settle than one call can carry out
    int64_t left_minor; // of the money
    struct settlement_line *line;
    size_t count;
};

// `amount_minor` of that customer's money, dated `day`.
MUST_CHECK enum status settlement_begin(struct books *books, uint64_t customer_id,
                                        int64_t amount_minor, int32_t day, bool strict,
                                        struct settlement *out);
MUST_CHECK enum status settlement_named(struct books *books, struct settlement *settlement,
                                        Allocate *const *named, size_t count);
// One item, as much as is open on it and left of the money.
MUST_CHECK enum status settlement_item(struct books *books, struct settlement *settlement,
                                       struct item *debit, const char *rule);
// By the customer's profile; nothing when that is manual and nobody asked.
MUST_CHECK enum status settlement_automatic(struct books *books, struct settlement *settlement);
// The profile that holds for the customer: his own, the book's, the chart's.
MUST_CHECK enum status settlement_profile(struct books *books, uint64_t customer_id,
                                          SettlementProfile *out);

// What the plan takes of an item, money and discount.
// Does anybody say how much? Then it matters in which currency.
bool settlement_has_amounts(Allocate *const *named, size_t count);

int64_t settlement_planned(const struct settlement *settlement, const struct item *debit);
// Money that is left when all is planned pays for what was counted as discount: who has paid all of
// it has taken none.
void settlement_repay_discounts(struct settlement *settlement);

// The first day on which both have the amount to spare, `credit_minor` being all that is taken of
// the credit so far.
MUST_CHECK enum status settlement_day(struct books *books, const struct item *debit,
                                      int64_t debit_minor, const struct item *credit,
                                      int64_t credit_minor, int32_t day, int32_t *out);

// What settlement did, as rows of a reply. `taken_back` tells the same with the sums taken back.
MUST_CHECK enum status settlement_reply(struct books *books, const struct settlement *settlement,
                                        bool taken_back, AllocationLine ***line, size_t *count);
