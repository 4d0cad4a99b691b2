// SPDX-License-Identifier: Apache-2.0
#pragma once

// The chart of accounts as rows (domain.md d.16): what it offers beyond the accounts that the
// ledger posts to, and what each account is. Firms add their own below or beside them; the accounts
// of charts.def keep what they are, since commands post to them by their role.

#include "server/ledger/books.h"

#define ACCOUNT_CODE_MIN 1000u
#define ACCOUNT_CODE_MAX 99999999u
#define CHART_EDITION    1 // of the accounts that a new book begins with; 0 had those of charts.def

// Puts the accounts of charts_more.def that the chart has. For a new book.
MUST_CHECK enum status account_seed(struct txn *txn, struct arena *arena,
                                    const struct chart *chart);
// Does it take postings on that day?
bool account_takes(const AccountRecord *account, int32_t day);

// The account that is asked for. What is not said is taken from what the chart offers under this
// code, then from the account above (`parent`, NULL: none); a line of the statements that nobody
// says is that of its kind.
void account_make(struct books *books, const AccountAdd *request, const AccountRecord *parent,
                  AccountRecord *out);
// Refuses a line of the statements on which its kind does not stand. Money stands on the line of
// money, and nothing else does.
MUST_CHECK enum status account_check_line(struct books *books, const AccountRecord *account);
