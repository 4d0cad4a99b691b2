// SPDX-License-Identifier: Apache-2.0
#include "client/tools.h"

#include "client/hex.h"
#include "client/output.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "shared/words.h"

static const struct tool TOOLS[] = {
#define TOOL(name, function, usage, sentence) {name, function, usage, sentence},
#include "client/tools.def"
#undef TOOL
};

size_t tool_count(void)
{
    return COUNT_OF(TOOLS);
}

const struct tool *tool_at(size_t index)
{
    assert(index < COUNT_OF(TOOLS));
    return &TOOLS[index];
}

const struct tool *tool_by_name(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(TOOLS); i++) {
        if (strcmp(TOOLS[i].name, name) == 0) {
            return &TOOLS[i];
        }
    }
    return NULL;
}

bool tool_flag(const char *word, const char *name)
{
    return word[0] == '-' && word[1] == '-' && strcmp(word + 2, name) == 0;
}

bool tool_value(size_t count, const char *const *words, size_t *at, const char *name,
                const char **value)
{
    const char *word = words[*at];
    size_t size = strlen(name);
    if (word[0] != '-' || word[1] != '-' || strncmp(word + 2, name, size) != 0) {
        return false;
    }
    if (word[2 + size] == '=') {
        *value = word + 2 + size + 1;
        return true;
    }
    if (word[2 + size] != '\0' || *at + 1 >= count) {
        return false;
    }
    *value = words[++*at];
    return true;
}

enum status tool_usage(struct client *client, const char *name, const char *bad)
{
    const struct tool *tool = tool_by_name(name);
    if (tool != NULL) {
        client_hint(client, arena_print(client->arena, "kontor %s", tool->usage));
    }
    return client_fail(client, STATUS_USAGE, NULL, bad, NULL);
}

enum status tool_version(struct client *client, size_t count, const char *const *words)
{
    if (count > 0) {
        return tool_usage(client, "version", words[0]);
    }
    (void)puts("kontor " KONTOR_VERSION);
    return STATUS_OK;
}

// ---- whoami ----

static void whoami_print(struct client *client, const SessionWhoamiReply *who)
{
    bool chinese = client->language == LANGUAGE_CHINESE;
    const char *between = chinese ? "、" : ", ";
    (void)printf(chinese ? "%s（%s）· " : "%s (%s) · ",
                 client_safe(client, who->name[0] == '\0' ? who->login : who->name), who->login);
    for (size_t i = 0; i < who->n_role; i++) {
        (void)printf("%s%s", i == 0 ? "" : between, language_role(who->role[i]));
    }
    (void)printf(" · ");
    (void)printf(_("scope: %s, %u customers"), language_word(who->scope), who->customers);
    (void)putchar('\n');
    page_label(_("Context"), stdout);
    (void)printf("%s → %s   %s %s / %s %s%s%s\n", client->context.name, client->context.server[0],
                 _("version"), KONTOR_VERSION, _("server"), who->server_version,
                 strcmp(who->state, "ok") == 0 ? "" : "  ",
                 strcmp(who->state, "ok") == 0 ? "" : language_word(who->state));
    page_label(_("Device"), stdout);
    (void)printf("%s   %s %s\n", client_safe(client, who->device), _("logged in until"),
                 output_moment(client, who->expires_us));
    page_label(_("Words"), stdout);
    (void)printf("%s%s%s\n", who->words, who->pending ? "   " : "",
                 who->pending ? _("waits for its approval") : "");
    if (who->totp) {
        page_label(_("Codes"), stdout);
        (void)printf(_("one-time codes; recovery codes left: %u"), who->recovery_left);
        (void)putchar('\n');
    }
    if (who->book != NULL) {
        const char *today = day_print(client->arena, who->book->today_day);
        page_label(_("Company"), stdout);
        (void)printf("%s · %s · %s · %s\n", client_safe(client, who->book->company),
                     who->book->currency, who->book->time_zone, today == NULL ? "" : today);
    }
    for (size_t i = 0; i < who->n_sink; i++) {
        const SinkState *sink = who->sink[i];
        if (strcmp(sink->state, "ok") != 0) {
            page_label(_("Sink"), stdout);
            (void)printf(_("%s: %s, %u s behind"), client_safe(client, sink->name),
                         language_word(sink->state), sink->lag_seconds);
            (void)fputc('\n', stdout);
        }
    }
    struct pending *list = NULL;
    size_t count = 0;
    if (outbox_list(client->arena, &client->outbox, &list, &count) == STATUS_OK && count > 0) {
        page_label(_("Pending"), stdout);
        (void)printf(_("%zu writes without an answer: kontor retry"), count);
        (void)fputc('\n', stdout);
    }
}

