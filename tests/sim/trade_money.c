// SPDX-License-Identifier: Apache-2.0

// Payments and what they settle, refunds, write-offs, provisions and entries by hand.
#include "tests/sim/trade.h"

// Money of another currency comes at the rate of the day, or the bank says what it came to.
static void pay(struct trader *trader, PaymentAdd *request, const char *currency)
{
    if (currency != NULL) {
        request->currency = arena_print(trader->arena, "%s", currency);
        request->book_minor =
            trade_once(trader, 3) ? trade_worth(trader, currency, request->amount_minor) : 0;
    }
    request->date_day = trade_once(trader, 3) ? trade_day(trader) : trader->today_day;
    request->method = (PaymentMethod)(1 + trade_draw(trader, 4));
    const PaymentAddReply *reply =
        (const PaymentAddReply *)trade_ask(trader, "payment_add", &request->base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_PAYMENT,
                   (struct thing){.id = reply->id,
                                  .customer_id = request->customer_id,
                                  .amount_minor = reply->amount_minor,
                                  .currency = currency});
    }
}

// What a customer pays for one invoice: `more` than it is over.
static void pay_invoice(struct trader *trader, int64_t more, bool is_named, bool writes_off)
{
    const struct thing invoice = trade_any(trader, KEPT_INVOICE);
    PaymentAdd request;
    payment_add__init(&request);
    Allocate named;
    allocate__init(&named);
    Allocate *list[] = {&named};
    request.customer_id = invoice.customer_id;
    request.amount_minor = invoice.amount_minor + more;
    request.fee_minor = trade_once(trader, 5) ? request.amount_minor / 200 : 0;
    request.write_off = writes_off;
    if (is_named) {
        named.invoice_id = invoice.id;
        request.allocate = list;
        request.n_allocate = 1;
    }
    pay(trader, &request, invoice.currency);
}

void trade_payment_exact(struct trader *trader)
{
    pay_invoice(trader, 0, trade_once(trader, 3), false);
}

void trade_payment_over(struct trader *trader)
{
    pay_invoice(trader, 1 + (int64_t)trade_draw(trader, 90000), true, false);
}

void trade_payment_short(struct trader *trader)
{
    pay_invoice(trader, (int64_t)trade_draw(trader, 700) - 350, true, true);
}

void trade_payment_any(struct trader *trader)
{
    PaymentAdd request;
    payment_add__init(&request);
    const struct thing customer = trade_any(trader, KEPT_CUSTOMER);
    request.customer_id = customer.id;
    request.amount_minor = 1 + (int64_t)trade_draw(trader, 800000);
    request.no_allocate = trade_once(trader, 4);
    request.rest = trade_once(trader, 8) ? REST_MODE__REST_MODE_REFUSE : REST_MODE__REST_MODE_UNSET;
    pay(trader, &request, trade_currency(trader, customer, 8));
}

void trade_payment_allocate(struct trader *trader)
{
    PaymentAllocate request;
    payment_allocate__init(&request);
    request.payment_id = trade_any(trader, KEPT_PAYMENT).id;
    request.date_day = trade_once(trader, 3) ? 0 : trader->today_day;
    (void)trade_ask(trader, "payment_allocate", &request.base);
}

void trade_payment_unallocate(struct trader *trader)
{
    PaymentUnallocate request;
    payment_unallocate__init(&request);
    request.payment_id = trade_any(trader, KEPT_PAYMENT).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "payment_unallocate", &request.base);
}

void trade_payment_reverse(struct trader *trader)
{
    PaymentReverse request;
    payment_reverse__init(&request);
    request.payment_id = trade_any(trader, KEPT_PAYMENT).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    request.bounced = trade_once(trader, 4);
    (void)trade_ask(trader, "payment_reverse", &request.base);
}

void trade_customer_net(struct trader *trader)
{
    CustomerNet request;
    customer_net__init(&request);
    const struct thing note = trade_any(trader, KEPT_NOTE);
    request.customer_id = note.customer_id;
    request.currency = trade_code(trader, note, note.currency);
    // Refused as of today when something is open that comes later: an invoice that came back.
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    (void)trade_ask(trader, "customer_net", &request.base);
}

static void keep_clearing(struct trader *trader, enum kept kind, const ClearingReply *reply)
{
    if (reply != NULL) {
        trade_keep(trader, kind,
                   (struct thing){.id = reply->id, .amount_minor = reply->amount_minor});
    }
}

