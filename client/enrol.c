// SPDX-License-Identifier: Apache-2.0
#include "client/enrol.h"

#include "client/letters.h"
#include "client/pins.h"
#include "client/tools.h"
#include "client/trust.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "shared/words.h"

#include <sys/utsname.h>
#include <unistd.h>

#define INVITATION_TEXT_MAX 4096
#define CONTEXT_FIRST       "ledger"
#define RECOVERY_FEW        4

struct join {
    const char *source; // "@FILE", the text itself, or NULL
    const char *device_name;
    bool protect;
    struct invitation invitation;
    char password[PASSWORD_BYTES_MAX + 2];
    char passphrase[PASSWORD_BYTES_MAX + 2];
};

static void join_wipe(struct join *join)
{
    explicit_bzero(join, sizeof(*join));
}

static enum status join_words(struct client *client, size_t count, const char *const *words,
                              struct join *out)
{
    for (size_t i = 0; i < count; i++) {
        if (tool_flag(words[i], "protect")) {
            out->protect = true;
        } else if (tool_value(count, words, &i, "device", &out->device_name)) {
            continue;
        } else if (words[i][0] != '-' && out->source == NULL) {
            out->source = words[i];
        } else {
            return tool_usage(client, "join", words[i]);
        }
    }
    return STATUS_OK;
}

static enum status invitation_take(struct client *client, struct join *join)
{
    const char *text = join->source;
    if (text == NULL) {
        if (!client->terminal.may_ask) {
            return tool_usage(client, "join", "@FILE");
        }
        char *line = arena_alloc(client->arena, INVITATION_TEXT_MAX);
        (void)fprintf(stderr, "%s\n", _("Paste the invitation (KTI1-...) and press Enter:"));
        if (line == NULL || fgets(line, INVITATION_TEXT_MAX, stdin) == NULL) {
            return STATUS_CANCELLED;
        }
        text = line;
    } else if (text[0] == '@') {
        struct bytes content = {0};
        enum status status = home_read(client->arena, text + 1, &content);
        if (status != STATUS_OK) {
            return client_fail(client, STATUS_FILE_ERROR, "invitation", text + 1, NULL);
        }
        text = (const char *)content.data;
    }
    enum status status = invitation_parse(text, &join->invitation);
    if (status != STATUS_OK) {
        client->fault = _("this is not an invitation, or a part of it is missing");
        client_hint(client, "kontor join @FILE");
    }
    return status;
}

