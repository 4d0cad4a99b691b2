// SPDX-License-Identifier: Apache-2.0
// `kontor bank read FILE`: the file is read in the fenced child and shown; nothing is written.
#include "client/bank_run.h"
#include "client/grid.h"
#include "client/letters.h"
#include "client/output.h"
#include "shared/money.h"
#include "shared/words.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FILE_ARENA_MAX (1024ull * 1024 * 1024)

enum status bank_run_words(struct bank_run *run, const char *tool, size_t count,
                           const char *const *words)
{
    struct client *client = run->client;
    struct bank_order *out = &run->order;
    for (size_t i = 0; i < count; i++) {
        if (tool_value(count, words, &i, "bank", &out->bank) ||
            tool_value(count, words, &i, "map", &out->map) ||
            tool_value(count, words, &i, "currency", &out->currency) ||
            tool_value(count, words, &i, "opening", &out->opening) ||
            tool_value(count, words, &i, "closing", &out->closing)) {
            continue;
        }
        if (tool_flag(words[i], "no-match")) {
            out->no_match = true;
            continue;
        }
        if (words[i][0] == '-' || out->path != NULL) {
            return tool_usage(client, tool, words[i]);
        }
        out->path = words[i];
    }
    return out->path != NULL ? STATUS_OK
                             : client_fail(client, STATUS_FIELD_MISSING, "file", NULL, NULL);
}

// ---- the file ----

static enum status complain(struct bank_run *run, enum status status, uint32_t bad_row,
                            const char *bad)
{
    struct client *client = run->client;
    if (status == STATUS_READER_FAILED && bad_row > 0) {
        client->fault =
            arena_print(client->arena, _("line %u of the file cannot be read"), bad_row);
    } else if (status == STATUS_READER_FAILED) {
        client->fault =
            _("the file is no bank statement that is known: MT940, camt.053, OFX or a table");
        client_hint(client, "--map date=#1,amount=#2,text=#3");
    } else if (status == STATUS_FIELD_MISSING || status == STATUS_NOT_FOUND ||
               status == STATUS_FIELD_NOT_CHOICE) {
        client_hint(client, "--map date=COLUMN,amount=COLUMN,payer=COLUMN,text=COLUMN");
        return client_fail(client, STATUS_FIELD_NOT_CHOICE, "map", bad, NULL);
    }
    return status;
}

// Values that cannot be read are all told; then nothing of the file is taken.
static enum status complain_values(struct bank_run *run)
{
    struct client *client = run->client;
    for (size_t i = 0; i < run->file.problem_count && i < IMPORT_PROBLEMS_MAX; i++) {
        const struct row_problem *problem = &run->file.problem[i];
        client_fact(client,
                    arena_print(client->arena, _("line %u: %s"), problem->row,
                                language_word(problem->field)),
                    client_safe(client, problem->value));
    }
    client->fault = arena_print(client->arena, _("%zu values of the file cannot be read"),
                                run->file.problem_count);
    return STATUS_READER_FAILED;
}

