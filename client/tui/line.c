// SPDX-License-Identifier: Apache-2.0
#include "client/tui/line.h"

#include "shared/text.h"
#include "shared/words.h"

#include <poll.h>
#include <unistd.h>

#define SETTLE_MS_MAX 15000
#define ITEMS_SHOWN   200
#define QUIET_MS      60 // events that follow one another come within so long

static bool more_comes(struct console *console, int wait_ms)
{
    struct pollfd on[] = {
        {.fd = exchange_descriptor(console->exchange), .events = POLLIN},
        {.fd = console->child == NULL ? -1 : child_descriptor(console->child), .events = POLLIN},
    };
    return poll(on, COUNT_OF(on), wait_ms) > 0;
}

// Until nothing is unanswered and nothing more comes, or it takes too long.
static void settle(struct console *console)
{
    const int64_t end_ms = client_clock_ms() + SETTLE_MS_MAX;
    for (;;) {
        console_turn(console);
        console_child(console);
        const enum exchange_state state = exchange_state(console->exchange);
        const bool is_answered = state == EXCHANGE_ON && console->child == NULL &&
                                 !exchange_is_waiting(console->exchange);
        if ((is_answered && !more_comes(console, QUIET_MS)) || state == EXCHANGE_SHUT ||
            client_clock_ms() >= end_ms) {
            return;
        }
        int wait_ms = 200;
        exchange_wait(console->exchange, &wait_ms);
        (void)more_comes(console, wait_ms);
    }
}

static void say(struct console *console, const char *text)
{
    const char *safe = text_safe(console->frame, text);
    (void)printf("%s\n", safe == NULL ? "" : safe);
}

static void say_lines(struct console *console, const char *text)
{
    while (text[0] != '\0') {
        const size_t size = strcspn(text, "\n");
        const char *line = arena_copy(console->frame, text, size);
        say(console, line == NULL ? "" : line);
        text += size + (text[size] == '\n' ? 1 : 0);
    }
}

