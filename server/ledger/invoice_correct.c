// SPDX-License-Identifier: Apache-2.0
// What corrects an issued invoice: credit note and reversal. An invoice itself never changes
// (domain.md d.12).
#include "server/ledger/content.h"
#include "server/ledger/control.h"
#include "server/ledger/credit.h"
#include "server/ledger/document.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"
#include "server/ledger/settlement.h"

// The invoice that a credit note or a reversal is about.
static enum status load_issued(struct books *books, uint64_t id, InvoiceRecord **out)
{
    enum status status = document_load(books, id, out);
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
    if ((*out)->kind == INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE) {
        return books_refuse(books, STATUS_INVOICE_IS_CHARGE, "invoice", NULL, NULL);
    }
    return STATUS_OK;
}

// The credit note or reversal of `invoice`, not yet issued.
static enum status make_note(struct books *books, InvoiceRecord *invoice,
                             const struct credit_plan *plan, int32_t date_day, const char *reason,
                             InvoiceRecord **out)
{
    InvoiceRecord *note =
        document_make(books, INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE, invoice->customer_id);
    if (note == NULL) {
        return STATUS_TOO_LARGE;
    }
    note->date_day = date_day;
    note->credits_id = invoice->id;
    note->reason = arena_copy(books->arena, reason, strlen(reason));
    enum status status = note->reason != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK && date_day < invoice->date_day) {
        status = books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, date_day),
                              books_day(books, invoice->date_day));
    }
    if (status == STATUS_OK) {
        status = credit_mirror(books, invoice, plan, note);
    }
    note->currency = invoice->currency;
    note->rate_micro = invoice->rate_micro;
    note->rate_per = invoice->rate_per;
    if (status == STATUS_OK) {
        status = rate_document(books, note, date_day);
    }
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_CREDIT_NOTE,
        .date_day = date_day,
        .text = note->reason,
        .field = "reason",
        .reference = "",
    };
    if (status == STATUS_OK) {
        status = content_check(books, &content);
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

// Settles the debits with one credit, oldest due first, as far as it reaches.
static enum status settle_with(struct books *books, const struct item_list *debits,
                               struct item *credit, int32_t from_day)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < debits->count; i++) {
        struct item *debit = debits->item[i];
        int64_t open = item_left(debit->record);
        int64_t rest = item_left(credit->record);
        int64_t amount_minor = open < rest ? open : rest;
        if (amount_minor == 0) {
            continue;
        }
        int32_t day = 0;
        AllocationRecord *allocation;
        status = settlement_day(books, debit, amount_minor, credit, amount_minor, from_day, &day);
        if (status == STATUS_OK) {
            status = item_allocate(books, debit, credit, amount_minor, day, "credit", &allocation);
        }
    }
    return status;
}

// Settles the open parts of the invoice with the note; what is left stays open on the note. When
// the whole invoice is credited, parts that its terms owe back to the customer go first.
static enum status settle_with_note(struct books *books, const InvoiceRecord *invoice,
                                    const InvoiceRecord *note)
{
    struct item_list debits = {0};
    struct item_list own = {0};
    struct item_list credit = {0};
    enum status status = document_items(books, invoice, &debits);
    if (status == STATUS_OK && credit_left(invoice) == 0) {
        status = document_counter_items(books, invoice, &own);
    }
    if (status == STATUS_OK) {
        status = document_items(books, note, &credit);
    }
    for (size_t i = 0; status == STATUS_OK && i < own.count; i++) {
        status = settle_with(books, &debits, own.item[i], note->date_day);
    }
    for (size_t i = 0; status == STATUS_OK && i < credit.count; i++) {
        status = settle_with(books, &debits, credit.item[i], note->date_day);
    }
    return status;
}