// All that a customer has to his credit, or a part of one payment.
void trade_refund_add(struct trader *trader)
{
    const struct thing payment = trade_any(trader, KEPT_PAYMENT);
    RefundAdd request;
    refund_add__init(&request);
    request.customer_id = payment.customer_id;
    request.payment_id = trade_once(trader, 3) ? payment.id : 0;
    request.amount_minor = trade_once(trader, 2) ? 1 + (int64_t)trade_draw(trader, 5000) : 0;
    request.fee_minor = trade_once(trader, 4) ? 50 : 0;
    request.currency = trade_code(trader, payment, payment.currency);
    request.date_day = trader->today_day;
    request.reason = trade_reason(trader);
    keep_clearing(trader, KEPT_REFUND,
                  (const ClearingReply *)trade_ask(trader, "refund_add", &request.base));
}

void trade_refund_reverse(struct trader *trader)
{
    RefundReverse request;
    refund_reverse__init(&request);
    request.refund_id = trade_any(trader, KEPT_REFUND).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "refund_reverse", &request.base);
}

void trade_writeoff_add(struct trader *trader)
{
    WriteoffAdd request;
    writeoff_add__init(&request);
    const struct thing invoice = trade_any(trader, KEPT_INVOICE);
    request.invoice_id = invoice.id;
    request.currency = trade_code(trader, invoice, invoice.currency);
    request.amount_minor = trade_once(trader, 2) ? 1 + (int64_t)trade_draw(trader, 5000) : 0;
    request.date_day = trader->today_day;
    request.reason = trade_reason(trader);
    keep_clearing(trader, KEPT_WRITEOFF,
                  (const ClearingReply *)trade_ask(trader, "writeoff_add", &request.base));
}

void trade_writeoff_recover(struct trader *trader)
{
    const struct thing writeoff = trade_any(trader, KEPT_WRITEOFF);
    WriteoffRecover request;
    writeoff_recover__init(&request);
    request.writeoff_id = writeoff.id;
    request.amount_minor = trade_once(trader, 2) ? 0 : 1 + writeoff.amount_minor / 3;
    request.date_day = trader->today_day;
    request.reason = trade_reason(trader);
    keep_clearing(trader, KEPT_WRITEOFF,
                  (const ClearingReply *)trade_ask(trader, "writeoff_recover", &request.base));
}

void trade_writeoff_reverse(struct trader *trader)
{
    WriteoffReverse request;
    writeoff_reverse__init(&request);
    request.writeoff_id = trade_any(trader, KEPT_WRITEOFF).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "writeoff_reverse", &request.base);
}

void trade_provision_set(struct trader *trader)
{
    ProvisionSet request;
    provision_set__init(&request);
    request.none = trade_once(trader, 5);
    request.amount_minor = request.none ? 0 : 1 + (int64_t)trade_draw(trader, 4000000);
    request.date_day = trader->today_day;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "provision_set", &request.base);
}

void trade_entry_add(struct trader *trader)
{
    const struct trade *trade = trader->trade;
    const uint32_t pairs[][2] = {
        {trade->bank, trade->capital},     {trade->rent, trade->bank},
        {trade->advertising, trade->bank}, {trade->rent, trade->wages},
        {trade->goods, trade->payables},   {trade->payables, trade->bank},
        {trade->wages, trade->bank},
    };
    const uint32_t *pair = pairs[trade_draw(trader, COUNT_OF(pairs))];
    EntryAdd request;
    entry_add__init(&request);
    EntryLine debit, credit;
    entry_line__init(&debit);
    entry_line__init(&credit);
    EntryLine *lines[] = {&debit, &credit};
    debit.account = pair[0];
    credit.account = pair[1];
    debit.debit_minor = 1 + trade_draw(trader, 900000);
    credit.credit_minor = debit.debit_minor + trade_once(trader, 30);
    request.text = arena_print(trader->arena, "费用 %u", trade_draw(trader, 100));
    request.date_day = trade_day(trader);
    request.line = lines;
    request.n_line = COUNT_OF(lines);
    const EntryAddReply *reply =
        (const EntryAddReply *)trade_ask(trader, "entry_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_ENTRY, (struct thing){.id = reply->id});
    }
}

void trade_entry_reverse(struct trader *trader)
{
    EntryReverse request;
    entry_reverse__init(&request);
    request.entry_id = trade_any(trader, KEPT_ENTRY).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "entry_reverse", &request.base);
}
