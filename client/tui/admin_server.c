// SPDX-License-Identifier: Apache-2.0
#include "client/hex.h"
#include "client/tui/admin.h"
#include "shared/words.h"

#define LINES_MAX   24
#define LABEL_CELLS 28

struct server {
    struct arena *arena;
    const SessionWhoamiReply *who;
};

struct fact {
    const char *label;
    const char *value;
    bool is_bad;
};

static enum status server_open(struct page *page)
{
    struct server *server = page->state;
    server->arena = arena_make((size_t)32 * 1024 * 1024);
    return server->arena == NULL ? STATUS_ENVIRONMENT : STATUS_OK;
}

static void server_close(struct page *page)
{
    struct server *server = page->state;
    arena_free(server->arena);
}

static void server_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct server *server = page->state;
    if (console_refused(page->console, answer) || answer->reply->session_whoami == NULL) {
        return;
    }
    struct arena *old = server->arena;
    server->arena = *answer->arena;
    *answer->arena = old;
    server->who = answer->reply->session_whoami;
}

static void server_refresh(struct page *page)
{
    SessionWhoami inner;
    session_whoami__init(&inner);
    (void)console_ask(page, "session_whoami", &inner.base, server_hear);
}

static void add(struct fact *fact, size_t *count, const char *label, const char *value)
{
    if (value != NULL && value[0] != '\0' && *count < LINES_MAX) {
        fact[(*count)++] = (struct fact){.label = label, .value = value};
    }
}

static const char *hex_of(struct arena *frame, const uint8_t *bytes, size_t size)
{
    char *text = arena_alloc(frame, 2 * size + 1);
    if (text == NULL) {
        return "";
    }
    hex_print(bytes, size, text);
    return text;
}

// What the connection itself said, which no permission hides.
static void channel_facts(struct console *console, struct fact *fact, size_t *count)
{
    const struct greeting *greeting = console_greeting(console);
    struct arena *frame = console_frame(console);
    const struct client *client = console_client(console);
    if (greeting == NULL) {
        return;
    }
    add(fact, count, _("address"), client->context.server[0]);
    add(fact, count, _("its key"), key_words(frame, client->context.server_key));
    add(fact, count, _("book"), hex_of(frame, greeting->book_id, BOOK_ID_BYTES));
    add(fact, count, _("timeline"), arena_print(frame, "%u", greeting->timeline));
    add(fact, count, _("journal"),
        arena_print(frame, _("%llu records when this connection was made"),
                    (unsigned long long)greeting->tree_size));
    add(fact, count, _("its root"), hex_of(frame, greeting->tree_root, 32));
    if (!bytes_are_zero(greeting->next_key_id, KEY_ID_BYTES)) {
        add(fact, count, _("key that follows"), hex_of(frame, greeting->next_key_id, KEY_ID_BYTES));
    }
}

static void sink_facts(struct console *console, const SessionWhoamiReply *who, struct fact *fact,
                       size_t *count)
{
    for (size_t i = 0; i < who->n_sink; i++) {
        const SinkState *sink = who->sink[i];
        const size_t before = *count;
        add(fact, count, _("second copy of the journal"),
            arena_print(console_frame(console), _("%s: %s, %u s behind"), sink->name,
                        language_word(sink->state), sink->lag_seconds));
        if (*count > before) {
            fact[before].is_bad = strcmp(sink->state, "ok") != 0;
        }
    }
}

static size_t facts(struct page *page, struct fact fact[static LINES_MAX])
{
    const struct server *server = page->state;
    struct arena *frame = console_frame(page->console);
    const SessionWhoamiReply *who = server->who;
    size_t count = 0;
    if (who != NULL) {
        add(fact, &count, _("state"), language_word(who->state));
        fact[0].is_bad = strcmp(who->state, "ok") != 0;
        add(fact, &count, _("version"),
            arena_print(frame, _("server %s, this program %s"), who->server_version,
                        KONTOR_VERSION));
        if (who->book != NULL) {
            add(fact, &count, _("company"),
                arena_print(frame, "%s · %s · %s", who->book->company, who->book->currency,
                            who->book->time_zone));
        }
        add(fact, &count, _("you"),
            arena_print(frame, "%s · %s", who->login,
                        admin_roles(page->console, who->role, who->n_role)));
        add(fact, &count, _("this device"), who->device);
        add(fact, &count, _("its words"), who->words);
        add(fact, &count, _("logged in until"), admin_moment(page->console, who->expires_us));
        add(fact, &count, _("one-time codes"),
            who->totp ? arena_print(frame, _("set up; recovery codes left: %u"), who->recovery_left)
                      : _("not set up: kontor user totp"));
        sink_facts(page->console, who, fact, &count);
    }
    channel_facts(page->console, fact, &count);
    return count;
}

static void server_draw(struct page *page, struct canvas *canvas, struct area area)
{
    struct fact fact[LINES_MAX];
    const size_t count = facts(page, fact);
    frame_heading(canvas, area, _("The server"));
    size_t row = area.row;
    for (size_t i = 0; i < count && row < area.row + area.rows; i++) {
        (void)canvas_put(canvas, row, area.column + 1, LABEL_CELLS - 1, STYLE_DIM, fact[i].label);
        const struct area value = {row, area.column + 1 + LABEL_CELLS, area.row + area.rows - row,
                                   area.columns - LABEL_CELLS - 2};
        row += canvas_wrap(canvas, value, fact[i].is_bad ? STYLE_BAD : STYLE_PLAIN, fact[i].value);
    }
}

static void server_act(struct page *page, int action)
{
    (void)page;
    (void)action;
}

static const char *server_line(struct page *page)
{
    (void)page;
    return "kontor whoami";
}

static const char *server_detail(struct page *page)
{
    struct fact fact[LINES_MAX];
    const size_t count = facts(page, fact);
    char *text = arena_print(console_frame(page->console), "%s", "");
    for (size_t i = 0; i < count && text != NULL; i++) {
        text = arena_print(console_frame(page->console), "%s%s: %s\n", text, fact[i].label,
                           fact[i].value);
    }
    return text == NULL ? "" : text;
}

const struct page_kind ADMIN_SERVER = {
    .word = "server",
    .title = N_("Server"),
    .state_size = sizeof(struct server),
    .open = server_open,
    .close = server_close,
    .refresh = server_refresh,
    .draw = server_draw,
    .act = server_act,
    .line = server_line,
    .detail = server_detail,
};
