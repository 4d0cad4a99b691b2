// SPDX-License-Identifier: Apache-2.0
// What the books begin with (domain.md d.12), against retained earnings: open documents of
// customers, each with its own days, and the balances of other accounts. What is owed to a customer
// is a payment on account that no money came with.
#include "server/ledger/deduction.h"
#include "server/ledger/document.h"
#include "server/ledger/due.h"
#include "server/ledger/entry.h"
#include "server/ledger/permit.h"
#include "server/ledger/pricing.h"
#include "server/ledger/receipt.h"
#include "shared/money.h"

#define FIELD_OPENING_REFERENCE 5 // of OpeningAdd

struct opening {
    CustomerRecord *customer;
    int32_t day;
    InvoiceRecord *document; // what the customer owes; or
    PaymentRecord *payment;  // what is owed to the customer
    const UniqueHash *unique;
};

// As asked; from the first use on the one that was used.
static enum status choose_day(struct books *books, int32_t asked, int32_t *out)
{
    *out = asked != 0 ? asked : books->record->opening_day;
    if (*out == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "opening", NULL, NULL);
    }
    // Where the books begin is said once: otherwise a credit could be brought in on any day.
    if (books->record->opening_day != 0 && *out != books->record->opening_day) {
        return books_refuse(books, STATUS_OPENING_FIXED, "opening", books_day(books, *out),
                            books_day(books, books->record->opening_day));
    }
    return *out <= books->call->book_day
               ? STATUS_OK
               : books_refuse(books, STATUS_DAY_IN_FUTURE, "opening", books_day(books, *out),
                              books_day(books, books->call->book_day));
}

static enum status keep_day(struct books *books, int32_t day)
{
    if (books->record->opening_day == day) {
        return STATUS_OK;
    }
    books->record->opening_day = day;
    return book_put(books->txn, key_u64(BOOK_KEY), books->record);
}

// ---- what customers owe and are owed ----

static enum status build_parts(struct books *books, const OpeningAdd *request,
                               struct opening *opening)
{
    InvoiceRecord *document = opening->document;
    const int32_t origin_day = document->origin_day != 0 ? document->origin_day : opening->day;
    if (request->due_day == 0) {
        document->date_day = origin_day;
        enum status status = document_parts(books, document, opening->customer, "", 0);
        document->date_day = opening->day;
        return status;
    }
    if (request->due_day < origin_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "due",
                            books_day(books, request->due_day), books_day(books, origin_day));
    }
    document->due_day = request->due_day;
    document->terms = arena_copy(books->arena, "", 0); // it follows none
    return document->terms != NULL ? due_once(books, document->gross_minor, request->due_day,
                                              &document->part, &document->n_part)
                                   : STATUS_TOO_LARGE;
}

static enum status build_document(struct books *books, const OpeningAdd *request,
                                  struct opening *opening)
{
    InvoiceRecord *document =
        document_make(books, INVOICE_KIND__INVOICE_KIND_OPENING, opening->customer->id);
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    document->brought_in = true;
    document->date_day = opening->day;
    document->origin_day = request->date_day != opening->day ? request->date_day : 0;
    document->reference = request->reference;
    document->notes = request->notes;
    document->disputed = request->disputed;
    opening->document = document;
    const struct pricing pricing = {.amount_minor = request->amount_minor};
    enum status status = pricing_apply(books, &pricing, document);
    if (status == STATUS_OK) {
        status = build_parts(books, request, opening);
    }
    return status == STATUS_OK ? document_check(books, document, opening->unique) : status;
}

static enum status build_payment(struct books *books, const OpeningAdd *request,
                                 struct opening *opening)
{
    if (request->due_day != 0 || request->disputed) {
        return books_refuse(books, STATUS_FIELD_CONFLICT,
                            request->due_day != 0 ? "due" : "disputed", NULL, NULL);
    }
    PaymentRecord *payment = arena_alloc(books->arena, sizeof *payment);
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    payment_record__init(payment);
    payment->brought_in = true;
    payment->customer_id = opening->customer->id;
    payment->amount_minor = -request->amount_minor;
    payment->date_day = opening->day;
    payment->reference = request->reference;
    payment->notes = request->notes;
    opening->payment = payment;
    return receipt_check(books, payment, "", opening->unique);
}

static enum status plan(struct books *books, const OpeningAdd *request, struct opening *opening)
{
    const int64_t minor = request->amount_minor;
    opening->unique = books_hash_of(request->unique, request->n_unique, FIELD_OPENING_REFERENCE);
    if (minor > AMOUNT_MAX || minor < -AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (request->date_day > opening->day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date",
                            books_day(books, request->date_day), books_day(books, opening->day));
    }
    enum status status =
        permit_amount(books, opening->customer->id, minor < 0 ? -minor : minor, "amount");
    if (status != STATUS_OK) {
        return status;
    }
    return minor > 0 ? build_document(books, request, opening)
                     : build_payment(books, request, opening);
}

