// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/document.h"

#include "server/ledger/disparity.h"
#include "server/ledger/due.h"
#include "server/ledger/entry_words.h"
#include "server/ledger/goods.h"
#include "server/ledger/lateness.h"
#include "server/ledger/numbering.h"
#include "server/ledger/period.h"
#include "server/ledger/pricing.h"
#include "server/ledger/rate.h"
#include "server/ledger/standing.h"
#include "server/ledger/tax.h"
#include "shared/money.h"

static bool is_credit(const InvoiceRecord *document)
{
    return document->gross_minor < 0;
}

enum status document_load(struct books *books, uint64_t id, InvoiceRecord **out)
{
    enum status status = invoice_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "invoice", NULL, NULL);
    }
    return status;
}

InvoiceRecord *document_make(struct books *books, InvoiceKind kind, uint64_t customer_id)
{
    assert(customer_id != 0);

    InvoiceRecord *document = arena_alloc(books->arena, sizeof *document);
    if (document == NULL) {
        return NULL;
    }
    invoice_record__init(document);
    document->kind = kind;
    document->customer_id = customer_id;
    return document;
}

enum status document_parts(struct books *books, InvoiceRecord *document,
                           const CustomerRecord *customer, const char *terms, int32_t due_day)
{
    if (due_day != 0 && due_day < document->date_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "due", books_day(books, due_day),
                            books_day(books, document->date_day));
    }

    const char *text = terms[0] != '\0'             ? terms
                       : customer->terms[0] != '\0' ? customer->terms
                                                    : DUE_TERMS;
    enum status status = STATUS_OK;
    if (is_credit(document)) {
        status = due_once(books, document->gross_minor, document->date_day, &document->part,
                          &document->n_part);
    } else if (due_day != 0) {
        status =
            due_once(books, document->gross_minor, due_day, &document->part, &document->n_part);
        document->terms = arena_copy(books->arena, "", 0); // it follows none
    } else {
        const struct due_sum total = {document->gross_minor,
                                      rate_decimals(books, document->currency)};
        status =
            due_parts(books, text, total, document->date_day, &document->part, &document->n_part);
        document->terms = arena_copy(books->arena, text, strlen(text));
    }
    if (status != STATUS_OK || document->terms == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    document->due_day = document->part[document->n_part - 1]->due_day;
    return STATUS_OK;
}

static enum account_role other_side(const InvoiceRecord *document)
{
    switch ((int)document->kind) {
    case INVOICE_KIND__INVOICE_KIND_OPENING:
        return ACCOUNT_RETAINED;
    case INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE:
        return ACCOUNT_CHARGES;
    default:
        return ACCOUNT_SALES;
    }
}

uint32_t document_scopes(const InvoiceRecord *document)
{
    return POSTING_SALES | (document->tax_minor != 0 ? POSTING_TAX : 0u);
}

// What the parts come to in the book's currency.
static enum status book_parts(struct books *books, const InvoiceRecord *document, int64_t **out)
{
    int64_t *own = arena_alloc(books->arena, (document->n_part + 1) * sizeof *own);
    *out = arena_alloc(books->arena, (document->n_part + 1) * sizeof **out);
    if (own == NULL || *out == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < document->n_part; i++) {
        own[i] = document->part[i]->amount_minor;
        (*out)[i] = own[i];
    }
    if (document->currency[0] != '\0' && document->gross_minor != 0) {
        const bool fits =
            money_split_signed(document->book_gross_minor, own, document->n_part, *out);
        assert(fits);
    }
    return STATUS_OK;
}

// In another currency: every part is worth something in the book's.
static enum status check_foreign(struct books *books, const InvoiceRecord *document)
{
    int64_t *book_minor = NULL;
    if (document->currency[0] == '\0') {
        return STATUS_OK;
    }
    enum status status = book_parts(books, document, &book_minor);
    for (size_t i = 0; status == STATUS_OK && i < document->n_part; i++) {
        const InvoicePart *part = document->part[i];
        if (part->amount_minor != 0 &&
            (book_minor[i] == 0 || (book_minor[i] > 0) != (part->amount_minor > 0))) {
            status = books_refuse(books, STATUS_RATE_TOO_SMALL, "terms",
                                  rate_print(books, document->currency, part->amount_minor), NULL);
        }
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_ROUNDING);
    }
    return status == STATUS_OK ? disparity_load(books) : status;
}

