// SPDX-License-Identifier: Apache-2.0
#include "server/reports.h"

#include "server/ledger/schedule.h"
#include "server/machine/clock.h"
#include "server/store/file.h"
#include "shared/checkpoint.h"
#include "shared/day.h"
#include "shared/render.h"
#include "shared/wire.h"

#include <inttypes.h>
#include <stdio.h>

#define WAIT_US    ((int64_t)60 * 1000000) // behind something that could not be done
#define FILE_MODE  0600                    // business data
#define WORD_BYTES 64
#define LOOKS_MAX  8 // schedules of one turn: each may have as many files to look for

// What is being written.
struct task {
    uint64_t schedule_id;
    char word[WORD_BYTES];
    ReportKind report;
    int32_t from_day, to_day;
    bool again; // a file that was there: it must become the same
    uint8_t digest[LEAF_BYTES];
    char note[NOTE_BYTES_MAX];
};

struct reports {
    struct reports_options options;
    struct admit *admit;
    uint32_t decimals;
    char currency[8];
    uint8_t book_id[BOOK_ID_BYTES];
    bool is_busy;
    struct task task;
    FILE *out;                         // what was read so far, into `bytes`
    char cursor[CURSOR_BYTES_MAX + 1]; // of the next page
    bool is_asking;
    char *bytes;
    size_t size;
    int64_t wait_until_us;
    uint64_t after_id; // whose turn was last: the next one's turn comes first
    struct task noted; // the last one: its row may not show it yet
    int64_t noted_us;
};

enum status reports_make(const struct reports_options *options, struct reports **out)
{
    struct reports *reports = calloc(1, sizeof *reports);
    if (reports == NULL) {
        return STATUS_ENVIRONMENT;
    }
    reports->options = *options;
    *out = reports;
    return STATUS_OK;
}

static void buffer_free(struct reports *reports)
{
    if (reports->out != NULL) {
        (void)fclose(reports->out);
    }
    free(reports->bytes);
    reports->out = NULL;
    reports->bytes = NULL;
    reports->size = 0;
}

void reports_free(struct reports *reports)
{
    if (reports != NULL) {
        buffer_free(reports);
        free(reports);
    }
}

// Ends the task. What failed is tried again later.
static void end(struct reports *reports, enum status status)
{
    buffer_free(reports);
    reports->is_busy = false;
    if (status != STATUS_OK) {
        reports->wait_until_us = clock_now_us() + WAIT_US;
        logger_say(reports->options.logger, LOG_LEVEL_ERROR, "a scheduled report is not written",
                   "word=%s code=%s", reports->task.word, status_code(status));
    }
}

// ---- files ----

static bool path_of(const struct reports *reports, struct arena *arena, const char *suffix,
                    char out[static PATH_BYTES_MAX])
{
    char path[PATH_BYTES_MAX];
    const char *name = schedule_file(arena, reports->task.word, reports->task.to_day);
    return name != NULL && file_path(reports->options.dir, name, path) &&
           file_path_with(path, suffix, out);
}

static enum status write_files(const struct reports *reports, struct arena *arena,
                               struct bytes note)
{
    const struct bytes content = bytes_of(reports->bytes, reports->size);
    char path[PATH_BYTES_MAX];
    char note_path[PATH_BYTES_MAX];
    if (!path_of(reports, arena, "", path) || !path_of(reports, arena, ".note", note_path)) {
        return STATUS_FILE_ERROR;
    }
    // The note first: a report without it was not finished.
    const enum status status = file_replace(note_path, FILE_MODE, note);
    return status == STATUS_OK ? file_replace(path, FILE_MODE, content) : status;
}

// ---- the note ----

