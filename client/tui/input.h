// SPDX-License-Identifier: Apache-2.0
#pragma once

// One line that is typed: text with a caret, moved by characters as people see them (a letter with
// its marks is one). Pasted text is data like typed text. Longer than its room, it scrolls under
// the caret; nothing that was typed is ever swallowed: what finds no place is refused, and said so.

#include "client/tui/canvas.h"
#include "client/tui/press.h"

struct input {
    char text[FIELD_INPUT_BYTES_MAX + 1];
    size_t size;
    size_t caret;  // byte
    size_t first;  // byte of the first character shown
    bool secret;   // shown as dots
    bool overfull; // the last key found no place
};

void input_set(struct input *input, const char *text);
void input_wipe(struct input *input);
// True when the key belongs to the line: text, erasing, moving the caret.
bool input_press(struct input *input, const struct press *press);
// A key of a paste; line feeds and tabs become spaces.
void input_paste(struct input *input, const struct press *press);
// Draws the line, and puts the cursor at the caret.
void input_draw(struct input *input, struct canvas *canvas, size_t row, size_t column, size_t room,
                bool focused);
