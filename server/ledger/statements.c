// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/financial.h"

// Profit and loss, balance sheet and cash flow (domain.md d.18). Each says whether it ties: the
// result with the change of everything that is no result, assets with liabilities and equity, the
// flows with the change of money.

#define LINE(line_, sign_)                                              \
    {                                                                   \
        .line = FINANCIAL_LINE__FINANCIAL_LINE_##line_, .sign = (sign_) \
    }
#define SUM(line_, first_)                               \
    {                                                    \
        .line = FINANCIAL_LINE__FINANCIAL_LINE_##line_,  \
        .first = FINANCIAL_LINE__FINANCIAL_LINE_##first_ \
    }

static const struct financial_layout PROFIT_LOSS[] = {
    LINE(REVENUE, 1),         LINE(COST_OF_SALES, -1),         LINE(SURCHARGES, -1),
    LINE(SELLING, -1),        LINE(ADMINISTRATION, -1),        LINE(FINANCE, -1),
    LINE(IMPAIRMENT, -1),     SUM(OPERATING_PROFIT, REVENUE),  LINE(OTHER_GAINS, 1),
    LINE(LOSSES, -1),         SUM(PROFIT_BEFORE_TAX, REVENUE), LINE(INCOME_TAX, -1),
    SUM(NET_PROFIT, REVENUE),
};

static const struct financial_layout BALANCE_SHEET[] = {
    LINE(CASH, 1),
    LINE(BILLS, 1),
    LINE(RECEIVABLES, 1),
    LINE(PREPAYMENTS, 1),
    LINE(OTHER_RECEIVABLES, 1),
    LINE(INVENTORY, 1),
    LINE(FIXED_ASSETS, 1),
    LINE(INTANGIBLE_ASSETS, 1),
    LINE(OTHER_ASSETS, 1),
    SUM(ASSETS, CASH),
    LINE(PAYABLES, 1),
    LINE(CUSTOMER_ADVANCES, 1),
    LINE(WAGES, 1),
    LINE(TAXES, 1),
    LINE(OTHER_PAYABLES, 1),
    LINE(SHORT_LOANS, 1),
    LINE(LONG_LOANS, 1),
    LINE(OTHER_LIABILITIES, 1),
    SUM(LIABILITIES, PAYABLES),
    LINE(CAPITAL, 1),
    LINE(RETAINED, 1),
    LINE(RESULT, 1),
    LINE(UNCLOSED, 1),
    LINE(OTHER_EQUITY, 1),
    SUM(EQUITY, CAPITAL),
    SUM(LIABILITIES_AND_EQUITY, PAYABLES),
};

static const struct financial_layout CASH_FLOW[] = {
    LINE(FROM_CUSTOMERS, 1),
    LINE(OTHER_RECEIVED, 1),
    LINE(TO_SUPPLIERS, -1),
    LINE(TO_STAFF, -1),
    LINE(TAXES_PAID, -1),
    LINE(OTHER_PAID, -1),
    SUM(OPERATING_CASH, FROM_CUSTOMERS),
    LINE(FROM_INVESTMENTS, 1),
    LINE(INVESTED, -1),
    SUM(INVESTING_CASH, FROM_INVESTMENTS),
    LINE(CAPITAL_RECEIVED, 1),
    LINE(BORROWED, 1),
    LINE(REPAID, -1),
    LINE(PAID_OUT, -1),
    SUM(FINANCING_CASH, CAPITAL_RECEIVED),
    LINE(EXCHANGE, 1),
    LINE(BROUGHT_IN, 1),
    SUM(CHANGE_OF_CASH, FROM_CUSTOMERS),
    LINE(OPENING_CASH, 1),
    SUM(CLOSING_CASH, FROM_CUSTOMERS),
};

// The sum on `line` of the layout, in the first column.
static int64_t sum_on(const struct financial *financial, const struct financial_layout *layout,
                      FinancialLine line)
{
    size_t at = 0;
    while (layout[at].line != line) {
        at++;
    }
    return financial_sum(financial, layout, at, 0);
}

// ---- profit and loss ----

static enum status add_result(struct financial *financial, size_t column, int64_t *others)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < financial->account_count && status == STATUS_OK; i++) {
        const AccountRecord *account = financial->account[i];
        int64_t moved = financial_moved(financial, account, financial->days[column]);
        if (!financial_is_result(account)) {
            *others += moved;
            continue;
        }
        bool earns = account->kind == ACCOUNT_KIND__ACCOUNT_KIND_REVENUE;
        status = financial_add(financial, financial_line(account), account, column,
                               earns ? -moved : moved);
    }
    return status;
}

