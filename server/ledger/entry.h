// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entries of people as other files of the ledger make and reverse them: the lines are checked all
// at once and become an entry that is not posted yet; and the day of the way back.

#include "server/ledger/posting.h"

// One side a line, accounts that take postings by hand, and debits that equal credits;
// `total_minor` gets the sum of either.
MUST_CHECK enum status entry_check(struct books *books, const EntryAdd *request,
                                   int64_t *total_minor);
MUST_CHECK enum status entry_build(struct books *books, const EntryAdd *request, EntryKind kind,
                                   int32_t day, EntryRecord **out);

// The day as asked, else the entry's own, or the first open one behind it (domain.md d.12). Loads
// what the reversal touches; refuses a day before the entry and one that takes no postings.
MUST_CHECK enum status entry_back_day(struct books *books, const EntryRecord *entry, int32_t asked,
                                      int32_t *out);
