// SPDX-License-Identifier: Apache-2.0

// Statements of account for customers: one, or all that have one. Each is looked at before it is
// issued, and issued with the hash of what was seen; who has a statement of the same days is passed
// over, so that a second run adds what the first one did not reach.

#include "client/gather.h"
#include "client/import/progress.h"
#include "client/output.h"
#include "client/pages.h"
#include "client/run.h"
#include "client/tools.h"
#include "shared/wire.h"
#include "shared/words.h"

#define CUSTOMER_ARENA_MAX (64ull * 1024 * 1024)

struct run {
    StatementIssue asked;        // of each customer
    const char *directory;       // NULL: no files
    StatementListReply *known;   // what was issued before
    uint32_t issued, empty, old; // counts
};

// Shows the statement and takes over what proves it. `has_content` is false when nothing is on it.
static enum status look(struct client *client, StatementIssue *issue, bool *has_content)
{
    StatementShow request;
    Reply *reply = NULL;
    statement_show__init(&request);
    request.customer_id = issue->customer_id;
    request.form = issue->form;
    request.from_day = issue->from_day;
    request.to_day = issue->to_day;
    request.limit = 1;
    request.proof = true;
    enum status status =
        client_call(client, command_by_name("statement_show"), &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    const StatementShowReply *seen = reply->statement_show;
    issue->to_day = seen->to_day;
    issue->sequence = seen->sequence;
    // Who does not see every customer is not told how far the journal has come: no hash then.
    issue->hash = seen->sequence != 0 ? seen->hash : issue->hash;
    *has_content = seen->n_row > 0 || seen->n_item > 0 || seen->opening_minor != 0;
    return STATUS_OK;
}

enum status tool_issue(struct client *client, size_t count, const char *const *words)
{
    const struct command *command = command_by_name("statement_issue");
    ProtobufCMessage *inner = NULL;
    bool has_content = false;
    enum status status = command_parse(client, command, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(command, inner, &client->problems);
    }
    StatementIssue *issue = (StatementIssue *)(void *)inner;
    if (status == STATUS_OK && issue->hash[0] == '\0' && issue->sequence == 0) {
        status = look(client, issue, &has_content);
    }
    Reply *reply = NULL;
    if (status == STATUS_OK) {
        status = client_call(client, command, inner, &reply);
    }
    return status == STATUS_OK ? output_reply(client, command, reply) : status;
}

// ---- all customers ----

static enum status words_take(struct client *client, size_t count, const char *const *words,
                              struct run *run)
{
    const char **left = arena_alloc(client->arena, (count + 1) * sizeof *left);
    size_t kept = 0;
    if (left == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (!tool_value(count, words, &i, "output", &run->directory)) {
            left[kept++] = words[i];
        }
    }
    ProtobufCMessage *inner = NULL;
    enum status status =
        command_parse(client, command_by_name("statement_issue"), kept, left, &inner);
    if (status != STATUS_OK) {
        return status;
    }
    run->asked = *(StatementIssue *)(void *)inner;
    if (run->asked.customer_id != 0 || run->asked.sequence != 0 || run->asked.hash[0] != '\0') {
        client_hint(client, "kontor statement issue CUSTOMER");
        return client_fail(client, STATUS_USAGE, NULL, "customer", NULL);
    }
    if (run->asked.to_day == 0) {
        int32_t offset = 0;
        run->asked.to_day = client_today(client, &offset);
    }
    return run->directory == NULL ? STATUS_OK : home_make_dir(run->directory);
}

static enum status known_read(struct client *client, struct run *run)
{
    StatementList request;
    Reply *reply = NULL;
    statement_list__init(&request);
    enum status status =
        gather_call(client, command_by_name("statement_list"), &request.base, &reply);
    if (status == STATUS_OK) {
        run->known = reply->statement_list;
    }
    return status;
}

static bool is_known(const struct run *run, const char *customer)
{
    uint32_t form = run->asked.form == STATEMENT_FORM__STATEMENT_FORM_UNSET
                        ? STATEMENT_FORM__STATEMENT_FORM_BALANCE
                        : run->asked.form;
    for (size_t i = 0; i < run->known->n_row; i++) {
        const StatementListRow *row = run->known->row[i];
        if (row->form == form && row->from_day == run->asked.from_day &&
            row->to_day == run->asked.to_day && strcmp(row->customer, customer) == 0) {
            return true;
        }
    }
    return false;
}

static void stream_close_at(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

static enum status file_write(struct client *client, const struct run *run, uint64_t id)
{
    StatementShow request;
    Reply *reply = NULL;
    statement_show__init(&request);
    request.statement_id = id;
    enum status status =
        client_call(client, command_by_name("statement_show"), &request.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    char *text = NULL;
    size_t size = 0;
    const StatementShowReply *statement = reply->statement_show;
    {
        CLEANUP(stream_close_at) FILE *out = open_memstream(&text, &size);
        if (out == NULL) {
            return STATUS_ENVIRONMENT;
        }
        status = page_statement(client, reply, &statement->base, out);
    }
    const char *path = arena_print(client->arena, "%s/%s.txt", run->directory, statement->number);
    if (status == STATUS_OK) {
        status = path == NULL ? STATUS_TOO_LARGE : home_replace(path, bytes_of(text, size));
    }
    free(text);
    return status;
}

static enum status issue_one(struct client *client, struct run *run, const CustomerRow *customer)
{
    StatementIssue issue = run->asked;
    Reply *reply = NULL;
    bool has_content = false;
    issue.customer_id = customer->id;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    enum status status = look(client, &issue, &has_content);
    if (status == STATUS_OK && !has_content) {
        run->empty++;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = client_call(client, command_by_name("statement_issue"), &issue.base, &reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    run->issued++;
    bool writes = run->directory != NULL && !client->options.dry_run;
    return writes ? file_write(client, run, reply->statement_issue->id) : STATUS_OK;
}

// Each customer in memory of its own, which stays when something went wrong there.
static enum status customer_run(struct client *client, struct run *run, const CustomerRow *customer)
{
    if (is_known(run, customer->number)) {
        run->old++;
        return STATUS_OK;
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CUSTOMER_ARENA_MAX);
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    struct arena *kept = client->arena;
    client->arena = arena;
    enum status status = issue_one(client, run, customer);
    client->arena = kept;
    if (status != STATUS_OK) {
        client->page_arena = arena;
        arena = NULL;
    }
    return status;
}

static enum status all_run(struct client *client, struct run *run,
                           const CustomerListReply *customers)
{
    struct progress progress;
    enum status status = STATUS_OK;
    progress_begin(&progress, client, customers->n_row);
    for (size_t i = 0; i < customers->n_row && status == STATUS_OK; i++) {
        status = customer_run(client, run, customers->row[i]);
        progress_show(&progress, i + 1);
    }
    progress_end(&progress);
    return status;
}

enum status tool_statements(struct client *client, size_t count, const char *const *words)
{
    struct run run = {0};
    CustomerList request;
    Reply *reply = NULL;
    customer_list__init(&request);
    enum status status = words_take(client, count, words, &run);
    if (status == STATUS_OK) {
        status = known_read(client, &run);
    }
    if (status == STATUS_OK) {
        status = gather_call(client, command_by_name("customer_list"), &request.base, &reply);
    }
    if (status == STATUS_OK && !client->options.yes && !client->options.dry_run) {
        const char *question =
            arena_print(client->arena, _("Issue statements of account for up to %zu customers?"),
                        reply->customer_list->n_row);
        status = terminal_confirm(&client->terminal, question == NULL ? "?" : question);
    }
    if (status == STATUS_OK) {
        status = all_run(client, &run, reply->customer_list);
    }
    if (status == STATUS_OK && !client->options.quiet) {
        (void)printf(_("%u statements issued; %u customers have nothing on theirs, %u had one"),
                     run.issued, run.empty, run.old);
        (void)putchar('\n');
    }
    return status;
}
