// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of rows.h: the state while a sheet becomes rows, and the readers of its cells. A cell that
// cannot be read becomes a problem of its row; the reader then returns zero or "" and the row is
// left out at its end. Included by rows*.c only.

#include "client/import/rows.h"
#include "client/letters.h"

// Text to a number: open addressing, the number plus one.
struct rows_index {
    uint32_t *slot;
    const char **key;
    size_t size; // a power of two
    size_t count;
};

struct maker {
    const struct rows_context *context;
    const struct sheet *sheet;
    const struct columns *columns;
    struct rows *rows;
    struct arena *scratch;
    size_t row;      // of the sheet
    uint32_t number; // of that row in the file
    bool row_is_bad;
    struct rows_index documents;
    struct rows_index customers;
    size_t *line_room; // of each document
    bool *is_spoiled;  // a line of this document is bad: all of it is left out
};

bool rows_index_make(struct arena *arena, size_t keys, struct rows_index *out);
// The value of the key; a new key gets `value`. `fresh` says which.
uint32_t rows_index_take(struct rows_index *index, const char *key, uint32_t value, bool *fresh);

void maker_problem(struct maker *maker, enum status code, const char *field, const char *value);
const char *maker_cell(const struct maker *maker, enum import_column column);
// A number that a spreadsheet wrote ("17850.0") is the number without its decimals.
char *maker_reference(struct maker *maker, enum import_column column);
char *maker_reference_needed(struct maker *maker, enum import_column column, const char *field);
int32_t maker_day(struct maker *maker, enum import_column column, const char *field, bool needed);
int64_t maker_amount(struct maker *maker, enum import_column column, const char *field,
                     bool needed);
int64_t maker_micro(struct maker *maker, enum import_column column, const char *field,
                    int64_t absent);
uint32_t maker_rate(struct maker *maker, enum import_column column, const char *field);
bool maker_flag(struct maker *maker, enum import_column column, const char *field);
bool maker_word_is(const char *text, const char *const *words, size_t count);

void *maker_alloc(struct maker *maker, size_t size);
void maker_customer(struct maker *maker, const char *text); // counts different ones
// The stateless checks of the server, on this row alone.
void maker_check(struct maker *maker, ImportRow *row);
// Checks the row and keeps it if it is good.
enum status maker_keep(struct maker *maker, ImportRow *row);

// rows_documents.c
enum status maker_document(struct maker *maker, ImportRow *row);
enum status maker_line(struct maker *maker, ImportRow *row);
void maker_documents_finish(struct maker *maker);
