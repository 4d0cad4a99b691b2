// SPDX-License-Identifier: Apache-2.0
#include "client/tui/console_own.h"
#include "shared/words.h"

const struct binding *console_binding(struct console *console, const struct press *press)
{
    for (size_t i = 0;; i++) {
        const struct binding *binding = console_binding_at(console, i);
        if (binding == NULL || press_is(press, binding->key)) {
            return binding;
        }
    }
}

// ---- what may be typed behind ':' ----

static bool is_page(struct console *console, size_t index, const char *word)
{
    const struct page_kind *kind = console->page[index].kind;
    const char number[2] = {(char)('1' + index), '\0'};
    return strcmp(word, kind->word) == 0 || strcmp(word, language_word(kind->title)) == 0 ||
           strcmp(word, number) == 0;
}

static bool is_word(const char *word, const char *first, const char *second, const char *third)
{
    return strcmp(word, first) == 0 || strcmp(word, second) == 0 || strcmp(word, third) == 0;
}

static void command_run(struct console *console, const char *line)
{
    if (console->child != NULL) {
        console_say(console, _("the last command is still running"));
        return;
    }
    const size_t columns = console->canvas == NULL ? 100 : console->canvas->columns - 10;
    const enum status status =
        child_start(console->context, console->client->language, columns, line, &console->child);
    console_say(console,
                status == STATUS_OK ? _("running…") : language_word(status_sentence(status)));
}

void console_child(struct console *console)
{
    int exit_code = 0;
    if (console->child == NULL || !child_turn(console->child, &exit_code)) {
        return;
    }
    const char *text = child_text(console->child);
    char title[64];
    (void)snprintf(title, sizeof title, exit_code == 0 ? _("Done") : _("Exit code %d"), exit_code);
    console->notice[0] = '\0';
    (void)console_form(console_page(console), title, text[0] == '\0' ? _("Done.") : text, NULL, 0);
    child_end(console->child);
    console->child = NULL;
    console_stale(console);
    console->is_changed = true;
}

void console_command(struct console *console, const char *line)
{
    while (*line == ' ') {
        line++;
    }
    for (size_t i = 0; i < console->plan->page_count; i++) {
        if (is_page(console, i, line)) {
            console_show(console, i);
            return;
        }
    }
    if (is_word(line, "help", "?", _("help"))) {
        console_act(console, ACTION_HELP);
    } else if (is_word(line, "q", "quit", _("leave"))) {
        console->is_leaving = true;
    } else if (line[0] != '\0') {
        command_run(console, line);
    }
}

// ---- actions ----

static void help_open(struct console *console)
{
    char *text = arena_print(console->frame, "%s",
                             _("Arrows or h j k l move, J K by ten, PgUp PgDn by a page, gg and G "
                               "to the ends. Nothing is written by a single key."));
    for (size_t i = 0; text != NULL; i++) {
        const struct binding *binding = console_binding_at(console, i);
        if (binding == NULL) {
            break;
        }
        if (binding->hint[0] != '\0') {
            text = arena_print(console->frame, "%s\n%s%s  %s", text, i == 0 ? "\n" : "",
                               binding->key, language_word(binding->hint));
        }
    }
    (void)console_form(console_page(console), _("Keys of this page"), text == NULL ? "" : text,
                       NULL, 0);
}

static void line_copy(struct console *console)
{
    struct page *page = console_page(console);
    const char *line = page->kind->line(page);
    if (console->screen != NULL) {
        screen_copy(console->screen, line);
    }
    const char *text = arena_print(console->frame, _("copied: %s"), line);
    console_say(console, text == NULL ? "" : text);
}

static void leave_ask(struct console *console)
{
    const char *loses = NULL;
    for (size_t i = 0; i < console->plan->page_count && loses == NULL; i++) {
        struct page *page = &console->page[i];
        loses = page->kind->loses == NULL ? NULL : page->kind->loses(page);
    }
    console->is_asked_to_leave = true;
    const char *text =
        arena_print(console->frame, "%s%s%s", loses == NULL ? "" : loses, loses == NULL ? "" : "  ",
                    _("Leave? y leaves, any other key stays"));
    console_say(console, text == NULL ? "" : text);
}

static void filter_begin(struct console *console)
{
    struct page *page = console_page(console);
    if (page->kind->filter == NULL) {
        console_say(console, _("this page has no filter"));
        return;
    }
    (void)snprintf(console->filter_before, sizeof console->filter_before, "%s",
                   page->kind->filter(page));
    input_set(&console->input, console->filter_before);
    console->typing = TYPING_FILTER;
}

