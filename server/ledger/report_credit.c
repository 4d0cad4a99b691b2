// SPDX-License-Identifier: Apache-2.0
// The credit of all customers at a glance (requirements R64): the figures of the card, row by row.
#include "server/ledger/exposure.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

static enum status fill_stops(struct call *call, const struct exposure *exposure,
                              ReportCreditRow *row)
{
    row->stop = arena_alloc(call->arena, (exposure->stop_count + 1) * sizeof *row->stop);
    if (row->stop == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < exposure->stop_count; i++) {
        row->stop[row->n_stop++] = exposure->stop[i].reason;
    }
    return STATUS_OK;
}

static void fill_score(const CreditRecord *credit, ReportCreditRow *row)
{
    const size_t count = credit->n_score;
    if (count > 0) {
        row->score = credit->score[count - 1]->score;
        row->grade = credit->score[count - 1]->grade;
    }
    if (count > 1) {
        row->trend = (int32_t)row->score - (int32_t)credit->score[count - 2]->score;
    }
}

static enum status fill_row(struct books *books, uint64_t customer_id, ReportCreditRow *row)
{
    struct exposure exposure;
    struct customer_label label;
    CustomerRecord *customer = NULL;
    enum status status = customer_get(books->txn, key_u64(customer_id), &customer);
    if (status == STATUS_OK) {
        status = exposure_of(books, customer, 0, &exposure);
    }
    if (status == STATUS_OK) {
        status = reading_customer(books->txn, books->call, customer_id, &label);
    }
    if (status != STATUS_OK) {
        return status;
    }
    row->customer = label.number;
    row->name = label.name;
    row->class_ = customer->class_;
    row->credit = exposure.mode;
    row->limit_minor = exposure.limit_minor;
    row->exposure_minor = exposure.total_minor;
    row->available_minor = exposure.is_limited ? exposure.limit_minor - exposure.total_minor : 0;
    row->overdue_minor = exposure.overdue_minor;
    row->worst_days = exposure.worst_days;
    row->held = customer->credit_held;
    fill_score(exposure.credit, row);
    return fill_stops(books->call, &exposure, row);
}

enum status report_credit(struct txn *txn, struct call *call, const ReportCredit *request,
                          ReportCreditReply *reply)
{
    struct books books;
    struct customer_query query = {.today = call->book_day};
    struct customer_matches matches = {0};
    uint64_t skip = 0;
    struct reply_room room = reading_room(call, 0);
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = views_customers(call->views, call->filter, &query, skip,
                                 cursor_limit(request->limit), call->arena, &matches);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->row = arena_alloc(call->arena, (matches.count + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < matches.count; i++) {
        ReportCreditRow *row =
            (ReportCreditRow *)wire_make(call->arena, &report_credit_row__descriptor);
        status = row != NULL ? fill_row(&books, matches.row[i].id, row) : STATUS_TOO_LARGE;
        if (status == STATUS_OK && !reading_fits(&room, &row->base)) {
            break;
        }
        reply->row[reply->n_row++] = row;
        books.items = NULL; // nothing is written, and the next customer has others
        books.balances = NULL;
    }
    reply->currency = books.record->currency;
    return status == STATUS_OK
               ? reading_page(call, matches.total_count, skip, reply->n_row, &reply->page)
               : status;
}
