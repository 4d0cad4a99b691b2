// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/method.h"

#include "server/ledger/reading.h"
#include "shared/money.h"
#include "shared/wire.h"

#define WHOLE_BP 10000

enum status method_find(struct txn *txn, PaymentMethod method, MethodRecord **out)
{
    *out = NULL;
    const enum status status = method_get(txn, key_u64((uint64_t)method), out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

bool method_fee(const MethodRecord *method, int64_t amount_minor, int64_t *out)
{
    assert(amount_minor >= 0);
    int64_t fee = 0;
    if (!money_tax(amount_minor, method->fee_bp, &fee) ||
        !money_add(fee, method->fixed_minor, &fee)) {
        return false;
    }
    *out = fee < amount_minor ? fee : amount_minor;
    return true;
}

size_t method_gross(const MethodRecord *method, int64_t net_minor, int64_t out[static 2])
{
    size_t count = 0;
    if (net_minor <= 0 || method->fee_bp >= WHOLE_BP ||
        net_minor > INT64_MAX / WHOLE_BP - method->fixed_minor ||
        (method->fee_bp == 0 && method->fixed_minor == 0)) {
        return 0;
    }
    // Rounding moves the fee by half a unit at most, and the amount by what follows of that.
    const int64_t kept_bp = WHOLE_BP - (int64_t)method->fee_bp;
    const int64_t near = (net_minor + method->fixed_minor) * WHOLE_BP / kept_bp;
    const int64_t reach = WHOLE_BP / kept_bp + 1;
    for (int64_t gross = near - reach; gross <= near + reach && count < 2; gross++) {
        int64_t fee = 0;
        if (gross > 0 && method_fee(method, gross, &fee) && gross - fee == net_minor) {
            out[count++] = gross;
        }
    }
    return count;
}

enum status method_take(struct books *books, PaymentRecord *payment, bool no_fee,
                        const char **account)
{
    MethodRecord *method = NULL;
    const enum status status = method_find(books->txn, payment->method, &method);
    if (status != STATUS_OK || method == NULL) {
        return status;
    }
    // Fees and what is on its way are in the book's currency; another one names its own account.
    if (payment->currency[0] != '\0') {
        return (*account)[0] != '\0' ||
                       (method->fee_bp == 0 && method->fixed_minor == 0 && method->settle_days == 0)
                   ? STATUS_OK
                   : books_refuse(books, STATUS_CURRENCY_OTHER, "currency", payment->currency,
                                  NULL);
    }
    if (payment->fee_minor == 0 && !no_fee && payment->amount_minor > 0 &&
        !method_fee(method, payment->amount_minor, &payment->fee_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    // Money that is sent elsewhere is there at once.
    if ((*account)[0] != '\0') {
        return STATUS_OK;
    }
    if (method->account != 0) {
        *account = arena_print(books->arena, "%u", method->account);
    }
    if (method->settle_days > 0) {
        payment->settles_day = payment->date_day + (int32_t)method->settle_days;
    }
    return *account != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status method_keep_uncleared(struct books *books, const PaymentRecord *payment,
                                  bool is_uncleared)
{
    struct balance *balance = NULL;
    if (payment->settles_day == 0) {
        return STATUS_OK;
    }
    const enum status status = posting_balance(books, payment->customer_id, &balance);
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t amount = is_uncleared ? payment->amount_minor : -payment->amount_minor;
    const bool fits =
        money_add(balance->record->uncleared_minor, amount, &balance->record->uncleared_minor);
    assert(fits && balance->record->uncleared_minor >= 0);
    balance->changed = true;
    return STATUS_OK;
}

// ---- the catalogue ----

static enum status check_set(struct books *books, const MethodSet *request, MethodRecord *out)
{
    PaymentMethod method = request->method;
    BankRecord *bank = NULL;
    enum status status =
        receipt_account(books, request->method, request->account, &method, &out->account);
    if (status == STATUS_OK && request->fixed_minor < 0) {
        status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "fixed", NULL, NULL);
    }
    if (status == STATUS_OK && request->fixed_minor > AMOUNT_MAX) {
        status = books_refuse(books, STATUS_AMOUNT_OVERFLOW, "fixed", NULL, NULL);
    }
    if (status == STATUS_OK && request->bank_id != 0) {
        status = bank_get(books->txn, key_u64(request->bank_id), &bank);
        status =
            status == STATUS_NOT_FOUND ? books_refuse(books, status, "bank", NULL, NULL) : status;
    }
    // What is on the bank account at once does not arrive there later.
    if (status == STATUS_OK && request->settle_days > 0 && bank != NULL &&
        bank->account == out->account) {
        status = books_refuse(books, STATUS_FIELD_CONFLICT, "bank", NULL, NULL);
    }
    return status;
}

static void tell_change(struct books *books, const MethodRecord *before, const MethodRecord *after)
{
    const struct {
        const char *field;
        int64_t old, new;
    } FIELDS[] = {
        {"account", before != NULL ? before->account : 0, after->account},
        {"fee", before != NULL ? before->fee_bp : 0, after->fee_bp},
        {"fixed", before != NULL ? before->fixed_minor : 0, after->fixed_minor},
        {"settle_days", before != NULL ? before->settle_days : 0, after->settle_days},
        {"bank", before != NULL ? before->bank : 0, after->bank},
    };

    for (size_t i = 0; i < COUNT_OF(FIELDS); i++) {
        call_note_change(books->call, (uint64_t)after->method, FIELDS[i].field,
                         arena_print(books->arena, "%lld", (long long)FIELDS[i].old),
                         arena_print(books->arena, "%lld", (long long)FIELDS[i].new));
    }
}

enum status method_set(struct txn *txn, struct call *call, const MethodSet *request,
                       MethodSetReply *reply)
{
    struct books books;
    MethodRecord *known = NULL;
    MethodRecord record;
    method_record__init(&record);
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = method_find(txn, request->method, &known);
    }

    if (status == STATUS_OK && request->off && known == NULL) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "method", NULL, NULL);
    }
    if (status == STATUS_OK && !request->off) {
        status = check_set(&books, request, &record);
    }
    if (status != STATUS_OK) {
        return status;
    }

    record.method = request->method;
    record.fee_bp = request->fee_bp;
    record.fixed_minor = request->fixed_minor;
    record.settle_days = request->settle_days;
    record.bank = (uint32_t)request->bank_id;
    record.changed_us = call->instant_us;
    record.changed_by = call->user_id;
    tell_change(&books, known, &record);
    const struct row_key key = key_u64((uint64_t)request->method);
    status = request->off ? rows_del(txn, TABLE_method, key) : method_put(txn, key, &record);

    reply->method = request->method;
    reply->off = request->off;
    reply->account =
        request->off ? reading_constant("") : arena_print(call->arena, "%u", record.account);
    return reply->account != NULL ? status : STATUS_TOO_LARGE;
}

static enum status add_row(struct txn *txn, struct call *call, const MethodRecord *method,
                           MethodListReply *reply)
{
    MethodRow *row = (MethodRow *)wire_make(call->arena, &method_row__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->row[reply->n_row++] = row;
    row->method = method->method;
    row->account = arena_print(call->arena, "%u", method->account);
    row->fee_bp = method->fee_bp;
    row->fixed_minor = method->fixed_minor;
    row->settle_days = method->settle_days;
    row->bank =
        method->bank != 0 ? arena_print(call->arena, "%u", method->bank) : reading_constant("");
    row->changed_us = method->changed_us;
    return row->account != NULL && row->bank != NULL
               ? reading_login(txn, method->changed_by, &row->changed_by)
               : STATUS_TOO_LARGE;
}

enum status method_list(struct txn *txn, struct call *call, const MethodList *request,
                        MethodListReply *reply)
{
    (void)request;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    reply->row = arena_alloc(call->arena, LIST_ROWS_MAX * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = rows_open(txn, TABLE_method, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && reply->n_row < LIST_ROWS_MAX) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK) {
            status = add_row(txn, call, (const MethodRecord *)row, reply);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}
