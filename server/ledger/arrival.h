// SPDX-License-Identifier: Apache-2.0
#pragma once

// Receipts on their way to a bank account, and which of them a line of it brings (domain.md d.13,
// tier 4): all of a method that are expected on one day, or a single one, when they come to just
// the line's amount. Found from rows alone.
//
// It is certain once people have said so of that method as often as it asks for, while there is no
// other way and nothing else speaks from the line.

#include "server/ledger/match.h"
#include "server/ledger/method.h"

#define ARRIVALS_MAX 6

struct way_day;

// What the lines of one account share: methods, and what was looked up of days.
struct ways {
    struct books *books;
    uint32_t account;
    MethodRecord *method[METHODS_MAX];
    size_t method_count;
    struct way_day *days;
};

struct arrival {
    MethodRecord *method;
    uint64_t receipt_id[BANK_RECEIPTS_MAX];
    size_t count;
    uint64_t customer_id; // of a single one
    bool early;           // before its day
};

struct arrivals {
    struct arrival *row;
    size_t count;
    bool more; // not all ways were looked at
};

MUST_CHECK enum status arrival_begin(struct books *books, uint32_t account, struct ways *out);
MUST_CHECK enum status arrival_find(struct ways *ways, const BankLineRecord *line,
                                    struct arrivals *out);
// May it be booked without a person? NULL: which of them is it.
MUST_CHECK enum status arrival_certain(struct ways *ways, const BankLineRecord *line,
                                       const struct arrivals *arrivals, bool *out);
// Are these receipts the ones of the arrival, in whatever order?
bool arrival_is(const struct arrival *arrival, const uint64_t *receipt_id, size_t count);