static enum status file_take(struct bank_run *run)
{
    struct client *client = run->client;
    assert(run->order.path != NULL);
    CLEANUP(home_close_at) int file = open(run->order.path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    uint32_t bad_row = 0;
    const char *bad = "";
    if (file < 0 || fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return client_fail(client, STATUS_FILE_ERROR, "file", run->order.path, NULL);
    }
    enum status status = sheet_hash(file, run->hash);
    if (status == STATUS_OK) {
        status = sheet_read("/proc/self/exe", "bank", file, &run->sheet, &bad_row);
    }
    if (status == STATUS_OK) {
        status = bank_file_make(run->arena, run->sheet, run->order.map,
                                run->order.currency != NULL ? run->order.currency : "", &run->file,
                                &bad);
    }
    if (status != STATUS_OK) {
        return complain(run, status, bad_row, bad);
    }
    return run->file.problem_count > 0 ? complain_values(run) : STATUS_OK;
}

// ---- looking ----

const char *bank_run_amount(const struct bank_run *run, const struct bank_file_statement *statement,
                            int64_t minor)
{
    const char *text = money_print_grouped(run->client->arena, minor, statement->decimals);
    return text != NULL ? text : "";
}

static const char *sum_word(const struct bank_run *run, const struct bank_file_statement *statement)
{
    if (statement->sum == BANK_SUM_DIFFERS) {
        return arena_print(run->client->arena, _("no: %s"),
                           bank_run_amount(run, statement, statement->difference_minor));
    }
    return statement->sum == BANK_SUM_HOLDS ? _("yes") : "-";
}

static void statement_row(struct bank_run *run, struct grid *grid,
                          const struct bank_file_statement *statement)
{
    const char **cell = grid_row(grid);
    struct arena *arena = run->client->arena;
    if (cell == NULL) {
        return;
    }
    cell[0] = client_safe(run->client, statement->account);
    cell[1] = client_safe(run->client, statement->number);
    cell[2] = client_safe(run->client, statement->currency);
    cell[3] = arena_print(arena, "%zu", statement->count);
    cell[4] =
        statement->has_opening ? bank_run_amount(run, statement, statement->opening_minor) : "-";
    cell[5] = arena_print(arena, "%zu", statement->credit_count);
    cell[6] = bank_run_amount(run, statement, statement->credit_minor);
    cell[7] = arena_print(arena, "%zu", statement->debit_count);
    cell[8] = bank_run_amount(run, statement, statement->debit_minor);
    cell[9] =
        statement->has_closing ? bank_run_amount(run, statement, statement->closing_minor) : "-";
    cell[10] = sum_word(run, statement);
}

void bank_run_look(struct bank_run *run)
{
    static const char *const HEADERS[] = {N_("account"), N_("number"),    N_("currency"),
                                          N_("lines"),   N_("opening"),   N_("in_count"),
                                          N_("in"),      N_("out_count"), N_("out"),
                                          N_("closing"), N_("adds_up")};
    struct client *client = run->client;
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t i = 0; i < COUNT_OF(HEADERS); i++) {
        grid_column(&grid, _(HEADERS[i]), i >= 3 && i < 10);
    }
    for (size_t i = 0; i < run->file.count; i++) {
        statement_row(run, &grid, &run->file.statement[i]);
    }
    char format[64] = "";
    (void)field_choice_word(&bank_format__descriptor, (int)run->file.format, format);
    (void)printf("%s  %s\n", format, run->file.profile != NULL ? run->file.profile : "");
    grid_print(&grid, client->terminal.width, client->terminal.colour, stdout);
    for (size_t i = 0; i < run->file.count; i++) {
        const struct bank_file_statement *statement = &run->file.statement[i];
        if (statement->neither_count > 0) {
            (void)printf(_("%zu lines of %s are neither in nor out and are left out"),
                         statement->neither_count,
                         bank_run_amount(run, statement, statement->neither_minor));
            (void)putchar('\n');
        }
        if (statement->doubt != NULL) {
            (void)puts(_(statement->doubt));
        }
    }
    if (run->file.skipped != NULL) {
        (void)printf(_("the last row is no record: %s"), client_safe(client, run->file.skipped));
        (void)putchar('\n');
    }
}

bool bank_run_adds_up(const struct bank_run *run)
{
    for (size_t i = 0; i < run->file.count; i++) {
        if (run->file.statement[i].sum == BANK_SUM_DIFFERS) {
            return false;
        }
    }
    return true;
}

enum status bank_run_begin(struct bank_run *run)
{
    run->arena = arena_make(FILE_ARENA_MAX);
    return run->arena != NULL ? file_take(run) : STATUS_ENVIRONMENT;
}

void bank_run_end(struct bank_run *run)
{
    sheet_free_at(&run->sheet);
    arena_free_at(&run->arena);
}

enum status tool_bank_read(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(bank_run_end) struct bank_run run = {.client = client};
    enum status status = bank_run_words(&run, "bank read", count, words);
    if (status == STATUS_OK) {
        status = bank_run_begin(&run);
    }
    if (status != STATUS_OK) {
        return status;
    }
    bank_run_look(&run);
    return bank_run_adds_up(&run) ? STATUS_OK : STATUS_DIFFERENCE;
}
