// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/bank.h"
#include "server/ledger/disparity.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "server/ledger/receipt.h"

// What is asked about payments, and what they settle.

// ---- show ----

struct lines {
    struct txn *txn;
    struct call *call;
    PaymentCard *card;
    size_t room;
};

static enum status add_line(struct lines *lines, const AllocationRecord *allocation)
{
    struct call *call = lines->call;
    ItemRecord *debit = NULL;
    enum status status = item_get(lines->txn, key_u64(allocation->debit_id), &debit);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    if (debit->document_id == lines->card->id) {
        return STATUS_OK; // what closes a payment that was reversed, and settles nothing
    }
    AllocationLine *line = arena_alloc(call->arena, sizeof *line);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    allocation_line__init(line);
    line->id = allocation->id;
    line->due_day = debit->due_day;
    line->late_days =
        allocation->effective_day > debit->due_day ? allocation->effective_day - debit->due_day : 0;
    const bool is_foreign = debit->currency[0] != '\0';
    line->apply_minor = is_foreign ? allocation->foreign_minor : allocation->amount_minor;
    line->left_minor = item_left(debit);
    line->open_minor = line->left_minor + line->apply_minor;
    line->effective_day = allocation->effective_day;
    line->rule = allocation->rule;
    line->invoice = ident_print(call->arena, debit->series, debit->year, debit->sequence);
    if (line->invoice == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (lines->card->n_line == lines->room) {
        size_t room = lines->room * 2 + 16;
        AllocationLine **grown = arena_alloc(call->arena, room * sizeof *grown);
        if (grown == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (lines->card->n_line > 0) {
            memcpy(grown, lines->card->line, lines->card->n_line * sizeof *grown);
        }
        lines->card->line = grown;
        lines->room = room;
    }
    lines->card->line[lines->card->n_line++] = line;
    return STATUS_OK;
}

// The allocations of one of its credit items that stand.
static enum status add_lines(struct lines *lines, uint64_t item_id)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    if (item_id == 0) {
        return STATUS_OK;
    }
    ItemRecord *item = NULL;
    enum status status = item_get(lines->txn, key_u64(item_id), &item);
    if (status == STATUS_OK) {
        lines->card->on_account_minor += item_left(item);
        status = rows_open(lines->txn, TABLE_settled_by, key_u64_u64(item_id, 0), 8, false, &rows);
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *link = NULL;
        AllocationRecord *allocation = NULL;
        status = rows_next(rows, &key, &link);
        if (status == STATUS_OK) {
            status = allocation_get(lines->txn, key_u64(row_key_second(&key)), &allocation);
        }
        bool stands =
            status == STATUS_OK && allocation->reverses_id == 0 && allocation->reversed_by_id == 0;
        if (stands && allocation->credit_id == item_id && !disparity_is_own(allocation)) {
            status = add_line(lines, allocation);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status name_things(struct txn *txn, struct call *call, const PaymentRecord *payment,
                               PaymentCard *card)
{
    struct customer_label customer;
    card->number = ident_print(call->arena, SERIES_PAYMENT, payment->year, payment->sequence);
    card->account = arena_print(call->arena, "%u", payment->account);
    if (card->number == NULL || card->account == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = reading_customer(txn, call, payment->customer_id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    card->customer = customer.number;
    card->customer_name = customer.name;
    card->settles_day = payment->settles_day;
    if (payment->method_id != 0) {
        MethodRecord *method = NULL;
        status = method_get(txn, key_u64(payment->method_id), &method);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        card->method_name = method->name;
    }
    if (payment->settled_line_id != 0) {
        BankLineRecord *line = NULL;
        status = bank_line_get(txn, key_u64(payment->settled_line_id), &line);
        card->settled = status == STATUS_OK ? bank_line_number(call->arena, line) : NULL;
        if (card->settled == NULL) {
            return status == STATUS_OK ? STATUS_TOO_LARGE : STATUS_INCOMPLETE;
        }
    }
    return reading_login(txn, payment->entered_by, &card->entered_by);
}

enum status payment_show(struct txn *txn, struct call *call, const PaymentShow *request,
                         PaymentCard *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_payment, request->payment_id, "payment", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const PaymentRecord *payment = (const PaymentRecord *)row;
    struct lines lines = {.txn = txn, .call = call, .card = reply};
    reply->id = payment->id;
    reply->state = payment->state;
    reply->customer_id = payment->customer_id;
    reply->amount_minor = payment->amount_minor;
    reply->fee_minor = payment->fee_minor;
    reply->currency = payment->currency;
    reply->book_minor = receipt_book(payment);
    reply->rate = rate_text(call->arena, payment->rate_micro, payment->rate_per);
    if (reply->rate == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->date_day = payment->date_day;
    reply->origin_day = payment->origin_day;
    reply->method = payment->method;
    reply->reference = payment->reference;
    reply->entered_late_days = payment->entered_late_days;
    reply->notes = payment->notes;
    reply->entered_us = payment->entered_us;
    status = name_things(txn, call, payment, reply);
    if (status == STATUS_OK) {
        status = add_lines(&lines, payment->item_id);
    }
    return status == STATUS_OK ? add_lines(&lines, payment->advance_item_id) : status;
}

// ---- list ----

static enum status take_term(struct txn *txn, struct call *call, const struct query_term *term,
                             struct document_query *query)
{
    if (term_is(term, "customer")) {
        query->customer_id = reading_find_customer(call, term->value);
        return query->customer_id != 0 ? STATUS_OK : query_refuse(txn, call, term);
    }
    if (term_is(term, "state")) {
        bool reversed = strcmp(term->value, "reversed") == 0;
        query->state =
            reversed ? PAYMENT_STATE__PAYMENT_STATE_REVERSED : PAYMENT_STATE__PAYMENT_STATE_POSTED;
        return reversed || strcmp(term->value, "posted") == 0 ? STATUS_OK
                                                              : query_refuse(txn, call, term);
    }
    query->open_only = true;
    return term_is_positive(term) ? STATUS_OK : query_refuse(txn, call, term);
}

static enum status read_query(struct txn *txn, struct call *call, const PaymentList *request,
                              struct document_query *out)
{
    static const char *const SORTS[] = {"date"};
    struct query query;
    size_t sort = 0;
    bool descending = false;
    enum status status = query_parse(txn, call, request->query, "customer state open", &query);
    if (status == STATUS_OK) {
        status = sort_parse(txn, call, request->sort, SORTS, COUNT_OF(SORTS), &sort, &descending);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct document_query){
        .table = TABLE_payment,
        .customer_id = request->customer_id,
        .from_day = request->from_day,
        .to_day = request->to_day,
        .open_only = request->unapplied,
        .ascending = request->sort[0] != '\0' && !descending,
        .word_count = query.word_count,
    };
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
    PaymentRow *row = (PaymentRow *)message;
    PaymentRecord *payment = NULL;
    struct view_document view = {0};
    struct customer_label customer;
    enum status status = payment_get(txn, key_u64(id), &payment);
    if (status != STATUS_OK ||
        !views_document(call->views, call->filter, TABLE_payment, id, &view)) {
        return status == STATUS_OK || status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    status = reading_customer(txn, call, payment->customer_id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    row->id = id;
    row->number = ident_print(call->arena, SERIES_PAYMENT, payment->year, payment->sequence);
    row->state = payment->state;
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->date_day = payment->date_day;
    row->method = payment->method;
    row->amount_minor = receipt_book(payment);
    row->foreign = rate_amount(call->arena, payment->currency, payment->amount_minor);
    row->on_account_minor = view.open_minor;
    row->reference = payment->reference;
    row->entered_late_days = payment->entered_late_days;
    return row->number == NULL || row->foreign == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status payment_list(struct txn *txn, struct call *call, const PaymentList *request,
                         PaymentListReply *reply)
{
    struct document_query query;
    struct document_page page = {.descriptor = &payment_row__descriptor, .fill = fill_row};
    enum status status = read_query(txn, call, request, &query);
    if (status == STATUS_OK) {
        status = reading_documents(txn, call, &query, request->cursor, request->limit, &page);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->row = (PaymentRow **)page.row;
    reply->n_row = page.count;
    reply->amount_minor = page.matches.amount_minor;
    reply->reversed_minor = page.matches.reversed_minor;
    reply->on_account_minor = page.matches.open_minor;
    reply->page = page.page;
    return STATUS_OK;
}
