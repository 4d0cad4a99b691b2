// SPDX-License-Identifier: Apache-2.0
// Overdue instalments as of any day (domain.md d.4): the oldest first.
#include "server/ledger/promise.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

// The latest day on which the item was promised, by promises that had been made by that day and
// were not broken.
static enum status promised_day(struct txn *txn, struct call *call, const ItemRecord *item,
                                int32_t day, int32_t *out)
{
    CollectionRecord *collection = NULL;
    struct promise_list promises = {0};
    enum status status = collection_of(txn, call->arena, item->customer_id, &collection);
    if (status == STATUS_OK) {
        status = promises_of(txn, call->arena, collection, &promises);
    }
    *out = 0;
    for (size_t i = 0; status == STATUS_OK && i < promises.count; i++) {
        const PromiseRecord *each = promises.promise[i];
        if (each->made_day <= day && day <= promise_last_day(each) && each->date_day > *out &&
            promise_is_about(each, item->id)) {
            *out = each->date_day;
        }
    }
    return status;
}

static enum status fill_row(struct txn *txn, struct call *call, const struct overdue_row *from,
                            int32_t day, OverdueRow *row)
{
    ItemRecord *item = NULL;
    struct customer_label customer;
    enum status status = item_get(txn, key_u64(from->item_id), &item);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, from->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->invoice = ident_print(call->arena, item->series, item->year, item->sequence);
    row->date_day = item->date_day;
    row->due_day = item->due_day;
    row->late_days = (uint32_t)(day - item->due_day);
    row->amount_minor = item->amount_minor;
    row->open_minor = from->open_minor;
    row->level = item->level_day <= day ? item->level : 0;
    row->disputed = item->disputed;
    status = promised_day(txn, call, item, day, &row->promised_day);
    return status == STATUS_OK && row->invoice == NULL ? STATUS_TOO_LARGE : status;
}

static enum status add_rows(struct txn *txn, struct call *call,
                            const struct overdue_matches *matches, struct reply_room room,
                            ReportOverdueReply *reply)
{
    reply->row = arena_alloc(call->arena, (matches->count + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < matches->count; i++) {
        OverdueRow *row = (OverdueRow *)wire_make(call->arena, &overdue_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        const enum status status = fill_row(txn, call, &matches->row[i], reply->as_of_day, row);
        if (status != STATUS_OK) {
            return status;
        }
        if (!reading_fits(&room, &row->base)) {
            return STATUS_OK;
        }
        reply->row[reply->n_row++] = row;
    }
    return STATUS_OK;
}

enum status report_overdue(struct txn *txn, struct call *call, const ReportOverdue *request,
                           ReportOverdueReply *reply)
{
    BookRecord *book = NULL;
    struct overdue_matches matches = {0};
    uint64_t skip = 0;
    const struct reply_room room = reading_room(call, request->limit);
    const struct overdue_query query = {
        .day = request->as_of_day != 0 ? request->as_of_day : call->book_day,
        .customer_id = request->customer_id,
        .days = request->days,
    };
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = views_overdue(call->views, call->filter, &query, skip, room.limit, call->arena,
                               &matches);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->as_of_day = query.day;
    reply->currency = book->currency;
    reply->open_minor = matches.open_minor;
    reply->customers = matches.customers;
    status = add_rows(txn, call, &matches, room, reply);
    return status == STATUS_OK
               ? reading_page(call, matches.total_count, skip, reply->n_row, &reply->page)
               : status;
}
