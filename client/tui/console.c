// SPDX-License-Identifier: Apache-2.0
#include "client/tui/console_own.h"
#include "client/tui/line.h"
#include "shared/words.h"

#include <errno.h>
#include <poll.h>

#define FRAME_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define FORM_BYTES_MAX  ((size_t)4 * 1024 * 1024)
#define TICK_MS         1000 // ages on the screen
#define PRESSES_MAX     1024 // of one turn

// ---- for pages ----

struct client *console_client(const struct console *console)
{
    return console->client;
}

const char *console_login_name(const struct console *console)
{
    return console->login;
}

struct arena *console_frame(const struct console *console)
{
    return console->frame;
}

const struct render_context *console_render(const struct console *console)
{
    return &console->render;
}

bool console_is_wide(const struct console *console)
{
    return console->canvas != NULL && console->canvas->columns >= 96;
}

void console_say(struct console *console, const char *text)
{
    (void)snprintf(console->notice, sizeof console->notice, "%s", text);
    console->is_changed = true;
}

bool console_refused(struct console *console, const struct answer *answer)
{
    if (answer->status == STATUS_OK) {
        return false;
    }
    const char *sentence = language_word(status_sentence(answer->status));
    const Problem *problem =
        answer->reply != NULL && answer->reply->n_problem > 0 ? answer->reply->problem[0] : NULL;
    const bool says_more =
        problem != NULL && (problem->asked[0] != '\0' || problem->allowed[0] != '\0');
    (void)snprintf(console->notice, sizeof console->notice, "%s  %s%s%s%s%s%s",
                   status_code(answer->status), sentence, says_more ? "  " : "",
                   says_more ? problem->field : "", says_more ? " " : "",
                   says_more ? problem->asked : "", says_more ? problem->allowed : "");
    console->is_changed = true;
    return true;
}

static bool ask(struct page *page, const char *command, ProtobufCMessage *inner, bool dry_run,
                const char *plan, answer_function *answer)
{
    struct console *console = page->console;
    const struct question question = {
        .command = command_by_name(command),
        .inner = inner,
        .dry_run = dry_run,
        .plan = plan,
        .answer = answer,
        .context = page,
    };
    const enum status status = exchange_ask(console->exchange, &question);
    if (status == STATUS_UNREACHABLE) {
        console_say(console, _("no connection: nothing is sent, nothing is kept for later"));
    } else if (status != STATUS_OK) {
        console_say(console, language_word(status_sentence(status)));
    }
    return status == STATUS_OK;
}

bool console_ask(struct page *page, const char *command, ProtobufCMessage *inner,
                 answer_function *answer)
{
    return ask(page, command, inner, false, NULL, answer);
}

bool console_try(struct page *page, const char *command, ProtobufCMessage *inner,
                 answer_function *answer)
{
    return ask(page, command, inner, true, NULL, answer);
}

bool console_commit(struct page *page, const char *command, ProtobufCMessage *inner,
                    const char *plan, answer_function *answer)
{
    return ask(page, command, inner, false, plan, answer);
}

bool console_follow(struct page *page, const char *command, ProtobufCMessage *inner,
                    event_function *event, uint64_t *id)
{
    const struct question question = {
        .command = command_by_name(command), .inner = inner, .context = page};
    *id = 0;
    return exchange_follow(page->console->exchange, &question, event, id) == STATUS_OK;
}

void console_unfollow(struct page *page, uint64_t id)
{
    exchange_unfollow(page->console->exchange, id);
}

bool console_follows(const struct page *page, uint64_t id)
{
    return exchange_follows(page->console->exchange, id);
}

const struct greeting *console_greeting(const struct console *console)
{
    return exchange_state(console->exchange) == EXCHANGE_ON ? link_greeting(console->client->link)
                                                            : NULL;
}

struct dialog *console_form(struct page *page, const char *title, const char *text,
                            dialog_function *done, int purpose)
{
    struct console *console = page->console;
    if (console->dialog.is_open) {
        if (done == NULL) {
            // An invitation is shown once: what is to be read waits for the form that is open.
            arena_reset(console->later_arena);
            console->later_title = arena_copy(console->later_arena, title, strlen(title));
            console->later_text = arena_copy(console->later_arena, text, strlen(text));
        }
        return NULL;
    }
    dialog_open(&console->dialog, title, text, done, page, purpose);
    console->is_changed = true;
    return &console->dialog;
}