// The context of this invitation if it was tried before (a lost reply), else a new name.
static enum status context_choose(struct client *client, const struct join *join)
{
    const char *wanted = client->options.context != NULL ? client->options.context : CONTEXT_FIRST;
    if (!profile_name_is_valid(wanted)) {
        return client_fail(client, STATUS_FIELD_NOT_TEXT, "context", wanted, NULL);
    }
    struct context *context = &client->context;
    for (unsigned n = 1; n < CONTEXT_NAMES_MAX; n++) {
        char name[CONTEXT_NAME_MAX + 1];
        (void)snprintf(name, sizeof(name), n == 1 ? "%.50s" : "%.50s-%u", wanted, n);
        enum status status = profile_load(&client->home, client->arena, name, context);
        if (status == STATUS_NOT_FOUND) {
            *context = (struct context){.server_count = 1, .protect = join->protect};
            (void)snprintf(context->name, sizeof(context->name), "%s", name);
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (!context->joined || memcmp(context->invitation_id, join->invitation.id,
                                       sizeof(context->invitation_id)) == 0) {
            return STATUS_OK;
        }
    }
    return client_fail(client, STATUS_FIELD_NOT_UNIQUE, "context", wanted, NULL);
}

static enum status passphrase_ask(struct client *client, struct join *join)
{
    if (!client->context.protect) {
        return STATUS_OK;
    }
    return terminal_secret(&client->terminal, false, _("Choose a passphrase for this device:"),
                           join->passphrase, sizeof(join->passphrase));
}

// The device key is on disk before the first byte is sent: the same device may use the invitation
// again if the reply is lost.
static enum status device_make(struct client *client, struct join *join)
{
    const struct context *context = &client->context;
    enum status status = passphrase_ask(client, join);
    if (status != STATUS_OK) {
        return status;
    }
    const char *passphrase = context->protect ? join->passphrase : NULL;
    CLEANUP(key_wipe) struct key secret = {0};
    status = profile_key_load(&client->home, client->arena, context->name, passphrase, &secret);
    if (status == STATUS_NOT_FOUND) {
        secret = key_random();
        status = profile_key_save(&client->home, client->arena, context->name, &secret, passphrase);
    }
    if (status == STATUS_OK) {
        client->device = key_pair_of_secret(&secret);
        status = profile_save(&client->home, client->arena, context);
    }
    return status;
}

enum status enrol_password_take(struct client *client, bool twice, const char *prompt, char *out,
                                size_t size)
{
    const bool from_stdin = client->options.password_stdin;
    enum status status = terminal_secret(&client->terminal, from_stdin, prompt, out, size);
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client_hint(client, "--password-stdin");
    }
    if (status != STATUS_OK || !twice || from_stdin) {
        return status;
    }
    char again[PASSWORD_BYTES_MAX + 2];
    status = terminal_secret(&client->terminal, false, _("Once more:"), again, sizeof(again));
    bool same = status == STATUS_OK && strcmp(out, again) == 0;
    explicit_bzero(again, sizeof(again));
    if (status == STATUS_OK && !same) {
        client->fault = _("the two passwords differ");
        status = STATUS_CANCELLED;
    }
    return status;
}

enum status enrol_session_take(struct client *client, const SessionReply *reply)
{
    if (reply->book != NULL && reply->book->decimals > DECIMALS_MAX) {
        client->fault = _("the server counts money with more decimals than this client can");
        return STATUS_VERSION;
    }
    struct context *context = &client->context;
    context->joined = true;
    context->has_token = reply->token.len == TOKEN_BYTES;
    if (context->has_token) {
        memcpy(context->token, reply->token.data, TOKEN_BYTES);
    }
    (void)snprintf(context->login, sizeof(context->login), "%s", reply->login);
    if (reply->book != NULL) {
        (void)snprintf(context->currency, sizeof(context->currency), "%s", reply->book->currency);
        (void)snprintf(context->time_zone, sizeof(context->time_zone), "%s",
                       reply->book->time_zone);
        context->decimals = reply->book->decimals;
    }
    return STATUS_OK;
}

enum status enrol_session_save(struct client *client)
{
    CLEANUP(home_close_at) int lock = -1;
    enum status status = home_lock(&client->home, &lock);
    return status == STATUS_OK ? profile_save(&client->home, client->arena, &client->context)
                               : status;
}

static char *roles_text(struct client *client, char *const *role, size_t count)
{
    char *text = arena_print(client->arena, "%s", "");
    const char *between = client->language == LANGUAGE_CHINESE ? "、" : ", ";
    for (size_t i = 0; i < count && text != NULL; i++) {
        text = arena_print(client->arena, "%s%s%s", text, i == 0 ? "" : between,
                           language_role(role[i]));
    }
    return text;
}

