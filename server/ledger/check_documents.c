// SPDX-License-Identifier: Apache-2.0
// The ledger against its documents (requirements R52): numbers that no document has, drafts that
// nobody posted, and documents whose lines, parts or entry do not make their total. Looked at in
// pages, since each document is read with its entry.
#include "server/ledger/reading.h"
#include "server/ledger/receipt.h"
#include "shared/money.h"
#include "shared/period.h"
#include "shared/wire.h"

#define ARENA_OF_PAGE (CALL_ARENA_MAX / 2)

struct checking {
    struct txn *txn;
    struct call *call;
    const CheckDocuments *request;
    BookRecord *book;
    int32_t from_day, to_day; // 0: open
    uint64_t skip;            // documents of earlier pages
    uint64_t total;           // of all tables
    uint64_t looked;          // on this page
    struct reply_room room;
    bool is_full; // the page ends here, and the document at hand is looked at again
    CheckDocumentsReply *reply;
};

static const enum table TABLES[] = {TABLE_invoice, TABLE_payment, TABLE_clearing, TABLE_entry};

static enum status add_fault(struct checking *checking, DocumentFault fault, char *document,
                             int32_t day, int64_t amount_minor, int64_t ledger_minor)
{
    CheckDocumentsReply *reply = checking->reply;
    DocumentFaultRow *row =
        (DocumentFaultRow *)wire_make(checking->call->arena, &document_fault_row__descriptor);
    if (row == NULL || document == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->fault = fault;
    row->document = document;
    row->date_day = day;
    row->amount_minor = amount_minor;
    row->ledger_minor = ledger_minor;
    if (reply->n_row < REPLY_ROWS_MAX && reading_fits(&checking->room, &row->base)) {
        reply->row[reply->n_row] = row;
        reply->n_row++;
    } else {
        checking->is_full = true;
    }
    checking->call->status = STATUS_DIFFERENCE;
    return STATUS_OK;
}

// ---- one document ----

// What the entry moved on the control accounts: debit less credit.
static enum status moved(struct checking *checking, uint64_t entry_id, int64_t *out)
{
    EntryRecord *entry = NULL;
    enum status status = entry_get(checking->txn, key_u64(entry_id), &entry);
    *out = 0;
    for (size_t i = 0; status == STATUS_OK && i < entry->n_line; i++) {
        const PostingLine *line = entry->line[i];
        AccountRecord *account = NULL;
        status = account_get(checking->txn, key_u64(line->account), &account);
        if (status == STATUS_OK && account->control) {
            *out += line->debit_minor - line->credit_minor;
        }
    }
    return status;
}

// `amount_minor` is what the document says that it moved; `either` way when only its size is known.
static enum status check_entry(struct checking *checking, uint64_t entry_id, char *number,
                               int32_t day, int64_t amount_minor, bool either)
{
    int64_t ledger_minor = 0;
    if (entry_id == 0) {
        return add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_UNPOSTED, number, day,
                         amount_minor, 0);
    }
    enum status status = moved(checking, entry_id, &ledger_minor);
    if (status == STATUS_NOT_FOUND) {
        return add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_UNPOSTED, number, day,
                         amount_minor, 0);
    }
    const bool same = ledger_minor == amount_minor || (either && ledger_minor == -amount_minor);
    return status != STATUS_OK || same ? status
                                       : add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_LEDGER,
                                                   number, day, amount_minor, ledger_minor);
}

static enum status check_late(struct checking *checking, uint32_t days, char *number, int32_t day)
{
    if (!checking->request->late || days == 0) {
        return STATUS_OK;
    }
    const size_t before = checking->reply->n_row;
    const enum status status =
        add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_LATE, number, day, 0, 0);
    if (checking->reply->n_row > before) {
        checking->reply->row[before]->days = days;
    }
    return status;
}

static bool sums_hold(const InvoiceRecord *document)
{
    int64_t net_minor = 0;
    int64_t tax_minor = 0;
    int64_t parts_minor = 0;
    for (size_t i = 0; i < document->n_line; i++) {
        net_minor += document->line[i]->net_minor;
        tax_minor += document->line[i]->tax_minor;
    }
    for (size_t i = 0; i < document->n_part; i++) {
        parts_minor += document->part[i]->amount_minor;
    }
    return net_minor == document->net_minor && tax_minor == document->tax_minor &&
           net_minor + tax_minor == document->gross_minor && parts_minor == document->gross_minor;
}

