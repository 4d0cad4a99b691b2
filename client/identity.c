// SPDX-License-Identifier: Apache-2.0

// One's own password and one-time codes: what is asked and shown here never stands on a command
// line that others could read, but for a code that is good once.

#include "client/enrol.h"
#include "client/letters.h"
#include "client/pages.h"
#include "client/tools.h"
#include "shared/words.h"

#define CODE_BYTES_MAX 40

static void json_say(struct client *client, const struct command *command,
                     const ProtobufCMessage *inner)
{
    const struct render_context render = client_render(client);
    json_t *json = render_json(&render, command, inner);
    (void)json_dumpf(json, stdout, JSON_INDENT(1));
    (void)fputc('\n', stdout);
    json_decref(json);
}

enum status page_codes(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                       FILE *out)
{
    (void)client;
    (void)reply;
    const UserCodesReply *codes = (const UserCodesReply *)(const void *)inner;
    (void)fprintf(
        out, "%s\n",
        _("Recovery codes: each is good once, in place of a one-time code. Print them and "
          "keep them apart from this device; they are not shown again."));
    for (size_t i = 0; i < codes->n_recovery_code; i++) {
        (void)fprintf(out, "  %s\n", codes->recovery_code[i]);
    }
    return STATUS_OK;
}

static enum status confirm_send(struct client *client, const char *code)
{
    const struct command *command = command_by_name("user_totp_confirm");
    UserTotpConfirm request;
    user_totp_confirm__init(&request);
    request.code = letters_lend(code);
    Reply *reply = NULL;
    enum status status = client_call(client, command, &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    if (client->options.json != NULL) {
        json_say(client, command, &reply->user_totp_confirm->base);
        return STATUS_OK;
    }
    return page_codes(client, reply, &reply->user_totp_confirm->base, stdout);
}

static enum status code_ask(struct client *client)
{
    char code[CODE_BYTES_MAX + 2] = "";
    enum status status =
        terminal_secret(&client->terminal, false, _("The code that it shows:"), code, sizeof(code));
    if (status == STATUS_OK) {
        status = confirm_send(client, code);
    }
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client_hint(client, "kontor user totp-confirm --code CODE");
    }
    return status;
}

enum status tool_totp(struct client *client, size_t count, const char *const *words)
{
    if (count > 0) {
        client_hint(client, "kontor user totp");
        return client_fail(client, STATUS_USAGE, NULL, words[0], NULL);
    }
    const struct command *command = command_by_name("user_totp");
    UserTotp request;
    user_totp__init(&request);
    Reply *reply = NULL;
    enum status status = client_call(client, command, &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    if (client->options.json != NULL) {
        json_say(client, command, &reply->user_totp->base);
        return STATUS_OK;
    }
    (void)puts(_("Give this to your authenticator, as a link or by hand; it is not shown again."));
    page_label(_("Link"), stdout);
    (void)puts(reply->user_totp->uri);
    page_label(_("Secret"), stdout);
    (void)puts(reply->user_totp->secret);
    if (client->terminal.may_ask) {
        return code_ask(client);
    }
    page_label(_("Next"), stdout);
    (void)puts("kontor user totp-confirm --code CODE");
    return STATUS_OK;
}

enum status tool_totp_confirm(struct client *client, size_t count, const char *const *words)
{
    const char *code = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!tool_value(count, words, &i, "code", &code)) {
            client_hint(client, "kontor user totp-confirm --code CODE");
            return client_fail(client, STATUS_USAGE, NULL, words[i], NULL);
        }
    }
    return code != NULL ? confirm_send(client, code) : code_ask(client);
}

struct passwords {
    char old[PASSWORD_BYTES_MAX + 2];
    char new[PASSWORD_BYTES_MAX + 2];
};

static void passwords_wipe(struct passwords *passwords)
{
    explicit_bzero(passwords, sizeof(*passwords));
}

enum status tool_password(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(passwords_wipe) struct passwords passwords = {.old = ""};
    if (count > 0) {
        client_hint(client, "kontor user password [--password-stdin]");
        return client_fail(client, STATUS_USAGE, NULL, words[0], NULL);
    }
    enum status status = enrol_password_take(client, false, _("The password until now:"),
                                             passwords.old, sizeof(passwords.old));
    if (status == STATUS_OK) {
        status = enrol_password_take(client, true, _("Choose a password (12 characters or more):"),
                                     passwords.new, sizeof(passwords.new));
    }
    if (status != STATUS_OK) {
        return status;
    }
    UserPassword request;
    user_password__init(&request);
    request.old_password = passwords.old;
    request.password = passwords.new;
    Reply *reply = NULL;
    status = client_call(client, command_by_name("user_password"), &request.base, &reply);
    if (status == STATUS_OK && !client->options.quiet) {
        (void)puts(_("The password is changed; your other sessions have ended."));
    }
    return status;
}

// ---- step-up ----

static bool is_code(const char *text)
{
    return strlen(text) == 6 && strspn(text, "0123456789") == 6;
}

// The command itself may carry a key, a plan or a trial run; the proof is another request.
static enum status proof_send(struct client *client, char *secret, bool as_code)
{
    SessionConfirm request;
    session_confirm__init(&request);
    if (as_code || is_code(secret)) {
        request.code = secret;
    } else {
        request.password = secret;
    }
    const struct options kept = client->options;
    client->options.key = NULL;
    client->options.plan = NULL;
    client->options.dry_run = false;
    client->refusal = NULL;
    Reply *reply = NULL;
    const enum status status =
        client_call(client, command_by_name("session_confirm"), &request.base, &reply);
    client->options = kept;
    return status;
}

enum status client_prove(struct client *client, enum status wanted)
{
    assert(wanted == STATUS_STEP_UP || wanted == STATUS_CODE_NEEDED);
    const Reply *refusal = client->refusal;
    const bool by_code = wanted == STATUS_CODE_NEEDED;
    char secret[PASSWORD_BYTES_MAX + 2] = "";
    enum status status =
        terminal_secret(&client->terminal, client->options.password_stdin,
                        by_code ? _("One-time code (or a recovery code):")
                                : _("Prove that it is you. Password, or one-time code:"),
                        secret, sizeof(secret));
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client->refusal = refusal;
        client_hint(client, "--password-stdin");
        return wanted;
    }
    if (status == STATUS_OK) {
        status = proof_send(client, secret, by_code);
    }
    explicit_bzero(secret, sizeof(secret));
    return status;
}