enum status report_profit_loss(struct txn *txn, struct call *call, const ReportProfitLoss *request,
                               FinancialReply *reply)
{
    struct financial financial;
    int64_t others[FINANCIAL_COLUMNS] = {0};
    enum status status = financial_open(txn, call, &financial);
    financial_compare(&financial, financial_period(call, request->from_day, request->to_day),
                      request->compare);
    for (size_t column = 0; column < financial.columns && status == STATUS_OK; column++) {
        status = add_result(&financial, column, &others[column]);
    }
    if (status == STATUS_OK) {
        status = financial_reply(&financial, PROFIT_LOSS, COUNT_OF(PROFIT_LOSS), request->summary,
                                 reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    int64_t net = sum_on(&financial, PROFIT_LOSS, FINANCIAL_LINE__FINANCIAL_LINE_NET_PROFIT);
    return financial_tie(call, net, others[0], &reply->tie);
}

// ---- balance sheet ----

// Customers' balances stand on the side where they are, each by itself (reclassified, not netted).
static enum status add_customers(struct financial *financial, const AccountRecord *account,
                                 size_t column)
{
    struct reclassified sides;
    enum status status = views_reclassified(financial->call->views, &account->code, 1,
                                            financial->days[column].to_day, &sides);
    if (status == STATUS_OK) {
        status = financial_add(financial, FINANCIAL_LINE__FINANCIAL_LINE_RECEIVABLES, account,
                               column, sides.debit_minor);
    }
    return status == STATUS_OK
               ? financial_add(financial, FINANCIAL_LINE__FINANCIAL_LINE_CUSTOMER_ADVANCES, account,
                               column, sides.credit_minor)
               : status;
}

static enum status add_balances(struct financial *financial, size_t column)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < financial->account_count && status == STATUS_OK; i++) {
        const AccountRecord *account = financial->account[i];
        int64_t balance = financial_balance(financial, account, financial->days[column].to_day);
        if (account->control) {
            status = add_customers(financial, account, column);
        } else if (financial_is_result(account)) {
            status = financial_add(financial, FINANCIAL_LINE__FINANCIAL_LINE_UNCLOSED, NULL, column,
                                   -balance);
        } else {
            bool owns = account->kind == ACCOUNT_KIND__ACCOUNT_KIND_ASSET;
            status = financial_add(financial, financial_line(account), account, column,
                                   owns ? balance : -balance);
        }
    }
    return status;
}

