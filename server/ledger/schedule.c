// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/schedule.h"

#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

#define REPORT_FILES_MAX 60 // that a schedule remembers, and writes again when they are gone

struct schedule_days schedule_days(ReportEvery every, int32_t day)
{
    const struct date date = day_date(day);
    const int32_t month = day - (int32_t)date.day + 1;
    struct schedule_days days = {.from_day = day, .to_day = day};
    switch (every) {
    case REPORT_EVERY__REPORT_EVERY_WEEK:
        days.from_day = day - day_weekday(day) + 1;
        days.to_day = days.from_day + 6;
        break;
    case REPORT_EVERY__REPORT_EVERY_MONTH:
        days = (struct schedule_days){.from_day = month, .to_day = day_month_end(day)};
        break;
    case REPORT_EVERY__REPORT_EVERY_QUARTER:
        days.from_day = day_add_months(month, -(int32_t)((date.month - 1) % 3));
        days.to_day = day_month_end(day_add_months(days.from_day, 2));
        break;
    case REPORT_EVERY__REPORT_EVERY_YEAR:
        days.from_day = day_add_months(month, 1 - (int32_t)date.month);
        days.to_day = day_month_end(day_add_months(days.from_day, 11));
        break;
    case REPORT_EVERY__REPORT_EVERY_DAY:
    case REPORT_EVERY__REPORT_EVERY_UNSET:
    case _REPORT_EVERY_IS_INT_SIZE:
    default:
        break;
    }
    return days;
}

int32_t schedule_due(const ScheduleRecord *schedule)
{
    return schedule_days(schedule->every, schedule->next_day).to_day +
           (int32_t)schedule->after_days;
}

char *schedule_file(struct arena *arena, const char *word, int32_t to_day)
{
    const char *day = day_print(arena, to_day);
    return day == NULL ? NULL : arena_print(arena, "%s-%s.json", word, day);
}

static enum status load(struct txn *txn, struct call *call, uint64_t id, ScheduleRecord **out)
{
    const enum status status = schedule_get(txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "schedule_id", NULL) : status;
}

static void fill_reply(struct call *call, const ScheduleRecord *schedule,
                       ReportScheduleReply *reply)
{
    const struct schedule_days days = schedule_days(schedule->every, schedule->next_day);
    reply->id = schedule->id;
    reply->word = schedule->word;
    reply->from_day = days.from_day;
    reply->to_day = days.to_day;
    reply->due_day = schedule_due(schedule);
    reply->paused = schedule->paused;
    call_about(call, schedule->id, schedule->word);
}

// ---- scheduling ----

// It becomes the name of a file: letters, digits and hyphens, of any script.
static bool is_plain(const char *word)
{
    for (const char *at = word; *at != '\0'; at++) {
        const unsigned char c = (unsigned char)*at;
        const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c >= 0x80;
        if (!fits) {
            return false;
        }
    }
    return true;
}

// The word is its own, and there is room for one more.
static enum status check_word(struct txn *txn, struct call *call, const char *word)
{
    size_t count = 0;
    if (!is_plain(word)) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "word", NULL);
    }
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_schedule, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK && strcmp(((const ScheduleRecord *)record)->word, word) == 0) {
            return refuse(txn, call, STATUS_SCHEDULE_EXISTS, "word", "%s", word);
        }
        count += status == STATUS_OK ? 1 : 0;
    }
    if (status == STATUS_END && count >= SCHEDULES_MAX) {
        return refuse(txn, call, STATUS_SCHEDULES_FULL, "word", NULL);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status report_schedule(struct txn *txn, struct call *call, const ReportSchedule *request,
                            ReportScheduleReply *reply)
{
    const int32_t first_day = call->book_day - SCHEDULE_BACK_DAYS_MAX;
    enum status status = check_word(txn, call, request->word);
    if (status == STATUS_OK && request->from_day != 0 && request->from_day < first_day) {
        status = refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "from", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    ScheduleRecord *schedule =
        (ScheduleRecord *)wire_make(call->arena, &schedule_record__descriptor);
    if (schedule == NULL) {
        return STATUS_TOO_LARGE;
    }
    schedule->id = call_new_id(call);
    schedule->word = request->word;
    schedule->report = request->report;
    schedule->every = request->every;
    schedule->after_days = request->after_days != 0 ? request->after_days : 1;
    schedule->next_day = request->from_day != 0 ? request->from_day : call->book_day;
    schedule->entered_by = call->user_id;
    schedule->entered_us = call->instant_us;

    fill_reply(call, schedule, reply);
    return schedule_put(txn, key_u64(schedule->id), schedule);
}

enum status report_pause(struct txn *txn, struct call *call, const ReportPause *request,
                         ReportScheduleReply *reply)
{
    ScheduleRecord *schedule = NULL;
    const enum status status = load(txn, call, request->schedule_id, &schedule);
    if (status != STATUS_OK) {
        return status;
    }

    if (schedule->paused != request->resume) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "schedule_id", NULL);
    }

    schedule->paused = !request->resume;
    call_note_change(call, schedule->id, "paused", request->resume ? "yes" : "no",
                     request->resume ? "no" : "yes");

    fill_reply(call, schedule, reply);
    return schedule_put(txn, key_u64(schedule->id), schedule);
}

