// SPDX-License-Identifier: Apache-2.0
// What is asked about documents that come back.
#include "server/ledger/catalogue.h"
#include "server/ledger/reading.h"
#include "server/ledger/recurring.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

struct asked {
    const RecurringList *request;
    int32_t today;
};

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct asked *asked = context;
    const RecurringList *request = asked->request;
    const RecurringRecord *recurring = (const RecurringRecord *)record;
    const int32_t next_day = recurring_next_day(recurring);
    return (request->customer_id == 0 || request->customer_id == recurring->customer_id) &&
           (request->state == RECURRING_STATE__RECURRING_STATE_UNSET ||
            request->state == recurring->state) &&
           (!request->due || (next_day != 0 && next_day <= asked->today));
}

static enum status fill_recurring(struct txn *txn, struct call *call,
                                  const RecurringRecord *recurring, RecurringRow *row)
{
    struct customer_label customer;
    const enum status status = reading_customer(txn, call, recurring->customer_id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    row->id = recurring->id;
    row->number = recurring_number(call->arena, recurring);
    row->state = recurring->state;
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->every = recurring->every;
    row->start_day = recurring->start_day;
    row->until_day = recurring->until_day;
    row->next_day = recurring_next_day(recurring);
    row->done = recurring->done;
    row->left_over = recurring->left_over;
    return row->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status list_recurring(struct txn *txn, struct call *call,
                                  const ProtobufCMessage *record, ProtobufCMessage *row)
{
    return fill_recurring(txn, call, (const RecurringRecord *)record, (RecurringRow *)row);
}

enum status recurring_list(struct txn *txn, struct call *call, const RecurringList *request,
                           RecurringListReply *reply)
{
    const struct asked asked = {.request = request, .today = call->book_day};
    struct row_page page = {
        .table = TABLE_recurring,
        .descriptor = &recurring_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = list_recurring,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (RecurringRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

// ---- one ----

static enum status fill_run(struct txn *txn, struct call *call, const RecurringRunRecord *run,
                            RecurringRunRow *row)
{
    row->ordinal = run->ordinal;
    row->due_day = run->due_day;
    row->outcome = run->outcome;
    row->invoice_id = run->invoice_id;
    row->reason = run->reason;
    row->run_us = run->run_us;
    const enum status status = reading_login(txn, run->run_by, &row->run_by);
    return status == STATUS_OK ? reading_document(call, run->invoice_id, &row->invoice) : status;
}

// The newest runs, from ordinal `cursor` down.
static enum status fill_runs(struct txn *txn, struct call *call, const RecurringRecord *recurring,
                             const RecurringShow *request, RecurringCard *reply)
{
    uint64_t from = 0;
    if (!cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    const uint32_t limit = cursor_limit(request->limit);
    uint64_t ordinal = from != 0 && from < recurring->done ? from : recurring->done;
    enum status status = STATUS_OK;
    reply->row = arena_alloc(call->arena, limit * sizeof(RecurringRunRow *));
    for (; status == STATUS_OK && ordinal > 0 && reply->n_row < limit; ordinal--) {
        RecurringRunRecord *run = NULL;
        RecurringRunRow *row =
            (RecurringRunRow *)wire_make(call->arena, &recurring_run_row__descriptor);
        if (reply->row == NULL || row == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = recurring_run_get(txn, key_u64_u64(recurring->id, ordinal), &run);
        if (status == STATUS_OK) {
            reply->row[reply->n_row++] = row;
            status = fill_run(txn, call, run, row);
        }
    }
    reply->page = cursor_page(call->arena, recurring->done, ordinal);
    if (status == STATUS_OK && reply->page == NULL) {
        return STATUS_TOO_LARGE;
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status recurring_show(struct txn *txn, struct call *call, const RecurringShow *request,
                           RecurringCard *reply)
{
    ProtobufCMessage *record = NULL;
    enum status status =
        reading_load(txn, call, TABLE_recurring, request->recurring_id, "recurring", &record);
    if (status != STATUS_OK) {
        return status;
    }
    const RecurringRecord *recurring = (const RecurringRecord *)record;
    reply->recurring = (RecurringRow *)wire_make(call->arena, &recurring_row__descriptor);
    status = catalogue_name(txn, call, recurring->line, recurring->n_line, &reply->line);
    reply->n_line = status == STATUS_OK ? recurring->n_line : 0;
    reply->amount_minor = recurring->amount_minor;
    reply->currency = recurring->currency;
    reply->terms = recurring->terms;
    reply->notes = recurring->notes;
    reply->reason = recurring->reason;
    if (status == STATUS_OK) {
        status = reply->recurring != NULL ? fill_recurring(txn, call, recurring, reply->recurring)
                                          : STATUS_TOO_LARGE;
    }
    return status == STATUS_OK ? fill_runs(txn, call, recurring, request, reply) : status;
}
