// SPDX-License-Identifier: Apache-2.0
// `kontor bank import FILE [--bank BANK]`: each statement of the file goes to the bank account
// whose number it names, line by line, and what is certain of it is booked. The same file again
// changes nothing.
#include "client/bank_run.h"
#include "client/import/progress.h"
#include "client/letters.h"
#include "client/output.h"
#include "client/reference.h"
#include "shared/money.h"
#include "shared/payer.h"
#include "shared/words.h"

#define GROUP_BYTES 40000

// A bank account of the book.
struct place {
    uint64_t id;
    const char *account; // of the ledger
    const char *number;
    bool is_used; // a statement of the file is its own
};

struct load {
    struct bank_run run;
    struct place *place;
    size_t place_count;
    struct place **of; // of each statement of the file; NULL: it is left out
    uint32_t added, known, matched;
    int64_t matched_minor;
    bool differs; // a statement does not add up or go on
};

// ---- which statement goes where ----

static enum status place_read(struct load *load)
{
    struct client *client = load->run.client;
    BankList message;
    Reply *reply = NULL;
    bank_list__init(&message);
    message.limit = LIST_ROWS_MAX;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    const enum status status =
        client_call(client, command_by_name("bank_list"), &message.base, &reply);
    if (status != STATUS_OK) {
        return status;
    }
    const BankListReply *list = reply->bank_list;
    load->place = arena_alloc(load->run.arena, (list->n_row + 1) * sizeof *load->place);
    load->of = arena_alloc(load->run.arena, (load->run.file.count + 1) * sizeof(void *));
    if (load->place == NULL || load->of == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < list->n_row; i++) {
        load->place[i] = (struct place){.id = list->row[i]->id,
                                        .account = list->row[i]->account,
                                        .number = list->row[i]->number};
    }
    load->place_count = list->n_row;
    return STATUS_OK;
}

static struct place *place_of_number(const struct load *load, const char *number)
{
    for (size_t i = 0; i < load->place_count; i++) {
        struct place *place = &load->place[i];
        if (number[0] != '\0' && place->number[0] != '\0' &&
            payer_is_same_account(number, place->number)) {
            return place;
        }
    }
    return NULL;
}

// All into the one that was named; of a file of several accounts only what is its own.
static void place_named(struct load *load, uint64_t id)
{
    const struct bank_file *file = &load->run.file;
    struct place *named = NULL;
    bool is_one = true;
    for (size_t i = 0; i < load->place_count; i++) {
        named = load->place[i].id == id ? &load->place[i] : named;
    }
    for (size_t i = 1; i < file->count; i++) {
        is_one =
            is_one && payer_is_same_account(file->statement[i].account, file->statement[0].account);
    }
    for (size_t i = 0; i < file->count; i++) {
        const bool is_its = place_of_number(load, file->statement[i].account) == named;
        load->of[i] = is_one || is_its ? named : NULL;
    }
}

