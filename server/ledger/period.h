// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which months take postings (domain.md d.12), in the working set of the call. Asked through
// posting_guard by every command that dates something in the books; changed by the period commands
// alone. A month without a row is open.
//
// Trap: what is written to a month that does not take it, past the guard, is a bug and ends the
// program (period_stamp).

#include "server/ledger/books.h"
#include "shared/period.h"

#define PERIOD_ALL 8u // beside the bits of enum posting_scope: everything

struct month {
    uint32_t period;
    PeriodRecord *record;
    ExceptionRecord *exception; // of the caller; NULL: none that holds
    bool passed;                // the guard let something through
    bool used;                  // something was posted under the exception
    bool changed;
    struct month *next;
};

MUST_CHECK enum status period_month(struct books *books, uint32_t period, struct month **out);

// May this be posted on that day? Refuses with the first day on which it may.
MUST_CHECK enum status period_guard(struct books *books, int32_t day, uint32_t scopes,
                                    const char *field);
// The first day from `day` on that takes it without an exception: where a reversal goes whose own
// day is closed.
MUST_CHECK enum status period_open_day(struct books *books, int32_t day, uint32_t scopes,
                                       int32_t *out);
// The first day from `day` on that takes it from the caller: with an exception, if there is one.
MUST_CHECK enum status period_free_day(struct books *books, int32_t day, uint32_t scopes,
                                       int32_t *out);
// Something is written that is dated on this day.
MUST_CHECK enum status period_stamp(struct books *books, int32_t day);
// Puts the months that changed and counts the exceptions that were used.
MUST_CHECK enum status period_write(struct books *books);

// The bits of a request's scope, everything for none; and back, for a reply.
uint32_t period_scopes(PeriodScope scope);
MUST_CHECK enum status period_scope_list(struct arena *arena, uint32_t scopes, PeriodScope **list,
                                         size_t *count);
// Does an exception for `scopes` hold on the book's day?
bool period_exception_holds(const ExceptionRecord *exception, int32_t book_day);