// One line from the person; false at the end of input.
static bool hear(const char *prompt, char *out, size_t size)
{
    (void)printf("%s ", prompt);
    (void)fflush(stdout);
    if (fgets(out, (int)size, stdin) == NULL) {
        (void)putchar('\n');
        return false;
    }
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static bool hear_field(struct console *console, struct dialog_field *field)
{
    char text[FIELD_INPUT_BYTES_MAX + 1] = "";
    const char *prompt = arena_print(console->frame, "%s:", field->label);
    if (field->input.secret && console->client->terminal.may_ask) {
        const enum status status = terminal_secret(
            &console->client->terminal, false, prompt == NULL ? ":" : prompt, text, sizeof text);
        input_set(&field->input, text);
        explicit_bzero(text, sizeof text);
        return status == STATUS_OK;
    }
    if (!hear(prompt == NULL ? ":" : prompt, text, sizeof text)) {
        return false;
    }
    if (text[0] != '\0') {
        input_set(&field->input, text);
    }
    explicit_bzero(text, sizeof text);
    return true;
}

// A form, question by question. An answer that is missing or wrong drops the form.
static void form_ask(struct console *console)
{
    struct dialog *dialog = &console->dialog;
    bool is_heard = true;
    say(console, dialog->title);
    say_lines(console, dialog->text);
    for (size_t i = 0; i < dialog->field_count && is_heard; i++) {
        is_heard = hear_field(console, &dialog->field[i]);
    }
    const bool is_done = dialog->field_count > 0 && is_heard && dialog_is_whole(dialog);
    if (is_done) {
        dialog->done(dialog->context, dialog, dialog->purpose);
    } else if (dialog->field_count > 0) {
        say(console, dialog->refusal);
    }
    console_form_end(console, is_done);
}

static void items_say(struct console *console, struct page *page, int axis)
{
    const size_t count = page->kind->items == NULL ? 0 : page->kind->items(page, axis);
    for (size_t i = 0; i < count && i < ITEMS_SHOWN; i++) {
        const char *item = text_safe(console->frame, page->kind->item(page, axis, i));
        (void)printf("%s%zu. %s\n", axis == 1 ? "c" : "", i + 1, item == NULL ? "" : item);
    }
    if (count > ITEMS_SHOWN) {
        (void)printf(_("and %zu more: filter with / and words"), count - ITEMS_SHOWN);
        (void)putchar('\n');
    }
}

static void page_say(struct console *console)
{
    struct page *page = console_page(console);
    (void)putchar('\n');
    say(console, language_word(page->kind->title));
    items_say(console, page, 1);
    items_say(console, page, 0);
    if (page->kind->detail != NULL) {
        say_lines(console, page->kind->detail(page));
    }
    const char *line = page->kind->line(page);
    (void)printf("%s ", _("command:"));
    say(console, line);
}

static void keys_say(struct console *console)
{
    for (size_t i = 0;; i++) {
        const struct binding *binding = console_binding_at(console, i);
        if (binding == NULL) {
            break;
        }
        if (binding->hint[0] != '\0') {
            (void)printf("%s: %s; ", binding->key, language_word(binding->hint));
        }
    }
    (void)printf("%s\n",
                 _("a number chooses; c and a number chooses the column; : and a word shows "
                   "another page; an empty line reads the page again"));
}

static void notice_say(struct console *console)
{
    if (console->notice[0] != '\0') {
        say(console, console->notice);
        console->notice[0] = '\0';
    }
}

// A number from 1 on; 0 when it is none.
static size_t number_of(const char *text)
{
    char *end = NULL;
    const unsigned long long number = strtoull(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == '\0' ? (size_t)number : 0;
}

static bool choose(struct console *console, const char *text)
{
    struct page *page = console_page(console);
    const int axis = text[0] == 'c' ? 1 : 0;
    const size_t number = number_of(text + (axis == 1 ? 1 : 0));
    if (number == 0 || page->kind->items == NULL || number > page->kind->items(page, axis)) {
        return false;
    }
    page->kind->choose(page, axis, number - 1);
    const char *item = page->kind->item(page, axis, number - 1);
    say(console, item);
    settle(console);
    if (axis == 0 && page->kind->detail != NULL) {
        say_lines(console, page->kind->detail(page));
    }
    return true;
}

// The key of that name, whatever case it was typed in when it is a word.
static const struct binding *binding_named(struct console *console, const char *text)
{
    for (size_t i = 0;; i++) {
        const struct binding *binding = console_binding_at(console, i);
        const bool is_word = binding != NULL && strlen(binding->key) > 1;
        if (binding == NULL || strcmp(binding->key, text) == 0 ||
            (is_word && strcasecmp(binding->key, text) == 0)) {
            return binding;
        }
    }
}

static void line_hear(struct console *console, const char *text)
{
    struct page *page = console_page(console);
    if (text[0] == '\0') {
        page_say(console);
        return;
    }
    if (text[0] == ':' || (text[0] == '/' && page->kind->filter != NULL)) {
        if (text[0] == ':') {
            console_command(console, text + 1);
        } else {
            page->kind->filter_set(page, text + 1);
        }
        settle(console);
        if (text[0] == '/' || console_page(console) != page) {
            page_say(console);
        }
        return;
    }
    if (strcmp(text, "?") == 0) {
        keys_say(console);
        return;
    }
    if (choose(console, text)) {
        return;
    }
    const struct binding *binding = binding_named(console, text);
    if (binding == NULL) {
        say(console, _("not understood: ? tells what there is"));
    } else if (binding->action == ACTION_LEAVE) {
        console->is_leaving = true;
    } else {
        console_act(console, binding->action);
    }
}

static const char *state_say(struct console *console)
{
    return exchange_state(console->exchange) == EXCHANGE_ON
               ? ""
               : language_word(status_sentence(exchange_status(console->exchange)));
}

enum status line_run(struct console *console)
{
    settle(console);
    if (exchange_state(console->exchange) != EXCHANGE_ON) {
        return exchange_status(console->exchange);
    }
    settle(console);
    say(console, console->who);
    page_say(console);
    keys_say(console);
    while (!console->is_leaving) {
        char text[FIELD_INPUT_BYTES_MAX + 1];
        arena_reset(console->frame);
        settle(console);
        notice_say(console);
        if (state_say(console)[0] != '\0') {
            say(console, state_say(console));
        }
        if (!hear(">", text, sizeof text)) {
            break;
        }
        line_hear(console, text);
        settle(console);
        while (console->dialog.is_open) {
            form_ask(console);
            settle(console);
        }
    }
    return console->status;
}
