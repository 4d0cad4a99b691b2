// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/financial.h"
#include "server/ledger/report.h"
#include "shared/fields.h"
#include "shared/money.h"

// Revenue by period, customer, salesperson, region, class and item, which ties to the profit and
// loss; what customers have paid by method and month (requirements R90, R92, R96).

// What a row is of all of it, in basis points; 0 where that says nothing.
static uint32_t share_of(int64_t part_minor, int64_t whole_minor)
{
    int64_t share = 0;
    bool says = part_minor > 0 && whole_minor > 0 && part_minor <= whole_minor &&
                money_scale(part_minor, 10000, whole_minor, &share);
    return says ? (uint32_t)share : 0;
}

static char *month_word(struct arena *arena, uint64_t key)
{
    return arena_print(arena, "%04u-%02u", (unsigned)(key / 12), (unsigned)(key % 12 + 1));
}

// ---- what a row is of ----

static enum status name_customer(struct txn *txn, struct call *call, uint64_t id, RevenueRow *row)
{
    struct customer_label customer;
    enum status status = reading_customer(txn, call, id, &customer);
    if (status == STATUS_OK) {
        row->key = customer.number;
        row->name = customer.name;
    }
    return status;
}

static enum status name_salesperson(struct txn *txn, uint64_t id, RevenueRow *row)
{
    UserRecord *user = NULL;
    enum status status = id == 0 ? STATUS_NOT_FOUND : user_get(txn, key_u64(id), &user);
    if (status == STATUS_OK) {
        row->key = user->login;
        row->name = user->name;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// Region and class stand in the row of one of their customers.
static enum status name_group(struct txn *txn, uint64_t id, bool is_region, RevenueRow *row)
{
    CustomerRecord *customer = NULL;
    enum status status = customer_get(txn, key_u64(id), &customer);
    if (status == STATUS_OK) {
        row->key = is_region ? customer->region : customer->class_;
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status report_item_name(struct txn *txn, const struct revenue_row *from, RevenueRow *row)
{
    InvoiceRecord *invoice = NULL;
    enum status status = invoice_get(txn, key_u64(from->key), &invoice);
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && from->ordinal >= invoice->n_line)) {
        return STATUS_INCOMPLETE;
    }
    if (status == STATUS_OK) {
        row->key = invoice->line[from->ordinal]->item;
        row->name = invoice->line[from->ordinal]->description;
    }
    return status;
}

static enum status name_row(struct txn *txn, struct call *call, const struct revenue_row *from,
                            enum revenue_by by, RevenueRow *row)
{
    switch (by) {
    case REVENUE_MONTHS:
        row->key = month_word(call->arena, from->key);
        break;
    case REVENUE_QUARTERS:
        row->key = arena_print(call->arena, "%04u-Q%u", (unsigned)(from->key / 4),
                               (unsigned)(from->key % 4 + 1));
        break;
    case REVENUE_YEARS:
        row->key = arena_print(call->arena, "%04u", (unsigned)from->key);
        break;
    case REVENUE_CUSTOMERS:
        return name_customer(txn, call, from->key, row);
    case REVENUE_OWNERS:
        return name_salesperson(txn, from->key, row);
    case REVENUE_REGIONS:
    case REVENUE_CLASSES:
        return name_group(txn, from->key, by == REVENUE_REGIONS, row);
    case REVENUE_ITEMS:
        return report_item_name(txn, from, row);
    }
    return row->key == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

// ---- revenue ----

static enum revenue_by by_of(RevenueBy by)
{
    static const enum revenue_by BY[] = {
        [REVENUE_BY__REVENUE_BY_UNSET] = REVENUE_MONTHS,
        [REVENUE_BY__REVENUE_BY_MONTH] = REVENUE_MONTHS,
        [REVENUE_BY__REVENUE_BY_CUSTOMER] = REVENUE_CUSTOMERS,
        [REVENUE_BY__REVENUE_BY_QUARTER] = REVENUE_QUARTERS,
        [REVENUE_BY__REVENUE_BY_YEAR] = REVENUE_YEARS,
        [REVENUE_BY__REVENUE_BY_SALESPERSON] = REVENUE_OWNERS,
        [REVENUE_BY__REVENUE_BY_REGION] = REVENUE_REGIONS,
        [REVENUE_BY__REVENUE_BY_CLASS] = REVENUE_CLASSES,
        [REVENUE_BY__REVENUE_BY_ITEM] = REVENUE_ITEMS,
    };

    assert((size_t)by < COUNT_OF(BY));
    return BY[by];
}

static void fill_revenue(const struct revenue_row *from, int64_t whole_minor, RevenueRow *row)
{
    row->net_minor = from->net_minor;
    row->gross_minor = from->gross_minor;
    row->documents = from->documents;
    row->quantity_micro = from->quantity_micro;
    row->share_bp = share_of(from->net_minor, whole_minor);
}

// What the documents say and what was entered beside them is the revenue of the profit and loss.
static enum status tie_revenue(struct txn *txn, struct call *call, int64_t net_minor,
                               ReportRevenueReply *reply)
{
    struct financial financial;
    enum status status = financial_open(txn, call, &financial);
    uint32_t *account = arena_alloc(call->arena, (financial.account_count + 1) * sizeof *account);
    if (status != STATUS_OK || account == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    const struct financial_days days = {
        .from_day = reply->from_day != 0 ? reply->from_day : DAY_MIN,
        .to_day = reply->to_day != 0 ? reply->to_day : DAY_MAX,
    };
    int64_t ledger_minor = 0;
    size_t count = 0;
    for (size_t i = 0; i < financial.account_count; i++) {
        if (financial_line(financial.account[i]) == FINANCIAL_LINE__FINANCIAL_LINE_REVENUE) {
            account[count++] = financial.account[i]->code;
            ledger_minor -= financial_moved(&financial, financial.account[i], days);
        }
    }
    reply->entered_minor =
        views_entered(call->views, call->filter, account, count, reply->from_day, reply->to_day);
    return financial_tie(call, net_minor + reply->entered_minor, ledger_minor, &reply->tie);
}

enum status report_revenue(struct txn *txn, struct call *call, const ReportRevenue *request,
                           ReportRevenueReply *reply)
{
    BookRecord *book = NULL;
    struct revenue_matches matches = {0};
    struct reply_room room = reading_room(call, request->limit);
    const struct revenue_query query = {
        .by = by_of(request->by), .from_day = request->from_day, .to_day = request->to_day};
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status =
            views_revenue(call->views, call->filter, &query, room.limit, call->arena, &matches);
    }
    if (status != STATUS_OK) {
        return status;
    }
    RevenueRow *rows = arena_alloc(call->arena, (matches.count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (matches.count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        revenue_row__init(&rows[i]);
        fill_revenue(&matches.row[i], matches.total.net_minor, &rows[i]);
        status = name_row(txn, call, &matches.row[i], query.by, &rows[i]);
        if (status == STATUS_OK && !reading_fits(&room, &rows[i].base)) {
            break;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    reply->total = &rows[matches.count];
    revenue_row__init(reply->total);
    fill_revenue(&matches.total, matches.total.net_minor, reply->total);
    reply->from_day = request->from_day;
    reply->to_day = request->to_day;
    reply->currency = book->currency;
    return status == STATUS_OK && reading_sees_all(call)
               ? tie_revenue(txn, call, matches.total.net_minor, reply)
               : status;
}

// ---- payments ----

static enum status fill_payments(struct call *call, const struct payments_row *from, bool by_month,
                                 int64_t whole_minor, PaymentsRow *row)
{
    char word[64] = "";
    payments_row__init(row);
    row->amount_minor = from->amount_minor;
    row->payments = from->payments;
    row->share_bp = share_of(from->amount_minor, whole_minor);
    if (by_month) {
        row->key = month_word(call->arena, from->key);
    } else {
        (void)field_choice_word(&payment_method__descriptor, (int)from->key, word);
        row->key = arena_copy(call->arena, word, strlen(word));
    }
    return row->key == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status report_payments(struct txn *txn, struct call *call, const ReportPayments *request,
                            ReportPaymentsReply *reply)
{
    BookRecord *book = NULL;
    struct payments_matches matches = {0};
    bool by_month = request->by == PAYMENTS_BY__PAYMENTS_BY_MONTH;
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = views_payments(call->views, call->filter, by_month, request->from_day,
                                request->to_day, call->arena, &matches);
    }
    if (status != STATUS_OK) {
        return status;
    }
    PaymentsRow *rows = arena_alloc(call->arena, (matches.count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (matches.count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < matches.count && status == STATUS_OK; i++) {
        status =
            fill_payments(call, &matches.row[i], by_month, matches.total.amount_minor, &rows[i]);
        reply->row[reply->n_row++] = &rows[i];
    }
    reply->total = &rows[matches.count];
    payments_row__init(reply->total);
    reply->total->amount_minor = matches.total.amount_minor;
    reply->total->payments = matches.total.payments;
    reply->total->share_bp = share_of(matches.total.amount_minor, matches.total.amount_minor);
    reply->from_day = request->from_day;
    reply->to_day = request->to_day;
    reply->currency = book->currency;
    return status;
}
