// SPDX-License-Identifier: Apache-2.0
// What is asked about periods.
#include "server/ledger/closing.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

#define EXCEPTIONS_SHOWN_MAX 200

static PeriodState state_of(const PeriodRecord *record, uint32_t through)
{
    return record->period <= through ? PERIOD_STATE__PERIOD_STATE_SEALED
           : record->closed != 0     ? PERIOD_STATE__PERIOD_STATE_CLOSED
                                     : PERIOD_STATE__PERIOD_STATE_UNLOCKED;
}

static uint32_t entries_of(const PeriodRecord *record)
{
    return record->n_numbered > SERIES_ENTRY ? record->numbered[SERIES_ENTRY] : 0;
}

// The last month that is sealed; 0: none.
static enum status read_through(struct txn *txn, uint32_t *out)
{
    PeriodRecord *head = NULL;
    const enum status status = period_get(txn, key_u64(0), &head);
    *out = status == STATUS_OK ? head->sealed_through : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The seal of a month; NULL when it has none.
static enum status read_seal(struct txn *txn, uint32_t period, SealRecord **out)
{
    const enum status status = seal_get(txn, key_u64(period), out);
    *out = status == STATUS_OK ? *out : NULL;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
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
    SealRecord *seal = NULL;
    uint32_t through = 0;
    const bool closed = record->closed != 0;
    row->period = period_print(call->arena, record->period);
    row->entries = entries_of(record);
    row->drafts = record->drafts;
    row->closed_us = closed ? record->closed_us : 0;
    enum status status = row->period != NULL ? read_through(txn, &through) : STATUS_TOO_LARGE;
    row->state = state_of(record, through);
    if (status == STATUS_OK) {
        status = period_scope_list(call->arena, record->closed, &row->scope, &row->n_scope);
    }
    if (status == STATUS_OK) {
        status = count_exceptions(txn, call, record->period, &row->exceptions);
    }
    if (status == STATUS_OK) {
        status = reading_login(txn, closed ? record->closed_by : 0, &row->closed_by);
    }
    if (status == STATUS_OK) {
        status = read_seal(txn, record->period, &seal);
    }
    if (status == STATUS_OK && seal != NULL) {
        row->sealed_us = seal->sealed_us;
        status = reading_login(txn, seal->sealed_by, &row->sealed_by);
    }
    return status;
}

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const uint32_t period = ((const PeriodRecord *)record)->period;
    const uint32_t year = ((const PeriodList *)asked)->year;
    return period != 0 && (year == 0 || period_year(period) == year);
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

// ---- one month ----

static enum status fill_exception(struct txn *txn, struct call *call, const ExceptionRecord *record,
                                  PeriodException **out)
{
    PeriodException *row = (PeriodException *)wire_make(call->arena, &period_exception__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->until_day = record->until_day;
    row->reason = record->reason;
    row->granted_us = record->granted_us;
    row->uses = record->uses;
    row->used_us = record->used_us;
    row->holds = period_exception_holds(record, call->book_day);
    *out = row;
    enum status status = period_scope_list(call->arena, record->scopes, &row->scope, &row->n_scope);
    if (status == STATUS_OK) {
        status = reading_login(txn, record->user_id, &row->user);
    }
    return status == STATUS_OK ? reading_login(txn, record->granted_by, &row->granted_by) : status;
}

static enum status fill_exceptions(struct txn *txn, struct call *call, uint32_t period,
                                   PeriodCard *card)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    card->exception = arena_alloc(call->arena, EXCEPTIONS_SHOWN_MAX * sizeof *card->exception);
    if (card->exception == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = rows_open(txn, TABLE_exception, key_u64_u64(period, 0), 8, false, &rows);
    while (status == STATUS_OK && card->n_exception < EXCEPTIONS_SHOWN_MAX) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK) {
            status = fill_exception(txn, call, (const ExceptionRecord *)record,
                                    &card->exception[card->n_exception]);
            card->n_exception++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status fill_seal(struct txn *txn, const SealRecord *seal, PeriodCard *card)
{
    card->sealed_us = seal->sealed_us;
    card->seal = seal->seal;
    card->trial_balance = seal->trial_balance;
    card->open_items = seal->open_items;
    card->head = seal->root;
    card->records = seal->records;
    return reading_login(txn, seal->sealed_by, &card->sealed_by);
}

static enum status fill_month(struct txn *txn, const PeriodRecord *record, PeriodCard *card)
{
    card->entries = entries_of(record);
    card->drafts = record->drafts;
    card->reason = record->reason;
    card->reopened_us = record->reopened_us;
    card->reopenings = record->reopenings;
    card->closed_us = record->closed != 0 ? record->closed_us : 0;
    enum status status =
        reading_login(txn, record->closed != 0 ? record->closed_by : 0, &card->closed_by);
    return status == STATUS_OK ? reading_login(txn, record->reopened_by, &card->reopened_by)
                               : status;
}

enum status period_show(struct txn *txn, struct call *call, const PeriodShow *request,
                        PeriodCard *reply)
{
    struct books books;
    struct month *month = NULL;
    struct closing closing = {0};
    SealRecord *seal = NULL;
    uint32_t first = 0;
    uint32_t through = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = period_read_month(&books, request->period, &first);
    }
    if (status == STATUS_OK) {
        status = period_month(&books, first, &month);
    }
    if (status == STATUS_OK) {
        status = period_sealed_through(&books, &through);
    }
    if (status == STATUS_OK) {
        status = read_seal(txn, first, &seal);
    }
    if (status == STATUS_OK && first > through) {
        status = closing_check(&books, first, 0, &closing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->period = request->period;
    reply->state = state_of(month->record, through);
    reply->from_day = period_first_day(first);
    reply->to_day = period_last_day(first);
    reply->check = closing.check;
    reply->n_check = closing.count;
    status = fill_month(txn, month->record, reply);
    if (status == STATUS_OK) {
        status =
            period_scope_list(call->arena, month->record->closed, &reply->scope, &reply->n_scope);
    }
    if (status == STATUS_OK && seal != NULL) {
        status = fill_seal(txn, seal, reply);
    }
    return status == STATUS_OK ? fill_exceptions(txn, call, first, reply) : status;
}
