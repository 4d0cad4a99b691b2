// SPDX-License-Identifier: Apache-2.0
#pragma once

// Open items and their allocation (domain.md d.1). An item is what a document leaves to be settled;
// an allocation settles a part of a debit item with a part of a credit item from its effective day
// on; taking one back is a second record. The residual of an item is never negative on any day:
// item_free_day finds the first day from which an allocation fits.

#include "server/ledger/books.h"

struct item {
    ItemRecord *record;
    bool was_open; // as stored
    bool is_new;
    bool changed;
    struct item *next;
};

// A new item with everything open; `draft` is copied and gets its id. NULL when the arena is
// exhausted.
struct item *item_make(struct books *books, const ItemRecord *draft);
// From the working set or the store: STATUS_NOT_FOUND.
MUST_CHECK enum status item_load(struct books *books, uint64_t id, struct item **out);

struct item_list {
    struct item **item;
    size_t count;
};

// Amount and residual in the item's own currency, in which it is settled; `amount_minor` and
// `open_minor` of the record are in the book's.
int64_t item_whole(const ItemRecord *record);
int64_t item_left(const ItemRecord *record);
// Leaves those of one currency; "" is the book's.
void item_keep_currency(struct item_list *list, const char *currency);

// The customer's open items of one side (UNSET: of both): oldest due first (due day, document day,
// number).
MUST_CHECK enum status item_open(struct books *books, uint64_t customer_id, ItemSide side,
                                 struct item_list *out);

// What is left of an item at the end of a day, in its own currency and in the book's.
struct item_rest {
    int64_t own_minor;
    int64_t book_minor;
};

MUST_CHECK enum status item_rest(struct books *books, const ItemRecord *record, int32_t day,
                                 struct item_rest *out);

struct allocation_list {
    AllocationRecord **allocation;
    size_t count;
    bool more; // than were asked for
};

// The allocations of an item that stand, in the order they were made.
MUST_CHECK enum status item_allocations(struct books *books, uint64_t item_id,
                                        struct allocation_list *out);

// All of them and what took them back; and what was left of the item at the end of a day from its
// own on, by these.
MUST_CHECK enum status item_events(struct books *books, uint64_t item_id,
                                   struct allocation_list *out);
int64_t item_residual(const ItemRecord *record, const struct allocation_list *events, int32_t day);

// Amounts from here on are in the items' own currency.
//
// The first day from `day` and the item's own on from which it has `amount_minor` to spare for
// ever, and that takes an allocation (period.h). What is open is enough, unless an allocation was
// taken back later than that.
MUST_CHECK enum status item_free_day(struct books *books, const struct item *item,
                                     int64_t amount_minor, int32_t day, int32_t *out);

// Why an allocation was made, where other rules ask for it.
#define RULE_RESCHEDULE "reschedule"
#define RULE_WRITE_OFF  "write-off"

// Settles; the transfer between control accounts is posted where they differ, and what the rates of
// the items differ by. The day is one that item_free_day found for both.
MUST_CHECK enum status item_allocate(struct books *books, struct item *debit, struct item *credit,
                                     int64_t amount_minor, int32_t day, const char *rule,
                                     AllocationRecord **out);
// The same where the book's currency gives or takes `book_minor` on both sides: one of the items
// was made for the other, at its rate.
MUST_CHECK enum status item_allocate_even(struct books *books, struct item *debit,
                                          struct item *credit, struct item_rest taken, int32_t day,
                                          const char *rule, AllocationRecord **out);
// Takes an allocation back on `day`, which is not before its own.
MUST_CHECK enum status item_unallocate(struct books *books, AllocationRecord *allocation,
                                       int32_t day, AllocationRecord **out);

// Closes an item that is open in full, by one of the other side on its account: what it came from
// never was.
MUST_CHECK enum status item_counter(struct books *books, struct item *item, uint64_t document_id,
                                    int32_t day);

// The item is in dispute from `day` on, or not any more. An item that was just made says so of its
// own day.
MUST_CHECK enum status item_dispute(struct books *books, ItemRecord *record, bool disputed,
                                    int32_t day);

// Registers a change; an item is in the working set once.
void item_touch(struct books *books, struct item *item);
// Puts the items that changed and keeps the index of open ones.
MUST_CHECK enum status item_write(struct books *books);
