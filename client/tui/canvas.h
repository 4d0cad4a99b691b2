// SPDX-License-Identifier: Apache-2.0
#pragma once

// The picture of a screen: a grid of cells that everything full-screen draws on. Knows no terminal,
// so that a picture can be compared in a test as text. A cell holds one character with its marks,
// at most CELL_POINTS_MAX code points; a wide character takes two cells. What a terminal must not
// receive (escapes, bidi controls, joiners) never gets into a cell, and a character that the C
// library cannot place is drawn as 〓, so that a rare name is never invisible. Widths are those of
// wcwidth(): the process runs in a UTF-8 locale.

#include "shared/arena.h"
#include "shared/limits.h"
#include "shared/status.h"

#define CELL_POINTS_MAX 5
#define CELL_BYTES      (4 * CELL_POINTS_MAX + 1)

// What a piece of text is; the screen decides how it looks. Never the only sign of anything.
enum style {
    STYLE_PLAIN,
    STYLE_DIM,    // old, or of less weight
    STYLE_STRONG, // headings
    STYLE_BAR,    // the bar that marks the server
    STYLE_CHOSEN, // the row or cell under the cursor
    STYLE_KEY,    // a key of the hints
    STYLE_GOOD,
    STYLE_WARN,
    STYLE_BAD,
    STYLE_DRAFT, // not written yet
    STYLE_COUNT
};

struct cell {
    char text[CELL_BYTES];
    uint8_t width; // 1, 2; 0: the right half of the character before
    uint8_t style;
};

struct area {
    size_t row;
    size_t column;
    size_t rows;
    size_t columns;
};

struct canvas {
    size_t rows;
    size_t columns;
    struct cell *cells;
    size_t cursor_row; // where typing goes
    size_t cursor_column;
};

// A blank picture, at most CANVAS_ROWS_MAX by CANVAS_COLUMNS_MAX; NULL when there is no memory.
struct canvas *canvas_make(size_t rows, size_t columns);
void canvas_free(struct canvas *canvas); // NULL accepted
void canvas_free_at(struct canvas **canvas);
void canvas_clear(struct canvas *canvas);

// How many cells a text takes when drawn.
size_t cells_of(const char *text);

// Draws text within `room` cells and gives the number of cells used; what is too long ends with
// "…". Outside of the canvas nothing is drawn.
size_t canvas_put(struct canvas *canvas, size_t row, size_t column, size_t room, enum style style,
                  const char *text);
// The same, ending at the right edge of the room.
void canvas_put_right(struct canvas *canvas, size_t row, size_t column, size_t room,
                      enum style style, const char *text);
// Text over several rows, broken at spaces and between wide characters; gives the rows used, at
// most area.rows.
size_t canvas_wrap(struct canvas *canvas, struct area area, enum style style, const char *text);
// Repeats a character of one cell.
void canvas_line(struct canvas *canvas, size_t row, size_t column, size_t count, const char *text);
void canvas_blank(struct canvas *canvas, struct area area);
void canvas_restyle(struct canvas *canvas, struct area area, enum style style);
// A box of lines; `title` NULL: none.
void canvas_box(struct canvas *canvas, struct area area, const char *title);
void canvas_cursor(struct canvas *canvas, size_t row, size_t column);

const struct cell *canvas_cell(const struct canvas *canvas, size_t row, size_t column);
// The picture as text, rows ended by line feeds, without blanks at their ends. NULL when the arena
// is exhausted.
char *canvas_text(const struct canvas *canvas, struct arena *arena);
