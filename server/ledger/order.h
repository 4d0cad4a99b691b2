// SPDX-License-Identifier: Apache-2.0
#pragma once

// Orders (requirements R40): a draft posts nothing; a confirmed order counts against the customer's
// credit with its gross until it is invoiced or cancelled. Every change that raises what is ordered
// asks exposure_check_order: confirming, raising, and opening again what was cancelled or whose
// invoice was reversed, so that no way leads around the limit.

#include "server/ledger/books.h"

MUST_CHECK enum status order_load(struct books *books, uint64_t id, OrderRecord **out);
char *order_number(struct arena *arena, const OrderRecord *order);
// What it comes to in the book's currency, by the rate of its day.
int64_t order_book(const OrderRecord *order);
// Is it part of what the customer's credit bears?
bool order_counts(const OrderRecord *order);
// Moves what the customer has ordered.
MUST_CHECK enum status order_move(struct books *books, uint64_t customer_id, int64_t change_minor);
// The state as it is said in refusals and in the log.
const char *order_word(OrderState state);
MUST_CHECK enum status order_refuse_state(struct books *books, const OrderRecord *order);
// While its invoice waits for a second person an order stays as it is: what is approved is what was
// looked at, once.
MUST_CHECK enum status order_refuse_waiting(struct books *books, const OrderRecord *order);
