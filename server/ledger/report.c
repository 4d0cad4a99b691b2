// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/report.h"

#include "server/ledger/financial.h"

// Aging and trial balance (domain.md d.2, d.18). A report that shows receivables also says
// what the control accounts say, and answers DIFFERENCE beside its figures when the two differ.

// ---- aging ----

void report_aging_row(const struct aging_row *from, AgingRow *row)
{
    row->not_due_minor = from->bucket_minor[0];
    row->not_due_count = from->bucket_count[0];
    row->d1_30_minor = from->bucket_minor[1];
    row->d1_30_count = from->bucket_count[1];
    row->d31_60_minor = from->bucket_minor[2];
    row->d31_60_count = from->bucket_count[2];
    row->d61_90_minor = from->bucket_minor[3];
    row->d61_90_count = from->bucket_count[3];
    row->d91_180_minor = from->bucket_minor[4];
    row->d91_180_count = from->bucket_count[4];
    row->d181_365_minor = from->bucket_minor[5];
    row->d181_365_count = from->bucket_count[5];
    row->d366_up_minor = from->bucket_minor[6];
    row->d366_up_count = from->bucket_count[6];
    row->y1_minor = from->year_minor[0];
    row->y1_count = from->year_count[0];
    row->y2_minor = from->year_minor[1];
    row->y2_count = from->year_count[1];
    row->y3_minor = from->year_minor[2];
    row->y3_count = from->year_count[2];
    row->y4_minor = from->year_minor[3];
    row->y4_count = from->year_count[3];
    row->y5_minor = from->year_minor[4];
    row->y5_count = from->year_count[4];
    row->y6_up_minor = from->year_minor[5];
    row->y6_up_count = from->year_count[5];
    row->open_minor = aging_open(from);
    row->count = aging_count(from);
    row->on_account_minor = from->on_account_minor;
    row->on_account_count = from->on_account_count;
    row->balance_minor = row->open_minor - row->on_account_minor;
    row->disputed_minor = from->disputed_minor;
    row->disputed_count = from->disputed_count;
}

// Debit minus credit of all control accounts up to and including `day`.
static enum status control_balance(struct txn *txn, struct call *call, int32_t day, int64_t *out)
{
    struct financial financial;
    enum status status = financial_open(txn, call, &financial);
    *out = 0;
    for (size_t i = 0; i < financial.account_count && status == STATUS_OK; i++) {
        const AccountRecord *account = financial.account[i];
        *out += account->control ? financial_balance(&financial, account, day) : 0;
    }
    return status;
}

static enum status tie_out(struct txn *txn, struct call *call, const struct aging_matches *matches,
                           ReportAgingReply *reply)
{
    ControlTie *tie = arena_alloc(call->arena, sizeof *tie);
    if (tie == NULL) {
        return STATUS_TOO_LARGE;
    }
    control_tie__init(tie);
    enum status status = control_balance(txn, call, reply->as_of_day, &tie->ledger_minor);
    if (status != STATUS_OK) {
        return status;
    }
    tie->items_minor = aging_open(&matches->total) - matches->total.on_account_minor;
    tie->difference_minor = tie->ledger_minor - tie->items_minor;
    reply->control = tie;
    if (tie->difference_minor != 0) {
        call->status = STATUS_DIFFERENCE;
    }
    return STATUS_OK;
}

static enum status read_aging_query(struct txn *txn, struct call *call, const ReportAging *request,
                                    struct aging_query *out)
{
    static const char *const SORTS[] = {"customer", "name", "open", "balance"};

    static const enum aging_order ORDERS[] = {AGING_BY_NUMBER, AGING_BY_NAME, AGING_BY_OPEN,
                                              AGING_BY_BALANCE};

    static_assert(COUNT_OF(SORTS) == COUNT_OF(ORDERS), "an order for each name");
    size_t sort = 0;
    *out = (struct aging_query){
        .day = request->as_of_day != 0 ? request->as_of_day : call->book_day,
        .by_document_day = request->basis == AGING_BASIS__AGING_BASIS_DOCUMENT,
        .customer_id = request->customer_id,
    };
    enum status status =
        sort_parse(txn, call, request->sort, SORTS, COUNT_OF(SORTS), &sort, &out->descending);
    out->order = ORDERS[sort];
    return status;
}

