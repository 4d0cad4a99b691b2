// SPDX-License-Identifier: Apache-2.0
// Of what nobody reminds: an invoice, or all that a customer owes.
#include "server/ledger/document.h"
#include "server/ledger/dunning.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

// What is named: a customer and, of an invoice, that.
struct target {
    CustomerRecord *customer;
    InvoiceRecord *invoice; // NULL: the whole customer
    CollectionRecord *collection;
};

static enum status load_target(struct books *books, uint64_t customer_id, uint64_t invoice_id,
                               struct target *out)
{
    *out = (struct target){0};
    enum status status = STATUS_OK;
    if (invoice_id != 0) {
        status = document_load(books, invoice_id, &out->invoice);
        customer_id = status == STATUS_OK ? out->invoice->customer_id : 0;
    }
    if (status == STATUS_OK) {
        status = books_customer(books, customer_id, "customer", &out->customer);
    }
    return status == STATUS_OK
               ? collection_of(books->txn, books->arena, customer_id, &out->collection)
               : status;
}

static uint64_t invoice_of(const struct target *target)
{
    return target->invoice != NULL ? target->invoice->id : 0;
}

static enum status target_reply(struct books *books, const struct target *target, int32_t until_day,
                                DunningBlockReply *reply)
{
    struct arena *arena = books->arena;
    reply->customer = ident_print(arena, SERIES_CUSTOMER, 0, target->customer->sequence);
    if (target->invoice != NULL) {
        reply->invoice = document_number(books, target->invoice);
    }
    reply->until_day = until_day;
    if (reply->customer == NULL || reply->invoice == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_about(books->call, target->invoice != NULL ? target->invoice->id : target->customer->id,
               target->invoice != NULL ? reply->invoice : reply->customer);
    return STATUS_OK;
}

// Those that stand and name something else: a block that has ended goes when the next one comes.
static enum status others(struct books *books, const struct target *target, BlockRecord ***out,
                          size_t *count)
{
    const CollectionRecord *collection = target->collection;
    *out = arena_alloc(books->arena, (collection->n_block + 1) * sizeof **out);
    *count = 0;
    for (size_t i = 0; *out != NULL && i < collection->n_block; i++) {
        BlockRecord *each = collection->block[i];
        const bool ended = each->until_day != 0 && each->until_day < books->call->book_day;
        if (!ended && each->invoice_id != invoice_of(target)) {
            (*out)[(*count)++] = each;
        }
    }
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status check_block(struct books *books, const DunningBlock *request,
                               const struct target *target)
{
    const int32_t today = books->call->book_day;
    if (request->until_day != 0 && request->until_day < today) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "until",
                            books_day(books, request->until_day), books_day(books, today));
    }
    const bool is_owed = target->invoice == NULL ||
                         (target->invoice->state == INVOICE_STATE__INVOICE_STATE_ISSUED &&
                          target->invoice->kind != INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE);
    return is_owed ? STATUS_OK
                   : books_refuse(books, STATUS_INVOICE_NOT_OPEN, "invoice", NULL, NULL);
}

