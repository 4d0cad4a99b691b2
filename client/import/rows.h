// SPDX-License-Identifier: Apache-2.0
#pragma once

// A sheet with known columns as rows of an import: typed, checked as the server will check them,
// lines gathered into their documents. What cannot be read is a problem with its row in the file
// and is left out; nothing is guessed about a value.

#include "client/import/columns.h"
#include "shared/limits.h"

struct row_problem {
    uint32_t row; // of the file, counted from 1
    enum status code;
    const char *field; // word of --map
    const char *value;
};

struct rows {
    ImportRow **row;
    size_t count;
    size_t line_count;     // of documents made of lines
    size_t customer_count; // different references
    size_t credit_note_count;
    size_t zero_count;
    size_t walk_in_count;
    int64_t total_minor;
    int32_t first_day; // 0 when there is no date
    int32_t last_day;
    struct row_problem *problem; // at most IMPORT_PROBLEMS_MAX
    size_t problem_count;        // all of them
    size_t bad_rows;             // rows of the file that are left out
};

struct rows_context {
    struct arena *arena;  // for what lives as long as the rows; text stays in the sheet
    const char *currency; // of the book
    uint32_t decimals;
    bool inclusive; // how documents made of lines are meant: see ImportDocument
    bool tax_on_total;
};

// TOO_LARGE when the arena ends, AMOUNT_OVERFLOW when the sum does not fit.
MUST_CHECK enum status rows_make(const struct rows_context *context, const struct sheet *sheet,
                                 const struct columns *columns, struct rows *out);

// How many rows from `first` on make one group: bounded by rows, bytes and fields, and the same on
// every run.
size_t rows_group(const struct rows *rows, size_t first);
