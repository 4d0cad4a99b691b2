// SPDX-License-Identifier: Apache-2.0
// The way back of a payment: allocations are taken back by second records, and a payment is
// reversed by counter items and the reversing entry (domain.md d.1, d.12).
#include "server/ledger/money.h"
#include "server/ledger/permit.h"

// The allocations of a payment that stand: all, or those to one invoice.
static enum status standing(struct books *books, const struct money *money, uint64_t invoice_id,
                            struct allocation_list *out)
{
    AllocationRecord **list = arena_alloc(books->arena, ALLOCATIONS_MAX * sizeof *list);
    size_t count = 0;
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < money->count; i++) {
        struct allocation_list each;
        enum status status = item_allocations(books, money->credit[i]->record->id, &each);
        for (size_t k = 0; status == STATUS_OK && k < each.count; k++) {
            struct item *debit;
            status = item_load(books, each.allocation[k]->debit_id, &debit);
            if (status != STATUS_OK ||
                (invoice_id != 0 && debit->record->document_id != invoice_id)) {
                continue;
            }
            if (count == ALLOCATIONS_MAX) {
                return books_refuse(books, STATUS_TOO_LARGE, "payment", NULL, NULL);
            }
            list[count] = each.allocation[k];
            count++;
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    *out = (struct allocation_list){.allocation = list, .count = count};
    return STATUS_OK;
}

// The day of taking back: as asked, else the usual one; never before what is taken back.
static enum status back_day(struct books *books, const struct allocation_list *list, int32_t first,
                            int32_t asked, int32_t usual, uint32_t scopes, int32_t *out)
{
    int32_t today = books->call->book_day;
    for (size_t i = 0; i < list->count; i++) {
        int32_t day = list->allocation[i]->effective_day;
        first = day > first ? day : first;
    }
    *out = asked != 0 ? asked : usual > first ? usual : first;
    if (*out < first) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, *out),
                            books_day(books, first));
    }
    if (asked > today && asked > first) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, today));
    }
    return posting_guard(books, *out, scopes, "date");
}

static enum status take_back(struct books *books, const struct allocation_list *list, int32_t day,
                             struct shares *out)
{
    *out = (struct shares){0};
    out->share = arena_alloc(books->arena, (list->count + 1) * sizeof *out->share);
    enum status status = out->share != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < list->count; i++) {
        struct share *share = &out->share[i];
        AllocationRecord *reversal;
        status = item_load(books, list->allocation[i]->debit_id, &share->line.debit);
        if (status != STATUS_OK) {
            break;
        }
        share->line.open_minor = share->line.debit->record->open_minor;
        share->line.amount_minor = list->allocation[i]->amount_minor;
        share->line.day = day;
        share->line.rule = list->allocation[i]->rule;
        status = item_unallocate(books, list->allocation[i], day, &reversal);
        share->line.id = status == STATUS_OK ? reversal->id : 0;
        out->count++;
    }
    return status;
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
        status = standing(&books, &money, request->invoice_id, &list);
    }

    int32_t day = 0;
    struct balance *balance;
    if (status == STATUS_OK && list.count == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = back_day(&books, &list, money.payment->date_day, request->date_day, call->book_day,
                          POSTING_CASH, &day);
    }
    if (status == STATUS_OK) {
        status = money_controls(&books, money.payment->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = take_back(&books, &list, day, &shares);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = money_reply(&books, &shares, true, &reply->line, &reply->n_line);
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

// Closes a credit item of the payment with a debit item of the same account and amount.
static enum status counter(struct books *books, const PaymentRecord *payment, struct item *credit,
                           int32_t day)
{
    ItemRecord draft = *credit->record;
    draft.side = ITEM_SIDE__ITEM_SIDE_DEBIT;
    draft.date_day = day;
    draft.due_day = day;
    draft.freed_day = 0;
    draft.document_id = payment->id;
    struct item *debit = item_add(books, &draft);
    if (debit == NULL) {
        return STATUS_TOO_LARGE;
    }
    AllocationRecord *allocation;
    return item_allocate(books, debit, credit, draft.amount_minor, day, "reversal", &allocation);
}

static enum status reverse(struct books *books, const struct money *money, EntryRecord *entry,
                           int32_t day, const char *reason)
{
    PaymentRecord *payment = money->payment;
    EntryRecord *reversal = NULL;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < money->count; i++) {
        status = counter(books, payment, money->credit[i], day);
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
        status = standing(&books, &money, 0, &list);
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
        for (size_t i = 0; i < money.count; i++) {
            int32_t freed = money.credit[i]->record->freed_day;
            first = freed > first ? freed : first;
        }
        // A reversal is of the day of what it reverses: the payment never was (domain.md d.12).
        status = back_day(&books, &list, first, request->date_day, first, POSTING_CASH, &day);
    }
    if (status == STATUS_OK) {
        status = money_controls(&books, money.payment->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = posting_load_entry(&books, entry);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = take_back(&books, &list, day, &shares);
    if (status == STATUS_OK) {
        status = reverse(&books, &money, entry, day, request->reason);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = money_reply(&books, &shares, true, &reply->line, &reply->n_line);
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