enum status dunning_block(struct txn *txn, struct call *call, const DunningBlock *request,
                          DunningBlockReply *reply)
{
    struct books books;
    struct target target;
    BlockRecord **kept = NULL;
    size_t count = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_target(&books, request->customer_id, request->invoice_id, &target);
    }
    if (status == STATUS_OK) {
        status = others(&books, &target, &kept, &count);
    }

    if (status == STATUS_OK) {
        status = check_block(&books, request, &target);
    }
    if (status == STATUS_OK && count >= DUNNING_BLOCKS_MAX) {
        status = books_refuse(&books, STATUS_DUNNING_FULL, NULL, NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    BlockRecord *made = (BlockRecord *)wire_make(call->arena, &block_record__descriptor);
    if (made == NULL) {
        return STATUS_TOO_LARGE;
    }
    made->invoice_id = invoice_of(&target);
    made->until_day = request->until_day;
    made->reason = request->reason;
    made->blocked_by = call->user_id;
    made->blocked_us = call->instant_us;
    kept[count] = made;
    target.collection->block = kept;
    target.collection->n_block = count + 1;
    status = collection_put(txn, key_u64(target.customer->id), target.collection);

    return status == STATUS_OK ? target_reply(&books, &target, request->until_day, reply) : status;
}

enum status dunning_unblock(struct txn *txn, struct call *call, const DunningUnblock *request,
                            DunningBlockReply *reply)
{
    struct books books;
    struct target target = {0};
    BlockRecord **kept = NULL;
    size_t count = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_target(&books, request->customer_id, request->invoice_id, &target);
    }
    if (status == STATUS_OK) {
        status = others(&books, &target, &kept, &count);
    }

    if (status == STATUS_OK &&
        !collection_blocks(target.collection, invoice_of(&target), call->book_day)) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO,
                              target.invoice != NULL ? "invoice" : "customer", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    target.collection->block = kept;
    target.collection->n_block = count;
    status = collection_put(txn, key_u64(target.customer->id), target.collection);

    return status == STATUS_OK ? target_reply(&books, &target, 0, reply) : status;
}

// ---- reading ----

// The blocks of one customer are one row of the table: a page ends behind a whole customer.
static enum status add_blocks(struct txn *txn, struct call *call, uint64_t customer_id,
                              const CollectionRecord *collection, DunningBlocksReply *reply)
{
    struct customer_label label;
    enum status status = reading_customer(txn, call, customer_id, &label);
    for (size_t i = 0; status == STATUS_OK && i < collection->n_block; i++) {
        const BlockRecord *each = collection->block[i];
        DunningBlockRow *row =
            (DunningBlockRow *)wire_make(call->arena, &dunning_block_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->customer = label.number;
        row->customer_name = label.name;
        row->until_day = each->until_day;
        row->reason = each->reason;
        row->blocked_us = each->blocked_us;
        row->lapsed = each->until_day != 0 && each->until_day < call->book_day;
        reply->row[reply->n_row++] = row;
        status = reading_document(call, each->invoice_id, &row->invoice);
        if (status == STATUS_OK) {
            status = reading_login(txn, each->blocked_by, &row->blocked_by);
        }
    }
    return status;
}

static enum status list_blocks(struct txn *txn, struct call *call, uint64_t from, uint32_t limit,
                               DunningBlocksReply *reply)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    uint64_t next = 0;
    enum status status = rows_open(txn, TABLE_collection, key_u64(from), 0, false, &rows);
    while (status == STATUS_OK && next == 0) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const CollectionRecord *collection = (const CollectionRecord *)row;
        if (status != STATUS_OK || collection->n_block == 0) {
            continue;
        }
        if (reply->n_row >= limit) {
            next = row_key_first(&key);
        } else {
            status = add_blocks(txn, call, row_key_first(&key), collection, reply);
        }
    }
    if (status != STATUS_END && status != STATUS_OK) {
        return status;
    }
    reply->page = cursor_page(call->arena, reply->n_row, next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status dunning_blocks(struct txn *txn, struct call *call, const DunningBlocks *request,
                           DunningBlocksReply *reply)
{
    uint64_t from = 0;
    const uint32_t limit = cursor_limit(request->limit);
    reply->row = arena_alloc(call->arena, (limit + DUNNING_BLOCKS_MAX + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (!cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    if (request->customer_id == 0) {
        return list_blocks(txn, call, from, limit, reply);
    }

    ProtobufCMessage *customer = NULL;
    CollectionRecord *collection = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &customer);
    if (status == STATUS_OK) {
        status = collection_of(txn, call->arena, request->customer_id, &collection);
    }
    if (status == STATUS_OK) {
        status = add_blocks(txn, call, request->customer_id, collection, reply);
    }
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return status == STATUS_OK && reply->page == NULL ? STATUS_TOO_LARGE : status;
}
