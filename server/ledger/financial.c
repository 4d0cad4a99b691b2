// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/financial.h"

struct role_line {
    uint32_t role;
    FinancialLine line;
};

struct cash_lines {
    uint32_t of; // a role, or a kind
    CashLine in, out;
};

static const struct role_line ROLE_LINES[] = {
#define STANDS(role_, line_) {ACCOUNT_##role_, FINANCIAL_LINE__FINANCIAL_LINE_##line_},
#include "server/ledger/financial.def"
};

static const struct role_line KIND_LINES[] = {
#define KIND_STANDS(kind, line_) \
    {ACCOUNT_KIND__ACCOUNT_KIND_##kind, FINANCIAL_LINE__FINANCIAL_LINE_##line_},
#include "server/ledger/financial.def"
};

static const struct cash_lines ROLE_CASH[] = {
#define CASH(role_, in_, out_) \
    {ACCOUNT_##role_, CASH_LINE__CASH_LINE_##in_, CASH_LINE__CASH_LINE_##out_},
#include "server/ledger/financial.def"
};

static const struct cash_lines KINDS_CASH[] = {
#define KIND_CASH(kind, in_, out_) \
    {ACCOUNT_KIND__ACCOUNT_KIND_##kind, CASH_LINE__CASH_LINE_##in_, CASH_LINE__CASH_LINE_##out_},
#include "server/ledger/financial.def"
};

// ---- accounts ----

enum status financial_accounts(struct txn *txn, struct call *call, AccountRecord ***out,
                               size_t *count)
{
    *count = 0;
    *out = arena_alloc(call->arena, LIST_ROWS_MAX * sizeof **out);
    if (*out == NULL) {
        return STATUS_TOO_LARGE;
    }
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_account, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK && *count == LIST_ROWS_MAX) {
            status = STATUS_TOO_LARGE;
        }
        if (status == STATUS_OK) {
            (*out)[(*count)++] = (AccountRecord *)record;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// As a chart is read: an account stands behind the one that its code begins with.
static int compare_codes(const void *a, const void *b)
{
    const AccountRecord *const *left = a;
    const AccountRecord *const *right = b;
    char text[2][16];
    (void)snprintf(text[0], sizeof text[0], "%u", (*left)->code);
    (void)snprintf(text[1], sizeof text[1], "%u", (*right)->code);
    return strcmp(text[0], text[1]);
}

void financial_order(AccountRecord **account, size_t count)
{
    qsort(account, count, sizeof *account, compare_codes);
}

enum status financial_open(struct txn *txn, struct call *call, struct financial *out)
{
    *out = (struct financial){.txn = txn, .call = call};
    enum status status = financial_accounts(txn, call, &out->account, &out->account_count);
    // Each account may stand on several lines: customers' balances on both sides, named cash lines.
    out->detail_room = out->account_count * COUNT_OF(ROLE_CASH);
    out->detail = arena_alloc(call->arena, out->detail_room * sizeof *out->detail);
    return status == STATUS_OK && out->detail == NULL ? STATUS_TOO_LARGE : status;
}

const AccountRecord *financial_account(const struct financial *financial, uint32_t code)
{
    for (size_t i = 0; i < financial->account_count; i++) {
        if (financial->account[i]->code == code) {
            return financial->account[i];
        }
    }
    return NULL;
}

bool financial_is_result(const AccountRecord *account)
{
    return account->kind == ACCOUNT_KIND__ACCOUNT_KIND_REVENUE ||
           account->kind == ACCOUNT_KIND__ACCOUNT_KIND_EXPENSE;
}

static FinancialLine line_in(const struct role_line *rows, size_t count, uint32_t of)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].role == of) {
            return rows[i].line;
        }
    }
    return FINANCIAL_LINE__FINANCIAL_LINE_UNSET;
}

FinancialLine financial_line(const AccountRecord *account)
{
    if (account->cash) {
        return FINANCIAL_LINE__FINANCIAL_LINE_CASH;
    }
    if (account->line != FINANCIAL_LINE__FINANCIAL_LINE_UNSET) {
        return account->line;
    }
    FinancialLine line = line_in(ROLE_LINES, COUNT_OF(ROLE_LINES), account->role);
    return line != FINANCIAL_LINE__FINANCIAL_LINE_UNSET
               ? line
               : line_in(KIND_LINES, COUNT_OF(KIND_LINES), (uint32_t)account->kind);
}

