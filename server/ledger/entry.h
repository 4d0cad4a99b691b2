// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entries that are reversed by themselves, by whoever keeps them: the day of the way back.

#include "server/ledger/posting.h"

// The day as asked, else the entry's own, or the first open one behind it (domain.md d.12). Loads
// what the reversal touches; refuses a day before the entry and one that takes no postings.
MUST_CHECK enum status entry_back_day(struct books *books, const EntryRecord *entry, int32_t asked,
                                      int32_t *out);
