// SPDX-License-Identifier: Apache-2.0
// Promises as a list, with what came of them as of a day.
#include "server/ledger/promise.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

static enum status fill_row(struct txn *txn, struct call *call, const PromiseRecord *promise,
                            const struct promise_count *count, PromiseRow *row)
{
    struct customer_label customer;
    enum status status = reading_customer(txn, call, promise->customer_id, &customer);
    if (status == STATUS_OK) {
        status = reading_document(call, promise->invoice_id, &row->invoice);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->id = promise->id;
    row->number = promise_number(call->arena, promise);
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->made_day = promise->made_day;
    row->date_day = promise->date_day;
    row->grace_days = promise->grace_days;
    row->amount_minor = promise->amount_minor;
    row->paid_minor = count->paid_minor;
    row->state = count->state;
    row->notes = promise->notes;
    return row->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// Does the list take it? What was not yet promised on the day is left out.
static enum status is_asked(struct txn *txn, const PromiseList *request,
                            const PromiseRecord *promise, int32_t day, struct promise_count *count,
                            bool *out)
{
    *out = false;
    if (promise->made_day > day ||
        (request->customer_id != 0 && promise->customer_id != request->customer_id)) {
        return STATUS_OK;
    }
    const enum status status = promise_count(txn, promise, day, count);
    *out = request->state == PROMISE_STATE__PROMISE_STATE_UNSET || count->state == request->state;
    return status;
}

static enum status walk(struct txn *txn, struct call *call, const PromiseList *request,
                        uint64_t from, PromiseListReply *reply)
{
    const uint32_t limit = cursor_limit(request->limit);
    uint64_t next = 0;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    reply->row = arena_alloc(call->arena, limit * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct row_key first = from != 0 ? key_u64(from) : (struct row_key){0};
    enum status status = rows_open(txn, TABLE_promise, first, 0, true, &rows);
    while (status == STATUS_OK && next == 0) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        struct promise_count count;
        bool asked = false;
        status = rows_next(rows, &key, &record);
        const PromiseRecord *promise = (const PromiseRecord *)record;
        if (status == STATUS_OK) {
            status = is_asked(txn, request, promise, reply->as_of_day, &count, &asked);
        }
        if (status != STATUS_OK || !asked) {
            continue;
        }
        if (reply->n_row == limit) {
            next = promise->id;
            break;
        }
        PromiseRow *row = (PromiseRow *)wire_make(call->arena, &promise_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        reply->row[reply->n_row++] = row;
        status = fill_row(txn, call, promise, &count, row);
    }
    if (status != STATUS_END && status != STATUS_OK) {
        return status;
    }
    reply->page = cursor_page(call->arena, reply->n_row, next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status promise_list(struct txn *txn, struct call *call, const PromiseList *request,
                         PromiseListReply *reply)
{
    uint64_t from = 0;
    reply->as_of_day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    if (!cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    return walk(txn, call, request, from, reply);
}
