// SPDX-License-Identifier: Apache-2.0
#pragma once

// When documents fall due (domain.md d.4): terms become parts, and the calendar moves their days.

#include "server/ledger/books.h"

#define DUE_TERMS "30" // of a customer without terms of his own

struct due_sum {
    int64_t minor;
    uint32_t decimals; // of its currency: terms may name amounts
};

// The parts of `total` dated `date_day` by `terms`; in the arena. Terms that do not fit are
// refused.
MUST_CHECK enum status due_parts(struct books *books, const char *terms, struct due_sum total,
                                 int32_t date_day, InvoicePart ***out, size_t *count);

// A part of the whole on one day.
MUST_CHECK enum status due_once(struct books *books, int64_t total_minor, int32_t due_day,
                                InvoicePart ***out, size_t *count);

// Days from a document of today to its last due day; terms that cannot be read have none.
uint32_t due_days(struct books *books, const char *terms);
