// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fixed parts of a screen: the bar with server, person and connection; tabs; the box; the line
// with the command; the hints; and the notice in the lowest line, where nobody ever types. What
// is left in the middle belongs to the page.

#include "client/tui/canvas.h"

#define FRAME_ROWS_MIN    12
#define FRAME_COLUMNS_MIN 40

struct frame {
    const char *bar_left;  // "kontor · 示例商贸 @demo"
    const char *bar_right; // "张伟 · 所有者 · ● online"
    size_t tab_count;
    const char *const *tabs;
    size_t tab;         // the one that is shown
    const char *line;   // the command of this screen
    const char *notice; // "" when there is none
};

// Draws everything but page and hints; gives the page's area.
struct area frame_draw(const struct frame *frame, struct canvas *canvas);
// Where the line with the command is, for typing in its place, and the hints below.
struct area frame_line(const struct canvas *canvas);
struct area frame_hints(const struct canvas *canvas);
// A heading in the line above an area.
void frame_heading(struct canvas *canvas, struct area area, const char *text);
// Parts an area into left and right, or, in a narrow one, into top and bottom: the second part has
// `share` columns or rows, and a heading of its own.
void frame_split(struct canvas *canvas, struct area area, bool beside, size_t share,
                 const char *heading, struct area *first, struct area *second);
