// SPDX-License-Identifier: Apache-2.0
#include "client/tui/canvas.h"

#include "shared/text.h"

#include <wchar.h>

#define STAND_IN    "〓" // for what cannot be placed
#define REPLACEMENT "\xef\xbf\xbd"

struct canvas *canvas_make(size_t rows, size_t columns)
{
    struct canvas *canvas = calloc(1, sizeof *canvas);
    if (canvas == NULL) {
        return NULL;
    }
    canvas->rows = rows > CANVAS_ROWS_MAX ? CANVAS_ROWS_MAX : rows;
    canvas->columns = columns > CANVAS_COLUMNS_MAX ? CANVAS_COLUMNS_MAX : columns;
    canvas->cells = calloc(canvas->rows * canvas->columns + 1, sizeof *canvas->cells);
    if (canvas->cells == NULL) {
        free(canvas);
        return NULL;
    }
    canvas_clear(canvas);
    return canvas;
}

void canvas_free(struct canvas *canvas)
{
    if (canvas != NULL) {
        free(canvas->cells);
        free(canvas);
    }
}

void canvas_free_at(struct canvas **canvas)
{
    canvas_free(*canvas);
    *canvas = NULL;
}

static void cell_blank(struct cell *cell)
{
    *cell = (struct cell){.text = " ", .width = 1, .style = STYLE_PLAIN};
}

void canvas_clear(struct canvas *canvas)
{
    for (size_t i = 0; i < canvas->rows * canvas->columns; i++) {
        cell_blank(&canvas->cells[i]);
    }
    canvas->cursor_row = 0;
    canvas->cursor_column = 0;
}

const struct cell *canvas_cell(const struct canvas *canvas, size_t row, size_t column)
{
    assert(row < canvas->rows && column < canvas->columns);
    return &canvas->cells[row * canvas->columns + column];
}

static struct cell *cell_at(struct canvas *canvas, size_t row, size_t column)
{
    assert(row < canvas->rows && column < canvas->columns);
    return &canvas->cells[row * canvas->columns + column];
}

// ---- text as characters ----

// The next character of a text with the marks on it, ready for a cell. Marks that find no room, or
// no character before them, are left out.
struct character {
    char text[CELL_BYTES];
    size_t text_size;
    size_t points;
    size_t width; // 0: nothing to draw
};

static int width_of(int32_t point)
{
    return point >= 0x20 && point < 0x7f ? 1 : wcwidth((wchar_t)point);
}

static void character_set(struct character *out, const char *text, size_t size, size_t width)
{
    memcpy(out->text, text, size);
    out->text[size] = '\0';
    out->text_size = size;
    out->points = 1;
    out->width = width;
}

static void character_mark(struct character *out, const char *text, size_t size)
{
    if (out->points > 0 && out->points < CELL_POINTS_MAX) {
        memcpy(out->text + out->text_size, text, size);
        out->text_size += size;
        out->text[out->text_size] = '\0';
        out->points++;
    }
}

// The first code point of the text as a character, or nothing.
static void character_begin(const char *text, size_t size, int32_t point, enum text_sort sort,
                            struct character *out)
{
    if (sort == TEXT_BROKEN) {
        character_set(out, REPLACEMENT, strlen(REPLACEMENT), 1);
    } else if (point == '\n' || point == '\t') {
        character_set(out, " ", 1, 1);
    } else if (sort == TEXT_SPACING) {
        const int width = width_of(point);
        if (width > 0) {
            character_set(out, text, size, (size_t)width);
        } else if (width < 0) {
            character_set(out, STAND_IN, strlen(STAND_IN), 2);
        }
    }
}

static size_t character_next(const char *text, size_t size, struct character *out)
{
    *out = (struct character){0};
    int32_t point = 0;
    enum text_sort sort = TEXT_SPACING;
    size_t at = text_point(text, size, &point, &sort);
    character_begin(text, at, point, sort, out);
    while (at < size) {
        const size_t used = text_point(text + at, size - at, &point, &sort);
        const bool is_spacing = sort == TEXT_SPACING && width_of(point) != 0;
        if (is_spacing || sort == TEXT_BROKEN || point == '\n' || point == '\t') {
            break;
        }
        if (sort != TEXT_HIDDEN) {
            character_mark(out, text + at, used);
        }
        at += used;
    }
    return at;
}