void console_stale(struct console *console)
{
    for (size_t i = 0; i < console->plan->page_count; i++) {
        console->page[i].is_stale = true;
    }
}

// ---- life ----

static void event_hear(void *context, const Event *event)
{
    (void)event;
    console_stale(context);
}

struct page *console_page(struct console *console)
{
    return &console->page[console->shown];
}

static void page_refresh(struct console *console, struct page *page)
{
    page->is_stale = false;
    page->asked_count = exchange_count(console->exchange);
    page->kind->refresh(page);
}

void console_show(struct console *console, size_t index)
{
    assert(index < console->plan->page_count);
    console->shown = index;
    console->page[index].is_stale = true;
    console->is_changed = true;
}

enum status console_start(struct console *console)
{
    assert(console->plan->page_count > 0 && console->plan->page_count <= PAGES_MAX);
    console->frame = arena_make(FRAME_BYTES_MAX);
    console->form_arena = arena_make(FORM_BYTES_MAX);
    console->later_arena = arena_make(FORM_BYTES_MAX);
    if (console->frame == NULL || console->form_arena == NULL || console->later_arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    console->dialog.arena = console->form_arena;
    (void)snprintf(console->context, sizeof console->context, "%s", console->client->context.name);
    (void)snprintf(console->login, sizeof console->login, "%s", console->client->context.login);
    console->render = client_render(console->client);
    console->render.arena = console->frame;
    for (size_t i = 0; i < console->plan->page_count; i++) {
        struct page *page = &console->page[i];
        *page = (struct page){
            .kind = console->plan->pages[i],
            .console = console,
            .state = calloc(1, console->plan->pages[i]->state_size),
        };
        const enum status status =
            page->state == NULL ? STATUS_ENVIRONMENT : page->kind->open(page);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return exchange_open(console->client, event_hear, console, &console->exchange);
}

void console_end(struct console *console)
{
    screen_close(console->screen);
    child_end(console->child);
    exchange_close(console->exchange);
    for (size_t i = 0; i < console->plan->page_count; i++) {
        if (console->page[i].state != NULL) {
            console->page[i].kind->close(&console->page[i]);
            free(console->page[i].state);
        }
    }
    if (console->dialog.is_open) {
        dialog_close(&console->dialog);
    }
    input_wipe(&console->input);
    canvas_free(console->canvas);
    arena_free(console->frame);
    arena_free(console->form_arena);
    arena_free(console->later_arena);
}

static void who_hear(void *context, const struct answer *answer)
{
    struct console *console = context;
    if (answer->status != STATUS_OK || answer->reply->session_whoami == NULL) {
        return;
    }
    const SessionWhoamiReply *who = answer->reply->session_whoami;
    (void)snprintf(console->who, sizeof console->who, "%s%s%s",
                   who->name[0] == '\0' ? who->login : who->name, who->n_role > 0 ? " · " : "",
                   who->n_role > 0 ? language_role(who->role[0]) : "");
    (void)snprintf(console->company, sizeof console->company, "%s",
                   who->book == NULL ? "" : who->book->company);
    console->who_is_known = true;
    console->is_changed = true;
}

static void who_ask(struct console *console)
{
    SessionWhoami inner;
    session_whoami__init(&inner);
    const struct question question = {
        .command = command_by_name("session_whoami"),
        .inner = &inner.base,
        .answer = who_hear,
        .context = console,
    };
    const enum status status = exchange_ask(console->exchange, &question);
    console->who_is_known = status == STATUS_OK;
}

void console_turn(struct console *console)
{
    if (exchange_turn(console->exchange)) {
        console->is_changed = true;
    }
    if (exchange_state(console->exchange) != EXCHANGE_ON) {
        return;
    }
    if (!console->who_is_known) {
        who_ask(console);
    }
    if (exchange_is_held(console->exchange) && !console->is_proving) {
        console_prove(console);
    }
    struct page *page = console_page(console);
    if (page->is_stale || page->asked_count != exchange_count(console->exchange)) {
        page_refresh(console, page);
    }
    if (page->kind->ask_on != NULL) {
        page->kind->ask_on(page);
    }
}

// ---- the loop ----

static void wait(struct console *console)
{
    // Negative descriptors are passed over.
    struct pollfd on[] = {
        {.fd = screen_descriptor(console->screen), .events = POLLIN},
        {.fd = exchange_descriptor(console->exchange), .events = POLLIN},
        {.fd = console->child == NULL ? -1 : child_descriptor(console->child), .events = POLLIN},
    };
    int wait_ms = TICK_MS;
    exchange_wait(console->exchange, &wait_ms);
    const int ready = poll(on, COUNT_OF(on), wait_ms);
    assert(ready >= 0 || errno == EINTR);
    if (ready == 0 && exchange_state(console->exchange) != EXCHANGE_ON) {
        console->is_changed = true; // how old what is shown is
    }
}

static bool fits(struct console *console)
{
    size_t rows = 0;
    size_t columns = 0;
    screen_size(console->screen, &rows, &columns);
    if (console->canvas == NULL || console->canvas->rows != rows ||
        console->canvas->columns != columns) {
        canvas_free(console->canvas);
        console->canvas = canvas_make(rows, columns);
    }
    return console->canvas != NULL;
}

// Keys that come faster than anybody types are a paste of a terminal that does not say so: they
// must not run through a list as commands.
static bool is_burst(struct console *console, size_t count)
{
    const int64_t now_ms = client_clock_ms();
    const bool is_typing = console->typing != TYPING_NOTHING || console->dialog.is_open;
    bool is_fast = count > BURST_KEYS_MAX;
    for (size_t i = 0; i < count && !is_fast; i++) {
        const int64_t before_ms = console->burst[console->burst_at];
        console->burst[console->burst_at] = now_ms;
        console->burst_at = (console->burst_at + 1) % BURST_KEYS_MAX;
        is_fast = before_ms != 0 && now_ms - before_ms < BURST_MS;
    }
    return is_fast && !is_typing && !console->is_pasting;
}

static bool presses_hear(struct console *console)
{
    struct press press[PRESSES_MAX];
    size_t count = 0;
    bool has_paste = false;
    while (count < PRESSES_MAX) {
        press[count] = screen_read(console->screen);
        if (press[count].kind == PRESS_NONE) {
            break;
        }
        if (press[count].kind == PRESS_GONE) {
            return false;
        }
        has_paste = has_paste || press[count].kind == PRESS_PASTE_BEGIN;
        count++;
    }
    if (!has_paste && count > 0 && is_burst(console, count)) {
        console_say(console, _("keys came faster than anybody types: ignored"));
        return true;
    }
    for (size_t i = 0; i < count && !console->is_leaving; i++) {
        console_press(console, &press[i]);
    }
    return true;
}

static enum status pictures(struct console *console)
{
    console->is_changed = true;
    while (!console->is_leaving) {
        if (console->is_changed) {
            if (!fits(console)) {
                return STATUS_ENVIRONMENT;
            }
            console->is_changed = false;
            console_draw(console);
            screen_show(console->screen, console->canvas);
        }
        wait(console);
        if (!presses_hear(console)) {
            return STATUS_CANCELLED;
        }
        console_turn(console);
        console_child(console);
    }
    return console->status;
}

static void console_free_at(struct console **console)
{
    if (*console != NULL) {
        console_end(*console);
        free(*console);
    }
}

enum status console_run(struct client *client, const struct console_plan *plan, bool lines)
{
    CLEANUP(console_free_at) struct console *console = calloc(1, sizeof *console);
    if (console == NULL) {
        return STATUS_ENVIRONMENT;
    }
    console->client = client;
    console->plan = plan;
    enum status status = STATUS_OK;
    if (!lines) {
        status = screen_open(client->terminal.colour, &console->screen);
    }
    if (status == STATUS_CONFIGURATION) {
        client->fault = _("this terminal cannot show pictures");
        client_hint(client, arena_print(client->arena, "%s --a11y", plan->name));
    }
    if (status == STATUS_OK) {
        status = console_start(console);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return lines ? line_run(console) : pictures(console);
}
