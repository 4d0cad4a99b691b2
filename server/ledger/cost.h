// SPDX-License-Identifier: Apache-2.0
#pragma once

// What was spent, and for whom (domain.md d.9, d.17): posted with its customer, campaign, ticket
// and department. A cost of nobody may be shared among customers; who bears which part is computed
// when it is asked for, out of what is in the books by then, and moves no account.

#include "server/ledger/books.h"
#include "server/views/views.h"

// "CO-2026-0001". NULL when the arena is exhausted.
char *cost_number(struct arena *arena, const CostRecord *cost);
// What it takes from the result: without its tax.
int64_t cost_net(const CostRecord *cost);

// Of a driver and its days, ready to be handed to the views. Hours are read from the costs.
MUST_CHECK enum status cost_share_of(struct txn *txn, struct call *call, const ShareRecord *share,
                                     struct cost_share *out);
// What moves between customers and nobody from day to day: a share on the day of its cost, and its
// way back on the day on which the cost was reversed.
MUST_CHECK enum status cost_shares(struct txn *txn, struct call *call, int32_t from_day,
                                   int32_t to_day, struct cost_share **out, size_t *count);
