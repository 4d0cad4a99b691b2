// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shares of credit: what of a list of credit items (a payment's, a credit note's, a customer's)
// settles which debit, and on which day; and the way back. Planned while the call can still be
// refused, then carried out.

#include "server/ledger/posting.h"
#include "server/ledger/settlement.h"

// A settlement line and the credit item that pays it.
struct share {
    struct settlement_line line;
    struct item *credit;
};

struct shares {
    struct share *share;
    size_t count;
    bool more; // than one call can carry out
};

// What is open of the items.
int64_t shares_open(const struct item_list *items);

// What is to be settled with what is open of the credits: as named, else by the customer's profile.
struct shares_wish {
    uint64_t customer_id;
    int32_t day;   // of the credit
    int32_t asked; // a later day; 0: none
    Allocate *const *named;
    size_t named_count;
};

// Plans it: NOTHING_TO_DO when nothing can be settled. Loads what it posts to.
MUST_CHECK enum status shares_plan(struct books *books, const struct item_list *credits,
                                   const struct shares_wish *wish, struct shares *out);
MUST_CHECK enum status shares_allocate(struct books *books, struct shares *shares);

// The allocations of the credits that stand: all, or those to one document; as many as one call can
// take back.
MUST_CHECK enum status shares_standing(struct books *books, const struct item_list *credits,
                                       uint64_t document_id, struct allocation_list *out);
// The ids that taking them back will need.
size_t shares_ids(const struct allocation_list *list);
// The day of taking back: as asked, else the usual one or the first open one behind it; never
// before what is taken back, nor `first`. `scopes` are of enum posting_scope.
MUST_CHECK enum status shares_back_day(struct books *books, const struct allocation_list *list,
                                       int32_t first, int32_t asked, int32_t usual, uint32_t scopes,
                                       int32_t *out);
MUST_CHECK enum status shares_take_back(struct books *books, const struct allocation_list *list,
                                        int32_t day, struct shares *out);

// What allocating and taking back post to, while the call can still be refused.
MUST_CHECK enum status shares_controls(struct books *books, uint64_t customer_id,
                                       struct balance **balance);

// The shares as rows of a reply.
MUST_CHECK enum status shares_reply(struct books *books, const struct shares *shares,
                                    bool taken_back, AllocationLine ***line, size_t *count);
