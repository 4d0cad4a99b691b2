// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control.h"
#include "server/ledger/money.h"
#include "server/ledger/permit.h"

#define FIELD_PAYMENT_REFERENCE 7 // of PaymentAdd

static enum status make_payment(struct books *books, const PaymentAdd *request, PaymentRecord **out)
{
    PaymentRecord *payment = arena_alloc(books->arena, sizeof *payment);
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(payment);
    payment->customer_id = request->customer_id;
    payment->amount_minor = request->amount_minor;
    payment->fee_minor = request->fee_minor;
    payment->date_day = request->date_day != 0 ? request->date_day : books->call->book_day;
    payment->method = request->method != PAYMENT_METHOD__PAYMENT_METHOD_UNSET
                          ? request->method
                          : PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    payment->reference = request->reference;
    payment->notes = request->notes;
    *out = payment;
    return STATUS_OK;
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
    if (status == STATUS_OK && request->n_allocate > 0) {
        status = settlement_named(books, out, request->allocate, request->n_allocate);
    } else if (status == STATUS_OK && !request->no_allocate) {
        status = settlement_automatic(books, out);
    }
    bool refuses = request->rest == REST_MODE__REST_MODE_REFUSE;
    if (status == STATUS_OK && refuses && out->left_minor > 0) {
        status = books_refuse(books, STATUS_REST_REFUSED, "amount",
                              books_money(books, payment->amount_minor),
                              books_money(books, payment->amount_minor - out->left_minor));
    }
    return status;
}

enum status payment_add(struct txn *txn, struct call *call, const PaymentAdd *request,
                        PaymentAddReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    PaymentRecord *payment = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = make_payment(&books, request, &payment);
    }

    const UniqueHash *unique =
        books_hash_of(request->unique, request->n_unique, FIELD_PAYMENT_REFERENCE);
    struct settlement settlement = {0};
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = permit_amount(&books, payment->customer_id, payment->amount_minor, "amount");
    }
    if (status == STATUS_OK) {
        status = receipt_check(&books, payment, request->account, unique);
    }
    if (status == STATUS_OK) {
        status = plan(&books, request, payment, &settlement);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, payment->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_PAYMENT, payment->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->balance_before_minor = posting_owed(balance);
    status = receipt_post(&books, payment, &settlement, unique);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = settlement_reply(&books, &settlement, false, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = payment->id;
    reply->number = receipt_number(&books, payment);
    reply->amount_minor = payment->amount_minor;
    reply->date_day = payment->date_day;
    reply->on_account_minor = settlement.left_minor;
    reply->balance_minor = posting_owed(balance);
    call_about(call, payment->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// Spreads the plan over the payment's credit items and finds the day of each share.
static enum status spread(struct books *books, const struct money *money,
                          const struct settlement *settlement, struct shares *out)
{
    *out = (struct shares){0};
    out->share = arena_alloc(books->arena, (settlement->count + money->count) * sizeof *out->share);
    if (out->share == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t from = 0;
    int64_t taken = 0;
    for (size_t i = 0; i < settlement->count; i++) {
        struct settlement_line rest = settlement->line[i];
        int64_t debit_minor = rest.debit->record->open_minor - rest.open_minor;
        while (rest.amount_minor > 0) {
            assert(from < money->count);
            struct item *credit = money->credit[from];
            int64_t free_minor = credit->record->open_minor - taken;
            if (free_minor == 0) {
                from++;
                taken = 0;
                continue;
            }
            struct share *share = &out->share[out->count];
            *share = (struct share){.line = rest, .credit = credit};
            share->line.amount_minor =
                free_minor < rest.amount_minor ? free_minor : rest.amount_minor;
            taken += share->line.amount_minor;
            debit_minor += share->line.amount_minor;
            enum status status = settlement_day(books, rest.debit, debit_minor, credit, taken,
                                                rest.day, &share->line.day);
            if (status != STATUS_OK) {
                return status;
            }
            rest.amount_minor -= share->line.amount_minor;
            rest.open_minor -= share->line.amount_minor;
            out->count++;
        }
    }
    return STATUS_OK;
}

// A day that was asked for must be one on which everything is there, and not lie ahead.
static enum status fix_days(struct books *books, struct shares *shares, int32_t asked)
{
    if (asked > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, books->call->book_day));
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < shares->count; i++) {
        int32_t first = shares->share[i].line.day;
        if (asked != 0 && asked < first) {
            status = books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, asked),
                                  books_day(books, first));
        } else {
            status = posting_guard(books, first, POSTING_CASH, "date");
        }
    }
    return status;
}

// What is to be settled with the money that is left of a payment.
static enum status plan_rest(struct books *books, const struct money *money,
                             const PaymentAllocate *request, struct settlement *settlement)
{
    int64_t left = money_unspent(money);
    if (left == 0) {
        return books_refuse(books, STATUS_PAYMENT_SPENT, "payment", NULL, NULL);
    }
    int32_t day =
        request->date_day > money->payment->date_day ? request->date_day : money->payment->date_day;
    enum status status =
        settlement_begin(books, money->payment->customer_id, left, day, true, settlement);
    if (status == STATUS_OK) {
        status = request->n_allocate > 0
                     ? settlement_named(books, settlement, request->allocate, request->n_allocate)
                     : settlement_automatic(books, settlement);
    }
    if (status == STATUS_OK && settlement->count == 0) {
        status = books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    return status;
}

static enum status allocate(struct books *books, struct shares *shares)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < shares->count; i++) {
        struct share *share = &shares->share[i];
        AllocationRecord *allocation;
        status = item_allocate(books, share->line.debit, share->credit, share->line.amount_minor,
                               share->line.day, share->line.rule, &allocation);
        share->line.id = status == STATUS_OK ? allocation->id : 0;
    }
    return status;
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

    struct settlement settlement = {0};
    struct shares shares = {0};
    struct balance *balance;
    if (status == STATUS_OK) {
        status = plan_rest(&books, &money, request, &settlement);
    }
    if (status == STATUS_OK) {
        status = spread(&books, &money, &settlement, &shares);
    }
    if (status == STATUS_OK) {
        status = fix_days(&books, &shares, request->date_day);
    }
    if (status == STATUS_OK) {
        status = money_controls(&books, money.payment->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = allocate(&books, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = money_reply(&books, &shares, false, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->on_account_minor = money_unspent(&money);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
