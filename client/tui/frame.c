// SPDX-License-Identifier: Apache-2.0
#include "client/tui/frame.h"

#define TABS_ROW 1
#define TOP_ROWS 3 // bar, tabs, line
#define LOW_ROWS 4 // line, command, hints, lowest line

static void rule(struct canvas *canvas, size_t row)
{
    canvas_line(canvas, row, 1, canvas->columns - 2, "─");
    canvas_line(canvas, row, 0, 1, "├");
    canvas_line(canvas, row, canvas->columns - 1, 1, "┤");
}

static void bar_draw(const struct frame *frame, struct canvas *canvas)
{
    const size_t room = canvas->columns - 2;
    const size_t right = cells_of(frame->bar_right);
    const size_t left = right + 2 < room ? room - right - 2 : room;
    canvas_restyle(canvas, (struct area){0, 0, 1, canvas->columns}, STYLE_BAR);
    (void)canvas_put(canvas, 0, 1, left, STYLE_BAR, frame->bar_left);
    canvas_put_right(canvas, 0, 1, room, STYLE_BAR, frame->bar_right);
}

// The shown tab stands in brackets; when there is no room for all, it is never the one left out.
static void tabs_draw(const struct frame *frame, struct canvas *canvas)
{
    size_t column = 2;
    size_t first = 0;
    size_t total = 0;
    for (size_t i = 0; i <= frame->tab && i < frame->tab_count; i++) {
        total += cells_of(frame->tabs[i]) + 2;
    }
    while (first < frame->tab && total > canvas->columns - 4) {
        total -= cells_of(frame->tabs[first++]) + 2;
    }
    for (size_t i = first; i < frame->tab_count && column + 4 < canvas->columns; i++) {
        const size_t room = canvas->columns - 2 - column;
        const bool is_shown = i == frame->tab;
        column += canvas_put(canvas, TABS_ROW, column, 1, STYLE_STRONG, is_shown ? "[" : " ");
        column += canvas_put(canvas, TABS_ROW, column, room - 1,
                             is_shown ? STYLE_STRONG : STYLE_PLAIN, frame->tabs[i]);
        column += canvas_put(canvas, TABS_ROW, column, 1, STYLE_STRONG, is_shown ? "]" : " ");
    }
}

struct area frame_draw(const struct frame *frame, struct canvas *canvas)
{
    assert(canvas->rows >= FRAME_ROWS_MIN && canvas->columns >= FRAME_COLUMNS_MIN);
    const size_t low = canvas->rows - LOW_ROWS;
    for (size_t r = 1; r + 1 < canvas->rows; r++) {
        canvas_line(canvas, r, 0, 1, "│");
        canvas_line(canvas, r, canvas->columns - 1, 1, "│");
    }
    bar_draw(frame, canvas);
    tabs_draw(frame, canvas);
    rule(canvas, TOP_ROWS - 1);
    rule(canvas, low);
    canvas_line(canvas, canvas->rows - 1, 1, canvas->columns - 2, "─");
    canvas_line(canvas, canvas->rows - 1, 0, 1, "└");
    canvas_line(canvas, canvas->rows - 1, canvas->columns - 1, 1, "┘");
    const struct area line = frame_line(canvas);
    (void)canvas_put(canvas, line.row, line.column, 2, STYLE_DIM, "›");
    (void)canvas_put(canvas, line.row, line.column + 2, line.columns - 2, STYLE_PLAIN, frame->line);
    if (frame->notice[0] != '\0') {
        const size_t row = canvas->rows - 1;
        const size_t used =
            canvas_put(canvas, row, 3, canvas->columns - 6, STYLE_WARN, frame->notice);
        (void)canvas_put(canvas, row, 2, 1, STYLE_PLAIN, " ");
        (void)canvas_put(canvas, row, 3 + used, 1, STYLE_PLAIN, " ");
    }
    return (struct area){TOP_ROWS, 1, low - TOP_ROWS, canvas->columns - 2};
}

struct area frame_line(const struct canvas *canvas)
{
    return (struct area){canvas->rows - LOW_ROWS + 1, 2, 1, canvas->columns - 4};
}

struct area frame_hints(const struct canvas *canvas)
{
    return (struct area){canvas->rows - LOW_ROWS + 2, 2, 1, canvas->columns - 4};
}

void frame_heading(struct canvas *canvas, struct area area, const char *text)
{
    if (area.row == 0 || area.columns < 8) {
        return;
    }
    const size_t row = area.row - 1;
    (void)canvas_put(canvas, row, area.column + 1, 1, STYLE_PLAIN, " ");
    const size_t used =
        canvas_put(canvas, row, area.column + 2, area.columns - 5, STYLE_STRONG, text);
    (void)canvas_put(canvas, row, area.column + 2 + used, 1, STYLE_PLAIN, " ");
}

void frame_split(struct canvas *canvas, struct area area, bool beside, size_t share,
                 const char *heading, struct area *first, struct area *second)
{
    assert(share + 2 < (beside ? area.columns : area.rows));
    *first = area;
    *second = area;
    if (beside) {
        const size_t column = area.column + area.columns - share - 1;
        canvas_line(canvas, area.row - 1, column, 1, "┬");
        canvas_line(canvas, area.row + area.rows, column, 1, "┴");
        for (size_t i = 0; i < area.rows; i++) {
            canvas_line(canvas, area.row + i, column, 1, "│");
        }
        first->columns = area.columns - share - 1;
        second->column = column + 1;
        second->columns = share;
    } else {
        first->rows = area.rows - share - 1;
        second->row = area.row + first->rows + 1;
        second->rows = share;
        rule(canvas, second->row - 1);
    }
    frame_heading(canvas, *second, heading);
}
