// SPDX-License-Identifier: Apache-2.0
#include "client/tui/console_own.h"
#include "shared/words.h"

#define HINT_GAP 2

static const char *age_text(struct console *console)
{
    const int64_t age_s = (client_clock_ms() - exchange_lost_ms(console->exchange)) / 1000;
    const char *text = NULL;
    if (age_s < 60) {
        text = arena_print(console->frame, _("%lld s"), (long long)age_s);
    } else {
        text = arena_print(console->frame, _("%lld min"), (long long)(age_s / 60));
    }
    return text == NULL ? "" : text;
}

static const char *state_text(struct console *console)
{
    const bool was_on = exchange_count(console->exchange) > 0;
    const char *text = NULL;
    switch (exchange_state(console->exchange)) {
    case EXCHANGE_ON:
        return _("● online");
    case EXCHANGE_DIALING:
        if (!was_on) {
            return _("○ connecting");
        }
        text =
            arena_print(console->frame, _("○ connecting, shown as of %s ago"), age_text(console));
        break;
    case EXCHANGE_OFF:
        text = arena_print(console->frame,
                           was_on ? _("○ offline, shown as of %s ago")
                                  : _("○ offline, no answer for %s"),
                           age_text(console));
        break;
    case EXCHANGE_SHUT:
        text = arena_print(console->frame,
                           exchange_status(console->exchange) == STATUS_LOGIN_NEEDED ||
                                   exchange_status(console->exchange) == STATUS_SESSION_EXPIRED
                               ? _("○ offline: %s (L)")
                               : _("○ offline: %s"),
                           language_word(status_sentence(exchange_status(console->exchange))));
        break;
    }
    return text == NULL ? "" : text;
}

const struct binding *console_binding_at(struct console *console, size_t index)
{
    const struct page_kind *kind = console_page(console)->kind;
    if (index < kind->binding_count) {
        return &kind->binding[index];
    }
    index -= kind->binding_count;
    return index < console->plan->binding_count ? &console->plan->binding[index] : NULL;
}

static bool is_hinted(struct console *console, const struct binding *binding)
{
    return binding->hint[0] != '\0' &&
           (binding->action != ACTION_FILTER || console_page(console)->kind->filter != NULL);
}

static size_t hint_cells(const struct binding *binding)
{
    return cells_of(binding->key) + 1 + cells_of(language_word(binding->hint));
}

static void hint_draw(struct console *console, struct area area, const struct binding *binding)
{
    const size_t end = area.column + area.columns;
    size_t column = area.column;
    column += canvas_put(console->canvas, area.row, column, end - column, STYLE_KEY, binding->key);
    (void)canvas_put(console->canvas, area.row, column + 1, end - column - 1, STYLE_PLAIN,
                     language_word(binding->hint));
}

// Help and leaving always find room; of the others whole ones as far as they fit.
static void hints_draw(struct console *console, struct area area)
{
    size_t kept = 0;
    for (size_t i = 0; console_binding_at(console, i) != NULL; i++) {
        const struct binding *binding = console_binding_at(console, i);
        const bool is_last = binding->action == ACTION_HELP || binding->action == ACTION_LEAVE;
        kept += is_last && is_hinted(console, binding) ? hint_cells(binding) + HINT_GAP : 0;
    }
    for (size_t i = 0; console_binding_at(console, i) != NULL; i++) {
        const struct binding *binding = console_binding_at(console, i);
        if (!is_hinted(console, binding)) {
            continue;
        }
        const size_t cells = hint_cells(binding) + HINT_GAP;
        const bool is_last = binding->action == ACTION_HELP || binding->action == ACTION_LEAVE;
        kept -= is_last && kept >= cells ? cells : 0;
        if (cells + kept > area.columns + HINT_GAP) {
            continue;
        }
        hint_draw(console, area, binding);
        area.column += cells;
        area.columns = area.columns > cells ? area.columns - cells : 0;
    }
}

// What is typed stands where the command of the screen stood, never in the last row.
static void typing_draw(struct console *console)
{
    const struct area line = frame_line(console->canvas);
    const char *sign = console->typing == TYPING_COMMAND ? ":" : "/";
    canvas_blank(console->canvas, line);
    (void)canvas_put(console->canvas, line.row, line.column, 1, STYLE_KEY, sign);
    input_draw(&console->input, console->canvas, line.row, line.column + 2, line.columns - 2, true);
    const struct area hints = frame_hints(console->canvas);
    (void)canvas_put(console->canvas, hints.row, hints.column, hints.columns, STYLE_DIM,
                     console->typing == TYPING_COMMAND ? _("Enter go there   Esc back")
                                                       : _("Enter keep   Esc as it was"));
}

static void small_draw(struct console *console)
{
    const struct area all = {0, 0, console->canvas->rows, console->canvas->columns};
    (void)canvas_wrap(console->canvas, all, STYLE_PLAIN,
                      _("the window is too small: make it larger, or press Q and y to leave"));
}

static const char *tab_text(struct console *console, size_t index)
{
    const char *title = language_word(console->page[index].kind->title);
    const char *text = arena_print(console->frame, "%zu %s", index + 1, title);
    return text == NULL ? "" : text;
}

static struct area frame_make(struct console *console)
{
    const char *tabs[PAGES_MAX] = {0};
    for (size_t i = 0; i < console->plan->page_count; i++) {
        tabs[i] = tab_text(console, i);
    }
    struct page *page = console_page(console);
    const char *company = console->company;
    const char *left = arena_print(console->frame, "%s · %s%s@%s", console->plan->name, company,
                                   company[0] == '\0' ? "" : " ", console->context);
    const char *right = arena_print(console->frame, "%s%s%s", console->who,
                                    console->who[0] == '\0' ? "" : " · ", state_text(console));
    const struct frame frame = {
        .bar_left = left == NULL ? "" : left,
        .bar_right = right == NULL ? "" : right,
        .tab_count = console->plan->page_count,
        .tabs = tabs,
        .tab = console->shown,
        .line = page->kind->line(page),
        .notice = console->notice,
    };
    return frame_draw(&frame, console->canvas);
}

void console_draw(struct console *console)
{
    struct canvas *canvas = console->canvas;
    canvas_clear(canvas);
    arena_reset(console->frame);
    if (canvas->rows < FRAME_ROWS_MIN || canvas->columns < FRAME_COLUMNS_MIN) {
        small_draw(console);
        return;
    }
    struct page *page = console_page(console);
    const struct area area = frame_make(console);
    canvas_cursor(canvas, area.row, area.column);
    page->kind->draw(page, canvas, area);
    if (exchange_state(console->exchange) != EXCHANGE_ON) {
        canvas_restyle(canvas, area, STYLE_DIM);
    }
    if (console->dialog.is_open) {
        dialog_draw(&console->dialog, canvas);
    }
    if (console->typing != TYPING_NOTHING) {
        typing_draw(console);
    }
    if (!console->dialog.is_open && console->typing == TYPING_NOTHING) {
        hints_draw(console, frame_hints(canvas));
    }
}
