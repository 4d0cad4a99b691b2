// SPDX-License-Identifier: Apache-2.0
// What is asked about periods.
#include "server/ledger/period.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

static PeriodState state_of(const PeriodRecord *record)
{
    return record->closed != 0 ? PERIOD_STATE__PERIOD_STATE_CLOSED
                               : PERIOD_STATE__PERIOD_STATE_UNLOCKED;
}

// Exceptions from a month that hold today.
static enum status count_exceptions(struct txn *txn, const struct call *call, uint32_t period,
                                    uint32_t *out)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    *out = 0;
    enum status status = rows_open(txn, TABLE_exception, key_u64_u64(period, 0), 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK &&
            period_exception_holds((const ExceptionRecord *)record, call->book_day)) {
            (*out)++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *message,
                            ProtobufCMessage *into)
{
    const PeriodRecord *record = (const PeriodRecord *)message;
    PeriodRow *row = (PeriodRow *)into;
    row->period = period_print(call->arena, record->period);
    row->state = state_of(record);
    row->closed_us = record->closed != 0 ? record->closed_us : 0;
    enum status status = row->period != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = period_scope_list(call->arena, record->closed, &row->scope, &row->n_scope);
    }
    if (status == STATUS_OK) {
        status = count_exceptions(txn, call, record->period, &row->exceptions);
    }
    if (status == STATUS_OK) {
        status = reading_login(txn, record->closed != 0 ? record->closed_by : 0, &row->closed_by);
    }
    return status;
}

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const uint32_t period = ((const PeriodRecord *)record)->period;
    const uint32_t year = ((const PeriodList *)asked)->year;
    return year == 0 || period_year(period) == year;
}

enum status period_list(struct txn *txn, struct call *call, const PeriodList *request,
                        PeriodListReply *reply)
{
    struct row_page page = {
        .table = TABLE_period,
        .backwards = true,
        .descriptor = &period_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (PeriodRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
