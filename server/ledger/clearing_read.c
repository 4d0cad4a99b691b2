// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/clearing.h"
#include "server/ledger/disparity.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"

// What is asked about write-offs, differences, discounts, recoveries and refunds.

// ---- show ----

// What the document settles or pays back: the item on the other side of each of its allocations.
static enum status add_line(struct txn *txn, struct call *call, uint64_t item_id,
                            const AllocationRecord *allocation, ClearingCard *card)
{
    const uint64_t other_id =
        allocation->debit_id == item_id ? allocation->credit_id : allocation->debit_id;
    ItemRecord *other = NULL;
    const enum status status = item_get(txn, key_u64(other_id), &other);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    if (other->document_id == card->id || card->n_line == ALLOCATIONS_MAX ||
        disparity_is_own(allocation)) {
        return STATUS_OK; // between items of its own, or what only the rates differ by
    }
    AllocationLine *line = arena_alloc(call->arena, sizeof *line);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    allocation_line__init(line);
    line->id = allocation->id;
    line->invoice = ident_print(call->arena, other->series, other->year, other->sequence);
    line->due_day = other->due_day;
    const bool is_foreign = other->currency[0] != '\0';
    line->apply_minor = is_foreign ? allocation->foreign_minor : allocation->amount_minor;
    line->left_minor = item_left(other);
    line->open_minor = line->left_minor + line->apply_minor;
    line->effective_day = allocation->effective_day;
    line->rule = allocation->rule;
    card->line[card->n_line] = line;
    card->n_line++;
    return line->invoice != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status add_lines(struct txn *txn, struct call *call, uint64_t item_id,
                             ClearingCard *card)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_settled_by, key_u64_u64(item_id, 0), 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *link = NULL;
        AllocationRecord *allocation = NULL;
        status = rows_next(rows, &key, &link);
        if (status == STATUS_OK) {
            status = allocation_get(txn, key_u64(row_key_second(&key)), &allocation);
        }
        if (status == STATUS_OK && allocation->reverses_id == 0 &&
            allocation->reversed_by_id == 0) {
            status = add_line(txn, call, item_id, allocation, card);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status name_things(struct txn *txn, struct call *call, const ClearingRecord *clearing,
                               ClearingCard *card)
{
    struct customer_label customer;
    card->number = ident_print(call->arena, clearing->series, clearing->year, clearing->sequence);
    card->account = clearing->account != 0 ? arena_print(call->arena, "%u", clearing->account)
                                           : reading_constant("");
    if (card->number == NULL || card->account == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = reading_customer(txn, call, clearing->customer_id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    card->customer = customer.number;
    card->customer_name = customer.name;
    status = reading_document(call, clearing->payment_id, &card->payment);
    if (status == STATUS_OK) {
        status = reading_document(call, clearing->writeoff_id, &card->writeoff);
    }
    if (status == STATUS_OK) {
        status = reading_document(call, clearing->entry_id, &card->entry);
    }
    return status == STATUS_OK ? reading_login(txn, clearing->entered_by, &card->entered_by)
                               : status;
}

static enum status show(struct txn *txn, struct call *call, uint64_t id, bool refunds,
                        const char *field, ClearingCard *card)
{
    ProtobufCMessage *row = NULL;
    enum status status = reading_load(txn, call, TABLE_clearing, id, field, &row);
    if (status != STATUS_OK) {
        return status;
    }
    const ClearingRecord *clearing = (const ClearingRecord *)row;
    if ((clearing->kind == CLEARING_KIND__CLEARING_KIND_REFUND) != refunds) {
        return refuse(txn, call, STATUS_NOT_FOUND, field, NULL);
    }
    card->id = clearing->id;
    card->kind = clearing->kind;
    card->state = clearing->state;
    card->customer_id = clearing->customer_id;
    const bool is_foreign = clearing->currency[0] != '\0';
    card->amount_minor = clearing_own(clearing);
    card->fee_minor = is_foreign ? clearing->foreign_fee_minor : clearing->fee_minor;
    card->currency = clearing->currency;
    card->book_minor = is_foreign ? clearing->amount_minor : 0;
    card->rate = rate_text(call->arena, clearing->rate_micro, clearing->rate_per);
    card->date_day = clearing->date_day;
    card->method = clearing->method;
    card->reference = clearing->reference;
    card->reason = clearing->reason;
    card->recovered_minor = is_foreign ? 0 : clearing->recovered_minor;
    card->book_recovered_minor = is_foreign ? clearing->recovered_minor : 0;
    card->entered_us = clearing->entered_us;
    card->line = arena_alloc(call->arena, ALLOCATIONS_MAX * sizeof *card->line);
    status = card->line != NULL && card->rate != NULL ? name_things(txn, call, clearing, card)
                                                      : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < clearing->n_item_id; i++) {
        status = add_lines(txn, call, clearing->item_id[i], card);
    }
    return status;
}

enum status refund_show(struct txn *txn, struct call *call, const RefundShow *request,
                        ClearingCard *reply)
{
    return show(txn, call, request->refund_id, true, "refund", reply);
}

enum status writeoff_show(struct txn *txn, struct call *call, const WriteoffShow *request,
                          ClearingCard *reply)
{
    return show(txn, call, request->writeoff_id, false, "writeoff", reply);
}

// ---- list ----

static enum status take_term(struct txn *txn, struct call *call, const struct query_term *term,
                             struct document_query *query)
{
    if (term_is(term, "customer")) {
        query->customer_id = reading_find_customer(call, term->value);
        return query->customer_id != 0 ? STATUS_OK : query_refuse(txn, call, term);
    }
    const bool reversed = strcmp(term->value, "reversed") == 0;
    query->state =
        reversed ? CLEARING_STATE__CLEARING_STATE_REVERSED : CLEARING_STATE__CLEARING_STATE_POSTED;
    return reversed || strcmp(term->value, "posted") == 0 ? STATUS_OK
                                                          : query_refuse(txn, call, term);
}

static enum status read_query(struct txn *txn, struct call *call, const char *text,
                              const char *sort_text, struct document_query *out)
{
    static const char *const SORTS[] = {"date"};
    struct query query;
    size_t sort = 0;
    bool descending = false;
    enum status status = query_parse(txn, call, text, "customer state", &query);
    if (status == STATUS_OK) {
        status = sort_parse(txn, call, sort_text, SORTS, COUNT_OF(SORTS), &sort, &descending);
    }
    if (status != STATUS_OK) {
        return status;
    }
    out->table = TABLE_clearing;
    out->ascending = sort_text[0] != '\0' && !descending;
    out->word_count = query.word_count;
    for (size_t i = 0; i < query.word_count; i++) {
        out->words[i] = query.word[i];
    }
    for (size_t i = 0; i < query.term_count && status == STATUS_OK; i++) {
        status = take_term(txn, call, &query.term[i], out);
    }
    return status;
}

static enum status fill_row(struct txn *txn, struct call *call, uint64_t id,
                            ProtobufCMessage *message)
{
    ClearingRow *row = (ClearingRow *)message;
    ClearingRecord *clearing = NULL;
    struct customer_label customer;
    enum status status = clearing_get(txn, key_u64(id), &clearing);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, clearing->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const bool gains = clearing->gains || clearing->kind == CLEARING_KIND__CLEARING_KIND_RECOVERY;
    row->id = id;
    row->number = ident_print(call->arena, clearing->series, clearing->year, clearing->sequence);
    row->kind = clearing->kind;
    row->state = clearing->state;
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->date_day = clearing->date_day;
    row->amount_minor = gains ? -clearing->amount_minor : clearing->amount_minor;
    row->reason = clearing->reason;
    row->foreign = rate_amount(call->arena, clearing->currency, clearing->foreign_minor);
    return row->number == NULL || row->foreign == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status list(struct txn *txn, struct call *call, const struct document_query *query,
                        const char *cursor, uint32_t limit, ClearingListReply *reply)
{
    struct document_page page = {.descriptor = &clearing_row__descriptor, .fill = fill_row};
    const enum status status = reading_documents(txn, call, query, cursor, limit, &page);
    if (status != STATUS_OK) {
        return status;
    }
    reply->row = (ClearingRow **)page.row;
    reply->n_row = page.count;
    reply->amount_minor = page.matches.amount_minor;
    reply->reversed_minor = page.matches.reversed_minor;
    reply->page = page.page;
    return STATUS_OK;
}

enum status refund_list(struct txn *txn, struct call *call, const RefundList *request,
                        ClearingListReply *reply)
{
    struct document_query query = {.customer_id = request->customer_id,
                                   .from_day = request->from_day,
                                   .to_day = request->to_day,
                                   .from_series = SERIES_REFUND,
                                   .to_series = SERIES_REFUND};
    const enum status status = read_query(txn, call, request->query, request->sort, &query);
    return status == STATUS_OK ? list(txn, call, &query, request->cursor, request->limit, reply)
                               : status;
}

enum status writeoff_list(struct txn *txn, struct call *call, const WriteoffList *request,
                          ClearingListReply *reply)
{
    struct document_query query = {.customer_id = request->customer_id,
                                   .from_day = request->from_day,
                                   .to_day = request->to_day,
                                   .from_series = SERIES_WRITE_OFF,
                                   .to_series = SERIES_RECOVERY};
    const enum status status = read_query(txn, call, request->query, request->sort, &query);
    return status == STATUS_OK ? list(txn, call, &query, request->cursor, request->limit, reply)
                               : status;
}