size_t cells_of(const char *text)
{
    assert(text != NULL);
    size_t cells = 0;
    for (size_t left = strlen(text); left > 0;) {
        struct character character;
        const size_t used = character_next(text, left, &character);
        cells += character.width;
        text += used;
        left -= used;
    }
    return cells;
}

// ---- drawing ----

// What is drawn over one half of a wide character takes the other half with it.
static void cell_clear_for(struct canvas *canvas, size_t row, size_t column)
{
    struct cell *cell = cell_at(canvas, row, column);
    if (cell->width == 0 && column > 0) {
        const uint8_t style = cell_at(canvas, row, column - 1)->style;
        cell_blank(cell_at(canvas, row, column - 1));
        cell_at(canvas, row, column - 1)->style = style;
    }
    if (cell->width == 2 && column + 1 < canvas->columns) {
        const uint8_t style = cell->style;
        cell_blank(cell_at(canvas, row, column + 1));
        cell_at(canvas, row, column + 1)->style = style;
    }
    cell_blank(cell);
}

static void character_draw(struct canvas *canvas, size_t row, size_t column, enum style style,
                           const struct character *character)
{
    assert(character->width == 1 || character->width == 2);
    for (size_t i = 0; i < character->width; i++) {
        cell_clear_for(canvas, row, column + i);
    }
    struct cell *cell = cell_at(canvas, row, column);
    memcpy(cell->text, character->text, character->text_size + 1);
    cell->width = (uint8_t)character->width;
    cell->style = (uint8_t)style;
    if (character->width == 2) {
        struct cell *half = cell_at(canvas, row, column + 1);
        *half = (struct cell){.text = "", .width = 0, .style = (uint8_t)style};
    }
}

static size_t room_within(const struct canvas *canvas, size_t row, size_t column, size_t room)
{
    if (row >= canvas->rows || column >= canvas->columns) {
        return 0;
    }
    return room < canvas->columns - column ? room : canvas->columns - column;
}

// Draws `size` bytes as far as they fit; gives the cells used.
static size_t put_bytes(struct canvas *canvas, size_t row, size_t column, size_t room,
                        enum style style, const char *text, size_t size)
{
    size_t used_cells = 0;
    while (size > 0) {
        struct character character;
        const size_t used = character_next(text, size, &character);
        if (used_cells + character.width > room) {
            break;
        }
        if (character.width > 0) {
            character_draw(canvas, row, column + used_cells, style, &character);
            used_cells += character.width;
        }
        text += used;
        size -= used;
    }
    return used_cells;
}

size_t canvas_put(struct canvas *canvas, size_t row, size_t column, size_t room, enum style style,
                  const char *text)
{
    assert(canvas != NULL && text != NULL);
    room = room_within(canvas, row, column, room);
    if (room == 0) {
        return 0;
    }
    if (cells_of(text) <= room) {
        return put_bytes(canvas, row, column, room, style, text, strlen(text));
    }
    const size_t used = put_bytes(canvas, row, column, room - 1, style, text, strlen(text));
    return used + put_bytes(canvas, row, column + used, 1, style, "…", strlen("…"));
}

void canvas_put_right(struct canvas *canvas, size_t row, size_t column, size_t room,
                      enum style style, const char *text)
{
    const size_t cells = cells_of(text);
    const size_t skip = cells < room ? room - cells : 0;
    (void)canvas_put(canvas, row, column + skip, room - skip, style, text);
}

// Signs that close what stands before them: no row begins with one.
static bool is_closing(const char *text)
{
    static const char *const SIGNS[] = {"。", "，", "；", "：", "、", "）", "！", "？", "”", "》"};
    for (size_t i = 0; i < COUNT_OF(SIGNS); i++) {
        if (strcmp(text, SIGNS[i]) == 0) {
            return true;
        }
    }
    return false;
}

