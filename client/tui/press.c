// SPDX-License-Identifier: Apache-2.0
#include "client/tui/press.h"

static const struct {
    const char *name;
    enum press_kind kind;
} NAMES[] = {
    {"Enter", PRESS_ENTER},
    {"Esc", PRESS_ESCAPE},
    {"Tab", PRESS_TAB},
    {"Shift-Tab", PRESS_BACK_TAB},
    {"Backspace", PRESS_BACKSPACE},
    {"Del", PRESS_DELETE},
    {"↑", PRESS_UP},
    {"↓", PRESS_DOWN},
    {"←", PRESS_LEFT},
    {"→", PRESS_RIGHT},
    {"PgUp", PRESS_PAGE_UP},
    {"PgDn", PRESS_PAGE_DOWN},
    {"Home", PRESS_HOME},
    {"End", PRESS_END},
    {"F1", PRESS_F1},
};

size_t press_text(const struct press *press, char out[static 5])
{
    const uint32_t point = (uint32_t)press->point;
    size_t size = 0;
    if (press->kind != PRESS_TEXT || press->point <= 0) {
        out[0] = '\0';
        return 0;
    }
    if (point < 0x80) {
        out[size++] = (char)point;
    } else if (point < 0x800) {
        out[size++] = (char)(0xc0 | (point >> 6));
        out[size++] = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        out[size++] = (char)(0xe0 | (point >> 12));
        out[size++] = (char)(0x80 | ((point >> 6) & 0x3f));
        out[size++] = (char)(0x80 | (point & 0x3f));
    } else {
        out[size++] = (char)(0xf0 | ((point >> 18) & 0x07));
        out[size++] = (char)(0x80 | ((point >> 12) & 0x3f));
        out[size++] = (char)(0x80 | ((point >> 6) & 0x3f));
        out[size++] = (char)(0x80 | (point & 0x3f));
    }
    out[size] = '\0';
    return size;
}

bool press_is(const struct press *press, const char *name)
{
    assert(press != NULL && name != NULL);
    if (press->kind == PRESS_TEXT) {
        char text[5];
        (void)press_text(press, text);
        return strcmp(name, strcmp(text, " ") == 0 ? "Space" : text) == 0;
    }
    if (press->kind == PRESS_CTRL) {
        return strlen(name) == 6 && strncmp(name, "Ctrl-", 5) == 0 &&
               name[5] - 'A' == press->point - 'a';
    }
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        if (NAMES[i].kind == press->kind) {
            return strcmp(name, NAMES[i].name) == 0;
        }
    }
    return false;
}
