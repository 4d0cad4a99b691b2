// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small form over a page: a text, fields to fill in, or only a text to read. A field may demand
// a certain word, which is how something that cannot be taken back is confirmed: by typing, never
// by one key. Esc closes without doing anything. What was typed is wiped when the form is closed.

#include "client/tui/input.h"

#define DIALOG_FIELDS_MAX 6

enum dialog_end { DIALOG_STAYS, DIALOG_DONE, DIALOG_DROPPED };

struct dialog_field {
    const char *label;
    const char *expected; // the word to type; NULL: anything
    const char *or_else;  // another one that will do; NULL: none
    bool needed;
    struct input input;
};

struct dialog;
typedef void dialog_function(void *context, struct dialog *dialog, int purpose);

struct dialog {
    bool is_open;
    struct arena *arena; // of what is said; the maker's
    const char *title;
    const char *text;
    size_t top;   // first line of the text that is shown
    size_t lines; // of the text, when it was drawn last
    size_t lines_shown;
    size_t field_count;
    size_t focus;
    struct dialog_field field[DIALOG_FIELDS_MAX];
    const char *refusal; // what is missing; "" when nothing was refused
    dialog_function *done;
    void *context;
    int purpose; // for `done`
};

// Opens an empty form; texts are copied. `done` NULL: only to read.
void dialog_open(struct dialog *dialog, const char *title, const char *text, dialog_function *done,
                 void *context, int purpose);
struct dialog_field *dialog_add(struct dialog *dialog, const char *label, bool needed);
void dialog_close(struct dialog *dialog);
// On DONE the caller calls `done` after having closed nothing: it reads the fields.
enum dialog_end dialog_press(struct dialog *dialog, const struct press *press);
// Is there something wrong with what was typed? Says it in `refusal` and moves there.
bool dialog_is_whole(struct dialog *dialog);
void dialog_draw(struct dialog *dialog, struct canvas *canvas);
