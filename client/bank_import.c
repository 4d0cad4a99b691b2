// SPDX-License-Identifier: Apache-2.0
// `kontor bank read FILE` and `kontor bank import FILE --bank BANK`: the file is read in the fenced
// child and shown; then its statements go to the server line by line, and what is certain of them
// is booked. The same file again changes nothing.
#include "client/grid.h"
#include "client/import/bank_file.h"
#include "client/import/progress.h"
#include "client/letters.h"
#include "client/output.h"
#include "client/reference.h"
#include "client/tools.h"
#include "shared/money.h"
#include "shared/words.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_ARENA_MAX (1024ull * 1024 * 1024)
#define GROUP_BYTES    40000
#define CHUNK          65536

struct order {
    const char *path;
    const char *bank;
    const char *map;
    const char *currency;
    const char *opening, *closing; // of a table without balances
    bool no_match;
};

struct run {
    struct client *client;
    struct order order;
    struct arena *arena;
    struct sheet *sheet;
    struct bank_file file;
    uint8_t hash[KEY_BYTES];
    uint64_t bank_id;
    uint32_t added, known, matched;
    int64_t matched_minor;
    bool differs; // a statement does not add up or go on
};

static enum status words_take(struct client *client, const char *tool, size_t count,
                              const char *const *words, struct order *out)
{
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

static enum status file_hash(int file, uint8_t hash[static KEY_BYTES])
{
    uint8_t chunk[KEY_BYTES + CHUNK / 8];
    memset(hash, 0, KEY_BYTES);
    for (off_t at = 0;;) {
        const ssize_t got = pread(file, chunk + KEY_BYTES, sizeof chunk - KEY_BYTES, at);
        if (got < 0) {
            return STATUS_FILE_ERROR;
        }
        if (got == 0) {
            return STATUS_OK;
        }
        memcpy(chunk, hash, KEY_BYTES);
        key_hash(NULL, bytes_of(chunk, KEY_BYTES + (size_t)got), hash, KEY_BYTES);
        at += got;
    }
}

static enum status complain(struct run *run, enum status status, uint32_t bad_row, const char *bad)
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
static enum status complain_values(struct run *run)
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

static enum status file_take(struct run *run)
{
    struct client *client = run->client;
    CLEANUP(home_close_at) int file = open(run->order.path, O_RDONLY | O_CLOEXEC);
    struct stat facts;
    uint32_t bad_row = 0;
    const char *bad = "";
    if (file < 0 || fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return client_fail(client, STATUS_FILE_ERROR, "file", run->order.path, NULL);
    }
    enum status status = file_hash(file, run->hash);
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

static const char *amount(const struct run *run, const struct bank_file_statement *statement,
                          int64_t minor)
{
    const char *text = money_print_grouped(run->client->arena, minor, statement->decimals);
    return text != NULL ? text : "";
}

static const char *sum_word(const struct run *run, const struct bank_file_statement *statement)
{
    if (statement->sum == BANK_SUM_DIFFERS) {
        return arena_print(run->client->arena, _("no: %s"),
                           amount(run, statement, statement->difference_minor));
    }
    return statement->sum == BANK_SUM_HOLDS ? _("yes") : "-";
}

static void statement_row(struct run *run, struct grid *grid,
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
    cell[4] = statement->has_opening ? amount(run, statement, statement->opening_minor) : "-";
    cell[5] = arena_print(arena, "%zu", statement->credit_count);
    cell[6] = amount(run, statement, statement->credit_minor);
    cell[7] = arena_print(arena, "%zu", statement->debit_count);
    cell[8] = amount(run, statement, statement->debit_minor);
    cell[9] = statement->has_closing ? amount(run, statement, statement->closing_minor) : "-";
    cell[10] = sum_word(run, statement);
}

static void look(struct run *run)
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
                         amount(run, statement, statement->neither_minor));
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

static bool adds_up(const struct run *run)
{
    for (size_t i = 0; i < run->file.count; i++) {
        if (run->file.statement[i].sum == BANK_SUM_DIFFERS) {
            return false;
        }
    }
    return true;
}

static enum status run_begin(struct run *run)
{
    run->arena = arena_make(FILE_ARENA_MAX);
    return run->arena != NULL ? file_take(run) : STATUS_ENVIRONMENT;
}

static void run_end(struct run *run)
{
    sheet_free_at(&run->sheet);
    arena_free_at(&run->arena);
}

enum status tool_bank_read(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(run_end) struct run run = {.client = client};
    enum status status = words_take(client, "bank read", count, words, &run.order);
    if (status == STATUS_OK) {
        status = run_begin(&run);
    }
    if (status != STATUS_OK) {
        return status;
    }
    look(&run);
    return adds_up(&run) ? STATUS_OK : STATUS_DIFFERENCE;
}

// ---- loading ----

static void statement_key(const struct run *run, size_t index, uint8_t out[static KEY_BYTES])
{
    uint8_t facts[KEY_BYTES + 4];
    memcpy(facts, run->hash, KEY_BYTES);
    put_u32(facts + KEY_BYTES, (uint32_t)index);
    key_hash(NULL, bytes_of(facts, sizeof facts), out, KEY_BYTES);
}

static enum status statement_begin(struct run *run, size_t index, const BankLoadReply **out)
{
    const struct bank_file_statement *statement = &run->file.statement[index];
    const char *name = strrchr(run->order.path, '/');
    uint8_t fingerprint[KEY_BYTES];
    Reply *reply = NULL;
    BankBegin message;
    bank_begin__init(&message);
    statement_key(run, index, fingerprint);
    message.bank_id = run->bank_id;
    message.fingerprint = (ProtobufCBinaryData){.len = KEY_BYTES, .data = fingerprint};
    message.file_name = letters_lend(name == NULL ? run->order.path : name + 1);
    message.format = run->file.format;
    message.reference = letters_lend(statement->number);
    message.number = letters_lend(statement->account);
    message.currency = letters_lend(statement->currency);
    message.from_day = statement->from_day;
    message.to_day = statement->to_day;
    message.has_opening = statement->has_opening;
    message.opening_minor = statement->opening_minor;
    message.has_closing = statement->has_closing;
    message.closing_minor = statement->closing_minor;
    message.line_count = (uint32_t)statement->count;
    const enum status status =
        client_call(run->client, command_by_name("bank_begin"), &message.base, &reply);
    if (status == STATUS_OK) {
        *out = reply->bank_begin;
    }
    return status;
}

static size_t line_fill(const struct bank_file_line *from, BankLine *to)
{
    bank_line__init(to);
    to->value_day = from->value_day;
    to->booked_day = from->booked_day;
    to->amount_minor = from->amount_minor;
    to->type = from->type;
    to->reference = from->reference;
    to->payer_name = from->payer_name;
    to->payer_account = from->payer_account;
    to->text = from->text;
    to->occurrence = from->occurrence;
    return 64 + strlen(from->type) + strlen(from->reference) + strlen(from->payer_name) +
           strlen(from->payer_account) + strlen(from->text);
}

static enum status statement_lines(struct run *run, const struct bank_file_statement *statement,
                                   struct progress *progress, const BankLoadReply **state)
{
    BankLine lines[BANK_LINES_MAX];
    BankLine *list[BANK_LINES_MAX];
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (*state)->lines_done < statement->count) {
        BankLines message;
        bank_lines__init(&message);
        message.bank_statement_id = (*state)->id;
        message.first = (*state)->lines_done;
        message.line = list;
        size_t bytes = 0;
        while (message.n_line < BANK_LINES_MAX && bytes < GROUP_BYTES &&
               message.first + message.n_line < statement->count) {
            bytes +=
                line_fill(&statement->line[message.first + message.n_line], &lines[message.n_line]);
            list[message.n_line] = &lines[message.n_line];
            message.n_line++;
        }
        Reply *reply = NULL;
        run->client->deadline_ms = client_clock_ms() + run->client->options.timeout_ms;
        status = client_call(run->client, command_by_name("bank_lines"), &message.base, &reply);
        if (status == STATUS_OK) {
            *state = reply->bank_lines;
            progress_show(progress, (*state)->lines_done);
        }
    }
    return status;
}