static const char *report_word(ReportKind report)
{
    static const char *const WORDS[] = {
        [REPORT_KIND__REPORT_KIND_UNSET] = "",
        [REPORT_KIND__REPORT_KIND_TRIAL_BALANCE] = "trial-balance",
        [REPORT_KIND__REPORT_KIND_PROFIT_LOSS] = "profit-loss",
        [REPORT_KIND__REPORT_KIND_BALANCE_SHEET] = "balance-sheet",
        [REPORT_KIND__REPORT_KIND_CASH_FLOW] = "cash-flow",
        [REPORT_KIND__REPORT_KIND_CONTRIBUTION] = "contribution",
        [REPORT_KIND__REPORT_KIND_AGING] = "aging",
    };

    assert((size_t)report < COUNT_OF(WORDS));
    return WORDS[report];
}

static enum status sign(const struct reports *reports, struct arena *arena,
                        const uint8_t digest[static LEAF_BYTES], struct bytes *out)
{
    const struct task *task = &reports->task;
    char origin[NOTE_NAME_MAX];
    char hex[2 * LEAF_BYTES + 1];
    audit_origin(reports->book_id, origin);
    for (size_t i = 0; i < LEAF_BYTES; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    const char *file = schedule_file(arena, task->word, task->to_day);
    const char *from = day_print(arena, task->from_day);
    const char *to = day_print(arena, task->to_day);
    if (file == NULL || from == NULL || to == NULL) {
        return STATUS_TOO_LARGE;
    }
    const char *text =
        arena_print(arena, "%s report\nfile %s\nreport %s\nfrom %s\nto %s\nsha256 %s\n", origin,
                    file, report_word(task->report), from, to, hex);
    return text != NULL ? signer_note(reports->options.signer, arena, text, origin, out)
                        : STATUS_TOO_LARGE;
}

static void note_down(struct reports *reports, const uint8_t digest[static LEAF_BYTES], char *note,
                      bool lost)
{
    ReportNote request;
    report_note__init(&request);
    request.schedule_id = reports->task.schedule_id;
    request.from_day = reports->task.from_day;
    request.to_day = reports->task.to_day;
    request.digest = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = (uint8_t *)(uintptr_t)digest};
    request.note = note;
    request.lost = lost;
    admit_order(reports->admit, "report_note", &request.base);
    reports->noted = reports->task;
    reports->noted_us = clock_now_us();
}

// ---- what was read ----

static enum status finish_again(struct reports *reports, struct arena *arena,
                                const uint8_t digest[static LEAF_BYTES])
{
    struct task *task = &reports->task;
    if (memcmp(digest, task->digest, LEAF_BYTES) == 0) {
        return write_files(reports, arena, bytes_of(task->note, strlen(task->note)));
    }
    logger_say(reports->options.logger, LOG_LEVEL_WARN,
               "a report that is gone would be another now: the books of its period have changed",
               "word=%s", task->word);
    char nothing[] = "";
    note_down(reports, digest, nothing, true);
    return STATUS_OK;
}

static enum status finish_new(struct reports *reports, struct arena *arena,
                              const uint8_t digest[static LEAF_BYTES])
{
    struct bytes note = bytes_of(NULL, 0);
    enum status status = sign(reports, arena, digest, &note);
    if (status == STATUS_OK) {
        status = write_files(reports, arena, note);
    }
    if (status != STATUS_OK) {
        return status;
    }
    char *text = arena_copy(arena, (const char *)note.data, note.size);
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    note_down(reports, digest, text, false);
    logger_say(reports->options.logger, LOG_LEVEL_INFO, "a scheduled report was written", "word=%s",
               reports->task.word);
    return STATUS_OK;
}

static void finish(struct reports *reports)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    uint8_t digest[LEAF_BYTES];
    const bool is_whole = fclose(reports->out) == 0;
    reports->out = NULL;
    enum status status = arena != NULL && is_whole ? STATUS_OK : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        key_sha256(bytes_of(reports->bytes, reports->size), digest);
        status = reports->task.again ? finish_again(reports, arena, digest)
                                     : finish_new(reports, arena, digest);
    }
    end(reports, status);
}

static const char *untranslated(const char *msgid)
{
    return msgid;
}

