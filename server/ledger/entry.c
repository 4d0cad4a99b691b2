// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/entry.h"

#include "server/ledger/content.h"
#include "server/ledger/control.h"
#include "server/ledger/lateness.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "shared/money.h"

static enum status refuse_line(struct books *books, size_t index, enum status code,
                               const char *field, const char *asked)
{
    const char *path = arena_print(books->arena, "line[%zu].%s", index + 1, field);
    return books_refuse(books, code, path, asked, NULL);
}

// A red entry has negative amounts and is as large.
static int64_t size_of(int64_t minor)
{
    return minor < 0 ? -minor : minor;
}

static bool is_amount(int64_t minor)
{
    return minor <= AMOUNT_MAX && minor >= -AMOUNT_MAX;
}

// One side, not both and not neither; an account that people may post to; a customer that they may
// see.
static enum status check_line(struct books *books, size_t index, const EntryLine *line)
{
    if ((line->debit_minor == 0) == (line->credit_minor == 0)) {
        enum status code = line->debit_minor == 0 ? STATUS_FIELD_MISSING : STATUS_FIELD_CONFLICT;
        return refuse_line(books, index, code, "debit", NULL);
    }
    if (!is_amount(line->debit_minor) || !is_amount(line->credit_minor)) {
        return refuse_line(books, index, STATUS_AMOUNT_OVERFLOW, "debit", NULL);
    }
    struct account *account;
    enum status status = posting_account(books, line->account, &account);
    if (status == STATUS_NOT_FOUND) {
        return refuse_line(books, index, STATUS_ACCOUNT_UNKNOWN, "account",
                           arena_print(books->arena, "%u", line->account));
    }
    if (status == STATUS_OK && account->record->control) {
        return refuse_line(books, index, STATUS_ACCOUNT_NEEDS_CUSTOMER, "account",
                           arena_print(books->arena, "%u", line->account));
    }
    CustomerRecord *customer = NULL;
    if (status == STATUS_OK && line->customer_id != 0) {
        status = customer_get(books->txn, key_u64(line->customer_id), &customer);
        if (status == STATUS_NOT_FOUND) {
            return refuse_line(books, index, STATUS_NOT_FOUND, "customer", NULL);
        }
    }
    return status;
}

// All lines' problems at once; then the balance, which wrong lines would not mean.
enum status entry_check(struct books *books, const EntryAdd *request, int64_t *total_minor)
{
    if (request->n_line < 2 || request->n_line > ENTRY_LINES_MAX) {
        enum status code = request->n_line < 2 ? STATUS_FIELD_MISSING : STATUS_TOO_LARGE;
        return books_refuse(books, code, "line", NULL, NULL);
    }
    int64_t debit = 0;
    int64_t credit = 0;
    for (size_t i = 0; i < request->n_line; i++) {
        const EntryLine *line = request->line[i];
        enum status status = check_line(books, i, line);
        if (status != STATUS_OK && books->refused == STATUS_OK) {
            return status;
        }
        bool fits = money_add(debit, line->debit_minor, &debit) &&
                    money_add(credit, line->credit_minor, &credit);
        if (!fits) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "line", NULL, NULL);
        }
    }
    if (books->refused != STATUS_OK) {
        return books->refused;
    }
    if (debit != credit) {
        return books_refuse(books, STATUS_ENTRY_UNBALANCED, "line", books_money(books, debit),
                            books_money(books, credit));
    }
    *total_minor = debit;
    return STATUS_OK;
}

// Named on the side that says what money came for; the side of the money itself says nothing.
static CashLine cash_line_of(struct books *books, const EntryAdd *request, const EntryLine *line)
{
    struct account *account = NULL;
    enum status status = posting_account(books, line->account, &account);
    assert(status == STATUS_OK); // entry_check has loaded it
    if (account->record->cash) {
        return CASH_LINE__CASH_LINE_UNSET;
    }
    return line->cash_line != CASH_LINE__CASH_LINE_UNSET ? line->cash_line : request->cash_line;
}

