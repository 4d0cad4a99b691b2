// SPDX-License-Identifier: Apache-2.0
#include "server/upkeep.h"

#include "server/machine/clock.h"
#include "server/monthly.h"
#include "server/ops/checker.h"
#include "server/recurring.h"
#include "server/rescore.h"

// A new book, or one that was checked by hand this evening, waits for the next night.
#define BETWEEN_CHECKS_US ((int64_t)20 * 3600 * 1000000)
#define FAULTS_MAX        10 // that are told and written down

struct upkeep {
    struct upkeep_options options;
    struct monthly monthly;
    struct checker *checker;
    int64_t checked_us; // when the books were checked last, or opened
    struct recurring_watch recurring;
    struct rescore_watch rescore;
};

// Two digits; -1 when they are none.
static int32_t two_digits(const char *text)
{
    const bool are = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return are ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

bool upkeep_minute_parse(const char *text, int32_t *minute)
{
    if (text[0] == '\0') {
        *minute = UPKEEP_NEVER;
        return true;
    }
    if (strlen(text) != 5 || text[2] != ':') {
        return false;
    }
    const int32_t hour = two_digits(text);
    const int32_t past = two_digits(text + 3);
    if (hour < 0 || hour > 23 || past < 0 || past > 59) {
        return false;
    }
    *minute = hour * 60 + past;
    return true;
}

// The newest check in the rows; before the first one, when the book was opened.
static enum status look_back(struct upkeep *upkeep)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    ProtobufCMessage *row = NULL;
    struct row_key key;
    enum status status = arena != NULL ? txn_begin(upkeep->options.store, TXN_READ, arena, &txn)
                                       : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        status = table_get(txn, TABLE_book, key_u64(1), &row, NULL);
    }
    if (status == STATUS_OK) {
        upkeep->checked_us = ((const BookRecord *)row)->opened_us;
        status = scan_open(txn, TABLE_check, (struct row_key){.size = 0}, 0, true, &scan);
    }
    if (status == STATUS_OK) {
        status = scan_next(scan, &key, &row);
    }
    if (status == STATUS_OK) {
        upkeep->checked_us = ((const CheckRecord *)row)->began_us;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status upkeep_make(const struct upkeep_options *options, struct upkeep **out)
{
    struct upkeep *upkeep = calloc(1, sizeof *upkeep);
    if (upkeep == NULL) {
        return STATUS_ENVIRONMENT;
    }
    upkeep->options = *options;
    upkeep->monthly.store = options->store;
    enum status status = checker_make(options->store, options->logger, &upkeep->checker);
    if (status == STATUS_OK) {
        status = look_back(upkeep);
    }
    if (status != STATUS_OK) {
        upkeep_free(upkeep);
        return status;
    }
    *out = upkeep;
    return STATUS_OK;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (upkeep != NULL) {
        checker_free(upkeep->checker);
        free(upkeep);
    }
}

static bool check_is_due(const struct upkeep *upkeep, int64_t now_us)
{
    return upkeep->options.check_minute != UPKEEP_NEVER &&
           clock_minute(now_us) >= upkeep->options.check_minute &&
           now_us - upkeep->checked_us >= BETWEEN_CHECKS_US;
}

// The first findings, for a message in the arena.
static size_t faults(struct arena *arena, const struct verify_report *report, CheckFault ***out)
{
    const size_t found =
        report->finding_count < FINDINGS_MAX ? report->finding_count : FINDINGS_MAX;
    const size_t count = found < FAULTS_MAX ? found : FAULTS_MAX;
    CheckFault **list = arena_alloc(arena, (count + 1) * sizeof(CheckFault *));
    CheckFault *made = arena_alloc(arena, (count + 1) * sizeof *made);
    if (list == NULL || made == NULL) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        const struct finding *finding = &report->finding[i];
        check_fault__init(&made[i]);
        made[i].invariant = (uint32_t)finding->invariant;
        made[i].text = arena_copy(arena, finding->text, strlen(finding->text));
        list[i] = &made[i];
        if (made[i].text == NULL) {
            return i;
        }
    }
    *out = list;
    return count;
}

