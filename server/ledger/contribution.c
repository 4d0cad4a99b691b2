// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/contribution.h"

#include "server/ledger/carrying.h"
#include "server/ledger/cost.h"

// The profit and loss by customer (domain.md d.9, d.18): what the lines of entries say, with what
// is shared and what the money that is owed has cost. It ties to the day totals.

static uint8_t column_of(const AccountRecord *account)
{
    uint32_t line = financial_line(account);
    switch (line) {
    case FINANCIAL_LINE__FINANCIAL_LINE_REVENUE:
        return CONTRIBUTION_REVENUE;
    case FINANCIAL_LINE__FINANCIAL_LINE_COST_OF_SALES:
        return CONTRIBUTION_COST;
    case FINANCIAL_LINE__FINANCIAL_LINE_SELLING:
        return CONTRIBUTION_SELLING;
    case FINANCIAL_LINE__FINANCIAL_LINE_FINANCE:
        return CONTRIBUTION_FINANCE;
    case FINANCIAL_LINE__FINANCIAL_LINE_IMPAIRMENT:
        return CONTRIBUTION_BAD_DEBT;
    default:
        return CONTRIBUTION_OTHER;
    }
}

enum status contribution_accounts(struct financial *financial, struct contribution_query *query,
                                  int64_t *others)
{
    struct arena *arena = financial->call->arena;
    uint32_t *account = arena_alloc(arena, (financial->account_count + 1) * sizeof *account);
    uint8_t *column = arena_alloc(arena, (financial->account_count + 1) * sizeof *column);
    if (account == NULL || column == NULL) {
        return STATUS_TOO_LARGE;
    }
    query->account = account;
    query->column = column;
    *others = 0;
    for (size_t i = 0; i < financial->account_count; i++) {
        const AccountRecord *each = financial->account[i];
        if (each->role == ACCOUNT_RECEIVABLES) {
            query->receivables = each->code;
        }
        if (financial_is_result(each)) {
            account[query->account_count] = each->code;
            column[query->account_count] = column_of(each);
            query->account_count++;
        } else {
            *others += financial_moved(financial, each, financial->days[0]);
        }
    }
    return STATUS_OK;
}

enum status contribution_days_of(struct financial *financial, const BookRecord *book,
                                 struct financial_days days, struct contribution_days *out)
{
    struct cost_share *share = NULL;
    struct carrying_span *span = NULL;
    *out = (struct contribution_days){.from_day = days.from_day, .to_day = days.to_day};
    enum status status = cost_shares(financial->txn, financial->call, days.from_day, days.to_day,
                                     &share, &out->share_count);
    if (status == STATUS_OK) {
        status = carrying_spans(financial->call, book, days.from_day, days.to_day, &span,
                                &out->carrying_count);
    }
    out->share = share;
    out->carrying = span;
    return status;
}

// Costs are positive numbers: the contribution is revenue less all the other columns.
static void fill(const struct contribution_row *from, ContributionRow *row)
{
    const int64_t *minor = from->minor;
    contribution_row__init(row);
    row->revenue_minor = minor[CONTRIBUTION_REVENUE];
    row->cost_minor = -minor[CONTRIBUTION_COST];
    row->marketing_minor = -minor[CONTRIBUTION_MARKETING];
    row->service_minor = -minor[CONTRIBUTION_SERVICE];
    row->selling_minor = row->marketing_minor + row->service_minor - minor[CONTRIBUTION_SELLING];
    row->finance_minor = -minor[CONTRIBUTION_FINANCE];
    row->bad_debt_minor = -minor[CONTRIBUTION_BAD_DEBT];
    row->shared_minor = -minor[CONTRIBUTION_SHARED];
    row->carrying_minor = -minor[CONTRIBUTION_CARRYING];
    row->other_minor = -minor[CONTRIBUTION_OTHER];
    for (size_t i = 0; i < CONTRIBUTION_COLUMNS; i++) {
        row->contribution_minor += minor[i];
    }
    row->before_minor = from->before_minor;
}

static enum status add_rows(struct txn *txn, struct call *call,
                            const struct contribution_matches *matches, struct reply_room room,
                            ReportContributionReply *reply)
{
    ContributionRow *rows = arena_alloc(call->arena, (matches->count + 2) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (matches->count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->unallocated = &rows[matches->count];
    reply->total = &rows[matches->count + 1];
    fill(&matches->unallocated, reply->unallocated);
    fill(&matches->total, reply->total);
    for (size_t i = 0; i < matches->count; i++) {
        struct customer_label customer;
        enum status status = reading_customer(txn, call, matches->row[i].customer_id, &customer);
        if (status != STATUS_OK) {
            return status;
        }
        fill(&matches->row[i], &rows[i]);
        rows[i].customer = customer.number;
        rows[i].name = customer.name;
        if (!reading_fits(&room, &rows[i].base)) {
            return STATUS_OK;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    return STATUS_OK;
}

// What is asked of the views.
static enum status ask(struct financial *financial, const ReportContribution *request,
                       const BookRecord *book, struct contribution_query *query,
                       struct contribution_days *before, int64_t *others)
{
    financial_compare(financial,
                      financial_period(financial->call, request->from_day, request->to_day),
                      request->compare);
    query->customer_id = request->customer_id;
    enum status status = contribution_accounts(financial, query, others);
    if (status == STATUS_OK) {
        status = contribution_days_of(financial, book, financial->days[0], &query->days);
    }
    if (status == STATUS_OK && financial->columns > 1) {
        status = contribution_days_of(financial, book, financial->days[1], before);
        query->before = before;
    }
    return status;
}

enum status report_contribution(struct txn *txn, struct call *call,
                                const ReportContribution *request, ReportContributionReply *reply)
{
    struct financial financial;
    struct contribution_query query = {0};
    struct contribution_days before;
    struct contribution_matches matches = {0};
    BookRecord *book = NULL;
    uint64_t skip = 0;
    int64_t others = 0;
    struct reply_room room = reading_room(call, request->limit);
    enum status status = skip_parse(txn, call, request->cursor, &skip);
    if (status == STATUS_OK) {
        status = financial_open(txn, call, &financial);
    }
    if (status == STATUS_OK) {
        status = reading_book(txn, &book);
    }
    if (status == STATUS_OK) {
        status = ask(&financial, request, book, &query, &before, &others);
    }
    if (status == STATUS_OK) {
        status = views_contribution(call->views, call->filter, &query, skip, room.limit,
                                    call->arena, &matches);
    }
    if (status == STATUS_OK) {
        status = add_rows(txn, call, &matches, room, reply);
    }
    if (status == STATUS_OK && request->customer_id == 0 && reading_sees_all(call)) {
        status = financial_tie(call, reply->total->contribution_minor, others, &reply->tie);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->currency = book->currency;
    reply->from_day = financial.days[0].from_day;
    reply->to_day = financial.days[0].to_day;
    reply->before_from_day = financial.days[1].from_day;
    reply->before_to_day = financial.days[1].to_day;
    return reading_page(call, matches.total_count, skip, reply->n_row, &reply->page);
}
