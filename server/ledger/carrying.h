// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a year of money that customers owe costs the firm (domain.md d.9): a rate with the day from
// which it holds.

#include "server/ledger/books.h"
#include "server/views/views.h"

// The rates of some days, in order; those without a rate are left out.
MUST_CHECK enum status carrying_spans(struct call *call, const BookRecord *book, int32_t from_day,
                                      int32_t to_day, struct carrying_span **out, size_t *count);