// What the note takes: the lines that come back, an amount, or all that is left.
static enum status plan_credit(struct books *books, const InvoiceRecord *invoice,
                               const InvoiceCredit *request, struct credit_plan *out)
{
    int64_t left = credit_left(invoice);
    int64_t amount_minor = request->amount_minor != 0 ? request->amount_minor : left;
    if (amount_minor > left || left == 0) {
        const char *asked =
            request->amount_minor != 0 ? rate_print(books, invoice->currency, amount_minor) : NULL;
        return books_refuse(books, STATUS_CREDIT_OVER, "amount", asked,
                            rate_print(books, invoice->currency, left));
    }
    if (request->n_line > 0) {
        return credit_plan_lines(books, invoice, request->line, request->n_line, STATUS_CREDIT_OVER,
                                 out);
    }
    return credit_plan_amount(books, invoice, amount_minor, out);
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

    struct credit_plan plan = {0};
    const bool has_amounts = request->amount_minor != 0 || request->n_line > 0;
    if (status == STATUS_OK && (has_amounts || request->currency[0] != '\0')) {
        status = rate_same(&books, request->currency, invoice->currency);
    }
    if (status == STATUS_OK) {
        status = plan_credit(&books, invoice, request, &plan);
    }
    int32_t day = request->date_day;
    if (status == STATUS_OK && day == 0) {
        status = period_open_day(&books, call->book_day, document_scopes(invoice), &day);
    }
    if (status == STATUS_OK) {
        status = make_note(&books, invoice, &plan, day, request->reason, &note);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, invoice->customer_id, rate_gross(note), "amount");
    }
    struct balance *balance = NULL;
    if (status == STATUS_OK) {
        status = posting_balance(&books, invoice->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_CREDIT_NOTE, -rate_gross(note));
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
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < invoice->n_part; i++) {
        const InvoicePart *part = invoice->part[i];
        struct item *item = NULL;
        if (part->item_id == 0) {
            continue;
        }
        status = item_load(books, part->item_id, &item);
        int64_t amount_minor = part->amount_minor < 0 ? -part->amount_minor : part->amount_minor;
        if (status == STATUS_OK && item_left(item->record) != amount_minor) {
            status = books_refuse(
                books, STATUS_DOCUMENT_HAS_PAYMENTS, "invoice",
                rate_print(books, invoice->currency, amount_minor - item_left(item->record)), NULL);
        }
    }
    if (status == STATUS_OK && invoice->credited_minor != 0) {
        status = books_refuse(books, STATUS_CREDIT_OVER, "invoice",
                              rate_print(books, invoice->currency, invoice->gross_minor),
                              rate_print(books, invoice->currency, credit_left(invoice)));
    }
    return status;
}

// As asked, else the invoice's own day, or the first open one on which nothing that ever settled or
// rescheduled it reaches behind it (domain.md d.12).
static enum status reversal_day(struct books *books, const InvoiceRecord *invoice, int32_t asked,
                                int32_t *out)
{
    int32_t first = invoice->date_day;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < invoice->n_part; i++) {
        struct item *item = NULL;
        if (invoice->part[i]->item_id == 0) {
            continue;
        }
        status = item_load(books, invoice->part[i]->item_id, &item);
        int32_t freed = status == STATUS_OK ? item->record->freed_day : 0;
        int32_t begun = status == STATUS_OK ? item->record->date_day : 0;
        first = freed > first ? freed : first;
        first = begun > first ? begun : first;
    }
    if (status != STATUS_OK) {
        return status;
    }
    *out = asked;
    if (asked == 0) {
        status = period_open_day(books, first, document_scopes(invoice), out);
    }
    if (status == STATUS_OK && *out < first) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, *out),
                            books_day(books, first));
    }
    return status;
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
        status = permit_amount(&books, invoice->customer_id, rate_gross(invoice), "invoice");
    }
    if (status == STATUS_OK) {
        status = refuse_if_touched(&books, invoice);
    }
    if (status == STATUS_OK) {
        status = reversal_day(&books, invoice, request->date_day, &day);
    }
    if (status == STATUS_OK && invoice->gross_minor == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "invoice", NULL, NULL);
    }
    struct credit_plan plan = {0};
    if (status == STATUS_OK) {
        status = credit_plan_amount(&books, invoice, invoice->gross_minor, &plan);
    }
    if (status == STATUS_OK) {
        status = make_note(&books, invoice, &plan, day, request->reason, &note);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, invoice->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_CREDIT_NOTE, rate_gross(invoice));
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
