// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/receipt.h"

#include "server/ledger/account.h"
#include "server/ledger/disparity.h"
#include "server/ledger/entry_words.h"
#include "server/ledger/lateness.h"
#include "server/ledger/method.h"
#include "server/ledger/numbering.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"
#include "shared/money.h"

uint32_t receipt_code(const char *text)
{
    uint32_t code = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || code > ACCOUNT_CODE_MAX / 10) {
            return 0;
        }
        code = code * 10 + (uint32_t)(*at - '0');
    }
    return code;
}

static enum account_role role_of(PaymentMethod method)
{
    switch ((int)method) {
    case PAYMENT_METHOD__PAYMENT_METHOD_CASH:
        return ACCOUNT_CASH;
    case PAYMENT_METHOD__PAYMENT_METHOD_CARD:
    case PAYMENT_METHOD__PAYMENT_METHOD_WALLET:
        return ACCOUNT_TRANSIT;
    case PAYMENT_METHOD__PAYMENT_METHOD_BILL:
        return ACCOUNT_BILLS;
    case PAYMENT_METHOD__PAYMENT_METHOD_UNSET:
    case PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER:
    case _PAYMENT_METHOD_IS_INT_SIZE:
    default:
        return ACCOUNT_BANK;
    }
}

enum status receipt_account(struct books *books, PaymentMethod asked, const char *text,
                            PaymentMethod *method, uint32_t *account)
{
    const uint32_t bills = chart_code(books->chart, ACCOUNT_BILLS);
    *method = asked != PAYMENT_METHOD__PAYMENT_METHOD_UNSET
                  ? asked
                  : PAYMENT_METHOD__PAYMENT_METHOD_TRANSFER;
    *account = text[0] != '\0' ? receipt_code(text) : chart_code(books->chart, role_of(*method));
    struct account *found = NULL;
    const enum status status = posting_account(books, *account, &found);
    const bool takes_money =
        status == STATUS_OK && (found->record->cash || found->record->code == bills);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && !takes_money)) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", text, NULL);
    }
    return status;
}

int64_t receipt_book(const PaymentRecord *payment)
{
    return payment->currency[0] != '\0' ? payment->book_minor : payment->amount_minor;
}

int64_t receipt_book_fee(const PaymentRecord *payment)
{
    return payment->currency[0] != '\0' ? payment->book_fee_minor : payment->fee_minor;
}

// What the bank made of it is near what the day's rate says: otherwise any claim could be settled
// for next to nothing.
static enum status check_said(struct books *books, const PaymentRecord *payment)
{
    struct rate rate = {0};
    int64_t worth_minor = 0;
    const enum status status = rate_on(books, payment->currency, payment->date_day, &rate);
    if (status != STATUS_OK) {
        return status;
    }
    if (!rate_convert(&rate, payment->amount_minor, &worth_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    return money_is_near(payment->book_minor, 1, worth_minor, 1, BOOK_DEVIATION_BP)
               ? STATUS_OK
               : books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "book",
                              books_money(books, payment->book_minor),
                              books_money(books, worth_minor));
}

enum status receipt_convert(struct books *books, PaymentRecord *payment)
{
    const int64_t said_minor = payment->book_minor;
    struct rate rate = {0};
    if (payment->currency[0] == '\0') {
        return said_minor == 0 ? STATUS_OK
                               : books_refuse(books, STATUS_FIELD_CONFLICT, "book", NULL, NULL);
    }
    enum status status = said_minor != 0
                             ? check_said(books, payment)
                             : rate_on(books, payment->currency, payment->date_day, &rate);
    if (status != STATUS_OK) {
        return status;
    }
    bool fits = said_minor <= AMOUNT_MAX;
    if (said_minor == 0) {
        fits = rate_convert(&rate, payment->amount_minor, &payment->book_minor);
        payment->rate_micro = rate.rate_micro;
        payment->rate_per = rate.per;
    }
    if (!fits) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    // Two items may share it, and each has something.
    if (payment->book_minor < 2) {
        return books_refuse(books, STATUS_RATE_TOO_SMALL, "amount",
                            rate_print(books, payment->currency, payment->amount_minor), NULL);
    }
    fits = payment->fee_minor <= payment->amount_minor &&
           money_scale(payment->book_minor, payment->fee_minor, payment->amount_minor,
                       &payment->book_fee_minor);
    return fits ? disparity_load(books)
                : books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "fee",
                               rate_print(books, payment->currency, payment->fee_minor),
                               rate_print(books, payment->currency, payment->amount_minor));
}