static enum status add_aging_rows(struct txn *txn, struct call *call,
                                  const struct aging_matches *matches, struct reply_room room,
                                  ReportAgingReply *reply)
{
    AgingRow *rows = arena_alloc(call->arena, (matches->count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (matches->count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < matches->count; i++) {
        struct customer_label customer;
        enum status status = reading_customer(txn, call, matches->row[i].customer_id, &customer);
        if (status != STATUS_OK) {
            return status;
        }
        aging_row__init(&rows[i]);
        report_aging_row(&matches->row[i], &rows[i]);
        rows[i].customer = customer.number;
        rows[i].name = customer.name;
        if (!reading_fits(&room, &rows[i].base)) {
            return STATUS_OK;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    return STATUS_OK;
}

enum status report_aging(struct txn *txn, struct call *call, const ReportAging *request,
                         ReportAgingReply *reply)
{
    struct aging_query query;
    struct aging_matches matches = {0};
    BookRecord *book = NULL;
    uint64_t skip = 0;
    struct reply_room room = reading_room(call, request->limit);
    enum status status = read_aging_query(txn, call, request, &query);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = reading_book(txn, &book);
    }
    if (status == STATUS_OK) {
        status = views_aging(call->views, call->filter, &query, skip,
                             request->summary ? 0 : room.limit, call->arena, &matches);
    }
    AgingRow *total = arena_alloc(call->arena, sizeof *total);
    if (status != STATUS_OK || total == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    aging_row__init(total);
    report_aging_row(&matches.total, total);
    total->customers = matches.customers;
    reply->total = total;
    reply->as_of_day = query.day;
    reply->basis =
        query.by_document_day ? AGING_BASIS__AGING_BASIS_DOCUMENT : AGING_BASIS__AGING_BASIS_DUE;
    reply->currency = book->currency;
    status = add_aging_rows(txn, call, &matches, room, reply);
    if (status == STATUS_OK) {
        status = reading_page(call, matches.total_count, skip, reply->n_row, &reply->page);
    }
    if (status == STATUS_OK && reading_sees_all(call) && request->customer_id == 0) {
        status = tie_out(txn, call, &matches, reply);
    }
    return status;
}

// ---- trial balance ----

static void add_trial(TrialRow *row, const TrialRow *other)
{
    row->opening_minor += other->opening_minor;
    row->debit_minor += other->debit_minor;
    row->credit_minor += other->credit_minor;
    row->closing_minor += other->closing_minor;
    row->before_minor += other->before_minor;
}

// The days beside: of the days asked for, or of the month of the day.
static void compare_trial(ReportTrialBalanceReply *reply, Compare compare)
{
    struct financial beside = {0};
    const int32_t day = reply->as_of_day;
    const int32_t from =
        reply->from_day != 0 ? reply->from_day : day - (int32_t)day_date(day).day + 1;
    financial_compare(&beside, (struct financial_days){.from_day = from, .to_day = day}, compare);
    reply->before_from_day = beside.days[1].from_day;
    reply->before_to_day = beside.days[1].to_day;
}

// What an account closed with on the last of the days beside.
static int64_t balance_beside(const struct call *call, const AccountRecord *account,
                              const ReportTrialBalanceReply *reply)
{
    if (reply->before_to_day == 0) {
        return 0;
    }
    const struct account_sum sum =
        views_account(call->views, account->code, DAY_MIN, reply->before_to_day);
    return sum.debit_minor - sum.credit_minor;
}

// An account without any movement up to the day is left out.
static enum status add_account(struct call *call, const AccountRecord *account,
                               ReportTrialBalanceReply *reply, size_t room)
{
    int32_t from = reply->from_day == 0 ? DAY_MIN : reply->from_day;
    struct account_sum before = {0};
    if (from > DAY_MIN) {
        before = views_account(call->views, account->code, DAY_MIN, from - 1);
    }
    struct account_sum moved = views_account(call->views, account->code, from, reply->as_of_day);
    const int64_t beside = balance_beside(call, account, reply);
    bool used = before.debit_minor != 0 || before.credit_minor != 0 || moved.debit_minor != 0 ||
                moved.credit_minor != 0 || beside != 0;
    if (!used) {
        return STATUS_OK;
    }
    TrialRow *row = arena_alloc(call->arena, sizeof *row);
    if (row == NULL || reply->n_row == room) {
        return STATUS_TOO_LARGE;
    }
    trial_row__init(row);
    row->account = account->code;
    row->name = account->name;
    row->opening_minor = before.debit_minor - before.credit_minor;
    row->debit_minor = moved.debit_minor;
    row->credit_minor = moved.credit_minor;
    row->closing_minor = row->opening_minor + moved.debit_minor - moved.credit_minor;
    row->before_minor = beside;
    reply->row[reply->n_row++] = row;
    add_trial(reply->total, row);
    return STATUS_OK;
}

enum status report_trial_balance(struct txn *txn, struct call *call,
                                 const ReportTrialBalance *request, ReportTrialBalanceReply *reply)
{
    BookRecord *book = NULL;
    const size_t room = LIST_ROWS_MAX;
    enum status status = reading_book(txn, &book);
    TrialRow *total = arena_alloc(call->arena, sizeof *total);
    reply->row = arena_alloc(call->arena, room * sizeof *reply->row);
    if (status != STATUS_OK || total == NULL || reply->row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    trial_row__init(total);
    reply->total = total;
    reply->from_day = request->from_day;
    reply->as_of_day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    reply->currency = book->currency;
    compare_trial(reply, request->compare);
    AccountRecord **account = NULL;
    size_t count = 0;
    status = financial_accounts(txn, call, &account, &count);
    financial_order(account, count);
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = add_account(call, account[i], reply, room);
    }
    bool ties = total->opening_minor == 0 && total->closing_minor == 0 &&
                total->debit_minor == total->credit_minor;
    if (status == STATUS_OK && !ties) {
        call->status = STATUS_DIFFERENCE;
    }
    return status;
}
