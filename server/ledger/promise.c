// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/promise.h"

#include "server/ledger/document.h"
#include "server/ledger/numbering.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/money.h"
#include "shared/wire.h"

#define KEPT_DAYS 800 // behind its last day a promise counts for nothing any more

// ---- adding ----

struct wish {
    CustomerRecord *customer;
    InvoiceRecord *invoice; // NULL: all that the customer has open
    CollectionRecord *collection;
    struct item_list items;
    int64_t open_minor;
    int64_t amount_minor;
    uint32_t grace_days;
};

static enum status load_wish(struct books *books, const PromiseAdd *request, struct wish *out)
{
    *out = (struct wish){0};
    uint64_t customer_id = request->customer_id;
    struct procedures procedures;
    enum status status = STATUS_OK;
    if (request->invoice_id != 0) {
        status = document_load(books, request->invoice_id, &out->invoice);
        customer_id = status == STATUS_OK ? out->invoice->customer_id : 0;
    }
    if (status == STATUS_OK && out->invoice != NULL) {
        status = books_currency(books, out->invoice->currency);
    }
    if (status == STATUS_OK) {
        status = books_active_customer(books, customer_id, "customer", &out->customer);
    }
    if (status == STATUS_OK) {
        status = collection_of(books->txn, books->arena, customer_id, &out->collection);
    }
    if (status == STATUS_OK) {
        status = procedures_read(books->txn, books->arena, &procedures);
    }
    if (status == STATUS_OK) {
        const ProcedureRecord *procedure =
            procedures_at(&procedures, out->customer->class_, books->call->book_day);
        out->grace_days = procedure != NULL ? procedure->promise_grace_days : 0;
        status = item_open(books, customer_id, ITEM_SIDE__ITEM_SIDE_DEBIT, &out->items);
    }
    size_t count = 0;
    for (size_t i = 0; status == STATUS_OK && i < out->items.count; i++) {
        struct item *item = out->items.item[i];
        if (out->invoice == NULL || item->record->document_id == out->invoice->id) {
            out->open_minor += item->record->open_minor;
            out->items.item[count++] = item;
        }
    }
    out->items.count = count;
    return status;
}

// So many promises are kept in sight; those that count for nothing any more make room.
static enum status make_room(struct books *books, CollectionRecord *collection)
{
    uint64_t *kept = arena_alloc(books->arena, (collection->n_promise_id + 1) * sizeof *kept);
    size_t count = 0;
    enum status status = kept != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < collection->n_promise_id; i++) {
        PromiseRecord *promise = NULL;
        status = promise_get(books->txn, key_u64(collection->promise_id[i]), &promise);
        if (status == STATUS_OK && !promise->cancelled &&
            promise_last_day(promise) + KEPT_DAYS >= books->call->book_day) {
            kept[count++] = promise->id;
        }
    }
    if (status == STATUS_OK && count >= PROMISES_MAX) {
        return books_refuse(books, STATUS_DUNNING_FULL, NULL, NULL, NULL);
    }
    collection->promise_id = kept;
    collection->n_promise_id = count;
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

static enum status check_wish(struct books *books, const PromiseAdd *request, struct wish *wish)
{
    const int32_t today = books->call->book_day;
    if (request->date_day < today) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date",
                            books_day(books, request->date_day), books_day(books, today));
    }
    if (request->date_day > today + PROMISE_DAYS_MAX) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date",
                            books_day(books, request->date_day),
                            books_day(books, today + PROMISE_DAYS_MAX));
    }
    if (wish->open_minor == 0) {
        return books_refuse(books, STATUS_INVOICE_NOT_OPEN,
                            wish->invoice != NULL ? "invoice" : "customer", NULL, NULL);
    }
    if (wish->items.count > PROMISE_ITEMS_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "customer", NULL, NULL);
    }
    wish->amount_minor = request->amount_minor != 0 ? request->amount_minor : wish->open_minor;
    if (wish->amount_minor > wish->open_minor) {
        return books_refuse(books, STATUS_ALLOCATION_OVER, "amount",
                            books_money(books, wish->amount_minor),
                            books_money(books, wish->open_minor));
    }
    return make_room(books, wish->collection);
}

static enum status make(struct books *books, const PromiseAdd *request, const struct wish *wish,
                        PromiseRecord **out)
{
    const struct call *call = books->call;
    PromiseRecord *made = (PromiseRecord *)wire_make(books->arena, &promise_record__descriptor);
    uint64_t *item_id = arena_alloc(books->arena, wish->items.count * sizeof *item_id);
    if (made == NULL || item_id == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < wish->items.count; i++) {
        item_id[i] = wish->items.item[i]->record->id;
    }
    made->id = call_new_id(books->call);
    made->customer_id = wish->customer->id;
    made->invoice_id = request->invoice_id;
    made->item_id = item_id;
    made->n_item_id = wish->items.count;
    made->amount_minor = wish->amount_minor;
    made->made_day = call->book_day;
    made->date_day = request->date_day;
    made->grace_days = wish->grace_days;
    made->notes = request->notes;
    made->entered_by = call->user_id;
    made->entered_us = call->instant_us;
    *out = made;
    return numbering_next(books, SERIES_PROMISE, 0, &made->sequence);
}

