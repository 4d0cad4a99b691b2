// SPDX-License-Identifier: Apache-2.0
#pragma once

// A list with columns: rows that come from anywhere through a callback, one of them chosen. Columns
// are as wide as what is to be seen, and the widest give way first when the screen is narrow.

#include "client/tui/canvas.h"
#include "client/tui/press.h"

#define TABLE_COLUMNS_MAX 16

struct table {
    size_t row_count;
    size_t chosen; // less than row_count, or 0
    size_t top;    // first row shown
    size_t shown;  // rows that were shown last
    bool g_was_pressed;
};

struct table_source {
    size_t column_count;
    const char *header[TABLE_COLUMNS_MAX];
    bool right[TABLE_COLUMNS_MAX]; // numbers
    void *context;
    const char *(*cell)(void *context, size_t row, size_t column); // never NULL
    enum style (*style)(void *context, size_t row);                // NULL: plain
};

// Other rows are there now; the choice stays within them.
void table_rows(struct table *table, size_t row_count);
// True when the key moved the choice: arrows, j k, J K, PgUp PgDn, gg, G, Home, End.
bool table_press(struct table *table, const struct press *press);
// Header and rows; the cursor is put at the chosen row.
void table_draw(struct table *table, const struct table_source *source, struct canvas *canvas,
                struct area area);
