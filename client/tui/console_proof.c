// SPDX-License-Identifier: Apache-2.0
#include "client/tools.h"
#include "client/tui/console_own.h"
#include "shared/words.h"

static void proof_hear(void *context, const struct answer *answer)
{
    struct console *console = context;
    // After a wrong password the question stays held, and the form opens once more.
    console->is_proving = false;
    if (!console_refused(console, answer)) {
        exchange_release(console->exchange, true);
    }
}

// Six digits are a one-time code, everything else is the password.
static bool is_code(const char *text)
{
    return strlen(text) == 6 && strspn(text, "0123456789") == 6;
}

static void proof_done(void *context, struct dialog *dialog, int purpose)
{
    struct console *console = context;
    (void)purpose;
    SessionConfirm inner;
    session_confirm__init(&inner);
    char *secret = dialog->field[0].input.text;
    if (is_code(secret)) {
        inner.code = secret;
    } else {
        inner.password = secret;
    }
    const struct question question = {
        .command = command_by_name("session_confirm"),
        .inner = &inner.base,
        .is_secret = true,
        .answer = proof_hear,
        .context = console,
    };
    if (exchange_ask(console->exchange, &question) != STATUS_OK) {
        console->is_proving = false;
        exchange_release(console->exchange, false);
    }
}

void console_prove(struct console *console)
{
    if (console->dialog.is_open) {
        return;
    }
    dialog_open(&console->dialog, _("Prove that it is you"),
                _("This needs a password or one-time code of the last five minutes."), proof_done,
                console, 0);
    struct dialog_field *field =
        dialog_add(&console->dialog, _("password, or one-time code"), true);
    field->input.secret = true;
    console->is_proving = true;
    console->is_changed = true;
}

void console_login(struct console *console)
{
    assert(exchange_state(console->exchange) == EXCHANGE_SHUT);
    struct client *client = console->client;
    if (console->screen != NULL) {
        screen_pause(console->screen);
    }
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    const enum status status = tool_login(client, 0, NULL);
    if (console->screen != NULL) {
        screen_resume(console->screen);
    }
    if (status != STATUS_OK) {
        console_say(console, language_word(status_sentence(status)));
    }
    client->refusal = NULL;
    client->hint_count = 0;
    exchange_dial(console->exchange);
}
