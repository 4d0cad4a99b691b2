// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/financial.h"
#include "server/ledger/report.h"
#include "shared/fields.h"

// The key figures of a day (requirements R97): what is there, what is owed, what was earned and
// received, and who and what made most of it.

#define TOP_ROWS 3

// The days that the figures are of.
struct spans {
    struct financial_days month, month_before, year, year_before;
};

static struct spans spans_of(int32_t day)
{
    struct date date = day_date(day);
    int32_t month = day - (int32_t)date.day + 1;
    int32_t year = day_add_months(month, 1 - (int32_t)date.month);
    return (struct spans){
        .month = {month, day},
        .month_before = {day_add_months(month, -1), month - 1},
        .year = {year, day},
        .year_before = {day_add_months(year, -12), day_add_months(day, -12)},
    };
}

static enum status revenue_of(struct call *call, struct financial_days days, int64_t *out)
{
    struct revenue_matches matches = {0};
    const struct revenue_query query = {
        .by = REVENUE_YEARS, .from_day = days.from_day, .to_day = days.to_day};
    enum status status = views_revenue(call->views, call->filter, &query, 1, call->arena, &matches);
    *out = matches.total.net_minor;
    return status;
}

static int64_t profit_of(const struct financial *financial, struct financial_days days)
{
    int64_t profit = 0;
    for (size_t i = 0; i < financial->account_count; i++) {
        if (financial_is_result(financial->account[i])) {
            profit -= financial_moved(financial, financial->account[i], days);
        }
    }
    return profit;
}

// ---- the best of each kind ----

static DashboardRow *add_row(struct call *call, char *name, int64_t minor)
{
    DashboardRow *row = arena_alloc(call->arena, sizeof *row);
    if (row != NULL) {
        dashboard_row__init(row);
        row->name = name;
        row->amount_minor = minor;
    }
    return row;
}

static enum status rows_make(struct call *call, size_t count, DashboardRow ***out)
{
    *out = arena_alloc(call->arena, (count + 1) * sizeof **out);
    return *out == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status customer_row(struct txn *txn, struct call *call, uint64_t id, int64_t minor,
                                DashboardRow **out)
{
    struct customer_label customer;
    enum status status = reading_customer(txn, call, id, &customer);
    if (status != STATUS_OK) {
        return status;
    }
    char *name = arena_print(call->arena, "%s %s", customer.number, customer.name);
    *out = name == NULL ? NULL : add_row(call, name, minor);
    return *out == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

static enum status add_debtors(struct txn *txn, struct call *call,
                               const struct aging_matches *matches, ReportDashboardReply *reply)
{
    enum status status = rows_make(call, matches->count, &reply->debtor);
    for (size_t i = 0; i < matches->count && status == STATUS_OK; i++) {
        const struct aging_row *row = &matches->row[i];
        status = customer_row(txn, call, row->customer_id, aging_open(row),
                              &reply->debtor[reply->n_debtor]);
        reply->n_debtor += status == STATUS_OK;
    }
    return status;
}

static enum status add_customers(struct txn *txn, struct call *call, struct financial_days days,
                                 ReportDashboardReply *reply)
{
    struct revenue_matches matches = {0};
    const struct revenue_query query = {
        .by = REVENUE_CUSTOMERS, .from_day = days.from_day, .to_day = days.to_day};
    enum status status =
        views_revenue(call->views, call->filter, &query, TOP_ROWS, call->arena, &matches);
    if (status == STATUS_OK) {
        status = rows_make(call, matches.count, &reply->customer);
    }
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        status = customer_row(txn, call, matches.row[i].key, matches.row[i].net_minor,
                              &reply->customer[reply->n_customer]);
        reply->n_customer += status == STATUS_OK;
    }
    return status;
}

static enum status add_items(struct txn *txn, struct call *call, struct financial_days days,
                             ReportDashboardReply *reply)
{
    struct revenue_matches matches = {0};
    const struct revenue_query query = {
        .by = REVENUE_ITEMS, .from_day = days.from_day, .to_day = days.to_day};
    enum status status =
        views_revenue(call->views, call->filter, &query, TOP_ROWS, call->arena, &matches);
    if (status == STATUS_OK) {
        status = rows_make(call, matches.count, &reply->item);
    }
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        RevenueRow named;
        revenue_row__init(&named);
        status = report_item_name(txn, &matches.row[i], &named);
        if (status == STATUS_OK) {
            bool is_named = named.name[0] != '\0';
            reply->item[reply->n_item] =
                add_row(call, is_named ? named.name : named.key, matches.row[i].net_minor);
            status = reply->item[reply->n_item] == NULL ? STATUS_TOO_LARGE : STATUS_OK;
            reply->n_item += status == STATUS_OK;
        }
    }
    return status;
}