enum status entry_build(struct books *books, const EntryAdd *request, EntryKind kind, int32_t day,
                        EntryRecord **out)
{
    EntryRecord *entry = posting_begin(books, kind, day, request->n_line);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->text = request->text;
    entry->reference = request->reference;
    for (size_t i = 0; i < request->n_line; i++) {
        const EntryLine *line = request->line[i];
        PostingLine *posted = arena_alloc(books->arena, sizeof *posted);
        if (posted == NULL) {
            return STATUS_TOO_LARGE;
        }
        posting_line__init(posted);
        posted->account = line->account;
        posted->debit_minor = line->debit_minor;
        posted->credit_minor = line->credit_minor;
        posted->customer_id = line->customer_id;
        posted->text = line->text;
        posted->cash_line = cash_line_of(books, request, line);
        entry->line[i] = posted;
    }
    entry->n_line = request->n_line;
    *out = entry;
    return STATUS_OK;
}

static enum status build(struct books *books, const EntryAdd *request, int32_t day,
                         EntryRecord **out)
{
    return entry_build(books, request, ENTRY_KIND__ENTRY_KIND_FINANCE, day, out);
}

static enum status entry_reply(struct books *books, const EntryRecord *entry, int64_t total_minor,
                               EntryAddReply *reply)
{
    reply->id = entry->id;
    reply->number = ident_print(books->arena, SERIES_ENTRY, entry->year, entry->sequence);
    reply->total_minor = total_minor;
    call_about(books->call, entry->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status check_content(struct books *books, const EntryAdd *request, int32_t day)
{
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_ENTRY,
        .date_day = day,
        .text = request->text,
        .field = "text",
        .reference = request->reference,
    };
    return content_check(books, &content);
}

enum status entry_add(struct txn *txn, struct call *call, const EntryAdd *request,
                      EntryAddReply *reply)
{
    struct books books;
    EntryRecord *entry = NULL;
    int64_t total_minor = 0;
    int32_t day = request->date_day != 0 ? request->date_day : call->book_day;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = entry_check(&books, request, &total_minor);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, 0, total_minor, "line");
    }
    if (status == STATUS_OK) {
        status = check_content(&books, request, day);
    }
    if (status == STATUS_OK) {
        status = build(&books, request, day, &entry);
    }
    if (status == STATUS_OK) {
        status = posting_guard(&books, day, posting_scopes(&books, entry), "date");
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY, size_of(total_minor));
    }
    if (status != STATUS_OK) {
        return status;
    }

    entry->entered_late_days = lateness_days(&books, LATE_KIND__LATE_KIND_ENTRY, day);
    status = posting_post(&books, entry);
    if (status == STATUS_OK) {
        status = lateness_keep(&books, LATE_KIND__LATE_KIND_ENTRY, entry->id, 0,
                               entry->entered_late_days);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return entry_reply(&books, entry, total_minor, reply);
}

static enum status load_entry(struct books *books, uint64_t id, EntryRecord **out)
{
    enum status status = entry_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "entry", NULL, NULL);
    }
    return status;
}

enum status entry_back_day(struct books *books, const EntryRecord *entry, int32_t asked,
                           int32_t *out)
{
    int32_t day = asked;
    enum status status = posting_load_entry(books, entry);
    if (status == STATUS_OK && asked == 0) {
        status = period_open_day(books, entry->date_day, posting_scopes(books, entry), &day);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (day < entry->date_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "date", books_day(books, day),
                            books_day(books, entry->date_day));
    }
    *out = day;
    return posting_guard(books, day, posting_scopes(books, entry), "date");
}

struct number {
    uint32_t series, year, sequence;
};

