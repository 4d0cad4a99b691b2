// SPDX-License-Identifier: Apache-2.0
#pragma once

// When documents fall due (domain.md d.4): terms become parts, and the calendar moves their days.

#include "server/ledger/books.h"

// The parts of `total_minor` dated `date_day` by `terms`; in the arena. Terms that do not fit are
// refused.
MUST_CHECK enum status due_parts(struct books *books, const char *terms, int64_t total_minor,
                                 int32_t date_day, InvoicePart ***out, size_t *count);

// A part of the whole on one day.
MUST_CHECK enum status due_once(struct books *books, int64_t total_minor, int32_t due_day,
                                InvoicePart ***out, size_t *count);
