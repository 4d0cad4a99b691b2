// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/report.h"
#include "shared/money.h"

// The statement of account, balance forward (domain.md d.10): it opens where the day before closed,
// and every document that moved what the customer owes stands in order of day.

static enum status fill_row(struct call *call, const struct movement *movement,
                            int64_t balance_minor, StatementRow *row)
{
    statement_row__init(row);
    row->date_day = movement->day;
    row->balance_minor = balance_minor;
    if (movement->amount_minor < 0) {
        row->credit_minor = -movement->amount_minor;
    } else {
        row->debit_minor = movement->amount_minor;
    }
    if (movement->sequence != 0) {
        row->document =
            ident_print(call->arena, movement->series, movement->year, movement->sequence);
    }
    if (movement->reference_size > 0) {
        row->reference = arena_copy(call->arena, movement->reference, movement->reference_size);
    }
    return row->document == NULL || row->reference == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

// As many rows of the page as fit into the reply.
static enum status add_rows(struct call *call, const struct movement_page *page,
                            struct reply_room room, StatementShowReply *reply)
{
    StatementRow *rows = arena_alloc(call->arena, (page->count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (page->count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    int64_t balance = page->before_minor;
    for (size_t i = 0; i < page->count; i++) {
        balance += page->row[i].amount_minor;
        enum status status = fill_row(call, &page->row[i], balance, &rows[i]);
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

static enum status add_aging(struct call *call, uint64_t customer_id, StatementShowReply *reply)
{
    struct aging_matches matches;
    const struct aging_query query = {.day = reply->to_day, .customer_id = customer_id};
    AgingRow *row = arena_alloc(call->arena, sizeof *row);
    enum status status =
        views_aging(call->views, call->filter, &query, 0, 1, call->arena, &matches);
    if (status != STATUS_OK || row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    aging_row__init(row);
    report_aging_row(&matches.total, row);
    row->customer = reply->customer;
    row->name = reply->name;
    reply->aging = row;
    if (row->balance_minor != reply->closing_minor) {
        call->status = STATUS_DIFFERENCE;
    }
    return STATUS_OK;
}

static enum status add_heading(struct txn *txn, struct call *call, const StatementShow *request,
                               StatementShowReply *reply)
{
    BookRecord *book = NULL;
    struct customer_label customer;
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, request->customer_id, &customer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->issuer = book->company;
    reply->currency = book->currency;
    reply->customer = customer.number;
    reply->name = customer.name;
    reply->from_day = request->from_day;
    reply->to_day = request->to_day != 0 ? request->to_day : call->book_day;
    return STATUS_OK;
}

// Formal numerals are for amounts in yuan.
static enum status add_words(struct call *call, StatementShowReply *reply)
{
    if (strcmp(reply->currency, "CNY") != 0) {
        return STATUS_OK;
    }
    reply->closing_words = money_formal(call->arena, reply->closing_minor);
    return reply->closing_words == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status statement_show(struct txn *txn, struct call *call, const StatementShow *request,
                           StatementShowReply *reply)
{
    struct movement_page page = {0};
    uint64_t skip = 0;
    ProtobufCMessage *customer = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &customer);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = add_heading(txn, call, request, reply);
    }
    if (status == STATUS_OK && reply->from_day > reply->to_day) {
        status = refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "from", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct reply_room room = reading_room(call, request->limit);
    status = views_movements(call->views, call->filter, request->customer_id,
                             reply->from_day == 0 ? DAY_MIN : reply->from_day, reply->to_day, skip,
                             room.limit, call->arena, &page);
    if (status == STATUS_OK) {
        status = add_rows(call, &page, room, reply);
    }
    reply->opening_minor = page.opening_minor;
    reply->debit_minor = page.debit_minor;
    reply->credit_minor = page.credit_minor;
    reply->closing_minor = page.opening_minor + page.debit_minor - page.credit_minor;
    if (status == STATUS_OK) {
        status = add_aging(call, request->customer_id, reply);
    }
    if (status == STATUS_OK) {
        status = add_words(call, reply);
    }
    return status == STATUS_OK
               ? reading_page(call, page.total_count, skip, reply->n_row, &reply->page)
               : status;
}