enum status document_check(struct books *books, InvoiceRecord *document, const UniqueHash *unique)
{
    enum status status =
        posting_guard(books, document->date_day, document_scopes(document), "date");
    uint64_t taken = 0;
    // What mirrors an invoice has the rates of that invoice's day.
    if (status == STATUS_OK && document->credits_id == 0) {
        status = tax_check(books, document);
    }
    if (status == STATUS_OK && unique != NULL) {
        status = books_unique(books, unique->hash, &taken);
    }
    if (status == STATUS_OK && taken != 0) {
        status = books_refuse_taken(books, taken, STATUS_REFERENCE_TAKEN, "reference",
                                    document->reference);
    }
    if (status == STATUS_OK) {
        status = check_foreign(books, document);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_RECEIVABLES);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, other_side(document));
    }
    if (status == STATUS_OK) {
        status = tax_load(books, document);
    }
    if (status == STATUS_OK) {
        status = goods_check(books, document);
    }
    if (status == STATUS_OK && pricing_rounding(document) != 0) {
        status = posting_load(books, ACCOUNT_CASH_ROUNDING);
    }
    if (status == STATUS_OK) {
        struct balance *balance;
        status = posting_balance(books, document->customer_id, &balance);
    }
    return status;
}

// What its lines come to in the book's currency; the whole is converted once, and where the parts
// of it do not make that they leave a rounding (domain.md d.11).
struct sums {
    int64_t net_minor;
    int64_t tax_minor;
    int64_t gross_minor;
    int64_t cash_minor; // of the net: what cash rounds
};

static struct sums sums_of(const InvoiceRecord *document)
{
    const bool is_foreign = document->currency[0] != '\0';
    return (struct sums){
        .net_minor = is_foreign ? document->book_net_minor : document->net_minor,
        .tax_minor = is_foreign ? document->book_tax_minor : document->tax_minor,
        .gross_minor = rate_gross(document),
        .cash_minor = pricing_rounding(document),
    };
}

static enum status post_tax(struct books *books, EntryRecord *entry, const InvoiceRecord *document,
                            int64_t tax_minor)
{
    const enum account_role role = tax_output(books, document->date_day);
    int64_t simple_minor = 0;
    enum status status = tax_simple(books, document, &simple_minor);
    if (status == STATUS_OK) {
        status = posting_role(books, entry, role, SIDE_CREDIT, tax_minor - simple_minor,
                              document->customer_id);
    }
    return status == STATUS_OK ? posting_role(books, entry, ACCOUNT_SIMPLE_TAX, SIDE_CREDIT,
                                              simple_minor, document->customer_id)
                               : status;
}

