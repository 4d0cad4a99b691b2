// SPDX-License-Identifier: Apache-2.0
// The way back of a payment: allocations are taken back by second records, and a payment is
// reversed by counter items and the reversing entry (domain.md d.1, d.12).
#include "server/ledger/control.h"
#include "server/ledger/money.h"
#include "server/ledger/permit.h"

enum status payment_unallocate(struct txn *txn, struct call *call, const PaymentUnallocate *request,
                               PaymentAllocateReply *reply)
{
    struct books books;
    struct money money;
    struct allocation_list list = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = money_load(&books, request->payment_id, &money);
    }
    if (status == STATUS_OK) {
        status = shares_standing(&books, &money.credits, request->invoice_id, "payment", &list);
    }

    int32_t day = 0;
    struct balance *balance;
    if (status == STATUS_OK && list.count == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = shares_back_day(&books, &list, money.payment->date_day, request->date_day,
                                 call->book_day, POSTING_GENERAL, &day);
    }
    if (status == STATUS_OK) {
        status = shares_controls(&books, money.payment->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = shares_take_back(&books, &list, day, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &shares, true, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->on_account_minor = shares_open(&money.credits);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status reverse(struct books *books, const struct money *money, EntryRecord *entry,
                           int32_t day, const char *reason)
{
    PaymentRecord *payment = money->payment;
    EntryRecord *reversal = NULL;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < money->credits.count; i++) {
        status = item_counter(books, money->credits.item[i], payment->id, day);
    }
    if (status == STATUS_OK) {
        status = posting_reverse(books, entry, day, reason, &reversal);
    }
    payment->reason = arena_copy(books->arena, reason, strlen(reason));
    if (status != STATUS_OK || payment->reason == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    payment->state = PAYMENT_STATE__PAYMENT_STATE_REVERSED;
    payment->reversed_day = day;
    payment->reversed_entry_id = reversal->id;
    payment->version++;
    return payment_put(books->txn, key_u64(payment->id), payment);
}

enum status payment_reverse(struct txn *txn, struct call *call, const PaymentReverse *request,
                            PaymentReverseReply *reply)
{
    struct books books;
    struct money money;
    struct allocation_list list = {0};
    EntryRecord *entry = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = money_load(&books, request->payment_id, &money);
    }
    if (status == STATUS_OK) {
        status = shares_standing(&books, &money.credits, 0, "payment", &list);
    }
    if (status == STATUS_OK) {
        status = entry_get(txn, key_u64(money.payment->entry_id), &entry);
    }

    int32_t day = 0;
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = permit_amount(&books, money.payment->customer_id, money.payment->amount_minor,
                               "payment");
    }
    if (status == STATUS_OK) {
        int32_t first = money.payment->date_day;
        for (size_t i = 0; i < money.credits.count; i++) {
            int32_t freed = money.credits.item[i]->record->freed_day;
            first = freed > first ? freed : first;
        }
        // A reversal is of the day of what it reverses: the payment never was (domain.md d.12).
        status =
            shares_back_day(&books, &list, first, request->date_day, first, POSTING_CASH, &day);
    }
    if (status == STATUS_OK) {
        status = shares_controls(&books, money.payment->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = posting_load_entry(&books, entry);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_REVERSAL, money.payment->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = shares_take_back(&books, &list, day, &shares);
    if (status == STATUS_OK) {
        status = reverse(&books, &money, entry, day, request->reason);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &shares, true, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = money.payment->id;
    reply->number = receipt_number(&books, money.payment);
    reply->balance_minor = posting_owed(balance);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