static void say_doubts(struct run *run, const struct bank_file_statement *statement,
                       const BankLoadReply *state)
{
    if (state->difference_minor != 0) {
        (void)printf(_("%s does not add up: %s"), state->number,
                     amount(run, statement, state->difference_minor));
        (void)putchar('\n');
    }
    if (state->gap_minor != 0) {
        (void)printf(_("between the statement before and %s something is missing: %s"),
                     state->number, amount(run, statement, state->gap_minor));
        (void)putchar('\n');
    }
    run->differs = run->differs || state->difference_minor != 0 || state->gap_minor != 0;
}

static enum status load_one(struct run *run, size_t index)
{
    const struct bank_file_statement *statement = &run->file.statement[index];
    const BankLoadReply *state = NULL;
    struct progress progress;
    run->client->deadline_ms = client_clock_ms() + run->client->options.timeout_ms;
    enum status status = statement_begin(run, index, &state);
    if (status != STATUS_OK) {
        return status;
    }
    const bool was_there = state->lines_done == statement->count && statement->count > 0;
    progress_begin(&progress, run->client, statement->count);
    status = statement_lines(run, statement, &progress, &state);
    progress_end(&progress);
    if (status != STATUS_OK) {
        client_hint(run->client, _("run the same command again: it goes on where it stopped"));
        return status;
    }
    run->added += was_there ? 0 : state->added;
    run->known += was_there ? (uint32_t)statement->count : state->known;
    (void)printf(_("%s: %u lines, %u of them new"), state->number, state->lines_done,
                 was_there ? 0 : state->added);
    (void)putchar('\n');
    say_doubts(run, statement, state);
    return STATUS_OK;
}