enum status report_balance_sheet(struct txn *txn, struct call *call,
                                 const ReportBalanceSheet *request, FinancialReply *reply)
{
    struct financial financial;
    enum status status = financial_open(txn, call, &financial);
    int32_t day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    // The month of the day, so that the day before it is the end of the last one.
    struct financial_days month = {.from_day = day - (int32_t)day_date(day).day + 1, .to_day = day};
    financial_compare(&financial, month, request->compare);
    for (size_t column = 0; column < financial.columns && status == STATUS_OK; column++) {
        status = add_balances(&financial, column);
    }
    if (status == STATUS_OK) {
        status = financial_reply(&financial, BALANCE_SHEET, COUNT_OF(BALANCE_SHEET),
                                 request->summary, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->from_day = 0;
    reply->before_from_day = 0;
    return financial_tie(
        call, sum_on(&financial, BALANCE_SHEET, FINANCIAL_LINE__FINANCIAL_LINE_ASSETS),
        sum_on(&financial, BALANCE_SHEET, FINANCIAL_LINE__FINANCIAL_LINE_LIABILITIES_AND_EQUITY),
        &reply->tie);
}

// ---- cash flow ----

static FinancialLine line_of_cash(CashLine line)
{
    static const FinancialLine LINES[] = {
        [CASH_LINE__CASH_LINE_UNSET] = FINANCIAL_LINE__FINANCIAL_LINE_UNSET,
        [CASH_LINE__CASH_LINE_CUSTOMERS] = FINANCIAL_LINE__FINANCIAL_LINE_FROM_CUSTOMERS,
        [CASH_LINE__CASH_LINE_OTHER_RECEIVED] = FINANCIAL_LINE__FINANCIAL_LINE_OTHER_RECEIVED,
        [CASH_LINE__CASH_LINE_SUPPLIERS] = FINANCIAL_LINE__FINANCIAL_LINE_TO_SUPPLIERS,
        [CASH_LINE__CASH_LINE_STAFF] = FINANCIAL_LINE__FINANCIAL_LINE_TO_STAFF,
        [CASH_LINE__CASH_LINE_TAXES] = FINANCIAL_LINE__FINANCIAL_LINE_TAXES_PAID,
        [CASH_LINE__CASH_LINE_OTHER_PAID] = FINANCIAL_LINE__FINANCIAL_LINE_OTHER_PAID,
        [CASH_LINE__CASH_LINE_FROM_INVESTMENTS] = FINANCIAL_LINE__FINANCIAL_LINE_FROM_INVESTMENTS,
        [CASH_LINE__CASH_LINE_INVESTED] = FINANCIAL_LINE__FINANCIAL_LINE_INVESTED,
        [CASH_LINE__CASH_LINE_CAPITAL] = FINANCIAL_LINE__FINANCIAL_LINE_CAPITAL_RECEIVED,
        [CASH_LINE__CASH_LINE_BORROWED] = FINANCIAL_LINE__FINANCIAL_LINE_BORROWED,
        [CASH_LINE__CASH_LINE_REPAID] = FINANCIAL_LINE__FINANCIAL_LINE_REPAID,
        [CASH_LINE__CASH_LINE_PAID_OUT] = FINANCIAL_LINE__FINANCIAL_LINE_PAID_OUT,
        [CASH_LINE__CASH_LINE_EXCHANGE] = FINANCIAL_LINE__FINANCIAL_LINE_EXCHANGE,
    };

    assert((size_t)line < COUNT_OF(LINES) && line != CASH_LINE__CASH_LINE_UNSET);
    return LINES[line];
}

// Lines of money that goes are positive when it goes.
static int64_t sign_of(FinancialLine line)
{
    for (size_t i = 0; i < COUNT_OF(CASH_FLOW); i++) {
        if (CASH_FLOW[i].line == line) {
            return CASH_FLOW[i].sign;
        }
    }
    assert(false);
    return 1;
}

// Money that came, or went, with one account on the other side.
static enum status add_flow(struct financial *financial, const struct cash_row *row, bool in,
                            size_t column)
{
    int64_t minor = in ? row->in_minor : -row->out_minor;
    if (row->account == 0) {
        return financial_add(financial, FINANCIAL_LINE__FINANCIAL_LINE_BROUGHT_IN, NULL, column,
                             minor);
    }
    const AccountRecord *account = financial_account(financial, row->account);
    if (account == NULL) {
        return STATUS_INCOMPLETE;
    }
    CashLine named = (CashLine)row->line;
    FinancialLine line = line_of_cash(
        named != CASH_LINE__CASH_LINE_UNSET ? named : financial_cash_line(account, in));
    return financial_add(financial, line, account, column, sign_of(line) * minor);
}

static int64_t cash_on(const struct financial *financial, int32_t day)
{
    int64_t cash = 0;
    for (size_t i = 0; i < financial->account_count; i++) {
        if (financial->account[i]->cash) {
            cash += financial_balance(financial, financial->account[i], day);
        }
    }
    return cash;
}

static enum status add_flows(struct financial *financial, size_t column)
{
    struct financial_days days = financial->days[column];
    struct cash_row *row = NULL;
    size_t count = 0;
    enum status status = views_cash(financial->call->views, days.from_day, days.to_day,
                                    financial->call->arena, &row, &count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (row[i].in_minor != 0) {
            status = add_flow(financial, &row[i], true, column);
        }
        if (status == STATUS_OK && row[i].out_minor != 0) {
            status = add_flow(financial, &row[i], false, column);
        }
    }
    return status == STATUS_OK
               ? financial_add(financial, FINANCIAL_LINE__FINANCIAL_LINE_OPENING_CASH, NULL, column,
                               cash_on(financial, days.from_day - 1))
               : status;
}

enum status report_cash_flow(struct txn *txn, struct call *call, const ReportCashFlow *request,
                             FinancialReply *reply)
{
    struct financial financial;
    enum status status = financial_open(txn, call, &financial);
    financial_compare(&financial, financial_period(call, request->from_day, request->to_day),
                      request->compare);
    for (size_t column = 0; column < financial.columns && status == STATUS_OK; column++) {
        status = add_flows(&financial, column);
    }
    if (status == STATUS_OK) {
        status =
            financial_reply(&financial, CASH_FLOW, COUNT_OF(CASH_FLOW), request->summary, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    int64_t change = cash_on(&financial, financial.days[0].to_day) -
                     cash_on(&financial, financial.days[0].from_day - 1);
    return financial_tie(
        call, sum_on(&financial, CASH_FLOW, FINANCIAL_LINE__FINANCIAL_LINE_CHANGE_OF_CASH), change,
        &reply->tie);
}