// The number of what an entry was posted for; a series of 0: nothing that has one.
static enum status number_of(struct books *books, uint64_t document_id, struct number *out)
{
    const struct row_key key = key_u64(document_id);
    InvoiceRecord *invoice = NULL;
    PaymentRecord *payment = NULL;
    ClearingRecord *clearing = NULL;
    *out = (struct number){0};
    enum status status = invoice_get(books->txn, key, &invoice);
    if (status == STATUS_OK) {
        *out = (struct number){ident_of_document(invoice->kind), invoice->year, invoice->sequence};
        return STATUS_OK;
    }
    status = status == STATUS_NOT_FOUND ? payment_get(books->txn, key, &payment) : status;
    if (status == STATUS_OK) {
        *out = (struct number){SERIES_PAYMENT, payment->year, payment->sequence};
        return STATUS_OK;
    }
    status = status == STATUS_NOT_FOUND ? clearing_get(books->txn, key, &clearing) : status;
    if (status == STATUS_OK) {
        *out = (struct number){clearing->series, clearing->year, clearing->sequence};
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// What takes back what the entry was posted for.
static const char *way_back(EntryKind kind)
{
    static const char *const WAYS[] = {
        [ENTRY_KIND__ENTRY_KIND_INVOICE] = "invoice reverse",
        [ENTRY_KIND__ENTRY_KIND_PAYMENT] = "payment reverse",
        [ENTRY_KIND__ENTRY_KIND_ALLOCATION] = "payment unallocate",
        [ENTRY_KIND__ENTRY_KIND_WRITE_OFF] = "writeoff reverse",
        [ENTRY_KIND__ENTRY_KIND_ROUNDING] = "writeoff reverse",
        [ENTRY_KIND__ENTRY_KIND_DISCOUNT] = "writeoff reverse",
        [ENTRY_KIND__ENTRY_KIND_WAIVER] = "writeoff reverse",
        [ENTRY_KIND__ENTRY_KIND_RECOVERY] = "writeoff reverse",
        [ENTRY_KIND__ENTRY_KIND_REFUND] = "refund reverse",
        [ENTRY_KIND__ENTRY_KIND_CHARGE] = "dunning waive",
        [ENTRY_KIND__ENTRY_KIND_COST] = "cost reverse",
        [ENTRY_KIND__ENTRY_KIND_SETTLEMENT] = "reconcile unmatch",
    };

    return (size_t)kind < COUNT_OF(WAYS) ? WAYS[kind] : NULL;
}

// Entries of documents are reversed with their documents: the refusal says how.
static enum status refuse_locked(struct books *books, const EntryRecord *entry)
{
    const char *way = way_back(entry->kind);
    const bool has_reference = entry->kind == ENTRY_KIND__ENTRY_KIND_SETTLEMENT ||
                               entry->kind == ENTRY_KIND__ENTRY_KIND_COST;
    struct number number = {0};
    const enum status status = number_of(books, entry->document_id, &number);
    if (status != STATUS_OK) {
        return status;
    }
    const char *document = has_reference ? entry->reference : NULL; // its number
    if (number.series != 0) {
        document =
            ident_print(books->arena, (enum series)number.series, number.year, number.sequence);
    }
    const char *hint = way != NULL && document != NULL
                           ? arena_print(books->arena, "kontor %s %s --reason TEXT", way, document)
                           : NULL;
    return books_refuse_hint(books, STATUS_DOCUMENT_IS_LOCKED, "entry", NULL, NULL, hint);
}

static enum status check_reversible(struct books *books, const EntryRecord *entry)
{
    if (entry->kind == ENTRY_KIND__ENTRY_KIND_REVERSAL) {
        return books_refuse(books, STATUS_REVERSAL_OF_REVERSAL, "entry", NULL, NULL);
    }
    if (entry->kind != ENTRY_KIND__ENTRY_KIND_FINANCE &&
        entry->kind != ENTRY_KIND__ENTRY_KIND_PROVISION &&
        entry->kind != ENTRY_KIND__ENTRY_KIND_TAX_EXEMPT &&
        entry->kind != ENTRY_KIND__ENTRY_KIND_OPENING) {
        return refuse_locked(books, entry);
    }
    return entry->reversed_by_id != 0
               ? books_refuse(books, STATUS_ALREADY_REVERSED, "entry", NULL, NULL)
               : STATUS_OK;
}

static int64_t debit_total(const EntryRecord *entry)
{
    int64_t total = 0;
    for (size_t i = 0; i < entry->n_line; i++) {
        total += entry->line[i]->debit_minor;
    }
    return total;
}

enum status entry_reverse(struct txn *txn, struct call *call, const EntryReverse *request,
                          EntryAddReply *reply)
{
    struct books books;
    EntryRecord *entry = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load_entry(&books, request->entry_id, &entry);
    }

    int32_t day = 0;
    if (status == STATUS_OK) {
        status = check_reversible(&books, entry);
    }
    if (status == STATUS_OK) {
        status = entry_back_day(&books, entry, request->date_day, &day);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, 0, debit_total(entry), "entry");
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY, size_of(debit_total(entry)));
    }
    if (status != STATUS_OK) {
        return status;
    }

    EntryRecord *reversal = NULL;
    status = posting_reverse(&books, entry, day, request->reason, &reversal);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return entry_reply(&books, reversal, debit_total(reversal), reply);
}