static enum status check_invoice(struct checking *checking, const InvoiceRecord *document)
{
    struct arena *arena = checking->call->arena;
    const int32_t day = document->date_day;
    const int64_t gross_minor = document->gross_minor;
    const bool posted = document->state == INVOICE_STATE__INVOICE_STATE_ISSUED ||
                        document->state == INVOICE_STATE__INVOICE_STATE_REVERSED;
    if (!posted) {
        return document->state == INVOICE_STATE__INVOICE_STATE_DRAFT
                   ? add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_DRAFT,
                               arena_print(arena, "#%llu", (unsigned long long)document->id), day,
                               gross_minor, 0)
                   : STATUS_OK;
    }
    char *number =
        ident_print(arena, ident_of_document(document->kind), document->year, document->sequence);
    enum status status = STATUS_OK;
    if (!sums_hold(document)) {
        status = add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_SUMS, number, day, gross_minor,
                           gross_minor);
    }
    if (status == STATUS_OK && (gross_minor != 0 || document->net_minor != 0)) {
        const bool foreign = document->currency[0] != '\0' && document->rate_micro != 0;
        status = check_entry(checking, document->entry_id, number, day,
                             foreign ? document->book_gross_minor : gross_minor, false);
    }
    return status == STATUS_OK ? check_late(checking, document->entered_late_days, number, day)
                               : status;
}

static enum status check_payment(struct checking *checking, const PaymentRecord *payment)
{
    char *number =
        ident_print(checking->call->arena, SERIES_PAYMENT, payment->year, payment->sequence);
    const enum status status = check_entry(checking, payment->entry_id, number, payment->date_day,
                                           -receipt_book(payment), false);
    return status == STATUS_OK
               ? check_late(checking, payment->entered_late_days, number, payment->date_day)
               : status;
}

// What was recovered may go past the customer's account.
static enum status check_clearing(struct checking *checking, const ClearingRecord *clearing)
{
    char *number = ident_print(checking->call->arena, (enum series)clearing->series, clearing->year,
                               clearing->sequence);
    int64_t ledger_minor = 0;
    if (clearing->kind == CLEARING_KIND__CLEARING_KIND_RECOVERY && clearing->entry_id != 0) {
        return moved(checking, clearing->entry_id, &ledger_minor);
    }
    return check_entry(checking, clearing->entry_id, number, clearing->date_day,
                       clearing->amount_minor, true);
}

static enum status check_one(struct checking *checking, enum table table, uint64_t id)
{
    ProtobufCMessage *row = NULL;
    const enum status status = rows_get(checking->txn, table, key_u64(id), &row);
    if (status != STATUS_OK) {
        return status;
    }
    switch ((int)table) {
    case TABLE_invoice:
        return check_invoice(checking, (const InvoiceRecord *)row);
    case TABLE_payment:
        return check_payment(checking, (const PaymentRecord *)row);
    case TABLE_clearing:
        return check_clearing(checking, (const ClearingRecord *)row);
    default: {
        const EntryRecord *entry = (const EntryRecord *)row;
        return check_late(
            checking, entry->entered_late_days,
            ident_print(checking->call->arena, SERIES_ENTRY, entry->year, entry->sequence),
            entry->date_day);
    }
    }
}

// ---- all of them ----

// The documents of one table from the page's place on; `passed` counts those of the tables before.
static enum status check_table(struct checking *checking, enum table table, uint64_t *passed)
{
    const struct document_query query = {.table = table,
                                         .from_day = checking->from_day,
                                         .to_day = checking->to_day,
                                         .ascending = true};
    const uint64_t at = checking->skip + checking->looked;
    const uint64_t skip = at > *passed ? at - *passed : 0;
    struct document_matches matches = {0};
    enum status status =
        views_documents(checking->call->views, checking->call->filter, &query, skip,
                        checking->room.limit, checking->call->arena, &matches);
    *passed += matches.total_count;
    checking->total += matches.total_count;
    for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
        if (checking->is_full || checking->looked == checking->room.limit ||
            arena_used(checking->call->arena) > ARENA_OF_PAGE) {
            break;
        }
        status = check_one(checking, table, matches.id[i]);
        checking->looked += checking->is_full ? 0 : 1;
    }
    return status;
}

