// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the financial statements share (domain.md d.18): the accounts, the days that are asked for
// and those beside them, the lines that amounts are sorted into, and the reply that comes of it.
// Reads only; every amount comes from day totals.

#include "server/ledger/books.h"
#include "server/ledger/reading.h"

#define FINANCIAL_LINES   72 // above every number of FinancialLine
#define FINANCIAL_COLUMNS 2  // what is asked for, and what stands beside it

struct financial_days {
    int32_t from_day, to_day;
};

// A line of a statement, in its order. A sum adds up the lines from `first` on, each by its sign.
struct financial_layout {
    FinancialLine line;
    int sign;            // of its amount in sums; 0: a sum
    FinancialLine first; // of a sum
};

struct financial_detail {
    FinancialLine line;
    const AccountRecord *account;
    int64_t minor[FINANCIAL_COLUMNS];
};

struct financial {
    struct txn *txn;
    struct call *call;
    AccountRecord **account; // of the book, by code
    size_t account_count;
    struct financial_days days[FINANCIAL_COLUMNS];
    size_t columns;
    int64_t minor[FINANCIAL_LINES][FINANCIAL_COLUMNS];
    struct financial_detail *detail;
    size_t detail_count, detail_room;
};

// All accounts by code, at most LIST_ROWS_MAX.
MUST_CHECK enum status financial_accounts(struct txn *txn, struct call *call, AccountRecord ***out,
                                          size_t *count);
// In the order in which a chart is read: 1002, 100201, 1012.
void financial_order(AccountRecord **account, size_t count);
MUST_CHECK enum status financial_open(struct txn *txn, struct call *call, struct financial *out);

// The days asked for: absent ones are today, and the first day of that year. Then what is compared.
struct financial_days financial_period(const struct call *call, int32_t from_day, int32_t to_day);
void financial_compare(struct financial *financial, struct financial_days asked, Compare compare);

bool financial_is_result(const AccountRecord *account); // revenue or expense
// By what the account is: its line of the profit and loss or of the balance sheet.
FinancialLine financial_line(const AccountRecord *account);
// What money came for (in) or went to, when this account is the other side; NULL: no account.
CashLine financial_cash_line(const AccountRecord *account, bool in);

// Debit minus credit of an account over some days, without what year ends moved.
int64_t financial_moved(const struct financial *financial, const AccountRecord *account,
                        struct financial_days days);
// Debit minus credit up to and including the day.
int64_t financial_balance(const struct financial *financial, const AccountRecord *account,
                          int32_t day);
const AccountRecord *financial_account(const struct financial *financial, uint32_t code);

// Takes an amount to a line; `account` may be NULL. TOO_LARGE when there are too many of them.
MUST_CHECK enum status financial_add(struct financial *financial, FinancialLine line,
                                     const AccountRecord *account, size_t column, int64_t minor);
int64_t financial_sum(const struct financial *financial, const struct financial_layout *layout,
                      size_t at, size_t column);
// Fills the reply by the layout; the tie says what is found at its first column.
MUST_CHECK enum status financial_reply(struct financial *financial,
                                       const struct financial_layout *layout, size_t count,
                                       bool summary, FinancialReply *reply);
// Notes the tie, and DIFFERENCE when it does not hold.
MUST_CHECK enum status financial_tie(struct call *call, int64_t report_minor, int64_t ledger_minor,
                                     FinancialTie **out);
