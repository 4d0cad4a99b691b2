// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents that are entered long after their own day (requirements R37). The mark is made when
// they are entered, by the threshold of that moment, and never changes. What an import brings is
// history and is not marked.

#include "server/ledger/books.h"

// Days after its own day, when that is later than the book allows; 0: it is in time.
uint32_t lateness_days(const struct books *books, LateKind kind, int32_t date_day);

// Keeps the mark for the report; nothing for 0 days. `customer_id` 0: an entry.
MUST_CHECK enum status lateness_keep(struct books *books, LateKind kind, uint64_t document_id,
                                     uint64_t customer_id, uint32_t days);
