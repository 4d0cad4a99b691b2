// SPDX-License-Identifier: Apache-2.0
#pragma once

// The query of a list: words, and terms `field:value` (experience.md c.3). Words are folded, and
// all must be found; a phrase stands in double quotes. A term whose field the list does not know is
// QUERY_NOT_UNDERSTOOD, never a word.

#include "server/ledger/call.h"

struct query_term {
    const char *field;
    const char *value; // folded, not empty
};

struct query {
    const char *word[QUERY_TERMS_MAX];
    size_t word_count;
    struct query_term term[QUERY_TERMS_MAX];
    size_t term_count;
};

// `fields` are the names that the list knows, separated by spaces ("owner region state"). Refuses.
MUST_CHECK enum status query_parse(struct txn *txn, struct call *call, const char *text,
                                   const char *fields, struct query *out);
MUST_CHECK enum status query_refuse(struct txn *txn, struct call *call,
                                    const struct query_term *term);

bool term_is(const struct query_term *term, const char *field);
// ">0", the one comparison that amounts take.
bool term_is_positive(const struct query_term *term);

// "-open" among "number name open": index of the word and its direction. Refuses FIELD_NOT_CHOICE.
// Absent: index 0.
MUST_CHECK enum status sort_parse(struct txn *txn, struct call *call, const char *text,
                                  const char *const *names, size_t count, size_t *index,
                                  bool *descending);

// A cursor of a list in an order of its own is the number of rows to pass over. Refuses.
MUST_CHECK enum status skip_parse(struct txn *txn, struct call *call, const char *cursor,
                                  uint64_t *skip);
