// SPDX-License-Identifier: Apache-2.0
// The figures of domain.md d.6, as exact fractions that are rounded once, to a tenth.
#include "server/ledger/reading.h"
#include "shared/wire.h"

#define YEAR_MONTHS 12
#define TENTHS      10
#define PERCENT     100

static char *tenths_text(struct arena *arena, minor_days tenths)
{
    const bool negative = tenths < 0;
    const unsigned long long whole = (unsigned long long)(negative ? -tenths : tenths);
    return arena_print(arena, "%s%llu.%llu", negative ? "-" : "", whole / TENTHS, whole % TENTHS);
}

// value / divisor to a tenth, half away from zero; "n/a" when there is nothing to divide by.
static char *ratio(struct arena *arena, minor_days value, minor_days divisor)
{
    if (divisor <= 0) {
        return arena_copy(arena, "n/a", 3);
    }
    const minor_days twice = value * TENTHS * 2;
    const minor_days up = twice < 0 ? twice - divisor : twice + divisor;
    return tenths_text(arena, up / (divisor * 2));
}

static enum status add(struct call *call, CollectionMeasure measure, CollectionUnit unit,
                       char *value, ReportCollectionReply *reply)
{
    CollectionRow *row = (CollectionRow *)wire_make(call->arena, &collection_row__descriptor);
    if (row == NULL || value == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->measure = measure;
    row->unit = unit;
    row->value = value;
    reply->row[reply->n_row++] = row;
    return STATUS_OK;
}

// Whole months of sales backwards from what is owed; of the last one the part that is left.
static char *count_back(struct arena *arena, const struct collection_sums *sums)
{
    int64_t left = sums->closing_minor;
    int64_t days = 0;
    bool has_sales = false;
    for (size_t i = 0; i < sums->months; i++) {
        has_sales = has_sales || sums->month[i].sales_minor > 0;
    }
    for (size_t i = 0; i < sums->months && left > 0; i++) {
        const struct collection_month *month = &sums->month[i];
        const int64_t month_days = month->to_day - month->from_day + 1;
        if (month->sales_minor > left) {
            return ratio(arena,
                         (minor_days)days * month->sales_minor + (minor_days)left * month_days,
                         month->sales_minor);
        }
        left -= month->sales_minor;
        days += month_days;
    }
    return ratio(arena, days, has_sales ? 1 : 0);
}

static enum status add_days(struct call *call, const struct collection_sums *sums, int64_t days,
                            ReportCollectionReply *reply)
{
    struct arena *arena = call->arena;
    const minor_days sales = sums->sales_minor;
    const minor_days settled = sums->settled_minor;

    const struct {
        CollectionMeasure measure;
        char *value;
    } rows[] = {
        {COLLECTION_MEASURE__COLLECTION_MEASURE_DSO,
         ratio(arena, (minor_days)sums->closing_minor * days, sales)},
        {COLLECTION_MEASURE__COLLECTION_MEASURE_DSO_COUNT_BACK, count_back(arena, sums)},
        {COLLECTION_MEASURE__COLLECTION_MEASURE_DSO_BEST,
         ratio(arena, (minor_days)sums->not_due_minor * days, sales)},
        {COLLECTION_MEASURE__COLLECTION_MEASURE_DELINQUENT,
         ratio(arena, (minor_days)(sums->closing_minor - sums->not_due_minor) * days, sales)},
        {COLLECTION_MEASURE__COLLECTION_MEASURE_TO_PAY, ratio(arena, sums->to_pay, settled)},
        {COLLECTION_MEASURE__COLLECTION_MEASURE_LATE, ratio(arena, sums->late, settled)},
        {COLLECTION_MEASURE__COLLECTION_MEASURE_LATE_ONLY, ratio(arena, sums->late_only, settled)},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(rows); i++) {
        status =
            add(call, rows[i].measure, COLLECTION_UNIT__COLLECTION_UNIT_DAYS, rows[i].value, reply);
    }
    return status;
}

static enum status add_shares(struct call *call, const struct collection_sums *sums,
                              ReportCollectionReply *reply)
{
    struct arena *arena = call->arena;
    const minor_days to_collect = (minor_days)sums->opening_minor + sums->sales_minor;
    const CollectionUnit percent = COLLECTION_UNIT__COLLECTION_UNIT_PERCENT;
    enum status status = add(call, COLLECTION_MEASURE__COLLECTION_MEASURE_EFFECTIVENESS, percent,
                             ratio(arena, (to_collect - sums->closing_minor) * PERCENT,
                                   to_collect - sums->not_due_minor),
                             reply);
    if (status == STATUS_OK) {
        status = add(call, COLLECTION_MEASURE__COLLECTION_MEASURE_TURNOVER,
                     COLLECTION_UNIT__COLLECTION_UNIT_TIMES,
                     ratio(arena, (minor_days)sums->sales_minor * 2,
                           (minor_days)sums->opening_minor + sums->closing_minor),
                     reply);
    }
    if (status == STATUS_OK) {
        status =
            add(call, COLLECTION_MEASURE__COLLECTION_MEASURE_OVERDUE_SHARE, percent,
                ratio(arena, (minor_days)sums->overdue_minor * PERCENT, sums->open_minor), reply);
    }
    return status == STATUS_OK
               ? add(call, COLLECTION_MEASURE__COLLECTION_MEASURE_CONCENTRATION, percent,
                     ratio(arena, (minor_days)sums->top_minor * PERCENT, sums->open_minor), reply)
               : status;
}

enum status report_collection(struct txn *txn, struct call *call, const ReportCollection *request,
                              ReportCollectionReply *reply)
{
    BookRecord *book = NULL;
    struct collection_sums sums = {0};
    const int32_t to_day = request->to_day != 0 ? request->to_day : call->book_day;
    const struct collection_query query = {
        .from_day =
            request->from_day != 0 ? request->from_day : day_add_months(to_day, -YEAR_MONTHS) + 1,
        .to_day = to_day,
        .customer_id = request->customer_id,
    };
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK && query.from_day > to_day) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "from", NULL);
    }
    if (status == STATUS_OK) {
        status = views_collection(call->views, call->filter, &query, call->arena, &sums);
    }
    reply->row =
        arena_alloc(call->arena, (COLLECTION_MEASURE__COLLECTION_MEASURE_CONCENTRATION + 1) *
                                     sizeof *reply->row);
    if (status != STATUS_OK || reply->row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    const int64_t days = to_day - query.from_day + 1;
    reply->from_day = query.from_day;
    reply->to_day = to_day;
    reply->days = (uint32_t)days;
    reply->sales_minor = sums.sales_minor;
    reply->opening_minor = sums.opening_minor;
    reply->closing_minor = sums.closing_minor;
    reply->not_due_minor = sums.not_due_minor;
    reply->overdue_minor = sums.overdue_minor;
    reply->settled_minor = sums.settled_minor;
    reply->currency = book->currency;
    status = add_days(call, &sums, days, reply);
    return status == STATUS_OK ? add_shares(call, &sums, reply) : status;
}
