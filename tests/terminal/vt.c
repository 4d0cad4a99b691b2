// SPDX-License-Identifier: Apache-2.0
#include "tests/terminal/vt.h"

#include <wchar.h>

#define ARGUMENTS_MAX 16
#define STRING_MAX    8192
#define LETTER_BYTES  32

enum state { STATE_TEXT, STATE_ESCAPE, STATE_CSI, STATE_STRING, STATE_CHARSET };

struct letter {
    char text[LETTER_BYTES];
    int width; // 0: the right half of a wide one
};

struct vt {
    size_t rows;
    size_t columns;
    struct letter *letters;
    size_t row;
    size_t column;
    bool wraps; // the last column was written: the next letter begins a row
    size_t saved_row;
    size_t saved_column;
    size_t top; // scrolling region
    size_t bottom;
    enum state state;
    unsigned argument[ARGUMENTS_MAX];
    size_t argument_count;
    bool is_private;
    char string[STRING_MAX];
    size_t string_size;
    bool string_escape;
    char copied[STRING_MAX];
    uint8_t part[4]; // of a letter in UTF-8
    size_t part_size;
    size_t part_needed;
    struct letter last; // for REP
    size_t unknown;
};

static struct letter *at(struct vt *vt, size_t row, size_t column)
{
    assert(row < vt->rows && column < vt->columns);
    return &vt->letters[row * vt->columns + column];
}

static void blank(struct vt *vt, size_t row, size_t from, size_t to)
{
    for (size_t c = from; c < to && c < vt->columns; c++) {
        *at(vt, row, c) = (struct letter){.text = " ", .width = 1};
    }
}

void vt_resize(struct vt *vt, size_t rows, size_t columns)
{
    free(vt->letters);
    vt->letters = calloc(rows * columns, sizeof *vt->letters);
    assert(vt->letters != NULL);
    vt->rows = rows;
    vt->columns = columns;
    vt->top = 0;
    vt->bottom = rows - 1;
    vt->row = 0;
    vt->column = 0;
    vt->wraps = false;
    for (size_t r = 0; r < rows; r++) {
        blank(vt, r, 0, columns);
    }
}

struct vt *vt_make(size_t rows, size_t columns)
{
    struct vt *vt = calloc(1, sizeof *vt);
    if (vt != NULL) {
        vt_resize(vt, rows, columns);
    }
    return vt;
}

void vt_free(struct vt *vt)
{
    if (vt != NULL) {
        free(vt->letters);
        free(vt);
    }
}

// ---- moving ----

static void scroll_up(struct vt *vt, size_t from, size_t to, size_t count)
{
    for (size_t r = from; r <= to; r++) {
        for (size_t c = 0; c < vt->columns; c++) {
            if (r + count <= to) {
                *at(vt, r, c) = *at(vt, r + count, c);
            }
        }
        if (r + count > to) {
            blank(vt, r, 0, vt->columns);
        }
    }
}

static void scroll_down(struct vt *vt, size_t from, size_t to, size_t count)
{
    for (size_t i = 0; i <= to - from; i++) {
        const size_t r = to - i;
        for (size_t c = 0; c < vt->columns; c++) {
            if (r >= from + count) {
                *at(vt, r, c) = *at(vt, r - count, c);
            }
        }
        if (r < from + count) {
            blank(vt, r, 0, vt->columns);
        }
    }
}

static void line_feed(struct vt *vt)
{
    if (vt->row == vt->bottom) {
        scroll_up(vt, vt->top, vt->bottom, 1);
    } else if (vt->row + 1 < vt->rows) {
        vt->row++;
    }
    vt->wraps = false;
}

static void go(struct vt *vt, size_t row, size_t column)
{
    vt->row = row < vt->rows ? row : vt->rows - 1;
    vt->column = column < vt->columns ? column : vt->columns - 1;
    vt->wraps = false;
}

// ---- letters ----

