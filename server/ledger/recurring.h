// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents that come back (requirements R38). A row counts the periods that are done; each period
// has a row of its own, written in the transaction that issues its invoice: so that whoever asks,
// how often, and whatever crashes, a period is run once. The server asks for what is due
// (server/recurring.h); a person may too.

#include "server/ledger/books.h"

MUST_CHECK enum status recurring_load(struct books *books, uint64_t id, RecurringRecord **out);
char *recurring_number(struct arena *arena, const RecurringRecord *recurring);

// The day of period `ordinal`, counted from 1.
int32_t recurring_day(const RecurringRecord *recurring, uint32_t ordinal);
// Of the period that comes next; 0 when there is none any more.
int32_t recurring_next_day(const RecurringRecord *recurring);

// Lines and sums of the next document into `document`, at the prices of today.
MUST_CHECK enum status recurring_price(struct books *books, const RecurringRecord *recurring,
                                       InvoiceRecord *document);
// Writes down what became of the next period and counts it; the row of the period is put, that of
// `recurring` is left to the caller.
MUST_CHECK enum status recurring_done(struct books *books, RecurringRecord *recurring,
                                      RecurringRunRecord *run);
