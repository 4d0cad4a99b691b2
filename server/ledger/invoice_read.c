// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/approval.h"
#include "server/ledger/item.h"
#include "server/ledger/pricing.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"

// What is asked about invoices and credit notes.

// "" for a draft, which has no number yet.
static enum status number_of(struct call *call, const InvoiceRecord *invoice, char **out)
{
    *out = reading_constant("");
    if (invoice->sequence != 0) {
        *out = ident_print(call->arena, ident_of_document(invoice->kind), invoice->year,
                           invoice->sequence);
    }
    return *out == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

static int32_t due_of(const InvoiceRecord *invoice)
{
    return invoice->n_part > 0 ? invoice->part[invoice->n_part - 1]->due_day : invoice->due_day;
}

// ---- show ----

// What is open of each part stands in its item; credit is negative.
static enum status open_parts(struct txn *txn, const InvoiceRecord *invoice, InvoiceCard *card)
{
    card->n_part = invoice->n_part;
    card->part = invoice->part;
    for (size_t i = 0; i < invoice->n_part; i++) {
        InvoicePart *part = invoice->part[i];
        ItemRecord *item = NULL;
        if (part->item_id == 0) {
            continue;
        }
        enum status status = item_get(txn, key_u64(part->item_id), &item);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        bool debit = item->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
        part->open_minor = debit ? item_left(item) : -item_left(item);
        card->open_minor += part->open_minor;
    }
    return STATUS_OK;
}

static enum status name_things(struct txn *txn, struct call *call, const InvoiceRecord *invoice,
                               InvoiceCard *card)
{
    struct customer_label customer;
    enum status status = number_of(call, invoice, &card->number);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, invoice->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    card->customer = customer.number;
    card->customer_name = customer.name;
    status = reading_document(call, invoice->credits_id, &card->credits);
    if (status == STATUS_OK) {
        status = reading_document(call, invoice->reversed_by_id, &card->reversed_by);
    }
    return status == STATUS_OK ? reading_login(txn, invoice->entered_by, &card->entered_by)
                               : status;
}

// The tax invoices that were made out for it.
static enum status name_registered(struct txn *txn, struct call *call, const InvoiceRecord *invoice,
                                   InvoiceCard *card)
{
    const size_t count = invoice->n_registered_id;
    InvoiceRegistered *rows = arena_alloc(call->arena, (count + 1) * sizeof *rows);
    card->registered = arena_alloc(call->arena, (count + 1) * sizeof *card->registered);
    if (rows == NULL || card->registered == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        RegisteredRecord *record = NULL;
        const enum status status = registered_get(txn, key_u64(invoice->registered_id[i]), &record);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        invoice_registered__init(&rows[i]);
        rows[i].number = record->number;
        rows[i].code = record->code;
        rows[i].kind = record->kind;
        rows[i].issuer = record->issuer;
        rows[i].date_day = record->date_day;
        rows[i].amount_minor = record->amount_minor;
        rows[i].red_of = record->red_of;
        card->registered[card->n_registered++] = &rows[i];
    }
    return STATUS_OK;
}

// A draft that waits for a second person says so, as long as it does.
static enum status show_waiting(struct txn *txn, struct call *call, const InvoiceRecord *invoice,
                                InvoiceCard *card)
{
    ApprovalRecord *approval = NULL;
    bool waits = false;
    const bool is_draft = invoice->state == INVOICE_STATE__INVOICE_STATE_DRAFT;
    enum status status =
        is_draft ? approval_waits(txn, call, invoice->approval_id, &waits) : STATUS_OK;
    if (status == STATUS_OK && waits) {
        status = approval_get(txn, key_u64(invoice->approval_id), &approval);
    }
    if (status != STATUS_OK || !waits) {
        return status;
    }
    card->state = INVOICE_STATE__INVOICE_STATE_SUBMITTED;
    card->approval = approval_number(call, approval);
    return card->approval != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status invoice_show(struct txn *txn, struct call *call, const InvoiceShow *request,
                         InvoiceCard *reply)
{
    ProtobufCMessage *row = NULL;
    BookRecord *book = NULL;
    enum status status =
        reading_load(txn, call, TABLE_invoice, request->invoice_id, "invoice", &row);
    if (status == STATUS_OK) {
        status = reading_book(txn, &book);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const InvoiceRecord *invoice = (const InvoiceRecord *)row;
    reply->id = invoice->id;
    reply->kind = invoice->kind;
    reply->state = invoice->state;
    reply->customer_id = invoice->customer_id;
    reply->date_day = invoice->date_day;
    reply->due_day = due_of(invoice);
    reply->terms = invoice->terms;
    reply->currency = invoice->currency[0] != '\0' ? invoice->currency : book->currency;
    reply->n_line = invoice->n_line;
    reply->line = invoice->line;
    reply->net_minor = invoice->net_minor;
    reply->tax_minor = invoice->tax_minor;
    reply->gross_minor = invoice->gross_minor;
    reply->book_gross_minor = rate_gross(invoice);
    reply->rate = rate_text(call->arena, invoice->rate_micro, invoice->rate_per);
    if (reply->rate == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->reference = invoice->reference;
    reply->notes = invoice->notes;
    reply->disputed = invoice->disputed;
    reply->dispute_reason = invoice->dispute_reason;
    reply->version = invoice->version;
    reply->entered_us = invoice->entered_us;
    reply->entered_late_days = invoice->entered_late_days;
    reply->n_earlier = invoice->n_earlier;
    reply->earlier = invoice->earlier;
    status = show_waiting(txn, call, invoice, reply);
    if (status == STATUS_OK) {
        status = open_parts(txn, invoice, reply);
    }
    if (status == STATUS_OK) {
        status = pricing_by_rate(call->arena, invoice, &reply->tax_rate, &reply->n_tax_rate);
    }
    if (status == STATUS_OK) {
        status = name_registered(txn, call, invoice, reply);
    }
    return status == STATUS_OK ? name_things(txn, call, invoice, reply) : status;
}

// ---- list ----

static const struct {
    const char *word;
    InvoiceState state;
} STATES[] = {
    {"draft", INVOICE_STATE__INVOICE_STATE_DRAFT},
    {"issued", INVOICE_STATE__INVOICE_STATE_ISSUED},
    {"reversed", INVOICE_STATE__INVOICE_STATE_REVERSED},
    {"discarded", INVOICE_STATE__INVOICE_STATE_DISCARDED},
};

static enum status take_term(struct txn *txn, struct call *call, const struct query_term *term,
                             struct document_query *query)
{
    if (term_is(term, "customer")) {
        query->customer_id = reading_find_customer(call, term->value);
        return query->customer_id != 0 ? STATUS_OK : query_refuse(txn, call, term);
    }
    if (term_is(term, "state")) {
        for (size_t i = 0; i < COUNT_OF(STATES); i++) {
            if (strcmp(term->value, STATES[i].word) == 0) {
                query->state = STATES[i].state;
                return STATUS_OK;
            }
        }
        return query_refuse(txn, call, term);
    }
    if (term_is(term, "overdue")) {
        query->overdue_day = call->book_day;
    } else {
        query->open_only = true;
    }
    return term_is_positive(term) ? STATUS_OK : query_refuse(txn, call, term);
}

static enum status read_query(struct txn *txn, struct call *call, const InvoiceList *request,
                              struct document_query *out)
{
    static const char *const SORTS[] = {"date"};
    struct query query;
    size_t sort = 0;
    bool descending = false;
    enum status status =
        query_parse(txn, call, request->query, "customer state open overdue", &query);
    if (status == STATUS_OK) {
        status = sort_parse(txn, call, request->sort, SORTS, COUNT_OF(SORTS), &sort, &descending);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = (struct document_query){
        .table = TABLE_invoice,
        .customer_id = request->customer_id,
        .from_day = request->from_day,
        .to_day = request->to_day,
        .state = request->state,
        .open_only = request->open,
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
    InvoiceRow *row = (InvoiceRow *)message;
    InvoiceRecord *invoice = NULL;
    struct view_document view = {0};
    struct customer_label customer;
    enum status status = invoice_get(txn, key_u64(id), &invoice);
    if (status != STATUS_OK ||
        !views_document(call->views, call->filter, TABLE_invoice, id, &view)) {
        return status == STATUS_OK || status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    status = number_of(call, invoice, &row->number);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, invoice->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->id = id;
    row->kind = invoice->kind;
    row->state = invoice->state;
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->date_day = invoice->date_day;
    row->due_day = view.due_day != 0 ? view.due_day : due_of(invoice);
    row->gross_minor = rate_gross(invoice);
    row->foreign = rate_amount(call->arena, invoice->currency, invoice->gross_minor);
    row->open_minor = view.open_minor;
    row->reference = invoice->reference;
    row->entered_late_days = invoice->entered_late_days;
    if (view.open_minor > 0 && view.grace_day < call->book_day) {
        row->late_days = call->book_day - view.due_day;
    }
    return row->foreign != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status invoice_list(struct txn *txn, struct call *call, const InvoiceList *request,
                         InvoiceListReply *reply)
{
    struct document_query query;
    struct document_page page = {.descriptor = &invoice_row__descriptor, .fill = fill_row};
    enum status status = read_query(txn, call, request, &query);
    if (status == STATUS_OK) {
        status = reading_documents(txn, call, &query, request->cursor, request->limit, &page);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->row = (InvoiceRow **)page.row;
    reply->n_row = page.count;
    reply->gross_minor = page.matches.amount_minor;
    reply->open_minor = page.matches.open_minor;
    reply->page = page.page;
    return STATUS_OK;
}