static void put(struct vt *vt, const struct letter *letter)
{
    const size_t width = (size_t)letter->width;
    if (vt->wraps || vt->column + width > vt->columns) {
        vt->column = 0;
        line_feed(vt);
    }
    struct letter *cell = at(vt, vt->row, vt->column);
    if (cell->width == 0 && vt->column > 0) {
        blank(vt, vt->row, vt->column - 1, vt->column);
    }
    *cell = *letter;
    if (width == 2) {
        *at(vt, vt->row, vt->column + 1) = (struct letter){.width = 0};
    }
    const size_t next = vt->column + width;
    if (next < vt->columns && at(vt, vt->row, next)->width == 0) {
        blank(vt, vt->row, next, next + 1);
    }
    vt->wraps = next >= vt->columns;
    vt->column = vt->wraps ? vt->columns - 1 : next;
    vt->last = *letter;
}

static void mark(struct vt *vt, const char *text)
{
    size_t column = vt->wraps ? vt->column : vt->column > 0 ? vt->column - 1 : 0;
    if (at(vt, vt->row, column)->width == 0 && column > 0) {
        column--;
    }
    struct letter *cell = at(vt, vt->row, column);
    const size_t size = strlen(cell->text);
    if (size + strlen(text) < sizeof cell->text) {
        memcpy(cell->text + size, text, strlen(text) + 1);
    }
}

static void letter_take(struct vt *vt, wchar_t point, const char *text)
{
    const int width = wcwidth(point);
    if (width == 0) {
        mark(vt, text);
        return;
    }
    struct letter letter = {.width = width < 0 ? 1 : width};
    memcpy(letter.text, text, strlen(text) + 1);
    put(vt, &letter);
}

// ---- sequences ----

static size_t argument(const struct vt *vt, size_t index, size_t otherwise)
{
    return index < vt->argument_count && vt->argument[index] != 0 ? vt->argument[index] : otherwise;
}

static void erase_screen(struct vt *vt, size_t what)
{
    for (size_t r = 0; r < vt->rows; r++) {
        const bool whole = what >= 2 || (what == 0 && r > vt->row) || (what == 1 && r < vt->row);
        if (whole) {
            blank(vt, r, 0, vt->columns);
        }
    }
    if (what == 0) {
        blank(vt, vt->row, vt->column, vt->columns);
    } else if (what == 1) {
        blank(vt, vt->row, 0, vt->column + 1);
    }
}

static void shift_right(struct vt *vt, size_t count)
{
    for (size_t i = vt->columns; i-- > vt->column;) {
        if (i >= vt->column + count) {
            *at(vt, vt->row, i) = *at(vt, vt->row, i - count);
        }
    }
    blank(vt, vt->row, vt->column, vt->column + count);
}

static void shift_left(struct vt *vt, size_t count)
{
    for (size_t c = vt->column; c < vt->columns; c++) {
        if (c + count < vt->columns) {
            *at(vt, vt->row, c) = *at(vt, vt->row, c + count);
        } else {
            blank(vt, vt->row, c, c + 1);
        }
    }
}

static void csi_move(struct vt *vt, char final, size_t n)
{
    switch (final) {
    case 'A':
        go(vt, vt->row > n ? vt->row - n : 0, vt->column);
        break;
    case 'B':
    case 'e':
        go(vt, vt->row + n, vt->column);
        break;
    case 'C':
    case 'a':
        go(vt, vt->row, vt->column + n);
        break;
    case 'D':
        go(vt, vt->row, vt->column > n ? vt->column - n : 0);
        break;
    case 'G':
    case '`':
        go(vt, vt->row, n - 1);
        break;
    case 'd':
        go(vt, n - 1, vt->column);
        break;
    default:
        go(vt, n - 1, argument(vt, 1, 1) - 1);
        break;
    }
}

