// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/audit.h"
#include "server/ledger/books.h"
#include "server/ledger/cursor.h"
#include "shared/day.h"
#include "shared/money.h"

// Whole entries of a page: as many as fit below the size of a reply, and no more rows than a short
// read may walk.
#define PAGE_BYTES_MAX (256 * 1024)
#define PAGE_ROWS_MAX  4000

// Are there more entries than may leave without a fresh proof of who takes them?
static enum status book_is_large(struct txn *txn, bool *is_large)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_entry, (struct row_key){0}, 0, false, &rows);
    size_t count = 0;
    while (status == STATUS_OK && count <= EXPORT_ROWS_FREE) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        count += status == STATUS_OK;
    }
    *is_large = count > EXPORT_ROWS_FREE;
    return status == STATUS_END ? STATUS_OK : status;
}

enum status export_journal(struct txn *txn, struct call *call, const ExportJournal *request,
                           ExportJournalReply *reply)
{
    bool backwards = request->to_day != 0 && request->to_day < request->from_day;
    if (request->format != EXPORT_FORMAT__EXPORT_FORMAT_HLEDGER) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "format", "hledger");
    }
    if (backwards) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "to", "it lies before the first day");
    }

    bool is_large = false;
    enum status status = book_is_large(txn, &is_large);
    if (status != STATUS_OK) {
        return status;
    }
    if (is_large && !call->is_fresh && txn_mode(txn) != TXN_PREVIEW) {
        return refuse(txn, call, STATUS_STEP_UP, NULL, NULL);
    }

    ExportRecord record;
    export_record__init(&record);
    record.id = call_new_id(call);
    record.user_id = call->user_id;
    record.format = request->format;
    record.from_day = request->from_day;
    record.to_day = request->to_day;
    record.number = call->number;
    status = export_put(txn, key_u64(record.id), &record);
    uint8_t root[LEAF_BYTES];
    if (status == STATUS_OK) {
        status = audit_note_extent(txn, call, record.id, root);
    }

    reply->export_id = record.id;
    call_about(call, record.id, NULL);
    return status;
}

// Text that grows in the arena.
struct page {
    struct txn *txn;
    struct arena *arena;
    const BookRecord *book;
    AccountRecord **account;
    size_t account_count;
    char *text;
    size_t size;
    size_t room;
};

