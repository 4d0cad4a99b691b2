// SPDX-License-Identifier: Apache-2.0
#pragma once

// A key that was pressed, whatever terminal it came from, and its name as people read it: "a",
// "Space", "Ctrl-S", "PgDn". Bindings are written with these names, so that hints, help and what
// really happens come from one table.

#include "shared/base.h"

enum press_kind {
    PRESS_NONE,
    PRESS_TEXT, // `point` is a printable character
    PRESS_CTRL, // `point` is the letter, 'a' to 'z'
    PRESS_ENTER,
    PRESS_ESCAPE,
    PRESS_TAB,
    PRESS_BACK_TAB,
    PRESS_BACKSPACE,
    PRESS_DELETE,
    PRESS_UP,
    PRESS_DOWN,
    PRESS_LEFT,
    PRESS_RIGHT,
    PRESS_PAGE_UP,
    PRESS_PAGE_DOWN,
    PRESS_HOME,
    PRESS_END,
    PRESS_F1,
    PRESS_OTHER,       // a key that means nothing here
    PRESS_RESIZE,      // the terminal has another size now
    PRESS_PASTE_BEGIN, // what comes until the end is data
    PRESS_PASTE_END,
    PRESS_GONE // the terminal is not there any more
};

struct press {
    enum press_kind kind;
    int32_t point;
};

// Is it the key of that name?
bool press_is(const struct press *press, const char *name);
// The character as UTF-8 with a zero behind; gives its size, 0 for what is no text.
size_t press_text(const struct press *press, char out[static 5]);
