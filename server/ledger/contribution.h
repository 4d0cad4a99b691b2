// SPDX-License-Identifier: Apache-2.0
#pragma once

// What customers contributed to the result (domain.md d.9), for reports and for whoever shares a
// cost: which account adds to which column.

#include "server/ledger/financial.h"

// Fills accounts and columns of the query. `*others` gets what all other accounts moved over the
// days of the first column: the result, seen from the other side.
MUST_CHECK enum status contribution_accounts(struct financial *financial,
                                             struct contribution_query *query, int64_t *others);
// What is shared on the days, and the rates that hold on them.
MUST_CHECK enum status contribution_days_of(struct financial *financial, const BookRecord *book,
                                            struct financial_days days,
                                            struct contribution_days *out);
