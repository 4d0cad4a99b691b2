// SPDX-License-Identifier: Apache-2.0
#include "client/tui/input.h"

#include "shared/text.h"

#include <wchar.h>

#define DOT "•"

void input_set(struct input *input, const char *text)
{
    const size_t size = strlen(text);
    input->size = size < FIELD_INPUT_BYTES_MAX ? size : 0;
    memcpy(input->text, text, input->size);
    input->text[input->size] = '\0';
    input->caret = input->size;
    input->first = 0;
    input->overfull = false;
}

void input_wipe(struct input *input)
{
    const bool secret = input->secret;
    explicit_bzero(input, sizeof *input);
    input->secret = secret;
}

// Does a character of its own begin at this byte?
static bool is_start(const struct input *input, size_t at)
{
    if (at >= input->size) {
        return true;
    }
    if (((uint8_t)input->text[at] & 0xc0) == 0x80) {
        return false;
    }
    int32_t point = 0;
    enum text_sort sort = TEXT_SPACING;
    (void)text_point(input->text + at, input->size - at, &point, &sort);
    return sort != TEXT_MARK && (point < 0x80 || wcwidth((wchar_t)point) != 0);
}

static size_t step_right(const struct input *input, size_t at)
{
    for (at++; at < input->size && !is_start(input, at); at++) {
    }
    return at < input->size ? at : input->size;
}

static size_t step_left(const struct input *input, size_t at)
{
    assert(at > 0);
    for (at--; at > 0 && !is_start(input, at); at--) {
    }
    return at;
}

static void erase(struct input *input, size_t from, size_t to)
{
    assert(from <= to && to <= input->size);
    memmove(input->text + from, input->text + to, input->size - to + 1);
    input->size -= to - from;
    input->caret = from;
}

static void insert(struct input *input, const char *text, size_t size)
{
    input->overfull = input->size + size > FIELD_INPUT_BYTES_MAX;
    if (input->overfull) {
        return;
    }
    memmove(input->text + input->caret + size, input->text + input->caret,
            input->size - input->caret + 1);
    memcpy(input->text + input->caret, text, size);
    input->size += size;
    input->caret += size;
}

static bool press_letter(struct input *input, const struct press *press)
{
    char text[5];
    const size_t size = press_text(press, text);
    int32_t point = 0;
    enum text_sort sort = TEXT_HIDDEN;
    if (size > 0) {
        (void)text_point(text, size, &point, &sort);
    }
    if (sort == TEXT_SPACING || sort == TEXT_MARK) {
        insert(input, text, size);
    }
    return true;
}

static bool press_ctrl(struct input *input, int32_t letter)
{
    switch (letter) {
    case 'u':
        erase(input, 0, input->caret);
        return true;
    case 'k':
        erase(input, input->caret, input->size);
        return true;
    case 'w': {
        size_t at = input->caret;
        while (at > 0 && input->text[at - 1] == ' ') {
            at--;
        }
        while (at > 0 && input->text[at - 1] != ' ') {
            at--;
        }
        erase(input, at, input->caret);
        return true;
    }
    default:
        return false;
    }
}

bool input_press(struct input *input, const struct press *press)
{
    assert(input != NULL && input->caret <= input->size);
    switch ((int)press->kind) {
    case PRESS_TEXT:
        return press_letter(input, press);
    case PRESS_CTRL:
        return press_ctrl(input, press->point);
    case PRESS_BACKSPACE:
        if (input->caret > 0) {
            erase(input, step_left(input, input->caret), input->caret);
        }
        return true;
    case PRESS_DELETE:
        if (input->caret < input->size) {
            erase(input, input->caret, step_right(input, input->caret));
        }
        return true;
    case PRESS_LEFT:
        input->caret = input->caret > 0 ? step_left(input, input->caret) : 0;
        return true;
    case PRESS_RIGHT:
        input->caret = step_right(input, input->caret);
        return true;
    case PRESS_HOME:
        input->caret = 0;
        return true;
    case PRESS_END:
        input->caret = input->size;
        return true;
    default:
        return false;
    }
}

void input_paste(struct input *input, const struct press *press)
{
    if (press->kind == PRESS_ENTER || press->kind == PRESS_TAB) {
        insert(input, " ", 1);
    } else if (press->kind == PRESS_TEXT) {
        (void)press_letter(input, press);
    }
}

// Cells of a part of the text, as it is shown.
static size_t cells_between(const struct input *input, size_t from, size_t to)
{
    char part[FIELD_INPUT_BYTES_MAX + 1];
    memcpy(part, input->text + from, to - from);
    part[to - from] = '\0';
    return cells_of(part);
}

static size_t letters_between(const struct input *input, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t at = from; at < to; at = step_right(input, at)) {
        count++;
    }
    return count;
}

void input_draw(struct input *input, struct canvas *canvas, size_t row, size_t column, size_t room,
                bool focused)
{
    assert(room > 1);
    input->first = input->first > input->caret ? input->caret : input->first;
    const size_t reach = room - 1; // the caret stands behind the last character
    size_t before = 0;
    for (;;) {
        before = input->secret ? letters_between(input, input->first, input->caret)
                               : cells_between(input, input->first, input->caret);
        if (before <= reach) {
            break;
        }
        input->first = step_right(input, input->first);
    }
    if (input->secret) {
        const size_t count = letters_between(input, input->first, input->size);
        canvas_line(canvas, row, column, count < room ? count : room, DOT);
    } else {
        (void)canvas_put(canvas, row, column, room, STYLE_PLAIN, input->text + input->first);
    }
    if (focused) {
        canvas_cursor(canvas, row, column + before);
    }
}