static enum status check_amounts(struct books *books, const PaymentRecord *payment)
{
    if (payment->amount_minor <= 0) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "amount", NULL, NULL);
    }
    if (payment->amount_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (payment->fee_minor < 0 || payment->fee_minor > payment->amount_minor) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "fee",
                            rate_print(books, payment->currency, payment->fee_minor),
                            rate_print(books, payment->currency, payment->amount_minor));
    }
    return STATUS_OK;
}

enum status receipt_check(struct books *books, PaymentRecord *payment, const char *account,
                          const UniqueHash *unique)
{
    enum status status = check_amounts(books, payment);
    if (status == STATUS_OK) {
        status = permit_fee(books, payment);
    }
    if (status == STATUS_OK && payment->date_day > books->call->book_day) {
        status =
            books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, payment->date_day),
                         books_day(books, books->call->book_day));
    }
    if (status == STATUS_OK) {
        status = posting_guard(books, payment->date_day, POSTING_CASH, "date");
    }
    uint64_t taken = 0;
    if (status == STATUS_OK && unique != NULL) {
        status = books_unique(books, unique->hash, &taken);
    }
    if (status == STATUS_OK && taken != 0) {
        status = books_refuse_taken(books, taken, STATUS_REFERENCE_TAKEN, "reference",
                                    payment->reference);
    }
    if (status == STATUS_OK && payment->brought_in) {
        payment->account = chart_code(books->chart, ACCOUNT_RETAINED);
        status = posting_load(books, ACCOUNT_RETAINED);
    } else if (status == STATUS_OK) {
        status =
            receipt_account(books, payment->method, account, &payment->method, &payment->account);
    }

    const enum account_role roles[] = {ACCOUNT_RECEIVABLES, ACCOUNT_ADVANCES, ACCOUNT_FEE};

    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(roles); i++) {
        status = posting_load(books, roles[i]);
    }
    struct balance *balance;
    return status == STATUS_OK ? posting_balance(books, payment->customer_id, &balance) : status;
}

// A part of a payment: in its currency, and in the book's.
struct credited {
    int64_t own_minor;
    int64_t book_minor;
};

// The part that settles something on the payment's own day.
static struct credited settled_part(const PaymentRecord *payment,
                                    const struct settlement *settlement)
{
    struct credited part = {0};
    for (size_t i = 0; i < settlement->count; i++) {
        const bool same_day = settlement->line[i].day == payment->date_day;
        part.own_minor += same_day ? settlement->line[i].amount_minor : 0;
    }
    const bool fits =
        money_scale(receipt_book(payment), part.own_minor, payment->amount_minor, &part.book_minor);
    assert(fits);
    // A part that is worth less than a minor unit of the book leaves one to the other.
    const int64_t most_minor = receipt_book(payment) - 1;
    if (part.own_minor > 0 && part.own_minor < payment->amount_minor) {
        part.book_minor = part.book_minor > most_minor ? most_minor : part.book_minor;
        part.book_minor = part.book_minor < 1 ? 1 : part.book_minor;
    }
    return part;
}

static struct item *credit_item(struct books *books, const PaymentRecord *payment,
                                enum account_role role, struct credited credited)
{
    ItemRecord draft;
    item_record__init(&draft);
    draft.side = ITEM_SIDE__ITEM_SIDE_CREDIT;
    draft.customer_id = payment->customer_id;
    draft.account = chart_code(books->chart, role);
    draft.document_id = payment->id;
    draft.date_day = payment->date_day;
    draft.due_day = payment->date_day;
    draft.amount_minor = credited.book_minor;
    if (payment->currency[0] != '\0') {
        draft.currency = payment->currency;
        draft.foreign_minor = credited.own_minor;
    }
    draft.year = payment->year;
    draft.sequence = payment->sequence;
    draft.series = SERIES_PAYMENT;
    return item_make(books, &draft);
}

