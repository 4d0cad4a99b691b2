// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/document.h"

#include "server/ledger/numbering.h"
#include "shared/money.h"
#include "shared/terms.h"

#define DEFAULT_TERMS "30"
#define RATE_BP_MAX   10000
#define MICRO_ONE     1000000

static bool is_amount(int64_t minor)
{
    return minor <= AMOUNT_MAX && minor >= -AMOUNT_MAX;
}

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

static enum status refuse_line(struct books *books, size_t index, enum status code,
                               const char *field)
{
    const char *path = arena_print(books->arena, "line[%zu].%s", index + 1, field);
    return books_refuse(books, code, path, NULL, NULL);
}

// Net, tax and gross of one line whose price excludes tax.
static enum status compute_line(struct books *books, size_t index, InvoiceLine *line)
{
    if (line->discount_bp > RATE_BP_MAX) {
        return refuse_line(books, index, STATUS_FIELD_OUT_OF_RANGE, "discount");
    }
    if (line->tax_bp > RATE_BP_MAX) {
        return refuse_line(books, index, STATUS_FIELD_OUT_OF_RANGE, "tax");
    }
    if (line->quantity_micro == 0) {
        line->quantity_micro = MICRO_ONE;
    }
    bool fits = money_line_net(line->quantity_micro, line->price_micro, line->discount_bp,
                               books->record->decimals, &line->net_minor) &&
                is_amount(line->net_minor) &&
                money_tax(line->net_minor, line->tax_bp, &line->tax_minor) &&
                money_add(line->net_minor, line->tax_minor, &line->gross_minor) &&
                is_amount(line->gross_minor);
    if (!fits) {
        return refuse_line(books, index, STATUS_AMOUNT_OVERFLOW, "price");
    }
    return STATUS_OK;
}

// The one line of a document that was given an amount only.
static void amount_line(struct books *books, int64_t amount_minor, InvoiceLine *line)
{
    int64_t unit = 1;
    for (uint32_t i = 0; i < books->record->decimals; i++) {
        unit *= 10;
    }
    line->net_minor = amount_minor;
    line->gross_minor = amount_minor;
    line->quantity_micro = MICRO_ONE;
    if (!money_scale(amount_minor, MICRO_ONE, unit, &line->price_micro)) {
        line->price_micro = 0; // too large for a unit price; the amounts say it
    }
}

static enum status add_up(struct books *books, InvoiceRecord *document)
{
    document->net_minor = 0;
    document->tax_minor = 0;
    bool fits = true;
    for (size_t i = 0; fits && i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        fits = money_add(document->net_minor, line->net_minor, &document->net_minor) &&
               money_add(document->tax_minor, line->tax_minor, &document->tax_minor);
    }
    fits = fits && is_amount(document->net_minor) && is_amount(document->tax_minor) &&
           money_add(document->net_minor, document->tax_minor, &document->gross_minor) &&
           is_amount(document->gross_minor);
    return fits ? STATUS_OK : books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
}

enum status document_lines(struct books *books, InvoiceRecord *document, InvoiceLine *const *line,
                           size_t count, int64_t amount_minor)
{
    if (count > 0 && amount_minor != 0) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "amount", NULL, NULL);
    }
    if (count == 0 && amount_minor == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "line", NULL, NULL);
    }
    if (count > INVOICE_LINES_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "line", NULL, NULL);
    }
    if (!is_amount(amount_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }

    size_t made = count > 0 ? count : 1;
    InvoiceLine *lines = arena_alloc(books->arena, made * sizeof *lines);
    document->line = arena_alloc(books->arena, made * sizeof *document->line);
    if (lines == NULL || document->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < made; i++) {
        document->line[i] = &lines[i];
        if (count == 0) {
            invoice_line__init(&lines[i]);
            amount_line(books, amount_minor, &lines[i]);
            continue;
        }
        lines[i] = *line[i];
        enum status computed = compute_line(books, i, &lines[i]);
        status = status == STATUS_OK ? computed : status;
    }
    document->n_line = made;
    return status == STATUS_OK ? add_up(books, document) : status;
}

// One part on one day: a due day that was given, or a credit.
static void single(struct terms_due *due, const InvoiceRecord *document, int32_t day)
{
    *due = (struct terms_due){.due_day = day, .amount_minor = document->gross_minor};
}

