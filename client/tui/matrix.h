// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows against columns, one cell chosen: what stands where comes through callbacks. Heads stay when
// the rest scrolls; signs at the edge say that there is more beside. The chosen cell stands in
// brackets, a cell of STYLE_DRAFT has an arrow before it.

#include "client/tui/canvas.h"
#include "client/tui/press.h"

struct matrix {
    size_t row_count;
    size_t column_count;
    size_t row; // chosen
    size_t column;
    size_t top; // first ones shown
    size_t left;
    size_t shown; // rows that were shown last
    bool g_was_pressed;
};

struct matrix_source {
    void *context;
    const char *corner;
    const char *(*row)(void *context, size_t row);
    const char *(*column)(void *context, size_t column);
    const char *(*cell)(void *context, size_t row, size_t column, enum style *style);
    size_t cell_columns; // the widest that a cell gets
};

// Other rows and columns are there now; the choice stays within them.
void matrix_size(struct matrix *matrix, size_t row_count, size_t column_count);
// True when the key moved the choice: arrows, h j k l, J K, PgUp PgDn, gg, G, Home, End.
bool matrix_press(struct matrix *matrix, const struct press *press);
// Heads and cells; the cursor is put at the chosen one.
void matrix_draw(struct matrix *matrix, const struct matrix_source *source, struct canvas *canvas,
                 struct area area);
