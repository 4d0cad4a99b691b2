// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/entry_words.h"
#include "server/ledger/financial.h"

// The general ledger of an account (domain.md d.18): what the lines of entries say. It ties to the
// day totals.

static enum status fill_row(struct txn *txn, struct call *call, const struct ledger_line *line,
                            LedgerRow *row)
{
    EntryRecord *entry = NULL;
    struct customer_label customer;
    enum status status = entry_get(txn, key_u64(line->entry_id), &entry);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    assert(line->ordinal < entry->n_line);
    const PostingLine *posted = entry->line[line->ordinal];
    ledger_row__init(row);
    row->entry_id = entry->id;
    row->date_day = entry->date_day;
    row->text = posted->text[0] != '\0' ? posted->text : entry_words(entry);
    row->debit_minor = posted->debit_minor;
    row->credit_minor = posted->credit_minor;
    row->balance_minor = line->balance_minor;
    row->entry = ident_print(call->arena, SERIES_ENTRY, entry->year, entry->sequence);
    if (row->entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = reading_document(call, entry->document_id, &row->document);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, posted->customer_id, &customer);
    }
    if (status == STATUS_OK) {
        row->customer = customer.number;
    }
    return status;
}

static enum status add_rows(struct txn *txn, struct call *call, const struct ledger_page *page,
                            struct reply_room room, ReportLedgerReply *reply)
{
    LedgerRow *rows = arena_alloc(call->arena, (page->count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (page->count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < page->count; i++) {
        enum status status = fill_row(txn, call, &page->row[i], &rows[i]);
        if (status != STATUS_OK) {
            return status;
        }
        if (!reading_fits(&room, &rows[i].base)) {
            return STATUS_OK;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    return STATUS_OK;
}

static enum status add_heading(struct txn *txn, struct call *call, const ReportLedger *request,
                               ReportLedgerReply *reply)
{
    BookRecord *book = NULL;
    AccountRecord *account = NULL;
    struct customer_label customer;
    enum status status = account_get(txn, key_u64(request->account), &account);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, STATUS_ACCOUNT_UNKNOWN, "account", "%u", request->account);
    }
    if (status == STATUS_OK) {
        status = reading_book(txn, &book);
    }
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, request->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->account = account->code;
    reply->name = account->name;
    reply->customer = customer.number;
    reply->currency = book->currency;
    return STATUS_OK;
}

enum status report_ledger(struct txn *txn, struct call *call, const ReportLedger *request,
                          ReportLedgerReply *reply)
{
    struct ledger_page page = {0};
    uint64_t skip = 0;
    ProtobufCMessage *customer = NULL;
    enum status status = skip_parse(txn, call, request->cursor, &skip);
    if (status == STATUS_OK && request->customer_id != 0) {
        status =
            reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = add_heading(txn, call, request, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct financial_days days = financial_period(call, request->from_day, request->to_day);
    struct reply_room room = reading_room(call, request->limit);
    const struct ledger_query query = {.account = request->account,
                                       .customer_id = request->customer_id,
                                       .from_day = days.from_day,
                                       .to_day = days.to_day};
    status = views_ledger(call->views, call->filter, &query, skip, room.limit, call->arena, &page);
    if (status == STATUS_OK) {
        status = add_rows(txn, call, &page, room, reply);
    }
    reply->from_day = days.from_day;
    reply->to_day = days.to_day;
    reply->opening_minor = page.opening_minor;
    reply->debit_minor = page.debit_minor;
    reply->credit_minor = page.credit_minor;
    reply->closing_minor = page.opening_minor + page.debit_minor - page.credit_minor;
    if (status == STATUS_OK && request->customer_id == 0 && reading_sees_all(call)) {
        struct account_sum sum = views_account(call->views, request->account, DAY_MIN, days.to_day);
        status = financial_tie(call, reply->closing_minor, sum.debit_minor - sum.credit_minor,
                               &reply->tie);
    }
    return status == STATUS_OK
               ? reading_page(call, page.total_count, skip, reply->n_row, &reply->page)
               : status;
}
