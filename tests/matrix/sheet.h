// SPDX-License-Identifier: Apache-2.0
#pragma once

// A table kept by hand: columns separated by tabs (several of them count as one, so that columns
// can be lined up), the first line names them, lines that begin with '#' are remarks. "-" is an
// empty cell.

#include "shared/base.h"

#define SHEET_COLUMNS_MAX 32
#define SHEET_ROWS_MAX    1024

struct sheet_row {
    const char *cell[SHEET_COLUMNS_MAX]; // "-" where the line is shorter
    int line;
};

struct sheet {
    const char *file;
    char *text;
    struct sheet_row head;
    size_t column_count;
    struct sheet_row row[SHEET_ROWS_MAX];
    size_t count;
};

// Ends the program when the file cannot be read or a line has too many cells.
void sheet_read(struct sheet *sheet, const char *path);
void sheet_free(struct sheet *sheet);
// SIZE_MAX when there is no such column.
size_t sheet_column(const struct sheet *sheet, const char *name);
// The cell of a column that must be there.
const char *sheet_cell(const struct sheet *sheet, size_t row, const char *name);
