// SPDX-License-Identifier: Apache-2.0
// What is asked about orders.
#include "server/ledger/order.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

struct asked {
    const OrderList *request;
    int32_t today;
};

static bool is_waiting(const OrderRecord *order)
{
    return order->delivered_day == 0 && order->promised_day != 0 &&
           (order_counts(order) || order->state == ORDER_STATE__ORDER_STATE_INVOICED);
}

// Against the promised day: of the delivery, of today while it is waited for; else nothing.
static int32_t late_days(const OrderRecord *order, int32_t today)
{
    if (order->promised_day != 0 && order->delivered_day != 0) {
        return order->delivered_day - order->promised_day;
    }
    return is_waiting(order) && today > order->promised_day ? today - order->promised_day : 0;
}

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct asked *asked = context;
    const OrderList *request = asked->request;
    const OrderRecord *order = (const OrderRecord *)record;
    return (request->customer_id == 0 || request->customer_id == order->customer_id) &&
           (request->state == ORDER_STATE__ORDER_STATE_UNSET || request->state == order->state) &&
           (!request->open || order_counts(order)) &&
           (!request->late || (is_waiting(order) && late_days(order, asked->today) > 0)) &&
           (request->from_day == 0 || order->date_day >= request->from_day) &&
           (request->to_day == 0 || order->date_day <= request->to_day);
}

static enum status fill_order(struct txn *txn, struct call *call, const OrderRecord *order,
                              OrderRow *row)
{
    struct customer_label customer;
    enum status status = reading_customer(txn, call, order->customer_id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    row->id = order->id;
    row->number = order_number(call->arena, order);
    row->state = order->state;
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->date_day = order->date_day;
    row->promised_day = order->promised_day;
    row->delivered_day = order->delivered_day;
    row->late_days = late_days(order, call->book_day);
    row->gross_minor = order_book(order);
    row->foreign = rate_amount(call->arena, order->currency, order->gross_minor);
    row->reference = order->reference;
    row->left_minor = order_counts(order) ? order_left_book(order) : 0;
    return row->number != NULL && row->foreign != NULL
               ? reading_document(call, order->invoice_id, &row->invoice)
               : STATUS_TOO_LARGE;
}

static enum status list_order(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                              ProtobufCMessage *row)
{
    return fill_order(txn, call, (const OrderRecord *)record, (OrderRow *)row);
}

enum status order_list(struct txn *txn, struct call *call, const OrderList *request,
                       OrderListReply *reply)
{
    const struct asked asked = {.request = request, .today = call->book_day};
    struct row_page page = {
        .table = TABLE_order,
        .backwards = true,
        .is_long = true,
        .descriptor = &order_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = list_order,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (OrderRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

static enum status add_parts(struct txn *txn, struct call *call, const OrderRecord *order,
                             OrderCard *reply)
{
    enum status status = STATUS_OK;
    reply->part = arena_alloc(call->arena, (order->n_part + 1) * sizeof *reply->part);
    OrderPart *part = arena_alloc(call->arena, (order->n_part + 1) * sizeof *part);
    if (reply->part == NULL || part == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < order->n_part; i++) {
        InvoiceRecord *invoice = NULL;
        order_part__init(&part[i]);
        part[i].gross_minor = order->part[i]->gross_minor;
        status = reading_document(call, order->part[i]->invoice_id, &part[i].invoice);
        if (status == STATUS_OK) {
            status = invoice_get(txn, key_u64(order->part[i]->invoice_id), &invoice);
        }
        part[i].reversed =
            status == STATUS_OK && invoice->state == INVOICE_STATE__INVOICE_STATE_REVERSED;
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
        reply->part[reply->n_part++] = &part[i];
    }
    return status;
}

static enum status add_left(struct call *call, const OrderRecord *order, OrderCard *reply)
{
    reply->left = arena_alloc(call->arena, (order->n_line + 1) * sizeof *reply->left);
    OrderLeft *left = arena_alloc(call->arena, (order->n_line + 1) * sizeof *left);
    if (reply->left == NULL || left == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; order->n_part > 0 && i < order->n_line; i++) {
        const struct order_left of = order_line_left(order, i);
        if (of.net_minor == 0 && of.tax_minor == 0 && of.quantity_micro == 0) {
            continue;
        }
        order_left__init(&left[i]);
        left[i].line = (uint32_t)i + 1;
        left[i].description = order->line[i]->description;
        left[i].quantity_micro = of.quantity_micro;
        left[i].amount_minor = of.net_minor + of.tax_minor;
        reply->left[reply->n_left++] = &left[i];
    }
    return STATUS_OK;
}

enum status order_show(struct txn *txn, struct call *call, const OrderShow *request,
                       OrderCard *reply)
{
    ProtobufCMessage *record = NULL;
    enum status status = reading_load(txn, call, TABLE_order, request->order_id, "order", &record);
    if (status != STATUS_OK) {
        return status;
    }
    const OrderRecord *order = (const OrderRecord *)record;
    reply->order = (OrderRow *)wire_make(call->arena, &order_row__descriptor);
    status = reply->order != NULL ? fill_order(txn, call, order, reply->order) : STATUS_TOO_LARGE;
    reply->line = order->line;
    reply->n_line = order->n_line;
    reply->net_minor = order->net_minor;
    reply->tax_minor = order->tax_minor;
    reply->currency = order->currency;
    reply->terms = order->terms;
    reply->notes = order->notes;
    reply->reason = order->reason;
    reply->entered_us = order->entered_us;
    reply->confirmed_us = order->confirmed_us;
    if (status == STATUS_OK) {
        status = add_parts(txn, call, order, reply);
    }
    if (status == STATUS_OK) {
        status = add_left(call, order, reply);
    }
    if (status == STATUS_OK) {
        status = reading_login(txn, order->entered_by, &reply->entered_by);
    }
    return status == STATUS_OK ? reading_login(txn, order->confirmed_by, &reply->confirmed_by)
                               : status;
}
