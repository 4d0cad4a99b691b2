// SPDX-License-Identifier: Apache-2.0
#pragma once

// A full-screen program made of pages: what a page is, and what the console does for one. The
// console owns terminal, loop, connection, command line and forms; a page asks its questions, keeps
// the answers, draws them and acts. Keys, hints and help come from the page's table of bindings.
// Nothing here knows what the pages are about.
//
// Pages never wait. Texts made for one picture live in `frame`, which is emptied before each.

#include "client/tui/dialog.h"
#include "client/tui/exchange.h"
#include "client/tui/frame.h"

#define PAGES_MAX        9
#define NOTICE_BYTES_MAX 240

// A key that does something, in the table that hints and help are made of.
struct binding {
    const char *key;
    int action;       // what the page is told; below ACTION_PAGES it is the console's own
    const char *hint; // msgid; "" when it is not shown
};

enum console_action {
    ACTION_NONE,
    ACTION_COMMAND, // ':'
    ACTION_FILTER,  // '/'
    ACTION_COPY,
    ACTION_HELP,
    ACTION_BACK,
    ACTION_LEAVE,
    ACTION_PAGES = 100
};

struct console;
struct page;

struct page_kind {
    const char *word;  // what it is called on the command line: "users"
    const char *title; // msgid
    const struct binding *binding;
    size_t binding_count;
    size_t state_size;
    // Makes the state, which is all zeros; nothing is asked yet.
    enum status (*open)(struct page *page);
    void (*close)(struct page *page);
    // Asks for what the page shows: when it is shown, after an event, after a new connection.
    void (*refresh)(struct page *page);
    // Asks what is still to be asked, after each key and answer. May be NULL.
    void (*ask_on)(struct page *page);
    void (*draw)(struct page *page, struct canvas *canvas, struct area area);
    // Moving about; true when the key was used.
    bool (*press)(struct page *page, const struct press *press);
    void (*act)(struct page *page, int action);
    // The command that would do what the page does; lives in the frame.
    const char *(*line)(struct page *page);
    // What would be lost by leaving, as a sentence; NULL: nothing. The function may be NULL.
    const char *(*loses)(struct page *page);
    // The filter in words; NULL when the page has none. Setting it asks anew.
    const char *(*filter)(struct page *page);
    void (*filter_set)(struct page *page, const char *filter);
    // For lines instead of pictures (line.h): what there is to choose from, and what is told of the
    // choice. `axis` 1 is the second way to choose, as the columns of a matrix.
    size_t (*items)(struct page *page, int axis);
    const char *(*item)(struct page *page, int axis, size_t index);
    void (*choose)(struct page *page, int axis, size_t index);
    const char *(*detail)(struct page *page);
};

struct page {
    const struct page_kind *kind;
    struct console *console;
    void *state;
    unsigned asked_count; // exchange_count when it asked last
    bool is_stale;        // something happened since
};

// What a program of pages is.
struct console_plan {
    const char *name; // "kontor admin"
    const struct page_kind *const *pages;
    size_t page_count;
    const struct binding *binding; // of every page
    size_t binding_count;
};

// Runs until the person leaves; `lines` talks in lines instead of pictures.
MUST_CHECK enum status console_run(struct client *client, const struct console_plan *plan,
                                   bool lines);

// ---- for pages ----

// Trap: of the client only what never changes may be looked at; the rest belongs to the thread
// while it connects.
struct client *console_client(const struct console *console);
const char *console_login_name(const struct console *console);
struct arena *console_frame(const struct console *console);
// What values look like: currency, decimals, time zone. In the frame.
const struct render_context *console_render(const struct console *console);
// Whether the screen is wide enough for two things beside each other.
bool console_is_wide(const struct console *console);

// Asks; the page is drawn anew after the answer. A refusal to ask is said as a notice.
bool console_ask(struct page *page, const char *command, ProtobufCMessage *inner,
                 answer_function *answer);
bool console_try(struct page *page, const char *command, ProtobufCMessage *inner,
                 answer_function *answer); // a dry run
// Commits what a dry run showed: refused when what it read has changed.
bool console_commit(struct page *page, const char *command, ProtobufCMessage *inner,
                    const char *plan, answer_function *answer);
// As exchange_follow and exchange_unfollow.
bool console_follow(struct page *page, const char *command, ProtobufCMessage *inner,
                    event_function *event, uint64_t *id);
void console_unfollow(struct page *page, uint64_t id);
bool console_follows(const struct page *page, uint64_t id); // still, on this connection
// What the server said in the handshake; NULL without a connection.
const struct greeting *console_greeting(const struct console *console);
// One sentence in the lowest line until the next key.
void console_say(struct console *console, const char *text);
// Says that the answer is a refusal, and why. False when it is none.
bool console_refused(struct console *console, const struct answer *answer);
// An empty form; NULL while another one is open. A text to read (`done` NULL) then comes after it.
struct dialog *console_form(struct page *page, const char *title, const char *text,
                            dialog_function *done, int purpose);
// Everything that was read may have changed: pages ask anew.
void console_stale(struct console *console);
