// SPDX-License-Identifier: Apache-2.0
// A dispute about an invoice: money is applied to it by name only, and nobody is reminded of it,
// until it ends (domain.md d.1, d.5).
#include "server/ledger/document.h"

static enum status load_invoice(struct books *books, uint64_t id, bool disputed,
                                InvoiceRecord **invoice, struct item_list *items)
{
    enum status status = document_load(books, id, invoice);
    if (status == STATUS_OK && ((*invoice)->state != INVOICE_STATE__INVOICE_STATE_ISSUED ||
                                (*invoice)->gross_minor < 0 || (*invoice)->disputed == disputed)) {
        status = books_refuse(books, STATUS_NOTHING_TO_DO, "invoice", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = document_items(books, *invoice, items);
    }
    for (size_t i = 0; status == STATUS_OK && disputed && i < items->count; i++) {
        if (items->item[i]->record->n_dispute == DISPUTES_MAX) {
            status = books_refuse(books, STATUS_TOO_LARGE, "invoice", NULL, NULL);
        }
    }
    return status;
}

static enum status mark(struct books *books, uint64_t id, bool disputed, const char *reason,
                        InvoiceDisputeReply *reply)
{
    InvoiceRecord *invoice = NULL;
    struct item_list items = {0};
    enum status status = load_invoice(books, id, disputed, &invoice, &items);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(books->call, id, "disputed", invoice->disputed ? "yes" : "no",
                     disputed ? "yes" : "no");
    call_note_change(books->call, id, "reason", invoice->dispute_reason, reason);
    invoice->disputed = disputed;
    invoice->dispute_reason = arena_copy(books->arena, reason, strlen(reason));
    invoice->version++;
    if (invoice->dispute_reason == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        ItemRecord *record = items.item[i]->record;
        status = item_dispute(books, record, disputed, books->call->book_day);
        item_touch(books, items.item[i]);
        reply->open_minor += item_left(record);
    }
    if (status == STATUS_OK) {
        status = invoice_put(books->txn, key_u64(id), invoice);
    }
    if (status == STATUS_OK) {
        status = books_close(books);
    }

    reply->id = id;
    reply->number = document_number(books, invoice);
    reply->disputed = disputed;
    reply->currency = invoice->currency;
    call_about(books->call, id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}

enum status invoice_dispute(struct txn *txn, struct call *call, const InvoiceDispute *request,
                            InvoiceDisputeReply *reply)
{
    struct books books;
    const enum status status = books_open(txn, call, &books);
    return status == STATUS_OK ? mark(&books, request->invoice_id, true, request->reason, reply)
                               : status;
}

enum status invoice_undispute(struct txn *txn, struct call *call, const InvoiceUndispute *request,
                              InvoiceDisputeReply *reply)
{
    struct books books;
    const enum status status = books_open(txn, call, &books);
    return status == STATUS_OK ? mark(&books, request->invoice_id, false, request->reason, reply)
                               : status;
}