enum status document_parts(struct books *books, InvoiceRecord *document,
                           const CustomerRecord *customer, const char *terms, int32_t due_day)
{
    if (due_day != 0 && due_day < document->date_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "due", books_day(books, due_day),
                            books_day(books, document->date_day));
    }

    struct terms_due due[INVOICE_PARTS_MAX];
    size_t count = 1;
    if (is_credit(document)) {
        single(&due[0], document, document->date_day);
    } else if (due_day != 0) {
        single(&due[0], document, due_day);
        document->terms = arena_copy(books->arena, "", 0); // it follows none
    } else {
        const char *text = terms[0] != '\0'             ? terms
                           : customer->terms[0] != '\0' ? customer->terms
                                                        : DEFAULT_TERMS;
        struct terms parsed;
        enum status status = terms_parse(text, &parsed);
        if (status == STATUS_OK) {
            status = terms_apply(&parsed, document->gross_minor, books->record->decimals,
                                 document->date_day, due);
        }
        if (status != STATUS_OK) {
            return books_refuse(books, status, "terms", NULL, NULL);
        }
        count = parsed.part_count;
        document->terms = arena_copy(books->arena, text, strlen(text));
    }

    InvoicePart *parts = arena_alloc(books->arena, count * sizeof *parts);
    document->part = arena_alloc(books->arena, count * sizeof *document->part);
    if (parts == NULL || document->part == NULL || document->terms == NULL) {
        return STATUS_TOO_LARGE;
    }
    int64_t left = document->gross_minor;
    for (size_t i = 0; i < count; i++) {
        invoice_part__init(&parts[i]);
        parts[i].ordinal = (uint32_t)i + 1;
        parts[i].due_day = due[i].due_day;
        parts[i].amount_minor = due[i].amount_minor;
        left -= parts[i].amount_minor;
        document->part[i] = &parts[i];
    }
    assert(left == 0);
    document->n_part = count;
    document->due_day = parts[count - 1].due_day;
    return STATUS_OK;
}

static enum account_role other_side(const InvoiceRecord *document)
{
    bool opening = document->kind == INVOICE_KIND__INVOICE_KIND_OPENING;
    return opening ? ACCOUNT_RETAINED : ACCOUNT_SALES;
}

uint32_t document_scopes(const InvoiceRecord *document)
{
    return POSTING_SALES | (document->tax_minor != 0 ? POSTING_TAX : 0u);
}

enum status document_check(struct books *books, const InvoiceRecord *document,
                           const UniqueHash *unique)
{
    enum status status =
        posting_guard(books, document->date_day, document_scopes(document), "date");
    uint64_t taken = 0;
    if (status == STATUS_OK && unique != NULL) {
        status = books_unique(books, unique->hash, &taken);
    }
    if (status == STATUS_OK && taken != 0) {
        status = books_refuse_taken(books, taken, STATUS_REFERENCE_TAKEN, "reference",
                                    document->reference);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_RECEIVABLES);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, other_side(document));
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_TAX);
    }
    if (status == STATUS_OK) {
        struct balance *balance;
        status = posting_balance(books, document->customer_id, &balance);
    }
    return status;
}

static enum status post(struct books *books, InvoiceRecord *document)
{
    EntryRecord *entry =
        posting_begin(books, ENTRY_KIND__ENTRY_KIND_INVOICE, document->date_day, 3);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->document_id = document->id;
    uint64_t customer_id = document->customer_id;
    enum status status = posting_role(books, entry, ACCOUNT_RECEIVABLES, SIDE_DEBIT,
                                      document->gross_minor, customer_id);
    if (status == STATUS_OK) {
        status = posting_role(books, entry, other_side(document), SIDE_CREDIT, document->net_minor,
                              customer_id);
    }
    if (status == STATUS_OK) {
        status =
            posting_role(books, entry, ACCOUNT_TAX, SIDE_CREDIT, document->tax_minor, customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_post(books, entry);
    }
    document->entry_id = entry->id;
    return status;
}

static enum status open_items(struct books *books, InvoiceRecord *document)
{
    for (size_t i = 0; i < document->n_part; i++) {
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
        draft.due_day = part->due_day;
        draft.amount_minor = debit ? part->amount_minor : -part->amount_minor;
        draft.disputed = document->disputed;
        draft.year = document->year;
        draft.sequence = document->sequence;
        draft.series = document->kind == INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE ? SERIES_CREDIT_NOTE
                                                                                : SERIES_INVOICE;
        struct item *item = item_add(books, &draft);
        if (item == NULL) {
            return STATUS_TOO_LARGE;
        }
        part->item_id = item->record->id;
    }
    return STATUS_OK;
}

// Id, number, items: what every document gets, whatever posts it.
static enum status enter(struct books *books, InvoiceRecord *document)
{
    assert(document->n_line > 0 && document->n_part > 0);
    assert(document->net_minor + document->tax_minor == document->gross_minor);

    if (document->id == 0) {
        document->id = call_new_id(books->call);
    }
    bool credit = document->kind == INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE;
    document->state = INVOICE_STATE__INVOICE_STATE_ISSUED;
    document->version++;
    document->entered_us = books->call->instant_us;
    document->entered_by = books->call->user_id;
    document->year = books_year(document->date_day);
    enum status status = numbering_next(books, credit ? SERIES_CREDIT_NOTE : SERIES_INVOICE,
                                        document->year, &document->sequence);
    return status == STATUS_OK ? open_items(books, document) : status;
}

enum status document_issue(struct books *books, InvoiceRecord *document, const UniqueHash *unique)
{
    enum status status = enter(books, document);
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
    bool credit = document->kind == INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE;
    return ident_print(books->arena, credit ? SERIES_CREDIT_NOTE : SERIES_INVOICE, document->year,
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
            parts[i].open_minor = debit ? item->record->open_minor : -item->record->open_minor;
        }
    }
    reply->n_part = document->n_part;
    reply->id = document->id;
    reply->net_minor = document->net_minor;
    reply->tax_minor = document->tax_minor;
    reply->gross_minor = document->gross_minor;
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
