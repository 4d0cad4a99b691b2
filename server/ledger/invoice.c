// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/approval.h"
#include "server/ledger/content.h"
#include "server/ledger/control.h"
#include "server/ledger/document.h"
#include "server/ledger/exposure.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/pricing.h"
#include "server/ledger/rate.h"

#define FIELD_INVOICE_REFERENCE 8 // of InvoiceIssue

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
    reply->state = draft->state;
    reply->net_minor = draft->net_minor;
    reply->tax_minor = draft->tax_minor;
    reply->gross_minor = draft->gross_minor;
    reply->currency = draft->currency;
    reply->book_gross_minor = rate_gross(draft);
}

enum status invoice_draft(struct txn *txn, struct call *call, const InvoiceDraft *request,
                          InvoiceDraftReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);
    CustomerRecord *customer = NULL;
    if (status == STATUS_OK) {
        status = books_served_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    InvoiceRecord *draft =
        document_make(&books, INVOICE_KIND__INVOICE_KIND_INVOICE, request->customer_id);
    if (draft == NULL) {
        return STATUS_TOO_LARGE;
    }

    status = rate_choose(&books, request->currency, customer->currency, &draft->currency);
    const struct pricing pricing = pricing_of(&request->base, draft->currency);
    if (status == STATUS_OK) {
        status = pricing_apply(&books, &pricing, draft);
    }
    if (status == STATUS_OK) {
        status = rate_document(&books, draft, request->date_day);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, draft->customer_id, rate_gross(draft), "amount");
    }
    if (status == STATUS_OK && request->due_day != 0 && request->due_day < request->date_day) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "due", NULL, NULL);
    }
    if (status == STATUS_OK && request->date_day != 0) {
        status = posting_plan_guard(&books, request->date_day, POSTING_SALES, "date");
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
    if (status == STATUS_OK) {
        status = period_draft(&books, draft->date_day, 1);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    draft_reply(draft, reply);
    call_about(call, draft->id, NULL);
    return status;
}

// A draft that waits for a second person does not change, and is not submitted twice: what is
// approved is what was looked at.
static enum status refuse_unless_draft(struct books *books, const InvoiceRecord *draft)
{
    const struct call *call = books->call;
    bool waits = false;
    if (draft->state != INVOICE_STATE__INVOICE_STATE_DRAFT) {
        return books_refuse(books, STATUS_DOCUMENT_IS_LOCKED, "invoice", NULL, NULL);
    }
    if (call->approved != NULL && call->approved->id == draft->approval_id) {
        return STATUS_OK;
    }
    const enum status status = approval_waits(books->txn, books->call, draft->approval_id, &waits);
    return status == STATUS_OK && waits
               ? books_refuse(books, STATUS_INVOICE_SUBMITTED, "invoice", NULL, NULL)
               : status;
}

static bool edits_prices(const InvoiceEdit *request)
{
    return request->tax_bp != 0 || request->inclusive || request->discount_minor != 0 ||
           request->round_minor != 0;
}

static bool edits_lines(const InvoiceEdit *request)
{
    return request->n_line > 0 || request->amount_minor != 0;
}

static bool edits_words(const InvoiceEdit *request)
{
    return request->terms[0] != '\0' || request->reference[0] != '\0' || request->notes[0] != '\0';
}

static enum status check_edit(struct books *books, const InvoiceEdit *request,
                              const InvoiceRecord *draft)
{
    if (request->version != 0 && request->version != draft->version) {
        return books_refuse(books, STATUS_STALE, "version",
                            arena_print(books->arena, "%u", request->version),
                            arena_print(books->arena, "%u", draft->version));
    }
    const bool edits_days = request->date_day != 0 || request->due_day != 0;
    if (!edits_lines(request) && !edits_prices(request) && !edits_words(request) && !edits_days &&
        !request->discard) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    return edits_prices(request) && !edits_lines(request)
               ? books_refuse(books, STATUS_FIELD_MISSING, "line", NULL, NULL)
               : STATUS_OK;
}

// Lines and prices anew, and what they make in the book's currency on the document's day.
static enum status edit_amounts(struct books *books, const InvoiceEdit *request,
                                InvoiceRecord *draft)
{
    enum status status = STATUS_OK;
    if (edits_lines(request) || request->currency[0] != '\0') {
        status = rate_same(books, request->currency, draft->currency);
    }
    if (status == STATUS_OK && edits_lines(request)) {
        const struct pricing pricing = pricing_of(&request->base, draft->currency);
        status = pricing_apply(books, &pricing, draft);
    }
    if (status == STATUS_OK) {
        status = rate_document(books, draft,
                               request->date_day != 0 ? request->date_day : draft->date_day);
    }
    return status == STATUS_OK
               ? permit_amount(books, draft->customer_id, rate_gross(draft), "amount")
               : status;
}

static enum status edit_words(struct books *books, const InvoiceEdit *request, InvoiceRecord *draft)
{
    enum status status = take_text(books, request->terms, &draft->terms);
    if (status == STATUS_OK) {
        status = take_text(books, request->reference, &draft->reference);
    }
    return status == STATUS_OK ? take_text(books, request->notes, &draft->notes) : status;
}

// Terms and a due day take each other's place.
static void edit_due(const InvoiceEdit *request, InvoiceRecord *draft)
{
    if (request->due_day != 0) {
        draft->due_day = request->due_day;
        draft->terms = request->terms; // none: a request has one or the other
    } else if (request->terms[0] != '\0') {
        draft->due_day = 0;
    }
}

enum status invoice_edit(struct txn *txn, struct call *call, const InvoiceEdit *request,
                         InvoiceDraftReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);
    InvoiceRecord *draft = NULL;
    if (status == STATUS_OK) {
        status = document_load(&books, request->invoice_id, &draft);
    }

    if (status == STATUS_OK) {
        status = refuse_unless_draft(&books, draft);
    }
    if (status == STATUS_OK) {
        status = check_edit(&books, request, draft);
    }
    if (status == STATUS_OK) {
        status = edit_amounts(&books, request, draft);
    }
    if (status == STATUS_OK && request->date_day != 0) {
        status = posting_plan_guard(&books, request->date_day, POSTING_SALES, "date");
    }
    if (status == STATUS_OK) {
        status = edit_words(&books, request, draft);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const int32_t day_before = draft->date_day;
    draft->date_day = request->date_day != 0 ? request->date_day : draft->date_day;
    edit_due(request, draft);
    draft->state = request->discard ? INVOICE_STATE__INVOICE_STATE_DISCARDED : draft->state;
    draft->edited_by = call->user_id;
    draft->version++;
    status = invoice_put(txn, key_u64(draft->id), draft);
    if (status == STATUS_OK) {
        status = period_draft(&books, day_before, -1);
    }
    if (status == STATUS_OK && !request->discard) {
        status = period_draft(&books, draft->date_day, 1);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    draft_reply(draft, reply);
    call_about(call, draft->id, NULL);
    return status;
}

// The draft that is to be issued, with what the request changes of it.
static enum status from_draft(struct books *books, const InvoiceIssue *request, InvoiceRecord **out)
{
    InvoiceRecord *draft;
    enum status status = document_load(books, request->invoice_id, &draft);
    if (status == STATUS_OK) {
        status = refuse_unless_draft(books, draft);
    }
    bool other = request->customer_id != 0 && status == STATUS_OK &&
                 request->customer_id != draft->customer_id;
    if (status == STATUS_OK && request->currency[0] != '\0') {
        status = rate_same(books, request->currency, draft->currency);
    }
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
    CustomerRecord *customer = NULL;
    if (request->customer_id == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "customer", NULL, NULL);
    }
    InvoiceRecord *document =
        document_make(books, INVOICE_KIND__INVOICE_KIND_INVOICE, request->customer_id);
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = document;
    enum status status = books_served_customer(books, request->customer_id, "customer", &customer);
    if (status == STATUS_OK) {
        status = rate_choose(books, request->currency, customer->currency, &document->currency);
    }
    const struct pricing pricing = pricing_of(&request->base, document->currency);
    return status == STATUS_OK ? pricing_apply(books, &pricing, document) : status;
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
                              rate_print(books, document->currency, document->gross_minor), NULL);
    }
    if (status == STATUS_OK) {
        status = document_parts(books, document, customer,
                                terms_asked ? request->terms : document->terms, due_day);
    }
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_INVOICE,
        .date_day = document->date_day,
        .line = document->line,
        .line_count = document->n_line,
        .reference = document->reference,
    };
    return status == STATUS_OK ? content_check(books, &content) : status;
}