static enum status promise_answer(struct books *books, const PromiseRecord *promise,
                                  const CustomerRecord *customer, const InvoiceRecord *invoice,
                                  PromiseReply *reply)
{
    assert(customer != NULL);
    struct promise_count count;
    const enum status status = promise_count(books->txn, promise, books->call->book_day, &count);
    if (status != STATUS_OK) {
        return status;
    }
    reply->id = promise->id;
    reply->number = promise_number(books->arena, promise);
    reply->customer = ident_print(books->arena, SERIES_CUSTOMER, 0, customer->sequence);
    if (invoice != NULL) {
        reply->invoice = document_number(books, invoice);
    }
    reply->amount_minor = promise->amount_minor;
    reply->date_day = promise->date_day;
    reply->state = count.state;
    call_about(books->call, promise->id, reply->number);
    return reply->number != NULL && reply->customer != NULL && reply->invoice != NULL
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

enum status promise_add(struct txn *txn, struct call *call, const PromiseAdd *request,
                        PromiseReply *reply)
{
    struct books books;
    struct wish wish;
    PromiseRecord *made = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_wish(&books, request, &wish);
    }

    if (status == STATUS_OK) {
        status = check_wish(&books, request, &wish);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = make(&books, request, &wish, &made);
    for (size_t i = 0; status == STATUS_OK && wish.invoice != NULL && i < wish.items.count; i++) {
        wish.items.item[i]->record->promised_day = made->date_day;
        item_touch(&books, wish.items.item[i]);
    }
    if (status == STATUS_OK) {
        wish.collection->promise_id[wish.collection->n_promise_id++] = made->id;
        status = collection_put(txn, key_u64(wish.customer->id), wish.collection);
    }
    if (status == STATUS_OK) {
        status = promise_put(txn, key_u64(made->id), made);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? promise_answer(&books, made, wish.customer, wish.invoice, reply)
                               : status;
}

// ---- taking back ----

// The latest day by which another promise covers the item; 0: none does.
static int32_t promised_otherwise(const struct promise_list *promises, const PromiseRecord *promise,
                                  uint64_t item_id)
{
    int32_t day = 0;
    for (size_t i = 0; i < promises->count; i++) {
        const PromiseRecord *each = promises->promise[i];
        if (each->id != promise->id && each->invoice_id != 0 && each->date_day > day &&
            promise_is_about(each, item_id)) {
            day = each->date_day;
        }
    }
    return day;
}

static enum status free_items(struct books *books, const PromiseRecord *promise)
{
    CollectionRecord *collection = NULL;
    struct promise_list promises = {0};
    enum status status = collection_of(books->txn, books->arena, promise->customer_id, &collection);
    if (status == STATUS_OK) {
        status = promises_of(books->txn, books->arena, collection, &promises);
    }
    for (size_t i = 0; status == STATUS_OK && i < promise->n_item_id; i++) {
        struct item *item = NULL;
        status = item_load(books, promise->item_id[i], &item);
        if (status == STATUS_OK) {
            item->record->promised_day = promised_otherwise(&promises, promise, item->record->id);
            item_touch(books, item);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

static enum status load_promise(struct books *books, uint64_t id, PromiseRecord **promise,
                                CustomerRecord **customer, InvoiceRecord **invoice)
{
    enum status status = promise_get(books->txn, key_u64(id), promise);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, status, "promise", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = books_customer(books, (*promise)->customer_id, "promise", customer);
    }
    if (status == STATUS_OK && (*promise)->invoice_id != 0) {
        status = document_load(books, (*promise)->invoice_id, invoice);
    }
    return status;
}

enum status promise_cancel(struct txn *txn, struct call *call, const PromiseCancel *request,
                           PromiseReply *reply)
{
    struct books books;
    PromiseRecord *promise = NULL;
    CustomerRecord *customer = NULL;
    InvoiceRecord *invoice = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_promise(&books, request->promise_id, &promise, &customer, &invoice);
    }

    if (status == STATUS_OK && promise->cancelled) {
        status = books_refuse(&books, STATUS_PROMISE_DECIDED, "promise", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (invoice != NULL) {
        status = free_items(&books, promise);
    }
    promise->cancelled = true;
    promise->reason = request->reason;
    if (status == STATUS_OK) {
        status = promise_put(txn, key_u64(promise->id), promise);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? promise_answer(&books, promise, customer, invoice, reply) : status;
}