static enum status post(struct books *books, InvoiceRecord *document)
{
    const struct sums sums = sums_of(document);
    const int64_t left_minor = sums.gross_minor - sums.net_minor - sums.tax_minor;
    const bool charges = document->kind == INVOICE_KIND__INVOICE_KIND_DEBIT_NOTE;
    EntryRecord *entry = posting_begin(
        books, charges ? ENTRY_KIND__ENTRY_KIND_CHARGE : ENTRY_KIND__ENTRY_KIND_INVOICE,
        document->date_day, 6 + goods_entry_lines(document));
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->document_id = document->id;
    if (document->brought_in && !entry_words_brought_in(books, entry)) {
        return STATUS_TOO_LARGE;
    }
    uint64_t customer_id = document->customer_id;
    const int64_t rounding_minor = sums.cash_minor;
    enum status status =
        posting_role(books, entry, ACCOUNT_RECEIVABLES, SIDE_DEBIT, sums.gross_minor, customer_id);
    if (status == STATUS_OK) {
        status = goods_post(books, entry, other_side(document), document);
    }
    if (status == STATUS_OK) {
        status = post_tax(books, entry, document, sums.tax_minor);
    }
    if (status == STATUS_OK) {
        status =
            posting_role(books, entry, ACCOUNT_ROUNDING, left_minor < 0 ? SIDE_DEBIT : SIDE_CREDIT,
                         left_minor < 0 ? -left_minor : left_minor, customer_id);
    }
    if (status == STATUS_OK) {
        // What the firm loses by it is a debit; a credit note turns the sign, not the side.
        bool loses = (rounding_minor < 0) != is_credit(document);
        status = posting_role(books, entry, ACCOUNT_CASH_ROUNDING, loses ? SIDE_DEBIT : SIDE_CREDIT,
                              loses ? -rounding_minor : rounding_minor, customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_post(books, entry);
    }
    document->entry_id = entry->id;
    return status;
}

static enum status open_items(struct books *books, InvoiceRecord *document)
{
    int64_t *book_minor = NULL;
    enum status status = book_parts(books, document, &book_minor);
    for (size_t i = 0; status == STATUS_OK && i < document->n_part; i++) {
        InvoicePart *part = document->part[i];
        if (part->amount_minor == 0) {
            continue;
        }
        bool debit = part->amount_minor > 0;
        ItemRecord draft;
        item_record__init(&draft);
        draft.side = debit ? ITEM_SIDE__ITEM_SIDE_DEBIT : ITEM_SIDE__ITEM_SIDE_CREDIT;
        draft.customer_id = document->customer_id;
        draft.account = chart_code(books->chart, ACCOUNT_RECEIVABLES);
        draft.document_id = document->id;
        draft.date_day = document->date_day;
        draft.origin_day = document->origin_day;
        draft.due_day = part->due_day;
        draft.amount_minor = debit ? book_minor[i] : -book_minor[i];
        if (document->currency[0] != '\0') {
            draft.currency = document->currency;
            draft.foreign_minor = debit ? part->amount_minor : -part->amount_minor;
        }
        draft.grace_days = part->grace_days;
        draft.discount_until_day = part->discount_until_day;
        draft.discount_minor = part->discount_minor;
        draft.year = document->year;
        draft.sequence = document->sequence;
        draft.series = ident_of_document(document->kind);
        struct item *item = item_make(books, &draft);
        if (item == NULL) {
            return STATUS_TOO_LARGE;
        }
        part->item_id = item->record->id;
        status = document->disputed ? item_dispute(books, item->record, true, document->date_day)
                                    : STATUS_OK;
    }
    return status;
}

// Id, number, items: what every document gets, whatever posts it.
static enum status enter(struct books *books, InvoiceRecord *document)
{
    assert(document->n_line > 0 && document->n_part > 0);
    assert(document->net_minor + document->tax_minor == document->gross_minor);

