// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/credit.h"
#include "server/ledger/document.h"

#define FIELD_INVOICE_REFERENCE 8 // of InvoiceIssue

static enum status load_invoice(struct books *books, uint64_t id, InvoiceRecord **out)
{
    enum status status = invoice_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "invoice", NULL, NULL);
    }
    return status;
}

static char *text_copy(struct books *books, const char *text)
{
    return arena_copy(books->arena, text, strlen(text));
}

// Replaces `*at` when the request says something.
static enum status take_text(struct books *books, const char *text, char **at)
{
    if (text[0] != '\0') {
        *at = text_copy(books, text);
    }
    return *at != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static void draft_reply(const InvoiceRecord *draft, InvoiceDraftReply *reply)
{
    reply->id = draft->id;
    reply->version = draft->version;
    reply->net_minor = draft->net_minor;
    reply->tax_minor = draft->tax_minor;
    reply->gross_minor = draft->gross_minor;
}

enum status invoice_draft(struct txn *txn, struct call *call, const InvoiceDraft *request,
                          InvoiceDraftReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);
    CustomerRecord *customer = NULL;
    if (status == STATUS_OK) {
        status = books_active_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    InvoiceRecord *draft =
        document_make(&books, INVOICE_KIND__INVOICE_KIND_INVOICE, request->customer_id);
    if (draft == NULL) {
        return STATUS_TOO_LARGE;
    }

    status = books_currency(&books, request->currency);
    if (status == STATUS_OK) {
        status =
            document_lines(&books, draft, request->line, request->n_line, request->amount_minor);
    }
    if (status == STATUS_OK && request->due_day != 0 && request->due_day < request->date_day) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "due", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    draft->id = call_new_id(call);
    draft->state = INVOICE_STATE__INVOICE_STATE_DRAFT;
    draft->version = 1;
    draft->date_day = request->date_day;
    draft->due_day = request->due_day;
    draft->terms = request->terms;
    draft->reference = request->reference;
    draft->notes = request->notes;
    draft->entered_us = call->instant_us;
    draft->entered_by = call->user_id;
    status = invoice_put(txn, key_u64(draft->id), draft);

    draft_reply(draft, reply);
    call_about(call, draft->id, NULL);
    return status;
}

static enum status refuse_unless_draft(struct books *books, const InvoiceRecord *draft)
{
    if (draft->state != INVOICE_STATE__INVOICE_STATE_DRAFT) {
        return books_refuse(books, STATUS_DOCUMENT_IS_LOCKED, "invoice", NULL, NULL);
    }
    return STATUS_OK;
}

enum status invoice_edit(struct txn *txn, struct call *call, const InvoiceEdit *request,
                         InvoiceDraftReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);
    InvoiceRecord *draft = NULL;
    if (status == STATUS_OK) {
        status = load_invoice(&books, request->invoice_id, &draft);
    }

    if (status == STATUS_OK) {
        status = refuse_unless_draft(&books, draft);
    }
    if (status == STATUS_OK && request->version != 0 && request->version != draft->version) {
        status = books_refuse(&books, STATUS_STALE, "version",
                              arena_print(call->arena, "%u", request->version),
                              arena_print(call->arena, "%u", draft->version));
    }
    bool changes = request->n_line > 0 || request->amount_minor != 0 || request->date_day != 0 ||
                   request->due_day != 0 || request->terms[0] != '\0' ||
                   request->reference[0] != '\0' || request->notes[0] != '\0' || request->discard;
    if (status == STATUS_OK && !changes) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK && (request->n_line > 0 || request->amount_minor != 0)) {
        status =
            document_lines(&books, draft, request->line, request->n_line, request->amount_minor);
    }
    if (status == STATUS_OK) {
        status = take_text(&books, request->terms, &draft->terms);
    }
    if (status == STATUS_OK) {
        status = take_text(&books, request->reference, &draft->reference);
    }
    if (status == STATUS_OK) {
        status = take_text(&books, request->notes, &draft->notes);
    }
    if (status != STATUS_OK) {
        return status;
    }

    draft->date_day = request->date_day != 0 ? request->date_day : draft->date_day;
    draft->due_day = request->due_day != 0 ? request->due_day : draft->due_day;
    draft->state = request->discard ? INVOICE_STATE__INVOICE_STATE_DISCARDED : draft->state;
    draft->version++;
    status = invoice_put(txn, key_u64(draft->id), draft);

    draft_reply(draft, reply);
    call_about(call, draft->id, NULL);
    return status;
}

// The draft that is to be issued, with what the request changes of it.
static enum status from_draft(struct books *books, const InvoiceIssue *request, InvoiceRecord **out)
{
    InvoiceRecord *draft;
    enum status status = load_invoice(books, request->invoice_id, &draft);
    if (status == STATUS_OK) {
        status = refuse_unless_draft(books, draft);
    }
    bool other = request->customer_id != 0 && status == STATUS_OK &&
                 request->customer_id != draft->customer_id;
    if (status == STATUS_OK && (other || request->n_line > 0 || request->amount_minor != 0)) {
        status = books_refuse(books, STATUS_FIELD_CONFLICT, "invoice", NULL, NULL);
    }
    if (status == STATUS_OK) {
        *out = draft;
    }
    return status;
}

