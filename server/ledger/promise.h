// SPDX-License-Identifier: Apache-2.0
#pragma once

// What customers promise to pay (domain.md d.5). A promise is kept when what it is about was
// settled for its amount by its day and the days of grace; nobody has to look at it for it to be
// broken. Money and what was agreed upon (credit notes, discounts, waivers) settle; other due days
// and write-offs do not.

#include "server/ledger/dunning.h"

char *promise_number(struct arena *arena, const PromiseRecord *promise);

struct promise_count {
    int64_t paid_minor; // by its last day, as of the day that was asked
    PromiseState state;
};

// What came of it as of a day.
MUST_CHECK enum status promise_count(struct txn *txn, const PromiseRecord *promise, int32_t day,
                                     struct promise_count *out);

struct promise_list {
    PromiseRecord **promise;
    size_t count;
};

// Those of a customer that stand, in order of entry.
MUST_CHECK enum status promises_of(struct txn *txn, struct arena *arena,
                                   const CollectionRecord *collection, struct promise_list *out);
// Those that can still be kept and are about one of the items.
MUST_CHECK enum status promises_about(struct books *books, uint64_t customer_id,
                                      const struct item_list *items, struct promise_list *out);
// These items, which take the place of others, are what it is about as well: with them it is about
// PROMISE_ITEMS_MAX at most.
MUST_CHECK enum status promise_extend(struct books *books, PromiseRecord *promise,
                                      const uint64_t *item_id, size_t count);
// Its last day, grace included.
int32_t promise_last_day(const PromiseRecord *promise);
bool promise_is_about(const PromiseRecord *promise, uint64_t item_id);

// How many were broken in the twelve months up to a day: what the credit score counts.
MUST_CHECK enum status promises_broken(struct txn *txn, struct arena *arena, uint64_t customer_id,
                                       int32_t day, uint32_t *out);
