// SPDX-License-Identifier: Apache-2.0
#pragma once

// Help for every row of the command table, made from the table: usage, options, what they take,
// examples. And "did you mean" for what is not understood.

#include "client/client.h"
#include "shared/fields.h"

// The noun of a word or of its short form; NULL when it is none.
const char *help_noun(const char *word);

// How a value of that kind is typed.
const char *explain_kind(enum kind kind);

// For noun and verb, a noun, a tool, or the program as a whole.
MUST_CHECK enum status help_print(struct client *client, size_t count, const char *const *words);

// USAGE, with what the words may have meant.
MUST_CHECK enum status help_suggest(struct client *client, size_t count, const char *const *words);
