// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of the console: its state. For console*.c and line.c only.

#include "client/tui/child.h"
#include "client/tui/console.h"
#include "client/tui/screen.h"

#define BURST_KEYS_MAX 20 // as many keys within BURST_MS are no typing
#define BURST_MS       100

enum typing { TYPING_NOTHING, TYPING_COMMAND, TYPING_FILTER };

struct console {
    struct client *client;
    const struct console_plan *plan;
    struct exchange *exchange;
    struct screen *screen; // NULL in line mode
    struct canvas *canvas;
    struct arena *frame;
    struct arena *form_arena;
    struct render_context render;

    struct page page[PAGES_MAX];
    size_t shown;        // the page that is shown
    struct child *child; // a command that was typed; NULL: none runs
    enum typing typing;
    struct input input; // of the command line or the filter
    char filter_before[FIELD_INPUT_BYTES_MAX + 1];
    struct dialog dialog;
    struct arena *later_arena; // of a text to read that came while another form was open
    const char *later_title;
    const char *later_text; // NULL: none
    char notice[NOTICE_BYTES_MAX];
    bool is_changed; // to be drawn anew
    bool is_leaving;
    bool is_asked_to_leave; // Q was pressed; y leaves

    // Copies: the client itself belongs to the thread while it connects.
    char context[CONTEXT_NAME_MAX + 1];
    char login[65];
    // Who I am, once the server said it.
    char who[128];
    char company[128];
    bool who_is_known;

    bool is_proving; // the open form asks for a proof of who this is
    bool is_pasting;
    size_t paste_dropped; // bytes of a paste that had nowhere to go
    int64_t paste_ms;
    int64_t burst[BURST_KEYS_MAX]; // when the last keys came
    size_t burst_at;
    enum status status; // that ends the program
};

// Pages are opened, the connection is begun.
MUST_CHECK enum status console_start(struct console *console);
void console_end(struct console *console);
struct page *console_page(struct console *console);
// Shows another page; false when a draft of this one would be lost and that was only said.
void console_show(struct console *console, size_t index);
// Takes what the server said; pages that are stale ask.
void console_turn(struct console *console);

// Asks for the password when the server wants a fresh proof.
void console_prove(struct console *console);
// Gives the terminal to the ordinary login for a moment, then connects.
void console_login(struct console *console);
// Closes the form; what waited for a proof that was not given is refused.
void console_form_end(struct console *console, bool is_done);
void console_draw(struct console *console);
void console_press(struct console *console, const struct press *press);
// Takes what a typed command has printed; its end opens a text to read.
void console_child(struct console *console);
// What a line typed after ':' means.
void console_command(struct console *console, const char *line);
// An action of the bindings, the console's own or the page's.
void console_act(struct console *console, int action);
// The binding of a key on this page; NULL when it means nothing.
const struct binding *console_binding(struct console *console, const struct press *press);
// Bindings of the page, then of every page; NULL behind the last.
const struct binding *console_binding_at(struct console *console, size_t index);
