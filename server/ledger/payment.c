// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/content.h"
#include "server/ledger/method.h"
#include "server/ledger/payment_close.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"
#include "server/ledger/template.h"

#define FIELD_PAYMENT_REFERENCE 7 // of PaymentAdd

static enum status make_payment(struct books *books, const PaymentAdd *request,
                                const CustomerRecord *customer, PaymentRecord **out)
{
    PaymentRecord *payment = arena_alloc(books->arena, sizeof *payment);
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(payment);
    payment->customer_id = request->customer_id;
    payment->amount_minor = request->amount_minor;
    payment->fee_minor = request->fee_minor;
    payment->book_minor = request->book_minor;
    payment->date_day = request->date_day != 0 ? request->date_day : books->call->book_day;
    payment->method = request->method != PAYMENT_METHOD__PAYMENT_METHOD_UNSET
                          ? request->method
                          : PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    payment->method_id = request->method_id;
    payment->reference = request->reference;
    payment->notes = request->notes;
    *out = payment;
    return rate_choose(books, request->currency, customer->currency, &payment->currency);
}

// What the payment settles: as named, else by the machine, else nothing; the rest as the request
// wants it.
static enum status plan(struct books *books, const PaymentAdd *request,
                        const PaymentRecord *payment, struct settlement *out)
{
    if (request->no_allocate && request->n_allocate > 0) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "no_allocate", NULL, NULL);
    }
    enum status status = settlement_begin(books, payment->customer_id, payment->amount_minor,
                                          payment->date_day, false, out);
    out->currency = payment->currency;
    out->paid_day = payment->date_day;
    if (status == STATUS_OK && request->n_allocate > 0) {
        status = settlement_named(books, out, request->allocate, request->n_allocate);
    } else if (status == STATUS_OK && !request->no_allocate) {
        status = settlement_automatic(books, out);
    }
    settlement_repay_discounts(out);
    for (size_t i = 0; status == STATUS_OK && i < out->count; i++) {
        status = posting_guard(books, out->line[i].day, POSTING_CASH, "date");
    }
    bool refuses = request->rest == REST_MODE__REST_MODE_REFUSE;
    if (status == STATUS_OK && refuses && out->left_minor > 0) {
        status = books_refuse(
            books, STATUS_REST_REFUSED, "amount",
            rate_print(books, payment->currency, payment->amount_minor),
            rate_print(books, payment->currency, payment->amount_minor - out->left_minor));
    }
    return status;
}

// What closes the rest beside the payment.
static enum status tell_closing(struct books *books, const struct closing *closing,
                                PaymentAddReply *reply)
{
    reply->discount_minor = closing->discount_minor;
    if (closing->difference == NULL) {
        return STATUS_OK;
    }
    const int64_t amount_minor = clearing_own(closing->difference);
    reply->difference_minor = closing->is_over ? -amount_minor : amount_minor;
    reply->closed_by = clearing_number(books, closing->difference);
    return reply->closed_by != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status check_content(struct books *books, const PaymentRecord *payment)
{
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_PAYMENT,
        .date_day = payment->date_day,
        .text = payment->notes,
        .field = "notes",
        .reference = payment->reference,
    };
    return content_check(books, &content);
}

// What was done with the money, once it is done.
static enum status payment_reply(struct books *books, const PaymentRecord *payment,
                                 const struct settlement *settlement, const struct closing *closing,
                                 PaymentAddReply *reply)
{
    enum status status = settlement_reply(books, settlement, false, &reply->line, &reply->n_line);
    if (status == STATUS_OK) {
        status = tell_closing(books, closing, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->id = payment->id;
    reply->number = receipt_number(books, payment);
    reply->amount_minor = payment->amount_minor;
    reply->date_day = payment->date_day;
    reply->on_account_minor = reply->difference_minor < 0 ? 0 : settlement->left_minor;
    reply->more = settlement->is_full;
    reply->currency = payment->currency;
    reply->book_minor = receipt_book(payment);
    reply->exchange_minor = books->exchanged_minor;
    call_about(books->call, payment->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status payment_add(struct txn *txn, struct call *call, const PaymentAdd *asked,
                        PaymentAddReply *reply)
{
    const PaymentAdd *request = asked;
    struct books books;
    CustomerRecord *customer = NULL;
    PaymentRecord *payment = NULL;
    enum status status = template_fill_payment(txn, call, asked, &request);
    if (status == STATUS_OK) {
        status = books_open(txn, call, &books);
    }
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = make_payment(&books, request, customer, &payment);
    }

    const UniqueHash *unique =
        books_hash_of(request->unique, request->n_unique, FIELD_PAYMENT_REFERENCE);
    struct settlement settlement = {0};
    struct closing closing = {0};
    struct balance *balance = NULL;
    const char *account = request->account;
    if (status == STATUS_OK) {
        status = method_take(&books, payment, request->no_fee, &account);
    }
    if (status == STATUS_OK) {
        status = receipt_convert(&books, payment);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, payment->customer_id, receipt_book(payment), "amount");
    }
    if (status == STATUS_OK) {
        status = check_content(&books, payment);
    }
    if (status == STATUS_OK) {
        status = receipt_check(&books, payment, account, unique);
    }
    if (status == STATUS_OK) {
        status = plan(&books, request, payment, &settlement);
    }
    if (status == STATUS_OK) {
        status = closing_plan(&books, payment, &settlement, request->write_off, &closing);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, payment->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = deduction_check(&books, payment->customer_id, receipt_book(payment),
                                 &closing.deduction);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->balance_before_minor = posting_owed(balance);
    status = receipt_post(&books, payment, &settlement, unique);
    if (status == STATUS_OK) {
        status = closing_post(&books, payment, &settlement, &closing);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    reply->balance_minor = status == STATUS_OK ? posting_owed(balance) : 0;

    return status == STATUS_OK ? payment_reply(&books, payment, &settlement, &closing, reply)
                               : status;
}

enum status payment_allocate(struct txn *txn, struct call *call, const PaymentAllocate *request,
                             PaymentAllocateReply *reply)
{
    struct books books;
    struct money money;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = money_load(&books, request->payment_id, &money);
    }

    struct shares shares = {0};
    const bool has_amounts = settlement_has_amounts(request->allocate, request->n_allocate);
    if (status == STATUS_OK && (has_amounts || request->currency[0] != '\0')) {
        status = rate_same(&books, request->currency, money.payment->currency);
    }
    if (status == STATUS_OK && shares_open(&money.credits) == 0) {
        status = books_refuse(&books, STATUS_PAYMENT_SPENT, "payment", NULL, NULL);
    }
    if (status == STATUS_OK) {
        const struct shares_wish wish = {.customer_id = money.payment->customer_id,
                                         .day = money.payment->date_day,
                                         .asked = request->date_day,
                                         .named = request->allocate,
                                         .named_count = request->n_allocate};
        status = shares_plan(&books, &money.credits, &wish, &shares);
    }
    if (status == STATUS_OK) {
        status = deduction_check_shares(&books, &shares);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = shares_allocate(&books, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &shares, false, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->on_account_minor = shares_open(&money.credits);
    reply->more = shares.more;
    reply->currency = money.payment->currency;
    reply->exchange_minor = books.exchanged_minor;
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