static enum status from_request(struct books *books, const InvoiceIssue *request,
                                InvoiceRecord **out)
{
    if (request->customer_id == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "customer", NULL, NULL);
    }
    InvoiceRecord *document =
        document_make(books, INVOICE_KIND__INVOICE_KIND_INVOICE, request->customer_id);
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = books_currency(books, request->currency);
    if (status == STATUS_OK) {
        status =
            document_lines(books, document, request->line, request->n_line, request->amount_minor);
    }
    *out = document;
    return status;
}

// Dates, terms and texts of the document: the request's, else the draft's own.
static enum status complete(struct books *books, const InvoiceIssue *request,
                            const CustomerRecord *customer, InvoiceRecord *document)
{
    if (request->date_day != 0) {
        document->date_day = request->date_day;
    } else if (document->date_day == 0) {
        document->date_day = books->call->book_day;
    }
    bool terms_asked = request->terms[0] != '\0';
    int32_t due_day = request->due_day != 0 ? request->due_day
                      : terms_asked         ? 0
                                            : document->due_day;
    document->disputed = request->disputed;
    enum status status = take_text(books, request->reference, &document->reference);
    if (status == STATUS_OK) {
        status = take_text(books, request->notes, &document->notes);
    }
    if (status == STATUS_OK && document->gross_minor < 0) {
        status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "amount",
                              books_money(books, document->gross_minor), NULL);
    }
    if (status == STATUS_OK) {
        status = document_parts(books, document, customer,
                                terms_asked ? request->terms : document->terms, due_day);
    }
    return status;
}

enum status invoice_issue(struct txn *txn, struct call *call, const InvoiceIssue *request,
                          InvoiceIssueReply *reply)
{
    struct books books;
    InvoiceRecord *document = NULL;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = request->invoice_id != 0 ? from_draft(&books, request, &document)
                                          : from_request(&books, request, &document);
    }
    if (status == STATUS_OK) {
        status = books_active_customer(&books, document->customer_id, "customer", &customer);
    }

    const UniqueHash *unique =
        books_hash_of(request->unique, request->n_unique, FIELD_INVOICE_REFERENCE);
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = complete(&books, request, customer, document);
    }
    if (status == STATUS_OK) {
        status = document_check(&books, document, unique);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, document->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    int64_t owed_before_minor = posting_owed(balance);
    status = document_issue(&books, document, unique);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return document_reply(&books, document, owed_before_minor, reply);
}

// The invoice that a credit note or a reversal is about.
static enum status load_issued(struct books *books, uint64_t id, InvoiceRecord **out)
{
    enum status status = load_invoice(books, id, out);
    if (status != STATUS_OK) {
        return status;
    }
    switch ((int)(*out)->state) {
    case INVOICE_STATE__INVOICE_STATE_ISSUED:
        break;
    case INVOICE_STATE__INVOICE_STATE_REVERSED:
        return books_refuse(books, STATUS_ALREADY_REVERSED, "invoice", NULL, NULL);
    case INVOICE_STATE__INVOICE_STATE_UNSET:
    case INVOICE_STATE__INVOICE_STATE_DRAFT:
    case INVOICE_STATE__INVOICE_STATE_DISCARDED:
    case _INVOICE_STATE_IS_INT_SIZE:
    default:
        return books_refuse(books, STATUS_NOTHING_TO_DO, "invoice", NULL, NULL);
    }
    if ((*out)->kind == INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE) {
        return books_refuse(books, STATUS_REVERSAL_OF_REVERSAL, "invoice", NULL, NULL);
    }
    return STATUS_OK;
}

// The credit note or reversal of `invoice`, not yet issued.
static enum status make_note(struct books *books, InvoiceRecord *invoice, int64_t amount_minor,
                             int32_t date_day, const char *reason, InvoiceRecord **out)
{
    InvoiceRecord *note =
        document_make(books, INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE, invoice->customer_id);
    if (note == NULL) {
        return STATUS_TOO_LARGE;
    }
    note->date_day = date_day;
    note->credits_id = invoice->id;
    note->reason = text_copy(books, reason);
    enum status status = note->reason != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK && date_day < invoice->date_day) {
        status = books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, date_day),
                              books_day(books, invoice->date_day));
    }
    if (status == STATUS_OK) {
        status = credit_mirror(books, invoice, amount_minor, note);
    }
    CustomerRecord *customer = NULL;
    if (status == STATUS_OK) {
        status = books_customer(books, invoice->customer_id, "invoice", &customer);
    }
    if (status == STATUS_OK) {
        status = document_parts(books, note, customer, "", date_day);
    }
    if (status == STATUS_OK) {
        status = document_check(books, note, NULL);
    }
    *out = note;
    return status;
}

