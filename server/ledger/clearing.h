// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents that settle without money coming in, or pay money out: write-offs, small differences,
// discounts, refunds, recoveries (domain.md d.1, d.17). Each has a number, an entry, items of its
// own and allocations to the items that it settles; undoing it takes the allocations back, closes
// its items and reverses its entry.

#include "server/ledger/posting.h"
#include "server/ledger/settlement.h"

// Missing, out of scope, or of another noun (`refunds` or the rest): refused NOT_FOUND with
// `field`.
MUST_CHECK enum status clearing_load(struct books *books, uint64_t id, bool refunds,
                                     const char *field, ClearingRecord **out);
// "WO-2026-0001". NULL when the arena is exhausted.
char *clearing_number(struct books *books, const ClearingRecord *clearing);

// A new document, not yet numbered. NULL when the arena is exhausted.
ClearingRecord *clearing_make(struct books *books, ClearingKind kind, uint64_t customer_id,
                              int64_t amount_minor, int32_t day);
// Id, number and who entered it.
MUST_CHECK enum status clearing_enter(struct books *books, ClearingRecord *clearing);
// An item of the document, in its currency.
MUST_CHECK enum status clearing_item(struct books *books, ClearingRecord *clearing, ItemSide side,
                                     uint32_t account, struct item_rest amount, struct item **out);
// Its entry, with room for `line_max` lines. NULL when the arena is exhausted.
EntryRecord *clearing_entry(struct books *books, const ClearingRecord *clearing, EntryKind kind,
                            size_t line_max);
// Posts the entry and keeps the document.
MUST_CHECK enum status clearing_keep(struct books *books, ClearingRecord *clearing,
                                     EntryRecord *entry);

// What the amounts of `settled` are worth in the book's currency, by what their items have left in
// it.
struct item_rest clearing_worth(const struct settlement *settled);
// What it settles is in that currency: its own amount, and what it is worth. "": the book's.
void clearing_denominate(ClearingRecord *clearing, char *currency, struct item_rest amount);
// Amount in the currency of what it settles.
int64_t clearing_own(const ClearingRecord *clearing);

// Gives up the amounts of `settled` at the expense of `role`: enters, posts and allocates them.
// What it posts to must be loaded.
MUST_CHECK enum status clearing_give(struct books *books, ClearingRecord *clearing,
                                     enum account_role role, struct settlement *settled);

// What undoing it needs, found while the call can still be refused.
struct clearing_undo {
    ClearingRecord *clearing;
    EntryRecord *entry;
    struct item_list items;
    struct allocation_list standing;
    int32_t day;
};

// The day is `asked`, else the document's own; never before what is undone.
MUST_CHECK enum status clearing_undo_plan(struct books *books, ClearingRecord *clearing,
                                          int32_t asked, struct clearing_undo *out);
MUST_CHECK enum status clearing_undo_post(struct books *books, const struct clearing_undo *undo,
                                          const char *reason);

// The whole way back of a command, when nothing is left to refuse.
MUST_CHECK enum status clearing_undo_reply(struct books *books, const struct clearing_undo *undo,
                                           const char *reason, ClearingReply *reply);

// What came of it. `settled` may be NULL.
MUST_CHECK enum status clearing_reply(struct books *books, const ClearingRecord *clearing,
                                      const struct settlement *settled, int64_t owed_before_minor,
                                      ClearingReply *reply);
