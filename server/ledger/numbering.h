// SPDX-License-Identifier: Apache-2.0
#pragma once

// Human numbers: gapless per series and year of the document's day (domain.md d.12). The counter
// rows live in the working set of the call and are put by books_close.

#include "server/ledger/books.h"

// The next number of the series; customers and imports have year 0.
MUST_CHECK enum status numbering_next(struct books *books, enum series series, uint32_t year,
                                      uint32_t *sequence);
// Puts the counters that moved.
MUST_CHECK enum status numbering_write(struct books *books);