// Settles the open parts of the invoice with the note, oldest due first; what is left stays open on
// the note.
static enum status settle_with_note(struct books *books, const InvoiceRecord *invoice,
                                    const InvoiceRecord *note)
{
    struct item_list debits = {0};
    struct item_list credit = {0};
    enum status status = document_items(books, invoice, &debits);
    if (status == STATUS_OK) {
        status = document_items(books, note, &credit);
    }
    for (size_t i = 0; status == STATUS_OK && i < debits.count; i++) {
        int64_t open = debits.item[i]->record->open_minor;
        int64_t rest = credit.item[0]->record->open_minor;
        int64_t amount_minor = open < rest ? open : rest;
        if (amount_minor == 0) {
            continue;
        }
        int32_t day = 0;
        AllocationRecord *allocation;
        status = item_free_day(books, debits.item[i], amount_minor, note->date_day, &day);
        if (status == STATUS_OK) {
            status = item_allocate(books, debits.item[i], credit.item[0], amount_minor, day,
                                   "credit", &allocation);
        }
    }
    return status;
}

enum status invoice_credit(struct txn *txn, struct call *call, const InvoiceCredit *request,
                           InvoiceIssueReply *reply)
{
    struct books books;
    InvoiceRecord *invoice = NULL;
    InvoiceRecord *note = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_issued(&books, request->invoice_id, &invoice);
    }

    int64_t left = status == STATUS_OK ? credit_left(invoice) : 0;
    int64_t amount_minor = request->amount_minor != 0 ? request->amount_minor : left;
    if (status == STATUS_OK && (amount_minor > left || left == 0)) {
        status = books_refuse(&books, STATUS_CREDIT_OVER, "amount",
                              books_money(&books, amount_minor), books_money(&books, left));
    }
    int32_t day = request->date_day != 0 ? request->date_day : call->book_day;
    if (status == STATUS_OK) {
        status = make_note(&books, invoice, amount_minor, day, request->reason, &note);
    }
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = posting_balance(&books, invoice->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    int64_t owed_before_minor = posting_owed(balance);
    status = document_issue(&books, note, NULL);
    if (status == STATUS_OK && !request->keep_open) {
        status = settle_with_note(&books, invoice, note);
    }
    if (status == STATUS_OK) {
        status = invoice_put(txn, key_u64(invoice->id), invoice);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return document_reply(&books, note, owed_before_minor, reply);
}

// Money on any part of it, or credit that was given already, stands in the way of a reversal.
static enum status refuse_if_touched(struct books *books, const InvoiceRecord *invoice)
{
    struct item_list items = {0};
    enum status status = document_items(books, invoice, &items);
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        const ItemRecord *record = items.item[i]->record;
        if (record->open_minor != record->amount_minor) {
            status = books_refuse(books, STATUS_DOCUMENT_HAS_PAYMENTS, "invoice", NULL,
                                  books_money(books, record->open_minor));
        }
    }
    if (status == STATUS_OK && invoice->credited_minor != 0) {
        status = books_refuse(books, STATUS_CREDIT_OVER, "invoice",
                              books_money(books, invoice->gross_minor),
                              books_money(books, credit_left(invoice)));
    }
    return status;
}

// The first day on which nothing that ever settled the invoice reaches behind it.
static enum status reversal_day(struct books *books, const InvoiceRecord *invoice, int32_t asked,
                                int32_t *out)
{
    int32_t first = invoice->date_day;
    struct item_list items = {0};
    enum status status = document_items(books, invoice, &items);
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        int32_t freed = items.item[i]->record->freed_day;
        first = freed > first ? freed : first;
    }
    if (status != STATUS_OK) {
        return status;
    }
    int32_t usual = books->call->book_day > first ? books->call->book_day : first;
    *out = asked != 0 ? asked : usual;
    if (*out < first) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, *out),
                            books_day(books, first));
    }
    return STATUS_OK;
}

enum status invoice_reverse(struct txn *txn, struct call *call, const InvoiceReverse *request,
                            InvoiceIssueReply *reply)
{
    struct books books;
    InvoiceRecord *invoice = NULL;
    InvoiceRecord *note = NULL;
    struct balance *balance = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_issued(&books, request->invoice_id, &invoice);
    }

    int32_t day = 0;
    if (status == STATUS_OK) {
        status = refuse_if_touched(&books, invoice);
    }
    if (status == STATUS_OK) {
        status = reversal_day(&books, invoice, request->date_day, &day);
    }
    if (status == STATUS_OK && invoice->gross_minor == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "invoice", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = make_note(&books, invoice, invoice->gross_minor, day, request->reason, &note);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, invoice->customer_id, &balance);
    }
    if (status != STATUS_OK) {
        return status;
    }

    int64_t owed_before_minor = posting_owed(balance);
    status = document_issue_reversal(&books, invoice, note);
    if (status == STATUS_OK) {
        status = settle_with_note(&books, invoice, note);
    }
    if (status == STATUS_OK) {
        status = invoice_put(txn, key_u64(invoice->id), invoice);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return document_reply(&books, note, owed_before_minor, reply);
}
