// SPDX-License-Identifier: Apache-2.0

// kontor: turns words into requests and replies into text, and decides nothing.

#include "client/complaint.h"
#include "client/help.h"
#include "client/import/reader.h"
#include "client/run.h"
#include "client/sheet/writer.h"
#include "client/tools.h"
#include "shared/words.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define EXIT_CLOSED 141
#include <sys/prctl.h>
#include <sys/resource.h>

static const struct {
    const char *noun;
    const char *verb;
    tool_function *run;
} PIECES[] = {
    {"import", "run", tool_import},
    {"export", "journal", tool_export},
    {"audit", "tail", tool_tail},
    {"audit", "export", tool_trail},
    {"audit", "witness", tool_witness},
    {"audit", "verify", tool_verify},
    {"user", "totp", tool_totp},
    {"user", "totp-confirm", tool_totp_confirm},
    {"user", "password", tool_password},
    {"device", "approve", tool_approve},
    {"notice", "accept", tool_accept},
    {"bank", "read", tool_bank_read},
    {"bank", "import", tool_bank_import},
    {"reconcile", "start", tool_reconcile},
    {"check", "books", tool_check},
    {"check", "documents", tool_check_documents},
    {"customer", "subject", tool_subject},
    {"import", "run", tool_import},
    {"export", "journal", tool_export},
    {"audit", "tail", tool_tail},
    {"audit", "export", tool_trail},
    {"audit", "witness", tool_witness},
    {"audit", "verify", tool_verify},
    {"user", "totp", tool_totp},
    {"user", "totp-confirm", tool_totp_confirm},
    {"user", "password", tool_password},
    {"device", "approve", tool_approve},
    {"notice", "accept", tool_accept},
    {"check", "books", tool_check},
    {"statement", "issue", tool_issue},
    {"statement", "run", tool_statements},
};

static tool_function *piece_of(const char *noun, const char *verb)
{
    for (size_t i = 0; i < COUNT_OF(PIECES); i++) {
        if (strcmp(PIECES[i].noun, noun) == 0 && strcmp(PIECES[i].verb, verb) == 0) {
            return PIECES[i].run;
        }
    }
    return NULL;
}

static enum status words_run(struct client *client)
{
    size_t count = client->options.word_count;
    const char *const *words = client->options.words;
    // Not a global option: "version" is also a field of requests.
    if (count == 1 && strcmp(words[0], "--version") == 0) {
        return tool_version(client, 0, words + 1);
    }
    if (client->options.help || count == 0) {
        return help_print(client, count, words);
    }
    const struct tool *tool = tool_by_name(words[0]);
    const bool is_piece = count >= 2 && piece_of(words[0], words[1]) != NULL;
    if (client->options.xlsx != NULL && (tool != NULL || is_piece)) {
        return client_fail(client, STATUS_USAGE, NULL, "--xlsx", NULL);
    }
    if (tool != NULL) {
        return tool->run(client, count - 1, words + 1);
    }
    if (strcmp(words[0], "__complete") == 0) {
        return tool_complete(client, count - 1, words + 1);
    }
    const char *noun = help_noun(words[0]);
    if (noun == NULL || count < 2) {
        return help_suggest(client, count, words);
    }
    tool_function *piece = piece_of(noun, words[1]);
    if (piece != NULL) {
        return piece(client, count - 2, words + 2);
    }
    const struct command *command = command_by_words(noun, words[1]);
    if (command == NULL) {
        return help_suggest(client, count, words);
    }
    return command_run(client, command, count - 2, words + 2);
}

// A value of a global option that is not understood, with the option's name and what it takes.
static enum status option_fail(struct client *client, enum status status, const char *bad)
{
    const struct options *options = &client->options;
    if (status == STATUS_USAGE || bad[0] == '\0') {
        return client_fail(client, status, NULL, bad, NULL);
    }
    if (bad == options->width) {
        return client_fail(client, status, "width", bad, "20 … 1000");
    }
    return bad == options->timeout
               ? client_fail(client, status, "timeout", bad, "500ms, 30s, 2m")
               : client_fail(client, status, "color", bad, "auto, always, never");
}

static enum status client_run(struct client *client, int count, char *const *arguments)
{
    const char *bad = "";
    client->argument_count = (size_t)count;
    client->arguments = (const char *const *)arguments;
    enum status status = options_parse(client->arena, count, arguments, &client->options, &bad);
    enum status spoken = language_start(client->options.lang, &client->language);
    client->terminal = terminal_of(&client->options);
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    if (status != STATUS_OK) {
        return option_fail(client, status, bad);
    }
    if (spoken != STATUS_OK) {
        return client_fail(client, spoken, "lang", client->options.lang, "en, zh-CN");
    }
    status = home_open(client->arena, &client->home);
    if (status == STATUS_CONFIGURATION) {
        client->fault = _("the directory of this program's files must be your own, and only you "
                          "may write to it");
    }
    return status == STATUS_OK ? words_run(client) : status;
}

// The device's key, a token and a password pass through this memory: no core dump, no debugger.
static bool fence(void)
{
    const struct rlimit none = {0, 0};
    (void)signal(SIGPIPE, SIG_IGN);
    return setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

// Did the reader of our output go away, as `head` does? Anything else that keeps us from writing is
// an error.
static bool out_is_closed(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int main(int count, char *arguments[])
{
    // The fenced children: nothing of the client may be begun before the fence stands.
    if (count >= 2 && strcmp(arguments[1], "__read") == 0) {
        return reader_main(count - 2, arguments + 2);
    }
    if (count >= 2 && strcmp(arguments[1], "__write") == 0) {
        return writer_main(count - 2, arguments + 2);
    }
    if (!fence()) {
        (void)fputs("error: the memory of this program cannot be protected\n", stderr);
        return status_exit(STATUS_ENVIRONMENT);
    }
    CLEANUP(client_end) struct client client;
    enum status status = client_make(&client);
    if (status != STATUS_OK) {
        (void)fputs("error: out of memory\n", stderr);
        return status_exit(STATUS_ENVIRONMENT);
    }
    status = client_run(&client, count - 1, arguments + 1);
    bool is_lost = fflush(stdout) != 0 || ferror(stdout) != 0;
    if (is_lost && out_is_closed()) {
        return EXIT_CLOSED;
    }
    status = is_lost && status == STATUS_OK ? STATUS_FILE_ERROR : status;
    if (status != STATUS_OK) {
        complaint_print(&client, status);
    }
    return status_exit(status);
}