static enum status bring_in(struct books *books, struct opening *opening)
{
    if (opening->document != NULL) {
        return document_issue(books, opening->document, opening->unique);
    }
    struct settlement none;
    enum status status =
        settlement_begin(books, opening->payment->customer_id, opening->payment->amount_minor,
                         opening->payment->date_day, false, &none);
    return status == STATUS_OK ? receipt_post(books, opening->payment, &none, opening->unique)
                               : status;
}

enum status opening_add(struct txn *txn, struct call *call, const OpeningAdd *request,
                        OpeningReply *reply)
{
    struct books books;
    struct opening opening = {0};
    struct balance *balance = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_served_customer(&books, request->customer_id, "customer", &opening.customer);
    }

    if (status == STATUS_OK) {
        status = choose_day(&books, request->opening_day, &opening.day);
    }
    if (status == STATUS_OK) {
        status = plan(&books, request, &opening);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, request->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        // A credit pays what the customer owes, and no money came with it.
        const int64_t minor = request->amount_minor;
        const struct deduction deduction = {.chosen_minor = minor < 0 ? -minor : 0};
        status =
            deduction_check(&books, request->customer_id, minor < 0 ? -minor : minor, &deduction);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = bring_in(&books, &opening);
    if (status == STATUS_OK) {
        status = keep_day(&books, opening.day);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const bool owes = opening.document != NULL;
    reply->id = owes ? opening.document->id : opening.payment->id;
    reply->number =
        owes ? document_number(&books, opening.document) : receipt_number(&books, opening.payment);
    reply->opening_day = opening.day;
    reply->amount_minor = request->amount_minor;
    reply->balance_minor = posting_owed(balance);
    call_about(call, reply->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- other accounts ----

// Debits less credits of the lines; what they leave is a line on retained earnings.
static enum status balance_lines(struct books *books, const OpeningAccount *request, EntryAdd *out,
                                 int64_t *left_minor)
{
    EntryLine *last = arena_alloc(books->arena, sizeof *last);
    EntryLine **list = arena_alloc(books->arena, (request->n_line + 1) * sizeof(EntryLine *));
    if (last == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    int64_t debit_minor = 0;
    int64_t credit_minor = 0;
    for (size_t i = 0; i < request->n_line; i++) {
        list[i] = request->line[i];
        if (!money_add(debit_minor, list[i]->debit_minor, &debit_minor) ||
            !money_add(credit_minor, list[i]->credit_minor, &credit_minor)) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "line", NULL, NULL);
        }
    }
    *left_minor = debit_minor - credit_minor;
    entry_line__init(last);
    last->account = chart_code(books->chart, ACCOUNT_RETAINED);
    last->debit_minor = *left_minor < 0 ? -*left_minor : 0;
    last->credit_minor = *left_minor > 0 ? *left_minor : 0;
    list[request->n_line] = last;
    entry_add__init(out);
    out->text = request->text;
    out->line = list;
    out->n_line = request->n_line + (*left_minor != 0);
    return STATUS_OK;
}

enum status opening_account(struct txn *txn, struct call *call, const OpeningAccount *request,
                            OpeningAccountReply *reply)
{
    struct books books;
    EntryRecord *entry = NULL;
    EntryAdd whole;
    int32_t day = 0;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = choose_day(&books, request->opening_day, &day);
    }
    if (status == STATUS_OK) {
        status = balance_lines(&books, request, &whole, &reply->retained_minor);
    }
    if (status == STATUS_OK) {
        status = entry_check(&books, &whole, &reply->total_minor);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, 0, reply->total_minor, "line");
    }
    if (status == STATUS_OK) {
        status = entry_build(&books, &whole, ENTRY_KIND__ENTRY_KIND_OPENING, day, &entry);
    }
    if (status == STATUS_OK) {
        status = posting_guard(&books, day, posting_scopes(&books, entry), "opening");
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY, reply->total_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = posting_post(&books, entry);
    if (status == STATUS_OK) {
        status = keep_day(&books, day);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    reply->id = entry->id;
    reply->number = ident_print(books.arena, SERIES_ENTRY, entry->year, entry->sequence);
    reply->opening_day = day;
    call_about(call, entry->id, reply->number);
    return status == STATUS_OK && reply->number == NULL ? STATUS_TOO_LARGE : status;
}