static const struct cash_lines *cash_in(const struct cash_lines *rows, size_t count, uint32_t of)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].of == of) {
            return &rows[i];
        }
    }
    return NULL;
}

CashLine financial_cash_line(const AccountRecord *account, bool in)
{
    const CashLine own = in ? account->cash_in : account->cash_out;
    if (own != CASH_LINE__CASH_LINE_UNSET) {
        return own;
    }
    const struct cash_lines *lines = cash_in(ROLE_CASH, COUNT_OF(ROLE_CASH), account->role);
    if (lines == NULL) {
        lines = cash_in(KINDS_CASH, COUNT_OF(KINDS_CASH), (uint32_t)account->kind);
    }
    assert(lines != NULL); // every kind has a row
    return in ? lines->in : lines->out;
}

int64_t financial_moved(const struct financial *financial, const AccountRecord *account,
                        struct financial_days days)
{
    const struct views *views = financial->call->views;
    struct account_sum all = views_account(views, account->code, days.from_day, days.to_day);
    struct account_sum closing =
        views_account_closing(views, account->code, days.from_day, days.to_day);
    return all.debit_minor - all.credit_minor - closing.debit_minor + closing.credit_minor;
}

int64_t financial_balance(const struct financial *financial, const AccountRecord *account,
                          int32_t day)
{
    struct account_sum sum = views_account(financial->call->views, account->code, DAY_MIN, day);
    return sum.debit_minor - sum.credit_minor;
}

// ---- days ----

struct financial_days financial_period(const struct call *call, int32_t from_day, int32_t to_day)
{
    struct financial_days days = {.from_day = from_day,
                                  .to_day = to_day != 0 ? to_day : call->book_day};
    if (from_day == 0) {
        struct date date = day_date(days.to_day);
        days.from_day =
            day_add_months(days.to_day - (int32_t)date.day + 1, 1 - (int32_t)date.month);
    }
    return days;
}

static bool is_month_end(int32_t day)
{
    return day == day_month_end(day);
}

static int32_t months_between(int32_t from_day, int32_t to_day)
{
    struct date from = day_date(from_day);
    struct date to = day_date(to_day);
    return (to.year - from.year) * 12 + (int32_t)to.month - (int32_t)from.month + 1;
}

static struct financial_days days_before(struct financial_days days)
{
    bool is_whole = day_date(days.from_day).day == 1 && is_month_end(days.to_day);
    int32_t length = days.to_day - days.from_day + 1;
    return (struct financial_days){
        .from_day = is_whole
                        ? day_add_months(days.from_day, -months_between(days.from_day, days.to_day))
                        : days.from_day - length,
        .to_day = days.from_day - 1,
    };
}

static int32_t year_before(int32_t day)
{
    int32_t before = day_add_months(day, -12);
    return is_month_end(day) ? day_month_end(before) : before;
}

void financial_compare(struct financial *financial, struct financial_days asked, Compare compare)
{
    financial->days[0] = asked;
    financial->columns = compare == COMPARE__COMPARE_UNSET ? 1 : 2;
    if (compare == COMPARE__COMPARE_YEAR) {
        financial->days[1] = (struct financial_days){
            .from_day = day_add_months(asked.from_day, -12),
            .to_day = year_before(asked.to_day),
        };
    } else if (compare == COMPARE__COMPARE_BEFORE) {
        financial->days[1] = days_before(asked);
    }
}

// ---- amounts ----