static void write_down(struct upkeep *upkeep, struct admit *admit,
                       const struct checker_result *result)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    if (arena == NULL) {
        return;
    }
    CheckNote note;
    check_note__init(&note);
    note.number = result->report.number;
    note.began_us = result->began_us;
    note.rows = result->rows_done;
    note.broken = result->report.finding_count;
    note.n_fault = faults(arena, &result->report, &note.fault);
    admit_order(admit, "check_note", &note.base);
    const bool holds = result->state == CHECKER_HOLDS;
    logger_say(upkeep->options.logger, holds ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR,
               holds ? "the books were checked" : "the books do not tie",
               "rows=%llu faults=%llu ms=%lld", (unsigned long long)note.rows,
               (unsigned long long)note.broken,
               (long long)((result->ended_us - result->began_us) / 1000));
}

static void begin(struct upkeep *upkeep, int64_t now_us)
{
    upkeep->checked_us = now_us;
    const enum status status = checker_begin(upkeep->checker);
    if (status != STATUS_OK) {
        logger_say(upkeep->options.logger, LOG_LEVEL_ERROR, "the books cannot be checked",
                   "code=%s", status_code(status));
    }
}

void upkeep_tick(struct upkeep *upkeep, struct admit *admit, int64_t now_us)
{
    struct checker_result result;
    enum status status = recurring_tick(&upkeep->recurring, upkeep->options.store, admit, now_us);
    if (status != STATUS_OK) {
        logger_say(upkeep->options.logger, LOG_LEVEL_ERROR, "recurring invoices cannot be read",
                   "code=%s", status_code(status));
    }
    status = rescore_tick(&upkeep->rescore, upkeep->options.store, upkeep->options.check_minute,
                          admit, now_us);
    if (status != STATUS_OK) {
        logger_say(upkeep->options.logger, LOG_LEVEL_ERROR, "credit scores cannot be computed",
                   "code=%s", status_code(status));
    }
    if (check_is_due(upkeep, now_us)) {
        begin(upkeep, now_us);
    }
    if (checker_take(upkeep->checker, &result) && result.state != CHECKER_FAILED) {
        write_down(upkeep, admit, &result);
    }
    monthly_tick(&upkeep->monthly, admit, now_us);
}

static const struct {
    enum invariant invariant;
    const char *sentence;
} INVARIANTS[] = {

#define INVARIANT(name, number, sentence) {INVARIANT_##name, sentence},
#include "proto/invariants.def"
#undef INVARIANT
};

static void tell_rows(struct arena *arena, const struct verify_report *report,
                      CheckBooksReply *reply)
{
    reply->row = arena_alloc(arena, COUNT_OF(INVARIANTS) * sizeof(CheckRow *));
    for (size_t i = 0; reply->row != NULL && i < COUNT_OF(INVARIANTS); i++) {
        CheckRow *row = arena_alloc(arena, sizeof *row);
        if (row == NULL) {
            return;
        }
        check_row__init(row);
        row->invariant = (uint32_t)INVARIANTS[i].invariant;
        row->title = (char *)(uintptr_t)INVARIANTS[i].sentence;
        row->checked = report->checked[INVARIANTS[i].invariant];
        row->broken = report->broken[INVARIANTS[i].invariant];
        reply->row[i] = row;
        reply->n_row++;
    }
}

void upkeep_tell_check(void *context, struct arena *arena, bool begins, CheckBooksReply *reply)
{
    static const CheckState STATES[] = {
        CHECK_STATE__CHECK_STATE_UNSET, CHECK_STATE__CHECK_STATE_RUNNING,
        CHECK_STATE__CHECK_STATE_HOLDS, CHECK_STATE__CHECK_STATE_BROKEN,
        CHECK_STATE__CHECK_STATE_FAILED};
    struct upkeep *upkeep = context;
    struct checker_result result;
    if (begins) {
        begin(upkeep, clock_now_us());
    }
    checker_look(upkeep->checker, &result);
    reply->state = STATES[result.state];
    reply->began_us = result.began_us;
    reply->ended_us = result.ended_us;
    reply->rows_done = result.rows_done;
    reply->rows_total = result.rows_total;
    if (result.state != CHECKER_HOLDS && result.state != CHECKER_BROKEN) {
        return;
    }
    reply->number = result.report.number;
    reply->broken = result.report.finding_count;
    tell_rows(arena, &result.report, reply);
    reply->n_fault = faults(arena, &result.report, &reply->fault);
}
