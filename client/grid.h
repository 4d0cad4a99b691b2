// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows and columns of text laid out for a screen: aligned by cells, so that Chinese names stand
// straight. When the rows are wider than the screen each becomes a small record instead. Text comes
// in ready; nothing here knows what it means.

#include "client/client.h"

#define GRID_COLUMNS_MAX 40

struct grid {
    struct arena *arena;
    size_t column_count;
    const char *header[GRID_COLUMNS_MAX];
    bool right[GRID_COLUMNS_MAX]; // numbers
    const char **cells;           // row after row
    size_t row_count;
    size_t row_room;
    const char *footer[GRID_COLUMNS_MAX]; // sums; NULL or "" where there is none
    bool has_footer;
};

void grid_init(struct grid *grid, struct arena *arena);
void grid_column(struct grid *grid, const char *header, bool right);
// The cells of a new row, to be filled; NULL when the arena is exhausted. All columns must have
// been added.
const char **grid_row(struct grid *grid);

// As `width`: the rows as a table of Markdown.
#define GRID_MARKDOWN SIZE_MAX

// Appends the layout to `out`. `width` 0: as wide as it gets; `colour`: the header is bold.
void grid_print(const struct grid *grid, size_t width, bool colour, FILE *out);