void console_act(struct console *console, int action)
{
    struct page *page = console_page(console);
    console->is_changed = true;
    switch (action) {
    case ACTION_COMMAND:
        input_set(&console->input, "");
        console->typing = TYPING_COMMAND;
        break;
    case ACTION_FILTER:
        filter_begin(console);
        break;
    case ACTION_COPY:
        line_copy(console);
        break;
    case ACTION_HELP:
        help_open(console);
        break;
    case ACTION_BACK:
        if (page->kind->filter != NULL && page->kind->filter(page)[0] != '\0') {
            page->kind->filter_set(page, "");
        }
        break;
    case ACTION_LEAVE:
        leave_ask(console);
        break;
    default:
        if (action >= ACTION_PAGES) {
            page->kind->act(page, action);
        }
        break;
    }
}

// ---- keys, by what is on the screen ----

static void typing_end(struct console *console, bool keep)
{
    const enum typing typing = console->typing;
    struct page *page = console_page(console);
    char text[FIELD_INPUT_BYTES_MAX + 1];
    (void)snprintf(text, sizeof text, "%s", console->input.text);
    console->typing = TYPING_NOTHING;
    input_set(&console->input, "");
    if (typing == TYPING_COMMAND && keep) {
        console_command(console, text);
    } else if (typing == TYPING_FILTER) {
        page->kind->filter_set(page, keep ? text : console->filter_before);
    }
}

static void typing_press(struct console *console, const struct press *press)
{
    if (press->kind == PRESS_ENTER || press->kind == PRESS_ESCAPE) {
        typing_end(console, press->kind == PRESS_ENTER);
    } else {
        (void)input_press(&console->input, press);
    }
}

void console_form_end(struct console *console, bool is_done)
{
    dialog_close(&console->dialog);
    if (console->is_proving && !is_done) {
        console->is_proving = false;
        exchange_release(console->exchange, false);
    }
    const char *title = console->later_title;
    const char *text = console->later_text;
    console->later_text = NULL;
    if (title != NULL && text != NULL) {
        (void)console_form(console_page(console), title, text, NULL, 0);
    }
}

static void form_press(struct console *console, const struct press *press)
{
    struct dialog *dialog = &console->dialog;
    const enum dialog_end end = dialog_press(dialog, press);
    if (end == DIALOG_DONE) {
        dialog->done(dialog->context, dialog, dialog->purpose);
    }
    if (end != DIALOG_STAYS) {
        console_form_end(console, end == DIALOG_DONE);
    }
}

// Pasted keys are data: they go where text is typed, and nowhere else.
static void paste_press(struct console *console, const struct press *press)
{
    console->paste_ms = client_clock_ms();
    if (press->kind == PRESS_PASTE_END) {
        console->is_pasting = false;
        if (console->paste_dropped > 0) {
            console_say(console, _("what was pasted was ignored: text goes into fields only"));
        }
    } else if (console->dialog.is_open && console->dialog.field_count > 0) {
        input_paste(&console->dialog.field[console->dialog.focus].input, press);
    } else if (!console->dialog.is_open && console->typing != TYPING_NOTHING) {
        input_paste(&console->input, press);
    } else {
        console->paste_dropped++;
    }
}

static void page_press(struct console *console, const struct press *press)
{
    struct page *page = console_page(console);
    if (press->kind == PRESS_TEXT && press->point >= '1' &&
        press->point < '1' + (int32_t)console->plan->page_count) {
        console_show(console, (size_t)(press->point - '1'));
        return;
    }
    if (press_is(press, "L") && exchange_state(console->exchange) == EXCHANGE_SHUT) {
        const enum status status = exchange_status(console->exchange);
        if (status == STATUS_LOGIN_NEEDED || status == STATUS_SESSION_EXPIRED) {
            console_login(console);
        } else {
            exchange_dial(console->exchange);
        }
        return;
    }
    const struct binding *binding = console_binding(console, press);
    if (binding != NULL) {
        console_act(console, binding->action);
    } else if (page->kind->press != NULL) {
        (void)page->kind->press(page, press);
    }
}

void console_press(struct console *console, const struct press *press)
{
    console->is_changed = true;
    if (press->kind == PRESS_RESIZE) {
        return;
    }
    if (console->is_pasting && client_clock_ms() - console->paste_ms > PASTE_IDLE_MS) {
        console->is_pasting = false;
    }
    if (press->kind == PRESS_PASTE_BEGIN) {
        console->is_pasting = true;
        console->paste_dropped = 0;
        console->paste_ms = client_clock_ms();
        return;
    }
    if (console->is_pasting) {
        paste_press(console, press);
        return;
    }
    console->notice[0] = '\0';
    if (console->is_asked_to_leave) {
        console->is_asked_to_leave = false;
        console->is_leaving = press_is(press, "y");
        return;
    }
    if (press_is(press, "Ctrl-C")) {
        leave_ask(console);
    } else if (console->dialog.is_open) {
        form_press(console, press);
    } else if (console->typing != TYPING_NOTHING) {
        typing_press(console, press);
    } else {
        page_press(console, press);
    }
}
