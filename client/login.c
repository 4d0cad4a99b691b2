// SPDX-License-Identifier: Apache-2.0
#include "client/enrol.h"
#include "client/letters.h"
#include "client/tools.h"
#include "client/trust.h"
#include "shared/words.h"

#define CODE_BYTES_MAX 40

struct login {
    const char *login;
    char password[PASSWORD_BYTES_MAX + 2];
    char code[CODE_BYTES_MAX + 2];
};

static void login_wipe(struct login *login)
{
    explicit_bzero(login, sizeof(*login));
}

static enum status login_send(struct client *client, struct login *login)
{
    struct link_options options;
    enrol_link_facts(client, &options);
    CLEANUP(link_close_at) struct link *link = NULL;
    enum status status = enrol_link_try(client, &options, &link);
    if (status == STATUS_OK) {
        status = trust_prove(client, link); // before the password is said
    }
    if (status != STATUS_OK) {
        return status;
    }
    SessionLogin request;
    session_login__init(&request);
    request.login = letters_lend(login->login);
    request.password = login->password;
    request.code = login->code;
    const struct command *command = command_by_name("session_login");
    Reply *reply = NULL;
    status = client_call_once(client, link, command, &request.base, &reply);
    if (status != STATUS_OK) {
        client->hint_count = 0;
        return status;
    }
    status = enrol_session_take(client, reply->session_login);
    if (status == STATUS_OK) {
        status = enrol_session_save(client);
    }
    return status == STATUS_OK ? enrol_session_say(client, command, reply, reply->session_login)
                               : status;
}

static enum status login_words(struct client *client, size_t count, const char *const *words,
                               struct login *out)
{
    const char *code = NULL;
    for (size_t i = 0; i < count; i++) {
        if (tool_value(count, words, &i, "login", &out->login) ||
            tool_value(count, words, &i, "code", &code)) {
            continue;
        }
        if (words[i][0] == '-' || out->login != NULL) {
            return tool_usage(client, "login", words[i]);
        }
        out->login = words[i];
    }
    if (code != NULL && strlen(code) > CODE_BYTES_MAX) {
        return client_fail(client, STATUS_FIELD_TOO_LONG, "code", NULL, NULL);
    }
    (void)snprintf(out->code, sizeof(out->code), "%s", code == NULL ? "" : code);
    return STATUS_OK;
}

// The password was right; the server asks for a one-time code.
static enum status login_with_code(struct client *client, struct login *login)
{
    client->refusal = NULL;
    enum status status =
        terminal_secret(&client->terminal, false, _("One-time code (or a recovery code):"),
                        login->code, sizeof(login->code));
    return status == STATUS_OK ? login_send(client, login) : status;
}

enum status tool_login(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(login_wipe) struct login login = {.login = NULL};
    enum status status = login_words(client, count, words, &login);
    if (status == STATUS_OK) {
        status = client_begin(client);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (login.login == NULL) {
        login.login = client->context.login;
    }
    status =
        enrol_password_take(client, false, _("Password:"), login.password, sizeof(login.password));
    if (status == STATUS_OK) {
        status = login_send(client, &login);
    }
    if (status == STATUS_CODE_NEEDED && login.code[0] == '\0' && client->terminal.may_ask) {
        return login_with_code(client, &login);
    }
    if (status == STATUS_CODE_NEEDED) {
        client_hint(client, "kontor login --code CODE");
    }
    return status;
}

enum status tool_logout(struct client *client, size_t count, const char *const *words)
{
    SessionLogout request;
    session_logout__init(&request);
    if (count > 0) {
        return tool_usage(client, "logout", words[0]);
    }
    request.all = client->options.all;
    enum status status = client_begin(client);
    if (status != STATUS_OK || !client->context.has_token) {
        return status;
    }
    Reply *reply = NULL;
    status = client_call(client, command_by_name("session_logout"), &request.base, &reply);
    if (status != STATUS_OK && status != STATUS_SESSION_EXPIRED && status != STATUS_LOGIN_NEEDED) {
        return status;
    }
    client->context.has_token = false;
    explicit_bzero(client->context.token, TOKEN_BYTES);
    status = enrol_session_save(client);
    if (status == STATUS_OK && !client->options.quiet) {
        (void)puts(_("Logged out."));
    }
    return status;
}
