// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one person has done alone for one customer on a day, by control: so that nobody stays below
// the amount of a rule by doing the same thing in parts. Kept only where a rule speaks of an
// amount, and for the last few days; what a second person approved is not counted.

#include "server/ledger/call.h"

#define DONE_KEPT 8 // sums of a person and customer, the latest days

// By whom, for whom, and on which day: by hand that of the call; of a row of an import its own.
struct doing {
    uint64_t customer_id;
    enum control control;
    int32_t day;
    int64_t amount_minor;
};

// What was done before; 0 when there is nothing.
MUST_CHECK enum status done_sum(struct txn *txn, const struct call *call, const struct doing *doing,
                                int64_t *sum_minor);
MUST_CHECK enum status done_add(struct txn *txn, const struct call *call,
                                const struct doing *doing);
