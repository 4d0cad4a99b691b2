// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/turnover.h"

#include "shared/money.h"
#include "shared/period.h"

struct turnover {
    uint32_t account;
    uint32_t period;
    TurnoverRecord *record;
    struct turnover *next;
};

static enum status load(struct books *books, uint32_t account, uint32_t period,
                        struct turnover **out)
{
    for (struct turnover *each = books->turnovers; each != NULL; each = each->next) {
        if (each->account == account && each->period == period) {
            *out = each;
            return STATUS_OK;
        }
    }

    struct turnover *turnover = arena_alloc(books->arena, sizeof *turnover);
    if (turnover == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = turnover_get(books->txn, key_u64_u64(account, period), &turnover->record);
    if (status == STATUS_NOT_FOUND) {
        turnover->record = arena_alloc(books->arena, sizeof *turnover->record);
        if (turnover->record == NULL) {
            return STATUS_TOO_LARGE;
        }
        turnover_record__init(turnover->record);
        status = STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    turnover->account = account;
    turnover->period = period;
    turnover->next = books->turnovers;
    books->turnovers = turnover;
    *out = turnover;
    return STATUS_OK;
}

enum status turnover_add(struct books *books, uint32_t account, int32_t day, int64_t debit_minor,
                         int64_t credit_minor)
{
    struct turnover *turnover = NULL;
    enum status status = load(books, account, period_of_day(day), &turnover);
    if (status != STATUS_OK) {
        return status;
    }
    TurnoverRecord *record = turnover->record;
    bool fits = money_add(record->debit_minor, debit_minor, &record->debit_minor) &&
                money_add(record->credit_minor, credit_minor, &record->credit_minor);
    assert(fits);
    return STATUS_OK;
}

enum status turnover_write(struct books *books)
{
    enum status status = STATUS_OK;
    for (struct turnover *each = books->turnovers; each != NULL; each = each->next) {
        if (status == STATUS_OK) {
            status =
                turnover_put(books->txn, key_u64_u64(each->account, each->period), each->record);
        }
    }
    books->turnovers = NULL;
    return status;
}

enum status turnover_read(struct txn *txn, uint32_t account, uint32_t from, uint32_t period,
                          struct account_turnover *out)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    *out = (struct account_turnover){0};
    enum status status =
        rows_open(txn, TABLE_turnover, key_u64_u64(account, from), 8, false, &rows);
    bool fits = true;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK || row_key_second(&key) > period) {
            break;
        }
        const TurnoverRecord *record = (const TurnoverRecord *)message;
        if (row_key_second(&key) == period) {
            out->debit_minor = record->debit_minor;
            out->credit_minor = record->credit_minor;
        } else {
            fits = fits &&
                   money_add(out->opening_minor, record->debit_minor, &out->opening_minor) &&
                   money_add(out->opening_minor, -record->credit_minor, &out->opening_minor);
        }
    }
    assert(fits);
    return status == STATUS_END ? STATUS_OK : status;
}