static enum status append(struct page *page, const char *text)
{
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t size = strlen(text);
    if (page->size + size + 1 > page->room) {
        size_t room = (page->room + size + 1) * 2;
        char *grown = arena_alloc(page->arena, room);
        if (grown == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (page->size > 0) {
            memcpy(grown, page->text, page->size);
        }
        page->text = grown;
        page->room = room;
    }
    memcpy(page->text + page->size, text, size + 1);
    page->size += size;
    return STATUS_OK;
}

static enum status load_accounts(struct page *page)
{
    page->account = arena_alloc(page->arena, LIST_ROWS_MAX * sizeof *page->account);
    if (page->account == NULL) {
        return STATUS_TOO_LARGE;
    }
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(page->txn, TABLE_account, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && page->account_count < LIST_ROWS_MAX) {
        struct row_key key;
        ProtobufCMessage *account;
        status = rows_next(rows, &key, &account);
        if (status == STATUS_OK) {
            page->account[page->account_count] = (AccountRecord *)(void *)account;
            page->account_count++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static const char *account_name(const struct page *page, uint32_t code)
{
    for (size_t i = 0; i < page->account_count; i++) {
        if (page->account[i]->code == code) {
            return page->account[i]->name;
        }
    }
    return "";
}

static char account_type(AccountKind kind)
{
    static const char TYPES[] = {'X', 'A', 'L', 'E', 'R', 'X'};
    return (unsigned)kind < sizeof TYPES ? TYPES[kind] : 'X';
}

// The commodity and the accounts: hledger then knows their types, and finds a misspelt one.
static enum status append_header(struct page *page)
{
    const char *fraction = &"000000"[page->book->decimals < 6 ? 6 - page->book->decimals : 0];
    enum status status =
        append(page, arena_print(page->arena, "; %s\ncommodity 1000.%s %s\n\n", page->book->company,
                                 fraction, page->book->currency));
    for (size_t i = 0; status == STATUS_OK && i < page->account_count; i++) {
        const AccountRecord *account = page->account[i];
        status = append(page, arena_print(page->arena, "account %u %s  ; type: %c\n", account->code,
                                          account->name, account_type(account->kind)));
    }
    return status == STATUS_OK ? append(page, "\n") : status;
}

// hledger ends a description at ';' and splits it at '|'.
static char *plain(struct arena *arena, const char *text)
{
    char *copy = arena_copy(arena, text, strlen(text));
    for (char *at = copy; at != NULL && *at != '\0'; at++) {
        if (*at == ';' || *at == '|' || *at == '\n' || *at == '\t') {
            *at = ' ';
        }
    }
    return copy;
}

// The human number of what the entry was posted for; "" when it stands alone.
static enum status document_name(struct page *page, uint64_t id, const char **out)
{
    *out = "";
    if (id == 0) {
        return STATUS_OK;
    }
    InvoiceRecord *invoice;
    enum status status = invoice_get(page->txn, key_u64(id), &invoice);
    if (status == STATUS_OK) {
        bool credit = invoice->kind == INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE;
        *out = ident_print(page->arena, credit ? SERIES_CREDIT_NOTE : SERIES_INVOICE, invoice->year,
                           invoice->sequence);
    }
    if (status != STATUS_NOT_FOUND) {
        return status == STATUS_OK && *out == NULL ? STATUS_TOO_LARGE : status;
    }
    PaymentRecord *payment;
    status = payment_get(page->txn, key_u64(id), &payment);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    *out = ident_print(page->arena, SERIES_PAYMENT, payment->year, payment->sequence);
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status customer_note(struct page *page, uint64_t id, const char **out)
{
    *out = "";
    if (id == 0) {
        return STATUS_OK;
    }
    CustomerRecord *customer = NULL;
    enum status status = customer_get(page->txn, key_u64(id), &customer);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    const char *number = ident_print(page->arena, SERIES_CUSTOMER, 0, customer->sequence);
    *out = number != NULL ? arena_print(page->arena, "  ; customer: %s", number) : NULL;
    return *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status append_line(struct page *page, const PostingLine *line, const char *customer)
{
    int64_t minor = line->debit_minor - line->credit_minor;
    const char *amount = money_print(page->arena, minor, page->book->decimals);
    if (amount == NULL) {
        return STATUS_TOO_LARGE;
    }
    return append(page, arena_print(page->arena, "    %u %s  %s %s%s\n", line->account,
                                    account_name(page, line->account), amount, page->book->currency,
                                    customer));
}

static enum status append_entry(struct page *page, const EntryRecord *entry)
{
    const char *document;
    enum status status = document_name(page, entry->document_id, &document);
    const char *number = ident_print(page->arena, SERIES_ENTRY, entry->year, entry->sequence);
    const char *day = day_print(page->arena, entry->date_day);
    const char *text = plain(page->arena, entry->text);
    if (status != STATUS_OK || number == NULL || day == NULL || text == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    const char *gap = document[0] != '\0' && text[0] != '\0' ? " " : "";
    status = append(
        page, arena_print(page->arena, "%s * (%s) %s%s%s\n", day, number, document, gap, text));
    uint64_t last = 0;
    const char *customer = "";
    for (size_t i = 0; status == STATUS_OK && i < entry->n_line; i++) {
        if (entry->line[i]->customer_id != last) {
            last = entry->line[i]->customer_id;
            status = customer_note(page, last, &customer);
        }
        if (status == STATUS_OK) {
            status = append_line(page, entry->line[i], customer);
        }
    }
    return status == STATUS_OK ? append(page, "\n") : status;
}

static bool is_wanted(const ExportRecord *export, const EntryRecord *entry)
{
    return entry->date_day >= export->from_day &&
           (export->to_day == 0 || entry->date_day <= export->to_day);
}

// Entries from `from` on until the page is full; *next is the first one that is not on it, 0 at the
// end.
static enum status append_entries(struct page *page, const ExportRecord *export, uint64_t from,
                                  uint64_t *count, uint64_t *next)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(page->txn, TABLE_entry, key_u64(from), 0, false, &rows);
    *next = 0;
    for (size_t walked = 0; status == STATUS_OK; walked++) {
        struct row_key key;
        ProtobufCMessage *row;
        status = rows_next(rows, &key, &row);
        if (status != STATUS_OK) {
            break;
        }
        const EntryRecord *entry = (const EntryRecord *)(void *)row;
        if (entry->id >> 8 >= export->number) {
            return STATUS_OK;
        }
        if (page->size >= PAGE_BYTES_MAX || walked == PAGE_ROWS_MAX) {
            *next = entry->id;
            return STATUS_OK;
        }
        if (is_wanted(export, entry)) {
            status = append_entry(page, entry);
            (*count)++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status export_page(struct txn *txn, struct call *call, const ExportPage *request,
                        ExportPageReply *reply)
{
    struct page page = {.txn = txn, .arena = call->arena};
    ExportRecord *export = NULL;
    uint64_t from = 0;
    BookRecord *book = NULL;
    enum status status = export_get(txn, key_u64(request->export_id), &export);

    if (status == STATUS_NOT_FOUND ||
        (status == STATUS_OK && (export->user_id != call->user_id || export->is_audit))) {
        return refuse(txn, call, STATUS_NOT_FOUND, "export", "no export of yours");
    }
    if (status == STATUS_OK && !cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "cursor", "not a cursor");
    }
    if (status == STATUS_OK) {
        status = book_get(txn, key_u64(BOOK_KEY), &book);
    }
    if (status != STATUS_OK) {
        return status;
    }

    page.book = book;
    uint64_t count = 0;
    uint64_t next = 0;
    status = load_accounts(&page);
    if (status == STATUS_OK && from == 0) {
        status = append_header(&page);
    }
    if (status == STATUS_OK) {
        status = append_entries(&page, export, from, &count, &next);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->text = page.text != NULL ? page.text : reply->text;
    reply->page = cursor_page(call->arena, count, next);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