static bool add_page(struct reports *reports, struct arena *arena, const struct command *command,
                     const ProtobufCMessage *inner)
{
    const struct render_context context = {.arena = arena,
                                           .decimals = reports->decimals,
                                           .currency = reports->currency,
                                           .word = untranslated};
    json_t *json = render_json(&context, command, inner);
    const bool is_written = json != NULL && render_json_write(json, JSON_COMPACT, reports->out);
    json_decref(json);
    return is_written;
}

static const char *next_page(const ProtobufCMessage *inner)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "page");
    const Page *page = NULL;
    if (field != NULL) {
        memcpy(&page, (const uint8_t *)inner + field->offset, sizeof page);
    }
    return page != NULL ? page->next : "";
}

// A report that does not tie is written too: its figures say so.
static void heard(void *context, const struct job *job, enum status status)
{
    struct reports *reports = context;
    reports->is_asking = false;
    if (status != STATUS_OK && status != STATUS_DIFFERENCE) {
        end(reports, status);
        return;
    }
    const ProtobufCMessage *inner = wire_inner(&job->reply->base, job->command->number);
    if (inner == NULL || !add_page(reports, job->arena, job->command, inner)) {
        end(reports, STATUS_ENVIRONMENT);
        return;
    }
    (void)snprintf(reports->cursor, sizeof reports->cursor, "%s", next_page(inner));
    if (reports->cursor[0] == '\0') {
        finish(reports);
    }
}

// ---- asking ----

static void ask(struct reports *reports)
{
    const struct task *task = &reports->task;
    ReportTrialBalance trial;
    ReportProfitLoss profit;
    ReportBalanceSheet sheet;
    ReportCashFlow cash;
    ReportContribution contribution;
    ReportAging aging;
    report_trial_balance__init(&trial);
    report_profit_loss__init(&profit);
    report_balance_sheet__init(&sheet);
    report_cash_flow__init(&cash);
    report_contribution__init(&contribution);
    report_aging__init(&aging);
    trial.from_day = task->from_day;
    trial.as_of_day = task->to_day;
    profit.from_day = task->from_day;
    profit.to_day = task->to_day;
    sheet.as_of_day = task->to_day;
    cash.from_day = task->from_day;
    cash.to_day = task->to_day;
    contribution.from_day = task->from_day;
    contribution.to_day = task->to_day;
    contribution.cursor = reports->cursor;
    aging.as_of_day = task->to_day;
    aging.cursor = reports->cursor;

    const struct {
        ReportKind report;
        const char *command;
        const ProtobufCMessage *request;
    } KINDS[] = {
        {REPORT_KIND__REPORT_KIND_TRIAL_BALANCE, "report_trial_balance", &trial.base},
        {REPORT_KIND__REPORT_KIND_PROFIT_LOSS, "report_profit_loss", &profit.base},
        {REPORT_KIND__REPORT_KIND_BALANCE_SHEET, "report_balance_sheet", &sheet.base},
        {REPORT_KIND__REPORT_KIND_CASH_FLOW, "report_cash_flow", &cash.base},
        {REPORT_KIND__REPORT_KIND_CONTRIBUTION, "report_contribution", &contribution.base},
        {REPORT_KIND__REPORT_KIND_AGING, "report_aging", &aging.base},
    };

    enum status status = STATUS_UNKNOWN_COMMAND;
    for (size_t i = 0; i < COUNT_OF(KINDS); i++) {
        if (KINDS[i].report == task->report) {
            status = admit_ask(reports->admit, KINDS[i].command, KINDS[i].request, heard, reports);
        }
    }
    reports->is_asking = status == STATUS_OK;
    if (status != STATUS_OK) {
        end(reports, status);
    }
}

static void begin(struct reports *reports)
{
    reports->is_busy = true;
    reports->cursor[0] = '\0';
    reports->out = open_memstream(&reports->bytes, &reports->size);
    if (reports->out == NULL) {
        end(reports, STATUS_ENVIRONMENT);
        return;
    }
    ask(reports);
}

// ---- what is due ----

static bool is_noted(const struct reports *reports, const struct task *task, int64_t now_us)
{
    return now_us - reports->noted_us < WAIT_US &&
           reports->noted.schedule_id == task->schedule_id && reports->noted.again == task->again &&
           reports->noted.to_day == task->to_day;
}

