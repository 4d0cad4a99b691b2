// SPDX-License-Identifier: Apache-2.0

// `kontor check books`: the server computes, this program waits and shows how far it is; and
// `kontor check documents`, page by page.

#include "client/gather.h"
#include "client/grid.h"
#include "client/import/progress.h"
#include "client/output.h"
#include "client/pages.h"
#include "client/run.h"
#include "client/tools.h"
#include "shared/rules.h"
#include "shared/words.h"

#define LOOK_MS 300

static const CheckBooksReply *answer_of(const Reply *reply)
{
    return reply->result_case == REPLY__RESULT_CHECK_BOOKS ? reply->check_books
                                                           : reply->check_status;
}

// Asks until it has ended.
static enum status await_end(struct client *client, Reply **reply)
{
    const struct command *status_command = command_by_name("check_status");
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    struct progress progress;
    CheckStatus request;
    check_status__init(&request);
    enum status status = STATUS_OK;
    bool has_begun = false;
    while (status == STATUS_OK && answer_of(*reply)->state == CHECK_STATE__CHECK_STATE_RUNNING) {
        const CheckBooksReply *answer = answer_of(*reply);
        if (!has_begun && answer->rows_total > 0) {
            progress_begin(&progress, client, (size_t)answer->rows_total);
            has_begun = true;
        }
        if (has_begun) {
            progress_show(&progress, (size_t)answer->rows_done);
        }
        (void)nanosleep(&pause, NULL);
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        status = client_call(client, status_command, &request.base, reply);
    }
    if (has_begun) {
        progress_end(&progress);
    }
    return status;
}

enum status tool_check(struct client *client, size_t count, const char *const *words)
{
    const struct command *begin = command_by_name("check_books");
    ProtobufCMessage *inner = NULL;
    Reply *reply = NULL;
    enum status status = command_parse(client, begin, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(begin, inner, &client->problems);
    }
    if (status == STATUS_OK) {
        status = client_call(client, begin, inner, &reply);
    }
    if (status == STATUS_OK) {
        status = await_end(client, &reply);
    }
    if (reply == NULL || (status != STATUS_OK && status != STATUS_DIFFERENCE)) {
        return status;
    }
    const bool is_first = reply->result_case == REPLY__RESULT_CHECK_BOOKS;
    const enum status shown =
        output_reply(client, is_first ? begin : command_by_name("check_status"), reply);
    return shown != STATUS_OK ? shown : status;
}

// All pages: what was looked at in part says nothing about the rest.
enum status tool_check_documents(struct client *client, size_t count, const char *const *words)
{
    const struct command *command = command_by_name("check_documents");
    ProtobufCMessage *inner = NULL;
    Reply *reply = NULL;
    enum status status = command_parse(client, command, count, words, &inner);
    if (status == STATUS_OK) {
        status = rules_check(command, inner, &client->problems);
    }
    if (status == STATUS_OK) {
        status = gather_call(client, command, inner, &reply);
    }
    if (reply == NULL || (status != STATUS_OK && status != STATUS_DIFFERENCE)) {
        return status;
    }
    const enum status shown = output_reply(client, command, reply);
    return shown != STATUS_OK ? shown : status;
}

static const char *state_sentence(CheckState state)
{
    switch (state) {
    case CHECK_STATE__CHECK_STATE_RUNNING:
        return N_("a check is running: kontor check status");
    case CHECK_STATE__CHECK_STATE_HOLDS:
        return N_("every invariant holds");
    case CHECK_STATE__CHECK_STATE_BROKEN:
        return N_("THE BOOKS DO NOT TIE: change nothing, look at the finding, run kontord verify");
    case CHECK_STATE__CHECK_STATE_FAILED:
        return N_("the check did not end: the server's log says why");
    case CHECK_STATE__CHECK_STATE_UNSET:
    case _CHECK_STATE_IS_INT_SIZE:
    default:
        return N_(
            "no check has run since the server was started: kontor check books, or kontor check list");
    }
}

enum status page_check(struct client *client, const Reply *reply, const ProtobufCMessage *inner,
                       FILE *out)
{
    (void)reply;
    const CheckBooksReply *check = (const CheckBooksReply *)(const void *)inner;
    struct grid grid;
    grid_init(&grid, client->arena);
    grid_column(&grid, output_header(client, "invariant"), true);
    grid_column(&grid, output_header(client, "title"), false);
    grid_column(&grid, output_header(client, "checked"), true);
    grid_column(&grid, output_header(client, "broken"), true);
    for (size_t i = 0; i < check->n_row; i++) {
        const CheckRow *row = check->row[i];
        const char **cells = grid_row(&grid);
        if (cells == NULL) {
            return STATUS_TOO_LARGE;
        }
        cells[0] = arena_print(client->arena, "%u", row->invariant);
        cells[1] = _(row->title);
        cells[2] = arena_print(client->arena, "%llu", (unsigned long long)row->checked);
        cells[3] = row->broken == 0
                       ? ""
                       : arena_print(client->arena, "%llu", (unsigned long long)row->broken);
        if (cells[0] == NULL || cells[2] == NULL || cells[3] == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    if (check->n_row > 0) {
        grid_print(&grid, client->terminal.width, client->terminal.colour, out);
        (void)fputc('\n', out);
    }
    for (size_t i = 0; i < check->n_fault; i++) {
        (void)fprintf(out, "%u  %s\n", check->fault[i]->invariant, check->fault[i]->text);
    }
    if (check->broken > check->n_fault) {
        (void)fprintf(out, _("… and %llu more"),
                      (unsigned long long)(check->broken - check->n_fault));
        (void)fputc('\n', out);
    }
    if (check->rows_total > 0) {
        (void)fprintf(out, _("%llu rows, as of record %llu of the journal, in %lld ms"),
                      (unsigned long long)check->rows_done, (unsigned long long)check->number,
                      (long long)((check->ended_us - check->began_us) / 1000));
        (void)fputc('\n', out);
    }
    (void)fprintf(out, "%s\n", _(state_sentence(check->state)));
    return STATUS_OK;
}
