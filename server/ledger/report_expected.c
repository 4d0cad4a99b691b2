// SPDX-License-Identifier: Apache-2.0
// When money is expected: what is open by its due day, by the habit of its customer, and what was
// promised.
#include "server/ledger/promise.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

#define PERIODS_DEFAULT 13
#define WEEK_DAYS       7

struct calendar {
    int32_t day;
    int32_t end[EXPECTED_PERIODS_MAX];
    size_t periods;
    int64_t promised_minor[EXPECTED_PERIODS_MAX + 2];
};

// Weeks end on Sunday, the first one is what is left of this week; months likewise.
static void make_calendar(const ReportExpected *request, int32_t day, struct calendar *out)
{
    const bool by_month = request->by == EXPECTED_BY__EXPECTED_BY_MONTH;
    *out = (struct calendar){
        .day = day,
        .periods = request->periods != 0 ? request->periods : PERIODS_DEFAULT,
    };
    int32_t begin = day;
    for (size_t i = 0; i < out->periods; i++) {
        out->end[i] = by_month ? day_month_end(begin) : begin + WEEK_DAYS - day_weekday(begin);
        begin = out->end[i] + 1;
    }
}

static size_t period_of(const struct calendar *calendar, int32_t day)
{
    size_t at = 0;
    while (at < calendar->periods && day > calendar->end[at]) {
        at++;
    }
    return day < calendar->day ? 0 : at + 1;
}

// What is left of the promises that stand.
static enum status add_promises(struct txn *txn, const ReportExpected *request,
                                struct calendar *calendar)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_promise, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        struct promise_count count;
        status = rows_next(rows, &key, &row);
        const PromiseRecord *promise = (const PromiseRecord *)row;
        const bool asked =
            status == STATUS_OK && promise->made_day <= calendar->day &&
            promise_last_day(promise) >= calendar->day &&
            (request->customer_id == 0 || promise->customer_id == request->customer_id);
        if (!asked) {
            continue;
        }
        status = promise_count(txn, promise, calendar->day, &count);
        if (status == STATUS_OK && count.state == PROMISE_STATE__PROMISE_STATE_OPEN) {
            calendar->promised_minor[period_of(calendar, promise->date_day)] +=
                promise->amount_minor - (count.paid_minor > 0 ? count.paid_minor : 0);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status add_rows(struct call *call, const struct calendar *calendar,
                            const struct expected_sum *sums, ReportExpectedReply *reply)
{
    const size_t rows = calendar->periods + 2;
    reply->row = arena_alloc(call->arena, rows * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < rows; i++) {
        ExpectedRow *row = (ExpectedRow *)wire_make(call->arena, &expected_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->from_day = i == 1 ? calendar->day : i > 1 ? calendar->end[i - 2] + 1 : 0;
        row->to_day = i == 0 ? calendar->day - 1 : i + 1 < rows ? calendar->end[i - 1] : 0;
        row->due_minor = sums[i].due_minor;
        row->likely_minor = sums[i].likely_minor;
        row->promised_minor = calendar->promised_minor[i];
        row->count = sums[i].count;
        reply->due_minor += row->due_minor;
        reply->promised_minor += row->promised_minor;
        reply->row[reply->n_row++] = row;
    }
    return STATUS_OK;
}

enum status report_expected(struct txn *txn, struct call *call, const ReportExpected *request,
                            ReportExpectedReply *reply)
{
    BookRecord *book = NULL;
    const int32_t day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    struct calendar *calendar = arena_alloc(call->arena, sizeof *calendar);
    struct expected_sum *sums = arena_alloc(call->arena, (EXPECTED_PERIODS_MAX + 2) * sizeof *sums);
    if (calendar == NULL || sums == NULL) {
        return STATUS_TOO_LARGE;
    }
    make_calendar(request, day, calendar);
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = views_expected(call->views, call->filter, day, request->customer_id, calendar->end,
                                calendar->periods, sums);
    }
    if (status == STATUS_OK) {
        status = add_promises(txn, request, calendar);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->as_of_day = day;
    reply->currency = book->currency;
    return add_rows(call, calendar, sums, reply);
}