static bool has_documents(enum series series)
{
    static const enum series SERIES[] = {SERIES_INVOICE,    SERIES_CREDIT_NOTE, SERIES_DEBIT_NOTE,
                                         SERIES_PAYMENT,    SERIES_ENTRY,       SERIES_WRITE_OFF,
                                         SERIES_DIFFERENCE, SERIES_RECOVERY,    SERIES_REFUND};

    bool found = false;
    for (size_t i = 0; i < COUNT_OF(SERIES); i++) {
        found = found || SERIES[i] == series;
    }
    return found;
}

static enum status check_series(struct checking *checking, enum series series, uint32_t year,
                                uint64_t next)
{
    enum status status = STATUS_OK;
    for (uint64_t sequence = 1; status == STATUS_OK && sequence < next; sequence++) {
        checking->reply->numbers++;
        if (views_by_number(checking->call->views, checking->call->filter, series, year,
                            (uint32_t)sequence) == 0) {
            status = add_fault(checking, DOCUMENT_FAULT__DOCUMENT_FAULT_MISSING,
                               ident_print(checking->call->arena, series, year, (uint32_t)sequence),
                               0, 0, 0);
        }
    }
    return status;
}

// Costs stand in no view: their numbers are ticked off as the rows come. Those that nobody may see
// are not told apart from those that are not there, as for other documents.
static enum status check_costs(struct checking *checking, uint32_t year, uint64_t next)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    const size_t count = next > 0 ? (size_t)next : 1;
    bool *found = arena_alloc(checking->call->arena, count * sizeof *found);
    if (found == NULL) {
        return STATUS_TOO_LARGE;
    }
    memset(found, 0, count * sizeof *found);
    enum status status = rows_open(checking->txn, TABLE_cost, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const CostRecord *cost = (const CostRecord *)row;
        if (status == STATUS_OK && cost->year == year && cost->sequence < count) {
            found[cost->sequence] = true;
        }
    }
    status = status == STATUS_END ? STATUS_OK : status;
    for (size_t sequence = 1; status == STATUS_OK && sequence < count; sequence++) {
        checking->reply->numbers++;
        if (!found[sequence]) {
            status = add_fault(
                checking, DOCUMENT_FAULT__DOCUMENT_FAULT_MISSING,
                ident_print(checking->call->arena, SERIES_COST, year, (uint32_t)sequence), 0, 0, 0);
        }
    }
    return status;
}

// Every number that was given in the years of the period.
static enum status check_numbers(struct checking *checking, uint32_t first, uint32_t last)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(checking->txn, TABLE_counter, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status != STATUS_OK) {
            break;
        }
        const enum series series = (enum series)(row_key_first(&key) >> 32);
        const uint32_t year = (uint32_t)row_key_first(&key);
        const bool asked = first == 0 || (year >= period_year(first) && year <= period_year(last));
        const uint64_t next = ((const CounterRecord *)row)->next;
        if (has_documents(series) && asked) {
            status = check_series(checking, series, year, next);
        } else if (series == SERIES_COST && asked) {
            status = check_costs(checking, year, next);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check_all(struct checking *checking, uint32_t first, uint32_t last)
{
    uint64_t passed = 0;
    const size_t tables = COUNT_OF(TABLES) - (checking->request->late ? 0 : 1);
    enum status status = checking->skip == 0 ? check_numbers(checking, first, last) : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < tables; i++) {
        status = check_table(checking, TABLES[i], &passed);
    }
    return status;
}

enum status check_documents(struct txn *txn, struct call *call, const CheckDocuments *request,
                            CheckDocumentsReply *reply)
{
    struct checking checking = {.txn = txn,
                                .call = call,
                                .request = request,
                                .room = reading_room(call, request->limit),
                                .reply = reply};
    uint32_t first = 0;
    uint32_t last = 0;
    if (request->period[0] != '\0' && !period_parse(request->period, &first, &last)) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "period", NULL);
    }
    enum status status = skip_parse(txn, call, request->cursor, &checking.skip);
    if (status != STATUS_OK) {
        return status;
    }

    checking.from_day = first != 0 ? period_first_day(first) : 0;
    checking.to_day = last != 0 ? period_last_day(last) : 0;
    reply->row = arena_alloc(call->arena, REPLY_ROWS_MAX * sizeof *reply->row);
    status = reply->row != NULL ? check_all(&checking, first, last) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    reply->documents = (uint32_t)checking.looked;
    return reading_page(call, checking.total, checking.skip, checking.looked, &reply->page);
}