static enum status place_all(struct load *load)
{
    struct client *client = load->run.client;
    const struct bank_file *file = &load->run.file;
    struct reference reference = {.client = client, .for_write = true};
    uint64_t id = 0;
    enum status status = place_read(load);
    if (status == STATUS_OK && load->run.order.bank != NULL) {
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        status = reference_find(&reference, FIND_NOUN__FIND_NOUN_BANK, load->run.order.bank, &id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    size_t left_out = 0;
    if (load->run.order.bank != NULL) {
        place_named(load, id);
    }
    for (size_t i = 0; i < file->count; i++) {
        if (load->run.order.bank == NULL) {
            load->of[i] = place_of_number(load, file->statement[i].account);
        }
        left_out += load->of[i] == NULL ? 1 : 0;
    }
    if (file->count > 0 && left_out == file->count) {
        client_hint(client, "kontor bank add 1002 NAME --number NUMBER");
        client_hint(client, "kontor bank list");
        return file->statement[0].account[0] == '\0'
                   ? client_fail(client, STATUS_FIELD_MISSING, "bank", NULL, NULL)
                   : client_fail(client, STATUS_BANK_OTHER, "number", file->statement[0].account,
                                 NULL);
    }
    if (left_out > 0) {
        (void)printf(_("%zu of %zu statements are of other accounts and are left out"), left_out,
                     file->count);
        (void)putchar('\n');
    }
    return STATUS_OK;
}

// ---- loading ----

static void statement_key(const struct load *load, size_t index, uint8_t out[static KEY_BYTES])
{
    uint8_t facts[KEY_BYTES + 4];
    memcpy(facts, load->run.hash, KEY_BYTES);
    put_u32(facts + KEY_BYTES, (uint32_t)index);
    key_hash(NULL, bytes_of(facts, sizeof facts), out, KEY_BYTES);
}

static enum status statement_begin(struct load *load, size_t index, const BankLoadReply **out)
{
    const struct bank_file_statement *statement = &load->run.file.statement[index];
    const char *name = strrchr(load->run.order.path, '/');
    uint8_t fingerprint[KEY_BYTES];
    Reply *reply = NULL;
    BankBegin message;
    bank_begin__init(&message);
    statement_key(load, index, fingerprint);
    message.bank_id = load->of[index]->id;
    message.fingerprint = (ProtobufCBinaryData){.len = KEY_BYTES, .data = fingerprint};
    message.file_name = letters_lend(name == NULL ? load->run.order.path : name + 1);
    message.format = load->run.file.format;
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
        client_call(load->run.client, command_by_name("bank_begin"), &message.base, &reply);
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

static enum status statement_lines(struct load *load, const struct bank_file_statement *statement,
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
        load->run.client->deadline_ms = client_clock_ms() + load->run.client->options.timeout_ms;
        status =
            client_call(load->run.client, command_by_name("bank_lines"), &message.base, &reply);
        if (status == STATUS_OK) {
            *state = reply->bank_lines;
            progress_show(progress, (*state)->lines_done);
        }
    }
    return status;
}

static void say_doubts(struct load *load, const struct bank_file_statement *statement,
                       const BankLoadReply *state)
{
    if (state->difference_minor != 0) {
        (void)printf(_("%s does not add up: %s"), state->number,
                     bank_run_amount(&load->run, statement, state->difference_minor));
        (void)putchar('\n');
    }
    if (state->gap_minor != 0) {
        (void)printf(_("between the statement before and %s something is missing: %s"),
                     state->number, bank_run_amount(&load->run, statement, state->gap_minor));
        (void)putchar('\n');
    }
    load->differs = load->differs || state->difference_minor != 0 || state->gap_minor != 0;
}

static enum status load_one(struct load *load, size_t index)
{
    const struct bank_file_statement *statement = &load->run.file.statement[index];
    const BankLoadReply *state = NULL;
    struct progress progress;
    load->run.client->deadline_ms = client_clock_ms() + load->run.client->options.timeout_ms;
    enum status status = statement_begin(load, index, &state);
    if (status != STATUS_OK) {
        return status;
    }
    const bool was_there = state->lines_done == statement->count && statement->count > 0;
    progress_begin(&progress, load->run.client, statement->count);
    status = statement_lines(load, statement, &progress, &state);
    progress_end(&progress);
    if (status != STATUS_OK) {
        client_hint(load->run.client, _("run the same command again: it goes on where it stopped"));
        return status;
    }
    load->added += was_there ? 0 : state->added;
    load->known += was_there ? (uint32_t)statement->count : state->known;
    (void)printf(_("%s: %u lines, %u of them new"), state->number, state->lines_done,
                 was_there ? 0 : state->added);
    (void)putchar('\n');
    say_doubts(load, statement, state);
    return STATUS_OK;
}

// ---- booking what is certain ----

static enum status take_pairs(struct load *load, const ReconcilePlanReply *plan)
{
    enum status status = STATUS_OK;
    for (size_t done = 0; status == STATUS_OK && done < plan->n_row;) {
        ReconcileTake message;
        Reply *reply = NULL;
        reconcile_take__init(&message);
        message.pair = plan->row + done;
        message.n_pair = plan->n_row - done < BANK_PAIRS_MAX ? plan->n_row - done : BANK_PAIRS_MAX;
        load->run.client->deadline_ms = client_clock_ms() + load->run.client->options.timeout_ms;
        status =
            client_call(load->run.client, command_by_name("reconcile_take"), &message.base, &reply);
        if (status == STATUS_OK) {
            load->matched += reply->reconcile_take->matched;
            load->matched_minor += reply->reconcile_take->amount_minor;
            done += reply->reconcile_take->done;
        }
    }
    return status;
}

static enum status match_place(struct load *load, const struct place *place)
{
    struct client *client = load->run.client;
    const char *cursor = "";
    enum status status = STATUS_OK;
    do {
        ReconcilePlan message;
        Reply *reply = NULL;
        reconcile_plan__init(&message);
        message.bank_id = place->id;
        message.cursor = letters_lend(cursor);
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        status = client_call(client, command_by_name("reconcile_plan"), &message.base, &reply);
        if (status == STATUS_OK) {
            cursor = reply->reconcile_plan->page->next;
            status = take_pairs(load, reply->reconcile_plan);
        }
    } while (status == STATUS_OK && cursor[0] != '\0');
    return status;
}

// ---- all of it ----

static enum status take_balances(struct load *load)
{
    struct bank_file_statement *statement = &load->run.file.statement[0];

    const struct {
        const char *text;
        int64_t *minor;
        bool *has;
    } given[] = {{load->run.order.opening, &statement->opening_minor, &statement->has_opening},
                 {load->run.order.closing, &statement->closing_minor, &statement->has_closing}};

    for (size_t i = 0; i < COUNT_OF(given); i++) {
        const char *currency = "";
        if (given[i].text == NULL) {
            continue;
        }
        if (load->run.file.count != 1 || *given[i].has ||
            money_parse(load->run.arena, given[i].text, statement->decimals, given[i].minor,
                        &currency, NULL) != STATUS_OK) {
            return client_fail(load->run.client, STATUS_FIELD_NOT_AMOUNT,
                               i == 0 ? "opening" : "closing", given[i].text, NULL);
        }
        *given[i].has = true;
    }
    return STATUS_OK;
}

static enum status load_all(struct load *load)
{
    struct client *client = load->run.client;
    const struct bank_file *file = &load->run.file;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < file->count; i++) {
        // A statement without a day says nothing.
        if (load->of[i] != NULL && file->statement[i].to_day != 0) {
            status = load_one(load, i);
            load->of[i]->is_used = true;
        }
    }
    for (size_t i = 0; i < load->place_count && !load->run.order.no_match; i++) {
        if (status == STATUS_OK && load->place[i].is_used) {
            status = match_place(load, &load->place[i]);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)printf(_("%u lines new, %u known, %u booked (%s)"), load->added, load->known,
                 load->matched, output_money(client, load->matched_minor));
    (void)putchar('\n');
    for (size_t i = 0; i < load->place_count; i++) {
        if (load->place[i].is_used) {
            client_hint(client, arena_print(client->arena, "kontor reconcile next %s",
                                            load->place[i].account));
        }
    }
    return load->differs ? STATUS_DIFFERENCE : STATUS_OK;
}

static void load_end(struct load *load)
{
    bank_run_end(&load->run);
}

enum status tool_bank_import(struct client *client, size_t count, const char *const *words)
{
    CLEANUP(load_end) struct load load = {.run = {.client = client}};
    struct bank_run *run = &load.run;
    enum status status = bank_run_words(run, "bank import", count, words);
    if (status == STATUS_OK) {
        status = client_begin(client);
    }
    if (status == STATUS_OK) {
        status = bank_run_begin(run);
    }
    if (status == STATUS_OK) {
        status = take_balances(&load);
    }
    if (status == STATUS_OK) {
        status = place_all(&load);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!client->options.quiet) {
        bank_run_look(run);
    }
    if (client->options.dry_run) {
        return bank_run_adds_up(run) ? STATUS_OK : STATUS_DIFFERENCE;
    }
    if (!client->options.yes) {
        status = terminal_confirm(&client->terminal, _("Import these lines?"));
    }
    if (status == STATUS_NEEDS_CONFIRMATION) {
        client_hint(client, "--yes");
    }
    return status == STATUS_OK ? load_all(&load) : status;
}