enum status financial_add(struct financial *financial, FinancialLine line,
                          const AccountRecord *account, size_t column, int64_t minor)
{
    assert((size_t)line < FINANCIAL_LINES && column < financial->columns);
    financial->minor[line][column] += minor;
    if (account == NULL || minor == 0) {
        return STATUS_OK;
    }
    size_t at = 0;
    while (at < financial->detail_count &&
           (financial->detail[at].line != line || financial->detail[at].account != account)) {
        at++;
    }
    if (at == financial->detail_room) {
        return STATUS_TOO_LARGE;
    }
    if (at == financial->detail_count) {
        financial->detail[financial->detail_count++] =
            (struct financial_detail){.line = line, .account = account};
    }
    financial->detail[at].minor[column] += minor;
    return STATUS_OK;
}

int64_t financial_sum(const struct financial *financial, const struct financial_layout *layout,
                      size_t at, size_t column)
{
    if (layout[at].sign != 0) {
        return financial->minor[layout[at].line][column];
    }
    int64_t sum = 0;
    bool counts = false;
    for (size_t i = 0; i < at; i++) {
        counts = counts || layout[i].line == layout[at].first;
        sum += counts ? layout[i].sign * financial->minor[layout[i].line][column] : 0;
    }
    return sum;
}

// ---- the reply ----

static FinancialRow *add_row(struct financial *financial, FinancialLine line, FinancialReply *reply)
{
    FinancialRow *row = arena_alloc(financial->call->arena, sizeof *row);
    if (row != NULL) {
        financial_row__init(row);
        row->line = line;
        reply->row[reply->n_row++] = row;
    }
    return row;
}

static int compare_details(const void *a, const void *b)
{
    const struct financial_detail *left = a;
    const struct financial_detail *right = b;
    return compare_codes(&left->account, &right->account);
}

static enum status add_details(struct financial *financial, FinancialLine line,
                               FinancialReply *reply)
{
    for (size_t i = 0; i < financial->detail_count; i++) {
        const struct financial_detail *detail = &financial->detail[i];
        if (detail->line != line) {
            continue;
        }
        FinancialRow *row = add_row(financial, line, reply);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->account = detail->account->code;
        row->name = detail->account->name;
        row->amount_minor = detail->minor[0];
        row->before_minor = detail->minor[1];
    }
    return STATUS_OK;
}

static enum status add_heading(struct financial *financial, FinancialReply *reply)
{
    BookRecord *book = NULL;
    enum status status = reading_book(financial->txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    reply->company = book->company;
    reply->currency = book->currency;
    reply->from_day = financial->days[0].from_day;
    reply->to_day = financial->days[0].to_day;
    reply->before_from_day = financial->days[1].from_day;
    reply->before_to_day = financial->days[1].to_day;
    return STATUS_OK;
}

// Lines on which nothing stands are left out; sums never are.
enum status financial_reply(struct financial *financial, const struct financial_layout *layout,
                            size_t count, bool summary, FinancialReply *reply)
{
    enum status status = add_heading(financial, reply);
    reply->row =
        arena_alloc(financial->call->arena, (count + financial->detail_count) * sizeof *reply->row);
    if (status == STATUS_OK && reply->row == NULL) {
        status = STATUS_TOO_LARGE;
    }
    qsort(financial->detail, financial->detail_count, sizeof *financial->detail, compare_details);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        int64_t asked = financial_sum(financial, layout, i, 0);
        int64_t before = financial->columns > 1 ? financial_sum(financial, layout, i, 1) : 0;
        if (layout[i].sign != 0 && asked == 0 && before == 0) {
            continue;
        }
        FinancialRow *row = add_row(financial, layout[i].line, reply);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->amount_minor = asked;
        row->before_minor = before;
        if (!summary && layout[i].sign != 0) {
            status = add_details(financial, layout[i].line, reply);
        }
    }
    return status;
}

enum status financial_tie(struct call *call, int64_t report_minor, int64_t ledger_minor,
                          FinancialTie **out)
{
    FinancialTie *tie = arena_alloc(call->arena, sizeof *tie);
    if (tie == NULL) {
        return STATUS_TOO_LARGE;
    }
    financial_tie__init(tie);
    tie->report_minor = report_minor;
    tie->ledger_minor = ledger_minor;
    tie->difference_minor = ledger_minor - report_minor;
    if (tie->difference_minor != 0) {
        call->status = STATUS_DIFFERENCE;
    }
    *out = tie;
    return STATUS_OK;
}
