// SPDX-License-Identifier: Apache-2.0
#include "client/tui/table.h"

#define GAP       2
#define MARK      "▸"
#define STEP      10
#define WIDTH_MIN 4

void table_rows(struct table *table, size_t row_count)
{
    table->row_count = row_count;
    if (table->chosen >= row_count) {
        table->chosen = row_count > 0 ? row_count - 1 : 0;
    }
    if (table->top > table->chosen) {
        table->top = table->chosen;
    }
}

static void move(struct table *table, size_t steps, bool down)
{
    if (table->row_count == 0) {
        return;
    }
    const size_t last = table->row_count - 1;
    if (down) {
        table->chosen = steps < last - table->chosen ? table->chosen + steps : last;
    } else {
        table->chosen = steps < table->chosen ? table->chosen - steps : 0;
    }
}

bool table_press(struct table *table, const struct press *press)
{
    static const struct {
        const char *name;
        size_t steps; // 0: as many as are shown
        bool down;
    } MOVES[] = {
        {"↑", 1, false},         {"k", 1, false},           {"↓", 1, true},
        {"j", 1, true},          {"K", STEP, false},        {"J", STEP, true},
        {"PgUp", 0, false},      {"PgDn", 0, true},         {"G", SIZE_MAX, true},
        {"End", SIZE_MAX, true}, {"Home", SIZE_MAX, false},
    };

    const bool second_g = table->g_was_pressed;
    table->g_was_pressed = false;
    if (press_is(press, "g")) {
        table->g_was_pressed = !second_g;
        if (second_g) {
            move(table, SIZE_MAX, false);
        }
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(MOVES); i++) {
        if (press_is(press, MOVES[i].name)) {
            const size_t page = table->shown > 1 ? table->shown - 1 : 1;
            move(table, MOVES[i].steps == 0 ? page : MOVES[i].steps, MOVES[i].down);
            return true;
        }
    }
    return false;
}

// Keeps the chosen row among those shown.
static void scroll(struct table *table, size_t shown)
{
    table->shown = shown;
    if (table->chosen < table->top) {
        table->top = table->chosen;
    } else if (shown > 0 && table->chosen >= table->top + shown) {
        table->top = table->chosen - shown + 1;
    }
    if (table->row_count <= shown) {
        table->top = 0;
    } else if (table->top > table->row_count - shown) {
        table->top = table->row_count - shown;
    }
}

static void widths_measure(const struct table *table, const struct table_source *source,
                           size_t shown, size_t room, size_t width[static TABLE_COLUMNS_MAX])
{
    size_t total = 0;
    for (size_t c = 0; c < source->column_count; c++) {
        width[c] = cells_of(source->header[c]);
        for (size_t r = table->top; r < table->row_count && r < table->top + shown; r++) {
            const size_t cells = cells_of(source->cell(source->context, r, c));
            width[c] = cells > width[c] ? cells : width[c];
        }
        total += width[c] + (c == 0 ? 0 : GAP);
    }
    while (total > room) {
        size_t widest = 0;
        for (size_t c = 1; c < source->column_count; c++) {
            widest = width[c] >= width[widest] ? c : widest;
        }
        if (width[widest] <= WIDTH_MIN) {
            return;
        }
        width[widest]--;
        total--;
    }
}

static void row_draw(const struct table_source *source, const size_t *width,
                     const char *(*text)(const struct table_source *, size_t, size_t), size_t r,
                     enum style style, struct canvas *canvas, struct area area)
{
    size_t column = area.column;
    const size_t end = area.column + area.columns;
    for (size_t c = 0; c < source->column_count && column < end; c++) {
        const size_t room = width[c] < end - column ? width[c] : end - column;
        const char *cell = text(source, r, c);
        if (source->right[c]) {
            canvas_put_right(canvas, area.row, column, room, style, cell);
        } else {
            (void)canvas_put(canvas, area.row, column, room, style, cell);
        }
        column += width[c] + GAP;
    }
}

static const char *text_of_header(const struct table_source *source, size_t row, size_t column)
{
    (void)row;
    return source->header[column];
}

static const char *text_of_cell(const struct table_source *source, size_t row, size_t column)
{
    return source->cell(source->context, row, column);
}

void table_draw(struct table *table, const struct table_source *source, struct canvas *canvas,
                struct area area)
{
    assert(source->column_count <= TABLE_COLUMNS_MAX);
    if (area.rows < 2 || area.columns < 4) {
        return;
    }
    size_t width[TABLE_COLUMNS_MAX] = {0};
    const size_t shown = area.rows - 1;
    scroll(table, shown);
    widths_measure(table, source, shown, area.columns - 1, width);
    struct area line = {area.row, area.column + 1, 1, area.columns - 1};
    row_draw(source, width, text_of_header, 0, STYLE_STRONG, canvas, line);
    for (size_t i = 0; i < shown && table->top + i < table->row_count; i++) {
        const size_t r = table->top + i;
        const enum style style =
            source->style == NULL ? STYLE_PLAIN : source->style(source->context, r);
        line.row = area.row + 1 + i;
        row_draw(source, width, text_of_cell, r, style, canvas, line);
        if (r == table->chosen) {
            (void)canvas_put(canvas, line.row, area.column, 1, STYLE_PLAIN, MARK);
            canvas_restyle(canvas, (struct area){line.row, area.column, 1, area.columns},
                           STYLE_CHOSEN);
            canvas_cursor(canvas, line.row, area.column);
        }
    }
}