// The first file of the schedule that is gone.
static bool find_gone(struct reports *reports, struct arena *arena, const ScheduleRecord *schedule)
{
    struct task *task = &reports->task;
    for (size_t i = 0; i < schedule->n_file; i++) {
        const ReportFile *file = schedule->file[i];
        char path[PATH_BYTES_MAX];
        task->to_day = file->to_day;
        if (file->lost || !path_of(reports, arena, "", path) || file_exists(path)) {
            continue;
        }
        task->from_day = file->from_day;
        task->again = true;
        if (file->digest.len != LEAF_BYTES || strlen(file->note) >= sizeof task->note) {
            continue;
        }
        memcpy(task->digest, file->digest.data, LEAF_BYTES);
        memcpy(task->note, file->note, strlen(file->note) + 1);
        return true;
    }
    return false;
}

static bool find_due(struct reports *reports, const ScheduleRecord *schedule, int32_t today)
{
    struct task *task = &reports->task;
    const struct schedule_days days = schedule_days(schedule->every, schedule->next_day);
    task->from_day = days.from_day;
    task->to_day = days.to_day;
    task->again = false;
    return !schedule->paused && schedule_due(schedule) <= today;
}

static bool choose(struct reports *reports, struct arena *arena, const ScheduleRecord *schedule,
                   int64_t now_us)
{
    struct task *task = &reports->task;
    if (strlen(schedule->word) >= sizeof task->word) {
        return false;
    }
    task->schedule_id = schedule->id;
    task->report = schedule->report;
    memcpy(task->word, schedule->word, strlen(schedule->word) + 1);
    const bool found =
        find_gone(reports, arena, schedule) || find_due(reports, schedule, clock_day(now_us));
    return found && !is_noted(reports, task, now_us);
}

static enum status load_book(struct reports *reports, struct txn *txn)
{
    ProtobufCMessage *row = NULL;
    const enum status status = table_get(txn, TABLE_book, key_u64(1), &row, NULL);
    if (status != STATUS_OK) {
        return status;
    }
    const BookRecord *book = (const BookRecord *)row;
    reports->decimals = book->decimals;
    (void)snprintf(reports->currency, sizeof reports->currency, "%s", book->currency);
    memcpy(reports->book_id, txn_head(txn)->book_id, sizeof reports->book_id);
    return STATUS_OK;
}

// Fills the task with the first thing to do behind whose turn was last, so that a schedule with
// years to make up for holds up no other; END when nothing is among those of this turn.
static enum status look(struct reports *reports, struct arena *arena, int64_t now_us)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    enum status status = txn_begin(reports->options.store, TXN_READ, arena, &txn);
    if (status == STATUS_OK) {
        status = scan_open(txn, TABLE_schedule, key_u64(reports->after_id + 1), 0, false, &scan);
    }
    for (size_t i = 0; status == STATUS_OK && i < LOOKS_MAX; i++) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = scan_next(scan, &key, &row);
        if (status != STATUS_OK) {
            reports->after_id = 0; // from the first one again, next time
            return status;
        }
        reports->after_id = ((const ScheduleRecord *)row)->id;
        if (choose(reports, arena, (const ScheduleRecord *)row, now_us)) {
            return load_book(reports, txn);
        }
    }
    return status == STATUS_OK ? STATUS_END : status;
}

void reports_tick(struct reports *reports, struct admit *admit, int64_t now_us)
{
    if (reports->options.dir[0] == '\0' || reports->is_asking || now_us < reports->wait_until_us) {
        return;
    }
    if (reports->is_busy) {
        ask(reports); // the next page
        return;
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    const uint64_t behind_id = reports->after_id;
    enum status status = arena != NULL ? look(reports, arena, now_us) : STATUS_ENVIRONMENT;
    if (status == STATUS_END && behind_id != 0 && reports->after_id == 0) {
        status = look(reports, arena, now_us);
    }
    reports->admit = admit;
    if (status == STATUS_OK) {
        begin(reports);
    }
}
