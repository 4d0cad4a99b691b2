// SPDX-License-Identifier: Apache-2.0
#pragma once

// What each month moved on each account, kept by postings: the trial balance as of the end of any
// month without reading an entry, for the seals of periods.

#include "server/ledger/books.h"

struct account_turnover {
    int64_t opening_minor; // before the month: debit minus credit
    int64_t debit_minor;   // of the month
    int64_t credit_minor;
};

MUST_CHECK enum status turnover_add(struct books *books, uint32_t account, int32_t day,
                                    int64_t debit_minor, int64_t credit_minor);
MUST_CHECK enum status turnover_write(struct books *books);
// As stored; what the call itself adds is not in it. From `from` on (0: the beginning) up to and
// including `period`.
MUST_CHECK enum status turnover_read(struct txn *txn, uint32_t account, uint32_t from,
                                     uint32_t period, struct account_turnover *out);
