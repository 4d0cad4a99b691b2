// SPDX-License-Identifier: Apache-2.0
// Credit notes that were left open: what they settle later, and the way back (domain.md d.1).
#include "server/ledger/deduction.h"
#include "server/ledger/document.h"
#include "server/ledger/rate.h"
#include "server/ledger/shares.h"

// The note that reversed an invoice settles that one for ever.
static enum status refuse_reversal(struct books *books, const InvoiceRecord *note)
{
    InvoiceRecord *invoice;
    if (note->credits_id == 0) {
        return STATUS_OK;
    }
    const enum status status = invoice_get(books->txn, key_u64(note->credits_id), &invoice);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    return invoice->reversed_by_id == note->id
               ? books_refuse(books, STATUS_REVERSAL_OF_REVERSAL, "invoice", NULL, NULL)
               : STATUS_OK;
}

// A credit note and its credit items.
struct note {
    InvoiceRecord *record;
    struct item_list credits;
};

static enum status load_note(struct books *books, uint64_t id, struct note *out)
{
    *out = (struct note){0};
    enum status status = document_load(books, id, &out->record);
    if (status != STATUS_OK) {
        return status;
    }
    if (out->record->state != INVOICE_STATE__INVOICE_STATE_ISSUED ||
        out->record->gross_minor >= 0) {
        return books_refuse(books, STATUS_NOT_A_CREDIT, "invoice", NULL, NULL);
    }
    return document_items(books, out->record, &out->credits);
}

static enum status note_reply(struct books *books, const struct note *note,
                              const struct shares *shares, bool taken_back,
                              PaymentAllocateReply *reply)
{
    enum status status = books_close(books);
    if (status == STATUS_OK) {
        status = shares_reply(books, shares, taken_back, &reply->line, &reply->n_line);
    }
    reply->id = note->record->id;
    reply->number = document_number(books, note->record);
    reply->on_account_minor = shares_open(&note->credits);
    reply->more = shares->more;
    reply->currency = note->record->currency;
    reply->exchange_minor = books->exchanged_minor;
    call_about(books->call, reply->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}

enum status invoice_apply(struct txn *txn, struct call *call, const InvoiceApply *request,
                          PaymentAllocateReply *reply)
{
    struct books books;
    struct note note;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_note(&books, request->invoice_id, &note);
    }

    struct shares shares = {0};
    const bool has_amounts = settlement_has_amounts(request->allocate, request->n_allocate);
    if (status == STATUS_OK && (has_amounts || request->currency[0] != '\0')) {
        status = rate_same(&books, request->currency, note.record->currency);
    }
    if (status == STATUS_OK && shares_open(&note.credits) == 0) {
        status = books_refuse(&books, STATUS_CREDIT_SPENT, "invoice", NULL, NULL);
    }
    if (status == STATUS_OK) {
        const struct shares_wish wish = {.customer_id = note.record->customer_id,
                                         .day = note.record->date_day,
                                         .asked = request->date_day,
                                         .named = request->allocate,
                                         .named_count = request->n_allocate};
        status = shares_plan(&books, &note.credits, &wish, &shares);
    }
    if (status == STATUS_OK) {
        status = deduction_check_shares(&books, &shares);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = shares_allocate(&books, &shares);

    return status == STATUS_OK ? note_reply(&books, &note, &shares, false, reply) : status;
}

enum status invoice_unapply(struct txn *txn, struct call *call, const InvoiceUnapply *request,
                            PaymentAllocateReply *reply)
{
    struct books books;
    struct note note;
    struct allocation_list list = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_note(&books, request->invoice_id, &note);
    }
    if (status == STATUS_OK) {
        status = shares_standing(&books, &note.credits, request->against_id, &list);
    }

    int32_t day = 0;
    struct balance *balance;
    if (status == STATUS_OK) {
        status = refuse_reversal(&books, note.record);
    }
    if (status == STATUS_OK && list.count == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = shares_back_day(&books, &list, note.record->date_day, request->date_day,
                                 call->book_day, POSTING_GENERAL, &day);
    }
    if (status == STATUS_OK) {
        status = shares_controls(&books, note.record->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    struct shares shares;
    status = shares_take_back(&books, &list, day, &shares);

    return status == STATUS_OK ? note_reply(&books, &note, &shares, true, reply) : status;
}