enum status report_unschedule(struct txn *txn, struct call *call, const ReportUnschedule *request,
                              Empty *reply)
{
    ScheduleRecord *schedule = NULL;
    (void)reply;
    const enum status status = load(txn, call, request->schedule_id, &schedule);
    if (status != STATUS_OK) {
        return status;
    }

    call_about(call, schedule->id, schedule->word);
    return rows_del(txn, TABLE_schedule, key_u64(schedule->id));
}

// ---- what was written ----

static enum status mark_lost(struct txn *txn, struct call *call, ScheduleRecord *schedule,
                             int32_t to_day)
{
    for (size_t i = 0; i < schedule->n_file; i++) {
        if (schedule->file[i]->to_day == to_day && !schedule->file[i]->lost) {
            schedule->file[i]->lost = true;
            return schedule_put(txn, key_u64(schedule->id), schedule);
        }
    }
    return refuse(txn, call, STATUS_NOTHING_TO_DO, "to_day", NULL);
}

static enum status add_file(struct call *call, ScheduleRecord *schedule, const ReportNote *request)
{
    ReportFile **list = arena_alloc(call->arena, (schedule->n_file + 1) * sizeof *list);
    ReportFile *file = (ReportFile *)wire_make(call->arena, &report_file__descriptor);
    if (list == NULL || file == NULL) {
        return STATUS_TOO_LARGE;
    }
    const size_t over = schedule->n_file >= REPORT_FILES_MAX ? 1 : 0;
    size_t count = 0;
    for (size_t i = over; i < schedule->n_file; i++) {
        list[count++] = schedule->file[i];
    }
    file->from_day = request->from_day;
    file->to_day = request->to_day;
    file->digest = request->digest;
    file->note = request->note;
    list[count++] = file;
    schedule->file = list;
    schedule->n_file = count;
    return STATUS_OK;
}

// Only the period that comes next is noted, once: what was noted before is refused.
enum status report_note(struct txn *txn, struct call *call, const ReportNote *request, Empty *reply)
{
    ScheduleRecord *schedule = NULL;
    (void)reply;
    enum status status = load(txn, call, request->schedule_id, &schedule);
    if (status != STATUS_OK) {
        return status;
    }
    call_about(call, schedule->id, schedule->word);
    if (request->lost) {
        return mark_lost(txn, call, schedule, request->to_day);
    }

    const struct schedule_days next = schedule_days(schedule->every, schedule->next_day);
    if (next.from_day != request->from_day || next.to_day != request->to_day) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "from_day", NULL);
    }

    status = add_file(call, schedule, request);
    schedule->next_day = request->to_day + 1;
    return status == STATUS_OK ? schedule_put(txn, key_u64(schedule->id), schedule) : status;
}

// ---- the list ----

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    const ScheduleRecord *schedule = (const ScheduleRecord *)record;
    ReportScheduleRow *out = (ReportScheduleRow *)row;
    (void)txn;
    out->id = schedule->id;
    out->word = schedule->word;
    out->report = schedule->report;
    out->every = schedule->every;
    out->paused = schedule->paused;
    out->due_day = schedule_due(schedule);
    for (size_t i = 0; i < schedule->n_file; i++) {
        out->lost += schedule->file[i]->lost ? 1 : 0;
    }
    if (schedule->n_file == 0) {
        return STATUS_OK;
    }
    const ReportFile *last = schedule->file[schedule->n_file - 1];
    out->file = schedule_file(call->arena, schedule->word, last->to_day);
    out->digest = reading_hex(call->arena, last->digest.data, last->digest.len);
    return out->file != NULL && out->digest != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status report_schedules(struct txn *txn, struct call *call, const ReportSchedules *request,
                             ReportSchedulesReply *reply)
{
    struct row_page page = {
        .table = TABLE_schedule, .descriptor = &report_schedule_row__descriptor, .fill = list_row};
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (ReportScheduleRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
