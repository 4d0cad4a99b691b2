// SPDX-License-Identifier: Apache-2.0
#pragma once

// In which order items that nobody named are settled (domain.md d.1): a profile says it. The
// statutory one follows the Civil Code: what is due before what is not, the heavier burden first,
// then the earliest due day; what is equal in all of that shares in proportion (art. 560); inside
// one claim costs of collecting it, then interest, then principal (art. 561). A claim that bears
// costs or interest is the heavier one; securities are kept for customers and not for items, so
// that they make no difference here. Ties end on the document's number.

#include "server/ledger/item.h"

#include "proto/settlement.pb-c.h"

// Items of one claim, in the order in which they are settled. A profile other than the statutory
// one makes a claim of each item.
struct claim {
    struct item **item;
    size_t count;
    int64_t key[7]; // by which claims are ordered
};

// Claims between which money goes in proportion.
struct claim_group {
    const struct claim *claim;
    size_t count;
};

struct settlement_order {
    struct claim_group *group;
    size_t count;
    const char *rule; // the word of the profile
};

// The book's own profile, else that of its chart.
SettlementProfile settlement_book_profile(const struct books *books);

// Puts `items` in order for money of `day`; MANUAL is answered with the book's own.
MUST_CHECK enum status settlement_order(struct books *books, int32_t day, SettlementProfile profile,
                                        const struct item_list *items,
                                        struct settlement_order *out);
