// SPDX-License-Identifier: Apache-2.0

// Orders on their way to an invoice, and invoices that come back by themselves.
#include "tests/sim/trade.h"

#define RECENT 12 // orders do not lie long

void trade_order_add(struct trader *trader)
{
    OrderAdd request;
    order_add__init(&request);
    const struct thing customer = trade_any(trader, KEPT_CUSTOMER);
    request.customer_id = customer.id;
    request.date_day = trade_day(trader);
    request.promised_day = request.date_day + (int32_t)trade_draw(trader, 20);
    const char *currency = trade_currency(trader, customer, 8);
    request.currency = trade_code(trader, customer, currency);
    request.line = trade_lines(trader, &request.n_line);
    const OrderReply *reply = (const OrderReply *)trade_ask(trader, "order_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_ORDER,
                   (struct thing){.id = reply->id,
                                  .customer_id = request.customer_id,
                                  .amount_minor = reply->gross_minor,
                                  .lines = (uint32_t)request.n_line,
                                  .currency = currency});
    }
}

// One of the last few, which goes on lying there.
static struct thing some_order(struct trader *trader)
{
    const struct thing order = trade_take(trader, KEPT_ORDER, RECENT);
    if (order.id != 0) {
        trade_keep(trader, KEPT_ORDER, order);
    }
    return order;
}

void trade_order_edit(struct trader *trader)
{
    OrderEdit request;
    order_edit__init(&request);
    const struct thing order = some_order(trader);
    request.order_id = order.id;
    request.currency = trade_code(trader, order, order.currency);
    if (trade_once(trader, 2)) {
        request.line = trade_lines(trader, &request.n_line);
    } else {
        request.promised_day = trader->today_day + (int32_t)trade_draw(trader, 20);
    }
    (void)trade_ask(trader, "order_edit", &request.base);
}

void trade_order_confirm(struct trader *trader)
{
    OrderConfirm request;
    order_confirm__init(&request);
    request.order_id = some_order(trader).id;
    (void)trade_ask(trader, "order_confirm", &request.base);
}

void trade_order_deliver(struct trader *trader)
{
    OrderDeliver request;
    order_deliver__init(&request);
    request.order_id = some_order(trader).id;
    request.delivered_day = trader->today_day;
    (void)trade_ask(trader, "order_deliver", &request.base);
}

void trade_order_invoice(struct trader *trader)
{
    const struct thing order = trade_take(trader, KEPT_ORDER, RECENT);
    OrderInvoice request;
    order_invoice__init(&request);
    request.order_id = order.id;
    request.date_day = trader->today_day;
    const InvoiceIssueReply *reply =
        (const InvoiceIssueReply *)trade_ask(trader, "order_invoice", &request.base);
    if (reply != NULL) {
        struct thing invoice = order;
        invoice.id = reply->id;
        invoice.amount_minor = reply->gross_minor;
        trade_keep(trader, KEPT_INVOICE, invoice);
    } else if (order.id != 0) {
        trade_keep(trader, KEPT_ORDER, order);
    }
}

void trade_order_cancel(struct trader *trader)
{
    OrderCancel request;
    order_cancel__init(&request);
    request.order_id = trade_take(trader, KEPT_ORDER, RECENT).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "order_cancel", &request.base);
}

// ---- by themselves ----

// From the book's own day on, which the business is long behind: the first one is due at once, by
// the server or by hand, whoever comes first.
void trade_recurring_add(struct trader *trader)
{
    RecurringAdd request;
    recurring_add__init(&request);
    const struct thing customer = trade_any(trader, KEPT_CUSTOMER);
    request.customer_id = customer.id;
    request.currency = trade_code(trader, customer, customer.currency);
    request.every = (RecurringEvery)(1 + trade_draw(trader, 4));
    request.line = trade_lines(trader, &request.n_line);
    const RecurringReply *reply =
        (const RecurringReply *)trade_ask(trader, "recurring_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_RECURRING,
                   (struct thing){.id = reply->id,
                                  .customer_id = request.customer_id,
                                  .currency = customer.currency});
    }
}

void trade_recurring_run(struct trader *trader)
{
    RecurringRun request;
    recurring_run__init(&request);
    request.recurring_id = trade_any(trader, KEPT_RECURRING).id;
    (void)trade_ask(trader, "recurring_run", &request.base);
}

void trade_recurring_pause(struct trader *trader)
{
    RecurringPause request;
    recurring_pause__init(&request);
    request.recurring_id = trade_any(trader, KEPT_RECURRING).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "recurring_pause", &request.base);
}

void trade_recurring_resume(struct trader *trader)
{
    RecurringResume request;
    recurring_resume__init(&request);
    request.recurring_id = trade_any(trader, KEPT_RECURRING).id;
    request.skip = trade_once(trader, 2);
    (void)trade_ask(trader, "recurring_resume", &request.base);
}

void trade_recurring_end(struct trader *trader)
{
    RecurringEnd request;
    recurring_end__init(&request);
    request.recurring_id = trade_take(trader, KEPT_RECURRING, trader->trade->span).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "recurring_end", &request.base);
}