// Bytes of the text that go into one row of `room` cells: up to a line feed, a space that lets the
// rest begin anew, or between two wide characters.
static size_t wrap_size(const char *text, size_t size, size_t room)
{
    size_t at = 0;
    size_t cells = 0;
    size_t good = 0;
    bool was_wide = false;
    while (at < size && text[at] != '\n') {
        struct character character;
        const size_t used = character_next(text + at, size - at, &character);
        const bool is_between = (was_wide || character.width == 2) && at > 0;
        good = is_between && !is_closing(character.text) ? at : good;
        if (cells + character.width > room) {
            return good > 0 ? good : at > 0 ? at : used;
        }
        cells += character.width;
        at += used;
        good = character.text[0] == ' ' ? at : good;
        was_wide = character.width == 2;
    }
    return at;
}

size_t canvas_wrap(struct canvas *canvas, struct area area, enum style style, const char *text)
{
    assert(canvas != NULL && text != NULL);
    size_t row = 0;
    size_t left = strlen(text);
    while (left > 0 && row < area.rows && area.columns > 1) {
        const size_t used = wrap_size(text, left, area.columns);
        const size_t room = room_within(canvas, area.row + row, area.column, area.columns);
        (void)put_bytes(canvas, area.row + row, area.column, room, style, text, used);
        text += used;
        left -= used;
        if (left > 0 && text[0] == '\n') {
            text++;
            left--;
        }
        row++;
    }
    return row;
}

void canvas_line(struct canvas *canvas, size_t row, size_t column, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++) {
        (void)canvas_put(canvas, row, column + i, 1, STYLE_PLAIN, text);
    }
}

void canvas_blank(struct canvas *canvas, struct area area)
{
    for (size_t r = area.row; r < area.row + area.rows && r < canvas->rows; r++) {
        for (size_t c = area.column; c < area.column + area.columns && c < canvas->columns; c++) {
            cell_clear_for(canvas, r, c);
        }
    }
}

void canvas_restyle(struct canvas *canvas, struct area area, enum style style)
{
    for (size_t r = area.row; r < area.row + area.rows && r < canvas->rows; r++) {
        for (size_t c = area.column; c < area.column + area.columns && c < canvas->columns; c++) {
            cell_at(canvas, r, c)->style = (uint8_t)style;
        }
    }
}

void canvas_box(struct canvas *canvas, struct area area, const char *title)
{
    assert(area.rows >= 2 && area.columns >= 2);
    const size_t bottom = area.row + area.rows - 1;
    const size_t right = area.column + area.columns - 1;
    canvas_line(canvas, area.row, area.column + 1, area.columns - 2, "─");
    canvas_line(canvas, bottom, area.column + 1, area.columns - 2, "─");
    for (size_t r = area.row + 1; r < bottom; r++) {
        canvas_line(canvas, r, area.column, 1, "│");
        canvas_line(canvas, r, right, 1, "│");
    }
    canvas_line(canvas, area.row, area.column, 1, "┌");
    canvas_line(canvas, area.row, right, 1, "┐");
    canvas_line(canvas, bottom, area.column, 1, "└");
    canvas_line(canvas, bottom, right, 1, "┘");
    if (title != NULL && area.columns > 6) {
        const size_t at = area.column + 2;
        (void)canvas_put(canvas, area.row, at, 1, STYLE_PLAIN, " ");
        const size_t used =
            canvas_put(canvas, area.row, at + 1, area.columns - 6, STYLE_STRONG, title);
        (void)canvas_put(canvas, area.row, at + 1 + used, 1, STYLE_PLAIN, " ");
    }
}

void canvas_cursor(struct canvas *canvas, size_t row, size_t column)
{
    canvas->cursor_row = row < canvas->rows ? row : canvas->rows - 1;
    canvas->cursor_column = column < canvas->columns ? column : canvas->columns - 1;
}

char *canvas_text(const struct canvas *canvas, struct arena *arena)
{
    char *text = arena_alloc(arena, canvas->rows * (canvas->columns * CELL_BYTES + 1) + 1);
    size_t size = 0;
    for (size_t r = 0; text != NULL && r < canvas->rows; r++) {
        const size_t row_start = size;
        for (size_t c = 0; c < canvas->columns; c++) {
            const struct cell *cell = canvas_cell(canvas, r, c);
            const size_t length = strlen(cell->text);
            memcpy(text + size, cell->text, length);
            size += length;
        }
        while (size > row_start && text[size - 1] == ' ') {
            size--;
        }
        text[size++] = '\n';
        text[size] = '\0';
    }
    return text;
}