static void csi_change(struct vt *vt, char final, size_t n)
{
    switch (final) {
    case 'J':
        erase_screen(vt, argument(vt, 0, 0));
        break;
    case 'K': {
        const size_t what = argument(vt, 0, 0);
        blank(vt, vt->row, what == 0 ? vt->column : 0, what == 1 ? vt->column + 1 : vt->columns);
        break;
    }
    case 'X':
        blank(vt, vt->row, vt->column, vt->column + n);
        break;
    case '@':
        shift_right(vt, n);
        break;
    case 'P':
        shift_left(vt, n);
        break;
    case 'L':
        scroll_down(vt, vt->row, vt->bottom, n);
        break;
    case 'M':
        scroll_up(vt, vt->row, vt->bottom, n);
        break;
    case 'S':
        scroll_up(vt, vt->top, vt->bottom, n);
        break;
    case 'T':
        scroll_down(vt, vt->top, vt->bottom, n);
        break;
    case 'b':
        for (size_t i = 0; i < n && vt->last.width > 0; i++) {
            put(vt, &(struct letter){.text = {vt->last.text[0]}, .width = 1});
        }
        break;
    default:
        vt->unknown++;
        break;
    }
}

static void csi_end(struct vt *vt, char final)
{
    const size_t n = argument(vt, 0, 1);
    vt->state = STATE_TEXT;
    if (final == 'm' || final == 'h' || final == 'l' || final == 't' || vt->is_private) {
        return; // looks and modes
    }
    if (strchr("ABeCaDG`dHf", final) != NULL) {
        csi_move(vt, final, n);
    } else if (final == 'r') {
        vt->top = argument(vt, 0, 1) - 1;
        vt->bottom = argument(vt, 1, vt->rows) - 1;
        vt->bottom = vt->bottom < vt->rows ? vt->bottom : vt->rows - 1;
        go(vt, 0, 0);
    } else {
        csi_change(vt, final, n);
    }
}

static void csi_take(struct vt *vt, char byte)
{
    if (byte >= '0' && byte <= '9') {
        vt->argument_count = vt->argument_count == 0 ? 1 : vt->argument_count;
        unsigned *number = &vt->argument[vt->argument_count - 1];
        *number = *number * 10 + (unsigned)(byte - '0');
    } else if (byte == ';') {
        vt->argument_count = vt->argument_count == 0 ? 1 : vt->argument_count;
        assert(vt->argument_count < ARGUMENTS_MAX);
        vt->argument[vt->argument_count++] = 0;
    } else if (byte == '?' || byte == '>' || byte == '=' || byte == '!') {
        vt->is_private = true;
    } else if (byte >= 0x40) {
        csi_end(vt, byte);
    }
}

static void escape_take(struct vt *vt, char byte)
{
    vt->state = STATE_TEXT;
    switch (byte) {
    case '[':
        vt->state = STATE_CSI;
        vt->argument_count = 0;
        memset(vt->argument, 0, sizeof vt->argument);
        vt->is_private = false;
        break;
    case ']':
    case 'P':
        vt->state = STATE_STRING;
        vt->string_size = 0;
        vt->string_escape = false;
        break;
    case '(':
    case ')':
        vt->state = STATE_CHARSET;
        break;
    case '7':
        vt->saved_row = vt->row;
        vt->saved_column = vt->column;
        break;
    case '8':
        go(vt, vt->saved_row, vt->saved_column);
        break;
    case 'M':
        if (vt->row == vt->top) {
            scroll_down(vt, vt->top, vt->bottom, 1);
        } else if (vt->row > 0) {
            vt->row--;
        }
        break;
    case 'D':
        line_feed(vt);
        break;
    case '=':
    case '>':
    case 'c':
    case '\\':
        break;
    default:
        vt->unknown++;
        break;
    }
}

