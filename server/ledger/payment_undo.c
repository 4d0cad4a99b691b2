// SPDX-License-Identifier: Apache-2.0
// The way back of a payment: allocations are taken back by second records, and a payment is
// reversed by counter items and the reversing entry (domain.md d.1, d.12).
#include "server/ledger/alert.h"
#include "server/ledger/control.h"
#include "server/ledger/method.h"
#include "server/ledger/payment_close.h"
#include "server/ledger/permit.h"
#include "server/ledger/standing.h"

// Leaves out what goes with a document of its own: differences, and refunds where `refunds` says
// so. A refund whose money never came is a debt like others, and settling that is none.
static void leave_out(bool refunds, struct allocation_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const char *rule = list->allocation[i]->rule;
        if (strcmp(rule, "difference") != 0 && (!refunds || strcmp(rule, "refund") != 0)) {
            list->allocation[count] = list->allocation[i];
            count++;
        }
    }
    list->count = count;
}

// Taking back and closing what is undone must fit into one call.
static enum status refuse_too_many(struct books *books, const struct allocation_list *list,
                                   const struct closing_undo *closings)
{
    size_t ids = shares_ids(list);
    for (size_t i = 0; i < closings->count; i++) {
        const struct clearing_undo *undo = &closings->undo[i];
        ids += shares_ids(&undo->standing) + undo->items.count * 2 + 1;
    }
    return ids > SETTLEMENT_IDS_MAX ? books_refuse(books, STATUS_TOO_LARGE, "payment", NULL, NULL)
                                    : STATUS_OK;
}

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
        status = shares_standing(&books, &money.credits, request->invoice_id, &list);
    }

    if (status == STATUS_OK) {
        leave_out(true, &list);
    }

    int32_t day = 0;
    struct closing_undo closings = {0};
    struct balance *balance;
    if (status == STATUS_OK && list.count == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = shares_back_day(&books, &list, money.payment->date_day, request->date_day,
                                 call->book_day, POSTING_GENERAL, &day);
    }
    if (status == STATUS_OK) {
        status = closing_undo_plan(&books, money.payment, request->invoice_id, day, &closings);
    }
    if (status == STATUS_OK) {
        status = refuse_too_many(&books, &list, &closings);
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
        status = closing_undo_post(&books, &closings, request->reason);
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
    reply->on_account_minor = shares_open(&money.credits);
    reply->more = shares.more;
    reply->currency = money.payment->currency;
    reply->exchange_minor = books.exchanged_minor;
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
    if (status == STATUS_OK && payment->settled_line_id == 0) {
        status = method_keep_uncleared(books, payment, false);
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

// The day of the reversal, and what goes with the payment: everything that can speak against it but
// the second person.
static enum status plan_reversal(struct books *books, const struct money *money,
                                 const struct allocation_list *list, int32_t asked,
                                 struct closing_undo *closings, int32_t *day)
{
    const PaymentRecord *payment = money->payment;
    int32_t first = payment->date_day;
    enum status status =
        permit_amount(books, payment->customer_id, receipt_book(payment), "payment");
    for (size_t i = 0; status == STATUS_OK && i < money->credits.count; i++) {
        const int32_t freed = money->credits.item[i]->record->freed_day;
        first = freed > first ? freed : first;
    }
    // A reversal is of the day of what it reverses: the payment never was (domain.md d.12).
    if (status == STATUS_OK) {
        status = shares_back_day(books, list, first, asked, first, POSTING_CASH, day);
    }
    if (status == STATUS_OK) {
        status = closing_undo_plan(books, payment, 0, *day, closings);
    }
    if (status == STATUS_OK && list->more) {
        status = books_refuse(books, STATUS_TOO_LARGE, "payment", NULL, NULL);
    }
    return status == STATUS_OK ? refuse_too_many(books, list, closings) : status;
}

enum status money_plan_reversal(struct books *books, uint64_t payment_id, int32_t asked,
                                struct reversal *out)
{
    *out = (struct reversal){0};
    struct money *money = &out->money;
    out->closings = arena_alloc(books->arena, sizeof *out->closings);
    enum status status =
        out->closings != NULL ? money_load(books, payment_id, money) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = shares_standing(books, &money->credits, 0, &out->list);
    }
    if (status == STATUS_OK) {
        status = entry_get(books->txn, key_u64(money->payment->entry_id), &out->entry);
    }
    if (status == STATUS_OK) {
        leave_out(false, &out->list);
        *out->closings = (struct closing_undo){0};
        status = plan_reversal(books, money, &out->list, asked, out->closings, &out->day);
    }
    if (status == STATUS_OK) {
        status = shares_controls(books, money->payment->customer_id, &out->balance);
    }
    return status == STATUS_OK ? posting_load_entry(books, out->entry) : status;
}

enum status money_reverse(struct books *books, struct reversal *reversal, const char *reason)
{
    enum status status = shares_take_back(books, &reversal->list, reversal->day, &reversal->shares);
    if (status == STATUS_OK) {
        status = closing_undo_post(books, reversal->closings, reason);
    }
    return status == STATUS_OK
               ? reverse(books, &reversal->money, reversal->entry, reversal->day, reason)
               : status;
}

enum status payment_reverse(struct txn *txn, struct call *call, const PaymentReverse *request,
                            PaymentReverseReply *reply)
{
    struct books books;
    struct reversal reversal;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = money_plan_reversal(&books, request->payment_id, request->date_day, &reversal);
    }

    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_REVERSAL, receipt_book(reversal.money.payment));
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = money_reverse(&books, &reversal, request->reason);
    if (status == STATUS_OK && request->bounced) {
        status = standing_broken(&books, reversal.money.payment->customer_id, reversal.day);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = alert_if_over(&books, reversal.money.payment->customer_id,
                               receipt_number(&books, reversal.money.payment));
    }
    if (status == STATUS_OK) {
        status = shares_reply(&books, &reversal.shares, true, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = reversal.money.payment->id;
    reply->number = receipt_number(&books, reversal.money.payment);
    reply->balance_minor = posting_owed(reversal.balance);
    reply->currency = reversal.money.payment->currency;
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
