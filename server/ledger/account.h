// SPDX-License-Identifier: Apache-2.0
#pragma once

// The chart of accounts as rows (domain.md d.16): what it offers beyond the accounts that the
// ledger posts to, and what each account is. Firms add their own below or beside them; the accounts
// of charts.def keep what they are, since commands post to them by their role.

#include "server/ledger/books.h"

#define ACCOUNT_CODE_MIN 1000u
#define ACCOUNT_CODE_MAX 99999999u
#define CHART_EDITION    1 // of the accounts that a new book begins with; 0 had those of charts.def

// Puts the accounts that a new book of this chart and edition begins with.
MUST_CHECK enum status account_seed(struct txn *txn, struct arena *arena, const struct chart *chart,
                                    uint32_t edition);
// The account of a role as it stands, or as the chart has it when the book does not.
MUST_CHECK enum status account_of_role(struct books *books, enum account_role role, bool *is_new,
                                       AccountRecord **out);
// What is owed to the tax office stands on it, or is deducted from that.
bool account_is_tax(const AccountRecord *account);
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
