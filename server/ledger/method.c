// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/method.h"

#include "shared/day.h"
#include "shared/money.h"

#define WHOLE_BP 10000

enum status method_find(struct txn *txn, PaymentMethod kind, uint64_t id, MethodRecord **out)
{
    *out = NULL;
    const enum status status = method_get(txn, key_u64(id != 0 ? id : (uint64_t)kind), out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status method_load(struct books *books, PaymentMethod kind, uint64_t id, MethodRecord **out)
{
    const enum status status = method_find(books->txn, kind, id, out);
    if (status != STATUS_OK || (*out == NULL && id == 0)) {
        return status;
    }
    // An id below that of all objects is the key of a kind, which nobody names like that.
    if (*out == NULL || (id != 0 && (*out)->id != id)) {
        return books_refuse(books, STATUS_NOT_FOUND, "method", NULL, NULL);
    }
    return (*out)->retired_us != 0
               ? books_refuse(books, STATUS_METHOD_RETIRED, "method", (*out)->name, NULL)
               : STATUS_OK;
}

uint64_t method_key(const MethodRecord *method)
{
    return method->id != 0 ? method->id : (uint64_t)method->method;
}

struct method_terms method_terms_on(const MethodRecord *method, int32_t day)
{
    struct method_terms terms = {.account = method->account,
                                 .fee_bp = method->fee_bp,
                                 .fixed_minor = method->fixed_minor,
                                 .cap_minor = method->cap_minor,
                                 .settle_days = method->settle_days,
                                 .bank = method->bank,
                                 .auto_after = method->auto_after,
                                 .changed_us = method->changed_us,
                                 .changed_by = method->changed_by};
    for (size_t i = 0; i < method->n_terms && method->terms[i]->from_day <= day; i++) {
        const MethodTermsRecord *later = method->terms[i];
        terms = (struct method_terms){.from_day = later->from_day,
                                      .account = later->account,
                                      .fee_bp = later->fee_bp,
                                      .fixed_minor = later->fixed_minor,
                                      .cap_minor = later->cap_minor,
                                      .settle_days = later->settle_days,
                                      .bank = later->bank,
                                      .auto_after = later->auto_after,
                                      .changed_us = later->changed_us,
                                      .changed_by = later->changed_by};
    }
    return terms;
}

bool method_fee(const struct method_terms *terms, int64_t amount_minor, int64_t *out)
{
    assert(amount_minor >= 0);
    int64_t fee = 0;
    if (!money_tax(amount_minor, terms->fee_bp, &fee) ||
        !money_add(fee, terms->fixed_minor, &fee)) {
        return false;
    }
    fee = terms->cap_minor != 0 && fee > terms->cap_minor ? terms->cap_minor : fee;
    *out = fee < amount_minor ? fee : amount_minor;
    return true;
}

static size_t add_gross(const struct method_terms *terms, int64_t gross_minor, int64_t net_minor,
                        int64_t *out, size_t count)
{
    int64_t fee = 0;
    const bool is_new = count < 2 && (count == 0 || out[0] != gross_minor);
    if (is_new && gross_minor > 0 && method_fee(terms, gross_minor, &fee) &&
        gross_minor - fee == net_minor) {
        out[count++] = gross_minor;
    }
    return count;
}

size_t method_gross(const struct method_terms *terms, int64_t net_minor, int64_t out[static 2])
{
    size_t count = 0;
    if (net_minor <= 0 || terms->fee_bp >= WHOLE_BP ||
        net_minor > INT64_MAX / WHOLE_BP - terms->fixed_minor - terms->cap_minor ||
        (terms->fee_bp == 0 && terms->fixed_minor == 0)) {
        return 0;
    }
    // Rounding moves the fee by half a unit at most, and the amount by what follows of that.
    const int64_t kept_bp = WHOLE_BP - (int64_t)terms->fee_bp;
    const int64_t near = (net_minor + terms->fixed_minor) * WHOLE_BP / kept_bp;
    const int64_t reach = WHOLE_BP / kept_bp + 1;
    for (int64_t gross = near - reach; gross <= near + reach; gross++) {
        count = add_gross(terms, gross, net_minor, out, count);
    }
    return terms->cap_minor != 0
               ? add_gross(terms, net_minor + terms->cap_minor, net_minor, out, count)
               : count;
}

enum status method_take(struct books *books, PaymentRecord *payment, bool no_fee,
                        const char **account)
{
    MethodRecord *method = NULL;
    const enum status status = method_load(books, payment->method, payment->method_id, &method);
    if (status != STATUS_OK || method == NULL) {
        return status;
    }
    const struct method_terms terms = method_terms_on(method, payment->date_day);
    payment->method = method->method;
    // Fees and what is on its way are in the book's currency; another one names its own account.
    if (payment->currency[0] != '\0') {
        return (*account)[0] != '\0' ||
                       (terms.fee_bp == 0 && terms.fixed_minor == 0 && terms.settle_days == 0)
                   ? STATUS_OK
                   : books_refuse(books, STATUS_CURRENCY_OTHER, "currency", payment->currency,
                                  NULL);
    }
    if (payment->fee_minor == 0 && !no_fee && payment->amount_minor > 0 &&
        !method_fee(&terms, payment->amount_minor, &payment->fee_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    // Money that is sent elsewhere is there at once.
    if ((*account)[0] != '\0') {
        return STATUS_OK;
    }
    if (terms.account != 0) {
        *account = arena_print(books->arena, "%u", terms.account);
    }
    if (terms.settle_days > 0) {
        payment->settles_day = payment->date_day + (int32_t)terms.settle_days;
    }
    return *account != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

struct row_key method_way_key(int32_t day, uint64_t payment_id)
{
    assert(day >= DAY_MIN);
    return key_u64_u64((uint64_t)(day - DAY_MIN), payment_id);
}

static enum status keep_on_way(struct books *books, const PaymentRecord *payment, bool is_on_way)
{
    const struct row_key key = method_way_key(payment->settles_day, payment->id);
    if (!is_on_way) {
        return rows_del(books->txn, TABLE_on_way, key);
    }
    IdRecord index;
    id_record__init(&index);
    index.id = payment->id;
    return on_way_put(books->txn, key, &index);
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
    return keep_on_way(books, payment, is_uncleared);
}
