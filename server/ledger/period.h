// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which months take postings (domain.md d.12), in the working set of the call. Asked through
// posting_guard by every command that dates something in the books; changed by the period commands
// alone. A month without a row is open.
//
// Trap: what is written to a month that does not take it, past the guard, is a bug and ends the
// program.

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
// The last month that is sealed, with all before it; 0: none.
MUST_CHECK enum status period_sealed_through(struct books *books, uint32_t *out);

MUST_CHECK enum status period_seal_through(struct books *books, uint32_t period);

// May this be posted on that day? Refuses with the first day on which it may.
MUST_CHECK enum status period_guard(struct books *books, int32_t day, uint32_t scopes,
                                    const char *field);
// The first day from `day` on that takes it without an exception: where a reversal goes whose own
// day is closed. Refused when none up to today does: nothing is pushed into days that have not
// come.
MUST_CHECK enum status period_open_day(struct books *books, int32_t day, uint32_t scopes,
                                       int32_t *out);
// The first day from `day` on that takes it from the caller: with an exception, if there is one.
// Refused alike.
MUST_CHECK enum status period_free_day(struct books *books, int32_t day, uint32_t scopes,
                                       int32_t *out);

// What is written to a month, counted for its seal: a number of a series, an item, an allocation
// or its reversal; and drafts, which a day of 0 has in no month.
MUST_CHECK enum status period_number(struct books *books, enum series series, int32_t day);
MUST_CHECK enum status period_item(struct books *books, const ItemRecord *item);
MUST_CHECK enum status period_allocation(struct books *books, const AllocationRecord *allocation);
MUST_CHECK enum status period_draft(struct books *books, int32_t day, int change);
// Puts the months that changed and counts the exceptions that were used.
MUST_CHECK enum status period_write(struct books *books);

// The months that a request names; refused when it names none.
MUST_CHECK enum status period_read(struct books *books, const char *text, uint32_t *first,
                                   uint32_t *last);

// The same for commands about a single month.
MUST_CHECK enum status period_read_month(struct books *books, const char *text, uint32_t *out);

// The bits of a request's scope, everything for none; and back, for a reply.
uint32_t period_scopes(PeriodScope scope);
MUST_CHECK enum status period_scope_list(struct arena *arena, uint32_t scopes, PeriodScope **list,
                                         size_t *count);
// Does an exception for `scopes` hold on the book's day?
bool period_exception_holds(const ExceptionRecord *exception, int32_t book_day);