// ---- booking what is certain ----

static enum status take_pairs(struct run *run, const ReconcilePlanReply *plan)
{
    enum status status = STATUS_OK;
    for (size_t done = 0; status == STATUS_OK && done < plan->n_row;) {
        ReconcileTake message;
        Reply *reply = NULL;
        reconcile_take__init(&message);
        message.pair = plan->row + done;
        message.n_pair = plan->n_row - done < BANK_PAIRS_MAX ? plan->n_row - done : BANK_PAIRS_MAX;
        run->client->deadline_ms = client_clock_ms() + run->client->options.timeout_ms;
        status = client_call(run->client, command_by_name("reconcile_take"), &message.base, &reply);
        if (status == STATUS_OK) {
            run->matched += reply->reconcile_take->matched;
            run->matched_minor += reply->reconcile_take->amount_minor;
            done += reply->reconcile_take->done;
        }
    }
    return status;
}

static enum status match_all(struct run *run)
{
    const char *cursor = "";
    enum status status = STATUS_OK;
    do {
        ReconcilePlan message;
        Reply *reply = NULL;
        reconcile_plan__init(&message);
        message.bank_id = run->bank_id;
        message.cursor = letters_lend(cursor);
        run->client->deadline_ms = client_clock_ms() + run->client->options.timeout_ms;
        status = client_call(run->client, command_by_name("reconcile_plan"), &message.base, &reply);
        if (status == STATUS_OK) {
            cursor = reply->reconcile_plan->page->next;
            status = take_pairs(run, reply->reconcile_plan);
        }
    } while (status == STATUS_OK && cursor[0] != '\0');
    return status;
}

// ---- all of it ----

static enum status take_balances(struct run *run)
{
    struct bank_file_statement *statement = &run->file.statement[0];

    const struct {
        const char *text;
        int64_t *minor;
        bool *has;
    } given[] = {{run->order.opening, &statement->opening_minor, &statement->has_opening},
                 {run->order.closing, &statement->closing_minor, &statement->has_closing}};

    for (size_t i = 0; i < COUNT_OF(given); i++) {
        const char *currency = "";
        if (given[i].text == NULL) {
            continue;
        }
        if (run->file.count != 1 || *given[i].has ||
            money_parse(run->arena, given[i].text, statement->decimals, given[i].minor, &currency,
                        NULL) != STATUS_OK) {
            return client_fail(run->client, STATUS_FIELD_NOT_AMOUNT, i == 0 ? "opening" : "closing",
                               given[i].text, NULL);
        }
        *given[i].has = true;
    }
    return STATUS_OK;
}

static enum status load_all(struct run *run)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < run->file.count; i++) {
        // A statement without a day says nothing.
        if (run->file.statement[i].to_day != 0) {
            status = load_one(run, i);
        }
    }
    if (status == STATUS_OK && !run->order.no_match) {
        status = match_all(run);
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)printf(_("%u lines new, %u known, %u booked (%s)"), run->added, run->known, run->matched,
                 output_money(run->client, run->matched_minor));
    (void)putchar('\n');
    client_hint(run->client,
                arena_print(run->client->arena, "kontor reconcile next %s", run->order.bank));
    return run->differs ? STATUS_DIFFERENCE : STATUS_OK;
}

enum status tool_bank_import(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(run_end) struct run run = {.client = client};
    enum status status = words_take(client, "bank import", count, words, &run.order);
    if (status == STATUS_OK && run.order.bank == NULL) {
        client_hint(client, "kontor bank list");
        status = client_fail(client, STATUS_FIELD_MISSING, "bank", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = client_begin(client);
    }
    if (status == STATUS_OK) {
        status = run_begin(&run);
    }
    if (status == STATUS_OK) {
        status = take_balances(&run);
    }
    struct reference reference = {.client = client, .for_write = true};
    if (status == STATUS_OK) {
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        status =
            reference_find(&reference, FIND_NOUN__FIND_NOUN_BANK, run.order.bank, &run.bank_id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!client->options.quiet) {
        look(&run);
    }
    if (client->options.dry_run) {
        return adds_up(&run) ? STATUS_OK : STATUS_DIFFERENCE;
    }
    if (!client->options.yes) {
        status = terminal_confirm(&client->terminal, _("Import these lines?"));
    }
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client_hint(client, "--yes");
    }
    return status == STATUS_OK ? load_all(&run) : status;
}