enum status tool_whoami(struct client *client, size_t count, const char *const *words)
{
    if (count > 0) {
        return tool_usage(client, "whoami", words[0]);
    }
    const struct command *command = command_by_name("session_whoami");
    SessionWhoami request;
    session_whoami__init(&request);
    Reply *reply = NULL;
    enum status status = client_call(client, command, &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    if (client->options.json == NULL) {
        whoami_print(client, reply->session_whoami);
        return STATUS_OK;
    }
    const struct render_context render = client_render(client);
    json_t *json = render_json(&render, command, &reply->session_whoami->base);
    (void)render_json_write(json, JSON_INDENT(1), stdout);
    json_decref(json);
    return STATUS_OK;
}

// ---- retry ----

static const char *pending_command(struct client *client, const struct pending *pending)
{
    struct bytes packed = {0};
    ProtobufCMessage *request = NULL;
    if (outbox_read(client->arena, &client->outbox, pending->key, &packed) != STATUS_OK ||
        wire_unpack(client->arena, &request__descriptor, packed, &request) != STATUS_OK) {
        return "?";
    }
    const struct command *command = command_by_number(wire_inner_number(request));
    return command == NULL ? "?" : command->name;
}

static void pending_say(struct client *client, const struct pending *pending, const char *outcome)
{
    char key[2 * REQUEST_KEY_BYTES + 1];
    hex_print(pending->key, REQUEST_KEY_BYTES, key);
    (void)printf("%s  %s  %s  %s\n", key, output_moment(client, pending->made_ms * 1000),
                 pending_command(client, pending), outcome);
}

enum status tool_retry(struct client *client, size_t count, const char *const *words)
{
    bool list_only = client->options.dry_run;
    for (size_t i = 0; i < count; i++) {
        if (!tool_flag(words[i], "list")) {
            return tool_usage(client, "retry", words[i]);
        }
        list_only = true;
    }
    struct pending *list = NULL;
    size_t pending_count = 0;
    enum status status = client_begin(client);
    if (status == STATUS_OK) {
        status = outbox_list(client->arena, &client->outbox, &list, &pending_count);
    }
    if (status == STATUS_OK && pending_count == 0 && !client->options.quiet) {
        (void)puts(_("Every write has its answer."));
    }
    enum status worst = STATUS_OK;
    for (size_t i = 0; i < pending_count && status == STATUS_OK; i++) {
        if (list_only) {
            pending_say(client, &list[i], _("waiting"));
            continue;
        }
        const Request *request = NULL;
        Reply *reply = NULL;
        const char *name = pending_command(client, &list[i]);
        status = client_resend(client, &list[i], &request, &reply);
        if (status != STATUS_OK) {
            break;
        }
        bool done = reply->status == STATUS_OK;
        char key[2 * REQUEST_KEY_BYTES + 1];
        hex_print(list[i].key, REQUEST_KEY_BYTES, key);
        const char *outcome =
            done ? _("done") : language_word(status_sentence((enum status)reply->status));
        (void)printf("%s  %s  %s\n", key, name,
                     reply->replayed && done ? _("done before") : outcome);
        worst = done ? worst : STATUS_PARTLY_DONE;
    }
    return status != STATUS_OK ? status : worst;
}

// ---- context ----

static enum status context_list(struct client *client)
{
    const char *names[CONTEXT_NAMES_MAX];
    size_t count = 0;
    char current[CONTEXT_NAME_MAX + 1];
    enum status status = profile_current(&client->home, client->arena, current);
    if (status == STATUS_OK) {
        status = profile_names(&client->home, client->arena, names, &count);
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        CLEANUP(context_wipe) struct context context = {0};
        status = profile_load(&client->home, client->arena, names[i], &context);
        if (status == STATUS_OK) {
            (void)printf("%s %-16s %s  %s%s%s\n", strcmp(names[i], current) == 0 ? "*" : " ",
                         names[i], context.server[0], context.login, context.joined ? "" : "  ",
                         context.joined ? "" : _("not joined"));
        }
    }
    if (count == 0 && status == STATUS_OK) {
        (void)puts(_(
            "No server was joined yet. An owner makes an invitation with `kontor user invite`; then:"));
        (void)puts("  kontor join @FILE");
    }
    return status;
}

static enum status context_show(struct client *client)
{
    enum status status = client_begin(client);
    if (status != STATUS_OK) {
        return status;
    }
    const struct context *context = &client->context;
    const char *server = key_words(client->arena, context->server_key);
    const char *device = key_words(client->arena, client->device.public_bytes);
    (void)printf("%s\n  %s  %s\n  %s  %s\n  %s  %s\n", context->name, _("server"),
                 context->server[0], _("its key"), server == NULL ? "" : server, _("this device"),
                 device == NULL ? "" : device);
    const struct anchor *held = &client->seen.anchor;
    if (held->size > 0) {
        const char *root = key_words(client->arena, held->root);
        (void)printf("  %s  ", _("its journal"));
        (void)printf(_("%llu records"), (unsigned long long)held->size);
        (void)printf("  %s\n  %s  %s\n", output_moment(client, held->seen_ms * 1000),
                     _("their root"), root == NULL ? "" : root);
    }
    return STATUS_OK;
}

static enum status context_remove(struct client *client, const char *name)
{
    client->options.context = name;
    struct pending *list = NULL;
    size_t count = 0;
    enum status status = client_begin(client);
    if (status == STATUS_OK) {
        status = outbox_list(client->arena, &client->outbox, &list, &count);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (count > 0) {
        client->fault = _("writes without an answer are kept for this context");
        client_hint(client, "kontor retry");
        return STATUS_NEEDS_CONFIRMATION;
    }
    if (!client->options.yes) {
        status = terminal_confirm(&client->terminal,
                                  _("Forget this server, its keys and this device's key?"));
    }
    return status == STATUS_OK ? profile_remove(&client->home, client->arena, name) : status;
}

enum status tool_context(struct client *client, size_t count, const char *const *words)
{
    const char *verb = count == 0 ? "list" : words[0];
    if (strcmp(verb, "list") == 0 && count <= 1) {
        return context_list(client);
    }
    if (strcmp(verb, "show") == 0 && count <= 2) {
        client->options.context = count == 2 ? words[1] : client->options.context;
        return context_show(client);
    }
    if (strcmp(verb, "remove") == 0 && count == 2) {
        return context_remove(client, words[1]);
    }
    if (strcmp(verb, "use") != 0 || count != 2) {
        return tool_usage(client, "context", verb);
    }
    CLEANUP(context_wipe) struct context context = {0};
    enum status status = profile_load(&client->home, client->arena, words[1], &context);
    if (status == STATUS_NOT_FOUND) {
        client_hint(client, "kontor context list");
        return client_fail(client, status, "context", words[1], NULL);
    }
    return status == STATUS_OK ? profile_use(&client->home, client->arena, words[1]) : status;
}