// It waits: its part of the limit is held, and the draft is locked until somebody decides.
static enum status submit(struct books *books, uint64_t draft_id, struct exposure *exposure)
{
    const uint64_t approval_id = books->call->object_id;
    InvoiceRecord *draft = NULL;
    enum status status = exposure_reserve(books, exposure, approval_id);
    if (status == STATUS_OK && draft_id != 0) {
        status = invoice_get(books->txn, key_u64(draft_id), &draft);
    }
    if (status == STATUS_OK && draft_id != 0) {
        draft->approval_id = approval_id;
        status = invoice_put(books->txn, key_u64(draft_id), draft);
    }
    return status == STATUS_OK ? STATUS_APPROVAL_PENDING : status;
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
        assert(document != NULL);
        status = books_served_customer(&books, document->customer_id, "customer", &customer);
    }

    const UniqueHash *unique =
        books_hash_of(request->unique, request->n_unique, FIELD_INVOICE_REFERENCE);
    const int32_t drafted_day = status == STATUS_OK ? document->date_day : 0;
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = complete(&books, request, customer, document);
    }
    if (status == STATUS_OK) {
        status = rate_document(&books, document, document->date_day);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, document->customer_id, rate_gross(document), "amount");
    }
    if (status == STATUS_OK) {
        status = document_check(&books, document, unique);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, document->customer_id, &balance);
    }
    struct exposure exposure;
    if (status == STATUS_OK) {
        status = exposure_check(&books, customer, rate_gross(document), &exposure);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_INVOICE, rate_gross(document));
        if (status == STATUS_APPROVAL_PENDING) {
            return submit(&books, request->invoice_id, &exposure);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }

    int64_t owed_before_minor = posting_owed(balance);
    status = document_issue(&books, document, unique);
    if (status == STATUS_OK) {
        status = exposure_keep(&books, &exposure, document->id);
    }
    if (status == STATUS_OK) {
        status = period_draft(&books, drafted_day, -1);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = exposure_stops(&books, &exposure, &reply->warning, &reply->n_warning);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return document_reply(&books, document, owed_before_minor, reply);
}