    if (document->id == 0) {
        document->id = call_new_id(books->call);
    }
    document->state = INVOICE_STATE__INVOICE_STATE_ISSUED;
    document->version++;
    document->entered_us = books->call->instant_us;
    document->entered_by = books->call->user_id;
    document->year = books_year(document->date_day);
    const enum series series = ident_of_document(document->kind);
    enum status status = numbering_next(books, series, document->year, &document->sequence);
    if (status == STATUS_OK) {
        status = period_number(books, series, document->date_day);
    }
    if (status == STATUS_OK) {
        status = standing_billed(books, document);
    }
    return status == STATUS_OK ? open_items(books, document) : status;
}

enum status document_issue(struct books *books, InvoiceRecord *document, const UniqueHash *unique)
{
    document->entered_late_days =
        document->brought_in
            ? 0
            : lateness_days(books, LATE_KIND__LATE_KIND_INVOICE, document->date_day);
    enum status status = enter(books, document);
    if (status == STATUS_OK) {
        status = lateness_keep(books, LATE_KIND__LATE_KIND_INVOICE, document->id,
                               document->customer_id, document->entered_late_days);
    }
    // Net and tax of opposite signs may cancel out: then there is still something to post.
    bool moves = document->gross_minor != 0 || document->net_minor != 0;
    if (status == STATUS_OK) {
        status = moves ? post(books, document)
                       : posting_span(books, document->customer_id, document->date_day);
    }
    if (status == STATUS_OK && unique != NULL) {
        status = books_keep_unique(books, unique->hash, document->id);
    }
    if (status == STATUS_OK) {
        status = invoice_put(books->txn, key_u64(document->id), document);
    }
    return status;
}

enum status document_issue_reversal(struct books *books, InvoiceRecord *invoice,
                                    InvoiceRecord *note)
{
    assert(note->gross_minor == -invoice->gross_minor);

    EntryRecord *entry = NULL;
    EntryRecord *reversal = NULL;
    note->brought_in = invoice->brought_in;
    enum status status = enter(books, note);
    if (status == STATUS_OK) {
        status = entry_get(books->txn, key_u64(invoice->entry_id), &entry);
    }
    if (status == STATUS_OK) {
        status = posting_reverse(books, entry, note->date_day, note->reason, &reversal);
    }
    if (status != STATUS_OK) {
        return status;
    }
    note->entry_id = reversal->id;
    invoice->state = INVOICE_STATE__INVOICE_STATE_REVERSED;
    invoice->reversed_by_id = note->id;
    invoice->version++;
    return invoice_put(books->txn, key_u64(note->id), note);
}

// The items of parts that are owed, or of those that are owed back.
static enum status items_of_side(struct books *books, const InvoiceRecord *document, bool debit,
                                 struct item_list *out)
{
    struct item **list = arena_alloc(books->arena, (document->n_part + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = 0;
    for (size_t i = 0; i < document->n_part; i++) {
        const InvoicePart *part = document->part[i];
        if (part->item_id == 0 || (part->amount_minor > 0) != debit) {
            continue;
        }
        enum status status = item_load(books, part->item_id, &list[count]);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        count++;
    }
    *out = (struct item_list){.item = list, .count = count};
    return STATUS_OK;
}

enum status document_items(struct books *books, const InvoiceRecord *document,
                           struct item_list *out)
{
    return items_of_side(books, document, !is_credit(document), out);
}

enum status document_counter_items(struct books *books, const InvoiceRecord *document,
                                   struct item_list *out)
{
    return items_of_side(books, document, is_credit(document), out);
}

char *document_number(struct books *books, const InvoiceRecord *document)
{
    if (document->sequence == 0) {
        return arena_copy(books->arena, "", 0);
    }
    return ident_print(books->arena, ident_of_document(document->kind), document->year,
                       document->sequence);
}

enum status document_reply(struct books *books, const InvoiceRecord *document,
                           int64_t owed_before_minor, InvoiceIssueReply *reply)
{
    InvoicePart *parts = arena_alloc(books->arena, document->n_part * sizeof *parts);
    reply->part = arena_alloc(books->arena, document->n_part * sizeof *reply->part);
    reply->number = document_number(books, document);
    if (parts == NULL || reply->part == NULL || reply->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < document->n_part; i++) {
        parts[i] = *document->part[i];
        reply->part[i] = &parts[i];
        struct item *item = NULL;
        if (parts[i].item_id != 0) {
            enum status status = item_load(books, parts[i].item_id, &item);
            if (status != STATUS_OK) {
                return status;
            }
            bool debit = item->record->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
            const int64_t left_minor = item_left(item->record);
            parts[i].open_minor = debit ? left_minor : -left_minor;
        }
    }
    reply->n_part = document->n_part;
    reply->id = document->id;
    reply->net_minor = document->net_minor;
    reply->tax_minor = document->tax_minor;
    reply->gross_minor = document->gross_minor;
    reply->currency = document->currency;
    reply->rate = rate_text(books->arena, document->rate_micro, document->rate_per);
    reply->book_gross_minor = rate_gross(document);
    if (reply->rate == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct balance *balance;
    enum status status = posting_balance(books, document->customer_id, &balance);
    if (status != STATUS_OK) {
        return status;
    }
    reply->balance_before_minor = owed_before_minor;
    reply->balance_minor = posting_owed(balance);
    call_about(books->call, document->id, reply->number);
    return STATUS_OK;
}
