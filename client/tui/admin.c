// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin.h"

#include "client/tools.h"
#include "shared/day.h"
#include "shared/money.h"
#include "shared/words.h"

static const struct page_kind *const PAGES[] = {
    &ADMIN_ROLES, &ADMIN_USERS,  &ADMIN_DEVICES,  &ADMIN_APPROVALS,
    &ADMIN_AUDIT, &ADMIN_SERVER, &ADMIN_SESSIONS,
};

// Of every page, behind its own.
static const struct binding KEYS[] = {
    {"/", ACTION_FILTER, N_("filter")},
    {":", ACTION_COMMAND, N_("page")},
    {"y", ACTION_COPY, N_("copy command")},
    {"?", ACTION_HELP, N_("keys")},
    {"F1", ACTION_HELP, ""},
    {"Esc", ACTION_BACK, ""},
    {"q", ACTION_BACK, ""},
    {"Q", ACTION_LEAVE, N_("leave")},
};

void admin_done(void *context, const struct answer *answer)
{
    struct page *page = context;
    if (!console_refused(page->console, answer)) {
        console_say(page->console, _("Done."));
    }
    console_stale(page->console);
}

void admin_confirm(struct dialog *dialog, const char *word)
{
    const char *label = arena_print(dialog->arena, _("type %s to confirm"), word);
    struct dialog_field *field = dialog_add(dialog, label == NULL ? word : label, true);
    field->expected = arena_copy(dialog->arena, word, strlen(word));
}

const char *admin_moment(const struct console *console, int64_t instant_us)
{
    const struct render_context *render = console_render(console);
    char *text = instant_us == 0
                     ? NULL
                     : instant_print(console_frame(console), instant_us, render->offset_minutes);
    if (text == NULL || strlen(text) < 16) {
        return "";
    }
    text[10] = ' ';
    text[16] = '\0';
    return text;
}

const char *admin_clock(const struct console *console, int64_t instant_us)
{
    const int32_t offset_minutes = console_render(console)->offset_minutes;
    const int64_t offset_us = (int64_t)offset_minutes * 60 * 1000000;
    const int64_t day_us = (int64_t)86400 * 1000000;
    const bool is_today =
        (instant_us + offset_us) / day_us == (client_now_ms() * 1000 + offset_us) / day_us;
    char *text = instant_print(console_frame(console), instant_us, offset_minutes);
    if (text == NULL || strlen(text) < 19) {
        return "";
    }
    text[10] = ' ';
    text[is_today ? 19 : 16] = '\0';
    return text + (is_today ? 11 : 5);
}

const char *admin_amount(const struct console *console, int64_t minor)
{
    const char *text =
        money_print_grouped(console_frame(console), minor, console_render(console)->decimals);
    return text == NULL ? "" : text;
}

const char *admin_roles(struct console *console, char *const *role, size_t count)
{
    char *text = arena_print(console_frame(console), "%s", "");
    const char *between = console_client(console)->language == LANGUAGE_CHINESE ? "、" : ", ";
    for (size_t i = 0; i < count && text != NULL; i++) {
        text = arena_print(console_frame(console), "%s%s%s", text, i == 0 ? "" : between,
                           language_role(role[i]));
    }
    return text == NULL ? "" : text;
}

enum status tool_admin(struct client *client, size_t count, const char *const *words)
{
    bool lines = false;
    for (size_t i = 0; i < count; i++) {
        if (!tool_flag(words[i], "a11y")) {
            return tool_usage(client, "admin", words[i]);
        }
        lines = true;
    }
    enum status status = client_begin(client);
    if (status != STATUS_OK) {
        return status;
    }
    if (!client->context.has_token) {
        client_hint(client, "kontor login");
        return STATUS_LOGIN_NEEDED;
    }
    if (!lines && !client->terminal.out_is_tty) {
        client->fault = _("pictures need a terminal");
        client_hint(client, "kontor admin --a11y");
        return STATUS_CONFIGURATION;
    }
    const struct console_plan plan = {
        .name = "kontor admin",
        .pages = PAGES,
        .page_count = COUNT_OF(PAGES),
        .binding = KEYS,
        .binding_count = COUNT_OF(KEYS),
    };
    status = console_run(client, &plan, lines);
    if (status == STATUS_LOGIN_NEEDED || status == STATUS_SESSION_EXPIRED) {
        client_hint(client, "kontor login");
    }
    return status;
}