enum status enrol_session_say(struct client *client, const struct command *command,
                              const Reply *reply, const SessionReply *session)
{
    if (client->options.json != NULL) {
        // The token is this program's business: it is in the profile, not in an output.
        SessionReply shown = *session;
        shown.token = (ProtobufCBinaryData){0};
        const struct render_context render = client_render(client);
        json_t *json = render_json(&render, command, &shown.base);
        (void)render_json_write(json, JSON_INDENT(1), stdout);
        json_decref(json);
        return STATUS_OK;
    }
    if (client->options.quiet) {
        return STATUS_OK;
    }
    const char *roles = roles_text(client, session->role, session->n_role);
    (void)printf(_("You are %s (%s), context \"%s\"."), session->login, roles == NULL ? "" : roles,
                 client->context.name);
    (void)fputc('\n', stdout);
    if (session->failures > 0) {
        (void)printf(_("Wrong passwords since the last login: %u."), session->failures);
        (void)fputc('\n', stdout);
    }
    if (session->recovery_left > 0 && session->recovery_left < RECOVERY_FEW) {
        (void)printf(_("Recovery codes left: %u. New ones: kontor user codes"),
                     session->recovery_left);
        (void)fputc('\n', stdout);
    }
    if (session->pending) {
        (void)printf(_("This device waits for its approval. Its words, to be compared: %s"),
                     session->words);
        (void)fputc('\n', stdout);
    }
    if (session->must_enrol) {
        (void)puts(_("Your role needs one-time codes. Set them up now: kontor user totp"));
    }
    return reply->degraded ? STATUS_DEGRADED : STATUS_OK;
}

void enrol_link_facts(struct client *client, struct link_options *options)
{
    const uint32_t wait_ms = client->options.timeout_ms;
    *options = (struct link_options){
        .address_count = client->context.server_count,
        .device = &client->device,
        .answer_ms = wait_ms,
        .retry_ms = wait_ms < LINK_RETRY_MS ? wait_ms : LINK_RETRY_MS,
    };
    for (size_t i = 0; i < client->context.server_count; i++) {
        options->address[i] = client->context.server[i];
    }
    memcpy(options->server_key, client->context.server_key, KEY_BYTES);
}

enum status enrol_link_try(struct client *client, struct link_options *options, struct link **out)
{
    enum status status = pins_open(client, options, out);
    if (status == STATUS_UNREACHABLE) {
        client->fault =
            arena_print(client->arena, _("no answer from %s"), client->context.server[0]);
        client_hint(client, _("is the server running?"));
    }
    return status;
}

static enum status join_send(struct client *client, struct join *join)
{
    struct link_options options;
    enrol_link_facts(client, &options);
    options.invitation = &join->invitation;
    CLEANUP(link_close_at) struct link *link = NULL;
    enum status status = enrol_link_try(client, &options, &link);
    if (status != STATUS_OK) {
        return status;
    }
    struct utsname machine = {0};
    (void)uname(&machine);
    SessionJoin request;
    session_join__init(&request);
    request.password = join->password;
    request.device_name =
        letters_lend(join->device_name != NULL ? join->device_name : machine.nodename);
    const struct command *command = command_by_name("session_join");
    Reply *reply = NULL;
    status = client_call_once(client, link, command, &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    status = enrol_session_take(client, reply->session_join);
    if (status == STATUS_OK) {
        status = enrol_session_save(client);
    }
    if (status == STATUS_OK) {
        status = profile_use(&client->home, client->arena, client->context.name);
    }
    // What this device holds from now on.
    if (status == STATUS_OK) {
        status = client_seen_load(client);
    }
    if (status == STATUS_OK) {
        status = trust_prove(client, link);
    }
    if (status == STATUS_OK) {
        status = trust_keep(client, link);
    }
    return status == STATUS_OK ? enrol_session_say(client, command, reply, reply->session_join)
                               : status;
}

enum status tool_join(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(join_wipe) struct join join = {0};
    enum status status = join_words(client, count, words, &join);
    if (status == STATUS_OK) {
        status = invitation_take(client, &join);
    }
    if (status == STATUS_OK) {
        status = context_choose(client, &join);
    }
    if (status == STATUS_OK) {
        status = enrol_password_take(client, true, _("Choose a password (12 characters or more):"),
                                     join.password, sizeof(join.password));
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct context *context = &client->context;
    (void)snprintf(context->server[0], sizeof(context->server[0]), "%s", join.invitation.address);
    memcpy(context->server_key, join.invitation.server_key, KEY_BYTES);
    memcpy(context->house_key, join.invitation.house_key, KEY_BYTES);
    memcpy(context->invitation_id, join.invitation.id, sizeof(context->invitation_id));
    status = device_make(client, &join);
    return status == STATUS_OK ? join_send(client, &join) : status;
}