static enum status add_methods(struct call *call, struct financial_days days,
                               ReportDashboardReply *reply)
{
    struct payments_matches matches = {0};
    enum status status = views_payments(call->views, call->filter, false, days.from_day,
                                        days.to_day, call->arena, &matches);
    if (status == STATUS_OK) {
        status = rows_make(call, matches.count, &reply->method);
    }
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        char word[64] = "";
        (void)field_choice_word(&payment_method__descriptor, (int)matches.row[i].key, word);
        char *name = arena_copy(call->arena, word, strlen(word));
        reply->method[i] = name == NULL ? NULL : add_row(call, name, matches.row[i].amount_minor);
        status = reply->method[i] == NULL ? STATUS_TOO_LARGE : STATUS_OK;
        reply->n_method += status == STATUS_OK;
    }
    return status;
}

// ---- sums ----

static enum status received_of(struct call *call, struct financial_days days, int64_t *out)
{
    struct payments_matches matches = {0};
    enum status status = views_payments(call->views, call->filter, false, days.from_day,
                                        days.to_day, call->arena, &matches);
    *out = matches.total.amount_minor;
    return status;
}

static enum status add_aging(struct txn *txn, struct call *call, const struct financial *financial,
                             ReportDashboardReply *reply)
{
    struct aging_matches matches;
    const struct aging_query query = {
        .day = reply->as_of_day, .order = AGING_BY_OPEN, .descending = true};
    AgingRow *row = arena_alloc(call->arena, sizeof *row);
    enum status status =
        views_aging(call->views, call->filter, &query, 0, TOP_ROWS, call->arena, &matches);
    if (status != STATUS_OK || row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    aging_row__init(row);
    report_aging_row(&matches.total, row);
    row->customers = matches.customers;
    reply->aging = row;
    reply->difference_minor = -row->balance_minor;
    for (size_t i = 0; i < financial->account_count; i++) {
        const AccountRecord *account = financial->account[i];
        int64_t balance = financial_balance(financial, account, reply->as_of_day);
        reply->cash_minor += account->cash ? balance : 0;
        reply->difference_minor += account->control ? balance : 0;
    }
    if (reply->difference_minor != 0) {
        call->status = STATUS_DIFFERENCE;
    }
    return add_debtors(txn, call, &matches, reply);
}

static enum status add_sums(struct call *call, const struct financial *financial,
                            const struct spans *spans, ReportDashboardReply *reply)
{
    enum status status = revenue_of(call, spans->month, &reply->revenue_month_minor);
    if (status == STATUS_OK) {
        status = revenue_of(call, spans->month_before, &reply->revenue_month_before_minor);
    }
    if (status == STATUS_OK) {
        status = revenue_of(call, spans->year, &reply->revenue_year_minor);
    }
    if (status == STATUS_OK) {
        status = revenue_of(call, spans->year_before, &reply->revenue_year_before_minor);
    }
    if (status == STATUS_OK) {
        status = received_of(call, spans->month, &reply->received_month_minor);
    }
    if (status == STATUS_OK) {
        status = received_of(call, spans->month_before, &reply->received_month_before_minor);
    }
    reply->profit_month_minor = profit_of(financial, spans->month);
    reply->profit_year_minor = profit_of(financial, spans->year);
    return status;
}

enum status report_dashboard(struct txn *txn, struct call *call, const ReportDashboard *request,
                             ReportDashboardReply *reply)
{
    struct financial financial;
    BookRecord *book = NULL;
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = financial_open(txn, call, &financial);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->company = book->company;
    reply->currency = book->currency;
    reply->as_of_day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    const struct spans spans = spans_of(reply->as_of_day);
    status = add_aging(txn, call, &financial, reply);
    if (status == STATUS_OK) {
        status = add_sums(call, &financial, &spans, reply);
    }
    if (status == STATUS_OK) {
        status = add_customers(txn, call, spans.year, reply);
    }
    if (status == STATUS_OK) {
        status = add_items(txn, call, spans.year, reply);
    }
    return status == STATUS_OK ? add_methods(call, spans.year, reply) : status;
}
