// SPDX-License-Identifier: Apache-2.0
#pragma once

// The end of a year as the sealing of its last month asks for it (domain.md d.12).

#include "server/ledger/books.h"

// How many accounts a year end of that year would move: 0 when it is posted, or there is nothing.
MUST_CHECK enum status year_end_left(struct books *books, uint32_t year, uint32_t *out);
