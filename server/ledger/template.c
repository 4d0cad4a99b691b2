// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/template.h"

#include "server/ledger/catalogue.h"
#include "server/ledger/document.h"
#include "server/ledger/pricing.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "server/ledger/receipt.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

// Missing, or of another kind than the command takes.
static enum status load_kind(struct txn *txn, struct call *call, uint64_t id, TemplateKind kind,
                             TemplateRecord **out)
{
    ProtobufCMessage *row = NULL;
    const enum status status = reading_load(txn, call, TABLE_template, id, "template", &row);
    if (status != STATUS_OK) {
        return status;
    }
    *out = (TemplateRecord *)row;
    return (*out)->kind == kind ? STATUS_OK
                                : refuse(txn, call, STATUS_TEMPLATE_KIND, "template", NULL);
}

static char *either(char *said, char *known)
{
    return said[0] != '\0' ? said : known;
}

enum status template_fill_payment(struct txn *txn, struct call *call, const PaymentAdd *request,
                                  const PaymentAdd **out)
{
    TemplateRecord *template = NULL;
    *out = request;
    if (request->template_id == 0) {
        return STATUS_OK;
    }
    const enum status status =
        load_kind(txn, call, request->template_id, TEMPLATE_KIND__TEMPLATE_KIND_PAYMENT, &template);
    PaymentAdd *filled = arena_alloc(call->arena, sizeof *filled);
    if (status != STATUS_OK || filled == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    *filled = *request;
    if (request->method == PAYMENT_METHOD__PAYMENT_METHOD_UNSET && request->method_id == 0) {
        filled->method = template->method;
    }
    filled->account = either(request->account, template->account);
    filled->notes = either(request->notes, template->notes);
    filled->currency = either(request->currency, template->currency);
    filled->fee_minor = request->fee_minor != 0 ? request->fee_minor : template->fee_minor;
    *out = filled;
    return STATUS_OK;
}

// ---- commands ----

static enum status refuse_second(struct books *books, const char *name)
{
    ProtobufCMessage *known = NULL;
    const enum status status =
        books_same_name(books, TABLE_template, offsetof(TemplateRecord, name), name, &known);
    return status == STATUS_OK && known != NULL
               ? books_refuse(books, STATUS_TEMPLATE_EXISTS, "name", name, NULL)
               : status;
}

// Fields that the kind has no use for are a mistake, not to be dropped in silence.
static enum status refuse_others(struct books *books, const TemplateAdd *request)
{
    const bool is_invoice = request->kind == TEMPLATE_KIND__TEMPLATE_KIND_INVOICE;

    const struct {
        const char *field;
        bool is_set;
        bool of_invoice;
    } facts[] = {
        {"line", request->n_line > 0, true},
        {"amount", request->amount_minor != 0, true},
        {"terms", request->terms[0] != '\0', true},
        {"tax", request->tax_bp != 0, true},
        {"inclusive", request->inclusive, true},
        {"discount", request->discount_minor != 0, true},
        {"round", request->round_minor != 0, true},
        {"method", request->method != PAYMENT_METHOD__PAYMENT_METHOD_UNSET, false},
        {"account", request->account[0] != '\0', false},
        {"fee", request->fee_minor != 0, false},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        if (facts[i].is_set && facts[i].of_invoice != is_invoice) {
            status = books_refuse(books, STATUS_FIELD_CONFLICT, facts[i].field, NULL, NULL);
        }
    }
    return status;
}

static enum status check_account(struct books *books, const char *text)
{
    struct account *account = NULL;
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    const enum status status = posting_account(books, receipt_code(text), &account);
    const bool fits = status == STATUS_OK && account->record->cash;
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    return fits ? STATUS_OK : books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", text, NULL);
}

// Lines that could not be priced today would fail each time.
static enum status check_content(struct books *books, const TemplateAdd *request)
{
    InvoiceRecord document;
    invoice_record__init(&document);
    const struct pricing pricing = pricing_of(&request->base, request->currency);
    document.currency = rate_currency(books, request->currency);
    enum status status = refuse_others(books, request);
    if (status == STATUS_OK) {
        status = check_account(books, request->account);
    }
    const bool has_lines = request->n_line > 0 || request->amount_minor != 0;
    return status == STATUS_OK && has_lines ? pricing_apply(books, &pricing, &document) : status;
}

static enum status done(struct call *call, const TemplateRecord *template, TemplateReply *reply)
{
    reply->id = template->id;
    reply->name = template->name;
    reply->kind = template->kind;
    call_about(call, template->id, template->name);
    return STATUS_OK;
}

enum status template_add(struct txn *txn, struct call *call, const TemplateAdd *request,
                         TemplateReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = check_content(&books, request);
    }
    if (status == STATUS_OK) {
        status = refuse_second(&books, request->name);
    }
    if (status != STATUS_OK) {
        return status;
    }

    TemplateRecord template;
    template_record__init(&template);
    template.id = call_new_id(call);
    template.kind = request->kind;
    template.name = request->name;
    template.line = request->line;
    template.n_line = request->n_line;
    template.amount_minor = request->amount_minor;
    template.terms = request->terms;
    template.notes = request->notes;
    template.tax_bp = request->tax_bp;
    template.inclusive = request->inclusive;
    template.discount_minor = request->discount_minor;
    template.round_minor = request->round_minor;
    template.method = request->method;
    template.account = request->account;
    template.fee_minor = request->fee_minor;
    template.currency = request->currency;
    template.changed_us = call->instant_us;
    template.changed_by = call->user_id;
    status = template_put(txn, key_u64(template.id), &template);

    return status == STATUS_OK ? done(call, &template, reply) : status;
}

