// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the rates of a debt and of the money for it differ by (domain.md d.11, d.17). An allocation
// takes the same sum in the book's currency from both of its items; where the items have different
// rates, the difference is a document of its own, with a number, an entry and an item that closes
// the larger of the two. It is taken back with its allocation and never by itself.

#include "server/ledger/item.h"

#define DISPARITY_RULE "exchange"
#define DISPARITY_IDS  4u // document, item, entry, allocation: to close it, and to take it back

// Of `own_minor` of what the item has left in its currency, in the book's: the last takes all of
// it, and whoever leaves something leaves something in both.
int64_t disparity_share(const ItemRecord *item, int64_t own_minor);

// Does the allocation close a difference? Then it goes with the one that it was made for.
bool disparity_is_own(const AllocationRecord *allocation);

// Loads what a difference posts to, while the call can still be refused.
MUST_CHECK enum status disparity_load(struct books *books);
// Posts that so much of the item is won (of money) or lost (of a debt); the new item closes it.
MUST_CHECK enum status disparity_open(struct books *books, const struct item *item,
                                      int64_t amount_minor, int32_t day, ClearingRecord **out,
                                      struct item **counter);
// Reverses the entry of it.
MUST_CHECK enum status disparity_reverse(struct books *books, ClearingRecord *clearing,
                                         int32_t day);