static void string_take(struct vt *vt, char byte)
{
    static const char COPY[] = "52;c;";
    const bool ended = byte == '\a' || (vt->string_escape && byte == '\\');
    vt->string_escape = byte == '\033';
    if (!ended) {
        if (!vt->string_escape && vt->string_size + 1 < sizeof vt->string) {
            vt->string[vt->string_size++] = byte;
        }
        return;
    }
    vt->string[vt->string_size] = '\0';
    if (strncmp(vt->string, COPY, strlen(COPY)) == 0) {
        (void)snprintf(vt->copied, sizeof vt->copied, "%s", vt->string + strlen(COPY));
    }
    vt->state = STATE_TEXT;
}

static void control_take(struct vt *vt, uint8_t byte)
{
    switch (byte) {
    case '\r':
        go(vt, vt->row, 0);
        break;
    case '\n':
        line_feed(vt);
        break;
    case '\b':
        go(vt, vt->row, vt->column > 0 ? vt->column - 1 : 0);
        break;
    case '\t':
        go(vt, vt->row, (vt->column / 8 + 1) * 8);
        break;
    case 0x1b:
        vt->state = STATE_ESCAPE;
        break;
    default: // bell, shifts between character sets, padding
        break;
    }
}

static void text_take(struct vt *vt, uint8_t byte)
{
    if (byte < 0x20 || byte == 0x7f) {
        control_take(vt, byte);
        return;
    }
    if (byte < 0x80 || byte >= 0xc0) {
        vt->part_size = 0;
        vt->part_needed = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    }
    if (vt->part_size < sizeof vt->part) {
        vt->part[vt->part_size++] = byte;
    }
    if (vt->part_size == vt->part_needed) {
        char text[5] = {0};
        wchar_t point = 0;
        memcpy(text, vt->part, vt->part_size);
        if (mbtowc(&point, text, vt->part_size) <= 0) {
            vt->unknown++;
            return;
        }
        letter_take(vt, point, text);
    }
}

void vt_write(struct vt *vt, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        switch (vt->state) {
        case STATE_TEXT:
            text_take(vt, (uint8_t)bytes[i]);
            break;
        case STATE_ESCAPE:
            escape_take(vt, bytes[i]);
            break;
        case STATE_CSI:
            csi_take(vt, bytes[i]);
            break;
        case STATE_STRING:
            string_take(vt, bytes[i]);
            break;
        case STATE_CHARSET:
            vt->state = STATE_TEXT;
            break;
        }
    }
}

// ---- asking ----

size_t vt_unknown(const struct vt *vt)
{
    return vt->unknown;
}

size_t vt_cursor_row(const struct vt *vt)
{
    return vt->row;
}

size_t vt_rows(const struct vt *vt)
{
    return vt->rows;
}

const char *vt_copied(const struct vt *vt)
{
    return vt->copied;
}

static size_t row_text(const struct vt *vt, size_t row, size_t columns, char *out)
{
    size_t size = 0;
    for (size_t c = 0; c < columns; c++) {
        const struct letter *letter = &vt->letters[row * vt->columns + c];
        const size_t length = strlen(letter->text);
        memcpy(out + size, letter->text, length);
        size += length;
    }
    out[size] = '\0';
    return size;
}

char *vt_text(const struct vt *vt, struct arena *arena)
{
    char *text = arena_alloc(arena, vt->rows * (vt->columns * LETTER_BYTES + 1) + 1);
    size_t size = 0;
    for (size_t r = 0; text != NULL && r < vt->rows; r++) {
        size_t end = size + row_text(vt, r, vt->columns, text + size);
        while (end > size && text[end - 1] == ' ') {
            end--;
        }
        text[end++] = '\n';
        size = end;
    }
    if (text != NULL) {
        text[size] = '\0';
    }
    return text;
}

char *vt_before_cursor(const struct vt *vt, struct arena *arena)
{
    char *text = arena_alloc(arena, vt->columns * LETTER_BYTES + 1);
    if (text != NULL) {
        (void)row_text(vt, vt->row, vt->column, text);
    }
    return text;
}