enum status template_remove(struct txn *txn, struct call *call, const TemplateRemove *request,
                            TemplateReply *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_template, request->template_id, "template", &row);

    if (status != STATUS_OK) {
        return status;
    }

    const TemplateRecord *template = (const TemplateRecord *)row;
    call_note_change(call, template->id, "name", template->name, "");
    status = rows_del(txn, TABLE_template, key_u64(template->id));

    return status == STATUS_OK ? done(call, template, reply) : status;
}

enum status template_apply(struct txn *txn, struct call *call, const TemplateApply *request,
                           InvoiceDraftReply *reply)
{
    TemplateRecord *template = NULL;
    InvoiceDraft draft;
    enum status status =
        load_kind(txn, call, request->template_id, TEMPLATE_KIND__TEMPLATE_KIND_INVOICE, &template);

    if (status == STATUS_OK && template->n_line > 0 && request->amount_minor != 0) {
        status = refuse(txn, call, STATUS_FIELD_CONFLICT, "amount", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    invoice_draft__init(&draft);
    draft.customer_id = request->customer_id;
    draft.date_day = request->date_day;
    draft.due_day = request->due_day;
    draft.terms = request->due_day != 0 ? request->terms : either(request->terms, template->terms);
    draft.line = template->line;
    draft.n_line = template->n_line;
    draft.amount_minor =
        request->amount_minor != 0 ? request->amount_minor : template->amount_minor;
    draft.reference = request->reference;
    draft.notes = either(request->notes, template->notes);
    draft.tax_bp = template->tax_bp;
    draft.inclusive = template->inclusive;
    draft.discount_minor = template->discount_minor;
    draft.round_minor = template->round_minor;
    draft.currency = either(request->currency, template->currency);
    return invoice_draft(txn, call, &draft, reply);
}

// ---- reading ----

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const TemplateList *request = asked;
    return request->kind == TEMPLATE_KIND__TEMPLATE_KIND_UNSET ||
           request->kind == ((const TemplateRecord *)record)->kind;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *out)
{
    (void)call;
    const TemplateRecord *template = (const TemplateRecord *)record;
    TemplateRow *row = (TemplateRow *)out;
    row->id = template->id;
    row->name = template->name;
    row->kind = template->kind;
    row->lines = (uint32_t) template->n_line;
    row->amount_minor = template->amount_minor;
    row->terms = template->terms;
    row->method = template->method;
    row->account = template->account;
    row->fee_minor = template->fee_minor;
    row->currency = template->currency;
    row->notes = template->notes;
    row->changed_us = template->changed_us;
    return reading_login(txn, template->changed_by, &row->changed_by);
}

enum status template_list(struct txn *txn, struct call *call, const TemplateList *request,
                          TemplateListReply *reply)
{
    struct row_page page = {
        .table = TABLE_template,
        .descriptor = &template_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (TemplateRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

enum status template_show(struct txn *txn, struct call *call, const TemplateShow *request,
                          TemplateCard *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_template, request->template_id, "template", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const TemplateRecord *template = (const TemplateRecord *)row;
    status = catalogue_name(txn, call, template->line, template->n_line, &reply->line);
    if (status != STATUS_OK) {
        return status;
    }
    reply->template_ = (TemplateRow *)wire_make(call->arena, &template_row__descriptor);
    reply->n_line = template->n_line;
    reply->tax_bp = template->tax_bp;
    reply->inclusive = template->inclusive;
    reply->discount_minor = template->discount_minor;
    reply->round_minor = template->round_minor;
    reply->currency = template->currency;
    return reply->template_ != NULL ? fill_row(txn, call, &template->base, &reply->template_->base)
                                    : STATUS_TOO_LARGE;
}
