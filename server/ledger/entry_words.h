// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an entry says it is for where nobody wrote a text: a sentence of its kind. Nothing of it is
// stored; clients translate what stands in replies, and files that are kept take the language of
// the chart.

#include "server/ledger/books.h"
#include "shared/words.h"

// For the two entries of a year end, which are of one kind.
#define ENTRY_WORDS_YEAR   N_("revenue and expense of the year to its result")
#define ENTRY_WORDS_RESULT N_("result of the year to retained earnings")

// The document that it is made for is of the time before the books. False when the arena is
// exhausted.
MUST_CHECK bool entry_words_brought_in(struct books *books, EntryRecord *entry);

// In English. Never NULL.
char *entry_words(const EntryRecord *entry);
// In Chinese for a Chinese chart.
const char *entry_words_kept(const struct chart *chart, const EntryRecord *entry);
