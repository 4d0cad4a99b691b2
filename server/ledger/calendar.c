// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/calendar.h"

#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/day.h"

#define SHIFT_DAYS_MAX 366

// Keys are positive; row 0 is nobody's.
static struct row_key key_of(int32_t day)
{
    assert(day >= DAY_MIN && day <= DAY_MAX);
    return key_u64((uint64_t)(day - DAY_MIN) + 1);
}

// The row of a day, NULL where its weekday says all.
static enum status day_load(struct txn *txn, int32_t day, CalendarRecord **out)
{
    *out = NULL;
    const enum status status = calendar_get(txn, key_of(day), out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status is_business(struct txn *txn, int32_t day, bool *out)
{
    CalendarRecord *record = NULL;
    const enum status status = day_load(txn, day, &record);
    *out = record != NULL ? record->kind == CALENDAR_KIND__CALENDAR_KIND_WORKDAY
                          : day_weekday(day) <= 5;
    return status;
}

enum status calendar_shift(struct txn *txn, enum terms_shift shift, int32_t *day)
{
    if (shift == TERMS_SHIFT_OFF) {
        return STATUS_OK;
    }
    const int32_t step = shift == TERMS_SHIFT_NEXT ? 1 : -1;
    int32_t moved = *day;
    for (size_t i = 0; i < SHIFT_DAYS_MAX && moved > DAY_MIN && moved < DAY_MAX; i++) {
        bool is_found = false;
        const enum status status = is_business(txn, moved, &is_found);
        if (status != STATUS_OK) {
            return status;
        }
        if (is_found) {
            *day = moved;
            return STATUS_OK;
        }
        moved += step;
    }
    return STATUS_OK;
}

static const char *kind_word(CalendarKind kind)
{
    switch (kind) {
    case CALENDAR_KIND__CALENDAR_KIND_HOLIDAY:
        return "holiday";
    case CALENDAR_KIND__CALENDAR_KIND_WORKDAY:
        return "workday";
    case CALENDAR_KIND__CALENDAR_KIND_UNSET:
    case _CALENDAR_KIND_IS_INT_SIZE:
    default:
        return "";
    }
}

// The days that are not yet as they are asked to be.
static enum status count_changes(struct txn *txn, const CalendarSet *request, int32_t to_day,
                                 uint32_t *out)
{
    enum status status = STATUS_OK;
    *out = 0;
    for (int32_t day = request->from_day; status == STATUS_OK && day <= to_day; day++) {
        CalendarRecord *record = NULL;
        status = day_load(txn, day, &record);
        const bool is_same = request->clear ? record == NULL
                                            : record != NULL && record->kind == request->kind &&
                                                  strcmp(record->name, request->name) == 0;
        *out += is_same ? 0 : 1;
    }
    return status;
}

static enum status day_change(struct txn *txn, struct call *call, const CalendarSet *request,
                              int32_t day)
{
    CalendarRecord *known = NULL;
    enum status status = day_load(txn, day, &known);
    if (status != STATUS_OK) {
        return status;
    }
    const char *before = known != NULL ? kind_word(known->kind) : "";
    call_note_change(call, 0, day_print(call->arena, day), before, kind_word(request->kind));
    if (request->clear) {
        return known != NULL ? rows_del(txn, TABLE_calendar, key_of(day)) : STATUS_OK;
    }
    CalendarRecord record;
    calendar_record__init(&record);
    record.date_day = day;
    record.kind = request->kind;
    record.name = request->name;
    record.changed_by = call->user_id;
    record.changed_us = call->instant_us;
    return calendar_put(txn, key_of(day), &record);
}

enum status calendar_set(struct txn *txn, struct call *call, const CalendarSet *request,
                         CalendarSetReply *reply)
{
    const int32_t to_day = request->to_day != 0 ? request->to_day : request->from_day;
    uint32_t days = 0;
    enum status status = STATUS_OK;

    if (to_day - request->from_day >= CALENDAR_DAYS_MAX) {
        return refuse(txn, call, STATUS_TOO_LARGE, "to_day", NULL);
    }
    status = count_changes(txn, request, to_day, &days);
    if (status == STATUS_OK && days == 0) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "from_day", NULL);
    }

    for (int32_t day = request->from_day; status == STATUS_OK && day <= to_day; day++) {
        status = day_change(txn, call, request, day);
    }

    reply->from_day = request->from_day;
    reply->to_day = to_day;
    reply->days = days;
    return status;
}

// ---- reading ----

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const CalendarList *request = asked;
    const int32_t day = ((const CalendarRecord *)record)->date_day;
    return (request->from_day == 0 || day >= request->from_day) &&
           (request->to_day == 0 || day <= request->to_day);
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *message,
                            ProtobufCMessage *out)
{
    (void)call;
    const CalendarRecord *record = (const CalendarRecord *)message;
    CalendarRow *row = (CalendarRow *)out;
    row->date_day = record->date_day;
    row->kind = record->kind;
    row->name = record->name;
    row->changed_us = record->changed_us;
    return reading_login(txn, record->changed_by, &row->changed_by);
}

enum status calendar_list(struct txn *txn, struct call *call, const CalendarList *request,
                          CalendarListReply *reply)
{
    struct row_page page = {
        .table = TABLE_calendar,
        .descriptor = &calendar_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (CalendarRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
