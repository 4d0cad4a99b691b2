// SPDX-License-Identifier: Apache-2.0
// What is asked about reminders: the letter, and the list.
#include "server/ledger/dunning.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

static enum status add_line(struct txn *txn, struct call *call, const DunningRecord *dunning,
                            const DunningLineRecord *from, DunningCard *card)
{
    ItemRecord *item = NULL;
    InvoiceRecord *invoice = NULL;
    DunningLine *line = (DunningLine *)wire_make(call->arena, &dunning_line__descriptor);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = item_get(txn, key_u64(from->item_id), &item);
    if (status == STATUS_OK) {
        status = invoice_get(txn, key_u64(item->document_id), &invoice);
    }
    if (status == STATUS_NOT_FOUND) {
        status = STATUS_OK; // the item of an imported balance has no invoice of ours
    } else if (status == STATUS_OK) {
        line->reference = invoice->reference;
    }
    if (status != STATUS_OK || item == NULL) {
        return status != STATUS_OK ? status : STATUS_INCOMPLETE;
    }
    line->invoice = ident_print(call->arena, item->series, item->year, item->sequence);
    line->date_day = item->date_day;
    line->due_day = item->due_day;
    line->overdue_days = (uint32_t)(dunning->date_day - item->due_day);
    line->level = from->level;
    line->residual_minor = from->residual_minor;
    line->late_interest_minor = from->interest_minor;
    card->line[card->n_line++] = line;
    return line->invoice != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status add_heading(struct txn *txn, struct call *call, const DunningRecord *dunning,
                               DunningCard *card)
{
    BookRecord *book = NULL;
    struct customer_label customer;
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, dunning->customer_id, &customer);
    }
    if (status == STATUS_OK) {
        status = reading_document(call, dunning->invoice_id, &card->invoice);
    }
    if (status == STATUS_OK) {
        status = reading_login(txn, dunning->entered_by, &card->entered_by);
    }
    if (status == STATUS_OK) {
        status = reading_login(txn, dunning->issued_by, &card->issued_by);
    }
    if (status != STATUS_OK) {
        return status;
    }
    card->customer = customer.number;
    card->name = customer.name;
    card->issuer = book->company;
    card->currency = book->currency;
    card->bank_name = book->bank_name;
    card->bank_holder = book->bank_holder;
    card->bank_account = book->bank_account;
    card->footer = book->footer;
    return STATUS_OK;
}

static void add_figures(const DunningRecord *dunning, DunningCard *card)
{
    card->id = dunning->id;
    card->state = dunning->state;
    card->customer_id = dunning->customer_id;
    card->date_day = dunning->date_day;
    card->level = dunning->level;
    card->procedure = dunning->procedure;
    card->principal_minor = dunning->principal_minor;
    card->fee_minor = dunning->fee_minor;
    card->late_interest_minor = dunning->interest_minor;
    card->earlier_minor = dunning->earlier_minor;
    card->total_minor = dunning->principal_minor + dunning->fee_minor + dunning->interest_minor +
                        dunning->earlier_minor;
    card->entered_us = dunning->entered_us;
    card->issued_us = dunning->issued_us;
    card->reason = dunning->reason;
    if (dunning->step != NULL) {
        card->final = dunning->step->final;
        card->channel = dunning->step->channel;
        card->text = dunning->step->text;
        card->charge = dunning->step->charge;
    }
}

enum status dunning_show(struct txn *txn, struct call *call, const DunningShow *request,
                         DunningCard *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_dunning, request->dunning_id, "dunning", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const DunningRecord *dunning = (const DunningRecord *)row;
    reply->number = dunning_number(call->arena, dunning);
    reply->line = arena_alloc(call->arena, (dunning->n_line + 1) * sizeof *reply->line);
    if (reply->number == NULL || reply->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    add_figures(dunning, reply);
    status = add_heading(txn, call, dunning, reply);
    for (size_t i = 0; status == STATUS_OK && i < dunning->n_line; i++) {
        status = add_line(txn, call, dunning, dunning->line[i], reply);
    }
    return status;
}

// ---- list ----

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const DunningList *request = asked;
    const DunningRecord *dunning = (const DunningRecord *)record;
    return (request->customer_id == 0 || dunning->customer_id == request->customer_id) &&
           (request->state == DUNNING_STATE__DUNNING_STATE_UNSET ||
            dunning->state == request->state);
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *out)
{
    const DunningRecord *dunning = (const DunningRecord *)record;
    DunningRow *row = (DunningRow *)out;
    struct customer_label customer;
    enum status status = reading_customer(txn, call, dunning->customer_id, &customer);
    if (status == STATUS_OK) {
        status = reading_document(call, dunning->invoice_id, &row->invoice);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->id = dunning->id;
    row->number = dunning_number(call->arena, dunning);
    row->state = dunning->state;
    row->customer = customer.number;
    row->customer_name = customer.name;
    row->date_day = dunning->date_day;
    row->level = dunning->level;
    row->final = dunning->step != NULL && dunning->step->final;
    row->items = (uint32_t)dunning->n_line;
    row->principal_minor = dunning->principal_minor;
    row->fee_minor = dunning->fee_minor;
    row->late_interest_minor = dunning->interest_minor;
    return row->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status dunning_list(struct txn *txn, struct call *call, const DunningList *request,
                         DunningListReply *reply)
{
    struct row_page page = {
        .table = TABLE_dunning,
        .backwards = true,
        .is_long = true,
        .descriptor = &dunning_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (DunningRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
