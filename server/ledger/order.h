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

// What is not invoiced: of it all in its own currency, of what the customer's credit bears, and of
// a line (`i` counted from 0).
struct order_left {
    int64_t net_minor;
    int64_t tax_minor;
    int64_t quantity_micro;
};

int64_t order_left(const OrderRecord *order);
int64_t order_left_book(const OrderRecord *order);
struct order_left order_line_left(const OrderRecord *order, size_t i);
bool order_is_done(const OrderRecord *order); // all of it is invoiced
// What reversed invoices took is left again.
MUST_CHECK enum status order_drop_reversed(struct books *books, OrderRecord *order);
// The next part: of these lines, each named once, or all that is left. More than that is refused
// ORDER_OVER.
MUST_CHECK enum status order_plan_part(struct books *books, const OrderRecord *order,
                                       CreditLine *const *line, size_t count,
                                       OrderPartRecord **out);
// Lines and sums of the part's document.
MUST_CHECK enum status order_fill(struct books *books, const OrderRecord *order,
                                  const OrderPartRecord *part, InvoiceRecord *document);
MUST_CHECK enum status order_keep_part(struct books *books, OrderRecord *order,
                                       OrderPartRecord *part);
// Moves what the customer has ordered.
MUST_CHECK enum status order_move(struct books *books, uint64_t customer_id, int64_t change_minor);
// The state as it is said in refusals and in the log.
const char *order_word(OrderState state);
MUST_CHECK enum status order_refuse_state(struct books *books, const OrderRecord *order);
// While its invoice waits for a second person an order stays as it is: what is approved is what was
// looked at, once.
MUST_CHECK enum status order_refuse_waiting(struct books *books, const OrderRecord *order);