static enum status post(struct books *books, PaymentRecord *payment, int64_t settled_minor)
{
    EntryRecord *entry = posting_begin(books, ENTRY_KIND__ENTRY_KIND_PAYMENT, payment->date_day, 4);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->document_id = payment->id;
    entry->origin_day = payment->origin_day != 0 ? payment->origin_day : payment->date_day;
    if (payment->brought_in && !entry_words_brought_in(books, entry)) {
        return STATUS_TOO_LARGE;
    }
    uint64_t customer_id = payment->customer_id;
    enum status status =
        posting_line(books, entry, payment->account, SIDE_DEBIT,
                     receipt_book(payment) - receipt_book_fee(payment), customer_id);
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_FEE, SIDE_DEBIT, receipt_book_fee(payment),
                              customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_RECEIVABLES, SIDE_CREDIT, settled_minor,
                              customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_ADVANCES, SIDE_CREDIT,
                              receipt_book(payment) - settled_minor, customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_post(books, entry);
    }
    payment->entry_id = entry->id;
    return status;
}

enum status receipt_post(struct books *books, PaymentRecord *payment, struct settlement *settlement,
                         const UniqueHash *unique)
{
    const struct credited part = settled_part(payment, settlement);
    const struct credited rest = {.own_minor = payment->amount_minor - part.own_minor,
                                  .book_minor = receipt_book(payment) - part.book_minor};
    payment->id = call_new_id(books->call);
    payment->state = PAYMENT_STATE__PAYMENT_STATE_POSTED;
    payment->version = 1;
    payment->entered_us = books->call->instant_us;
    payment->entered_by = books->call->user_id;
    payment->year = books_year(payment->date_day);
    payment->entered_late_days =
        payment->brought_in ? 0
                            : lateness_days(books, LATE_KIND__LATE_KIND_PAYMENT, payment->date_day);
    enum status status = numbering_next(books, SERIES_PAYMENT, payment->year, &payment->sequence);
    if (status == STATUS_OK) {
        status = lateness_keep(books, LATE_KIND__LATE_KIND_PAYMENT, payment->id,
                               payment->customer_id, payment->entered_late_days);
        status = period_number(books, SERIES_PAYMENT, payment->date_day);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct item *settled = NULL;
    struct item *advance = NULL;
    if (part.own_minor > 0) {
        settled = credit_item(books, payment, ACCOUNT_RECEIVABLES, part);
        payment->item_id = settled != NULL ? settled->record->id : 0;
    }
    if (rest.own_minor > 0) {
        advance = credit_item(books, payment, ACCOUNT_ADVANCES, rest);
        payment->advance_item_id = advance != NULL ? advance->record->id : 0;
    }
    if (payment->item_id == 0 && payment->advance_item_id == 0) {
        return STATUS_TOO_LARGE;
    }
    status = post(books, payment, part.book_minor);
    for (size_t i = 0; status == STATUS_OK && i < settlement->count; i++) {
        struct settlement_line *line = &settlement->line[i];
        struct item *credit = line->day == payment->date_day ? settled : advance;
        AllocationRecord *allocation;
        status = item_allocate(books, line->debit, credit, line->amount_minor, line->day,
                               line->rule, &allocation);
        line->id = status == STATUS_OK ? allocation->id : 0;
    }
    if (status == STATUS_OK && unique != NULL) {
        status = books_keep_unique(books, unique->hash, payment->id);
    }
    if (status == STATUS_OK) {
        status = method_keep_uncleared(books, payment, true);
    }
    if (status == STATUS_OK) {
        status = payment_put(books->txn, key_u64(payment->id), payment);
    }
    return status;
}

char *receipt_number(struct books *books, const PaymentRecord *payment)
{
    return ident_print(books->arena, SERIES_PAYMENT, payment->year, payment->sequence);
}
