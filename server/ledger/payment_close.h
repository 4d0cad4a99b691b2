// SPDX-License-Identifier: Apache-2.0
#pragma once

// What closes the rest of an item beside a payment: the discount for early payment, and the small
// difference, too little or too much, that is within the book's tolerance or written off (domain.md
// d.1, d.17). Each is a document of its own (clearing.h), tied to the payment and undone with it.

#include "server/ledger/clearing.h"
#include "server/ledger/deduction.h"
#include "server/ledger/money.h"

struct closing {
    ClearingRecord *difference; // NULL: none
    enum account_role role;     // that bears it
    bool is_over;               // of the payment, not of what it pays
    int64_t over_minor;         // then: so much, in its currency
    struct settlement rest;     // what too little leaves open
    int64_t discount_minor;     // in all, in the payment's currency
    struct deduction deduction; // all that the payment settles without money
};

// Planned behind the settlement, with what may speak against it. `asked`: a difference beyond the
// tolerance is written off too, by who may.
MUST_CHECK enum status closing_plan(struct books *books, const PaymentRecord *payment,
                                    const struct settlement *settlement, bool asked,
                                    struct closing *out);
// Behind the payment, and keeps its numbers in it.
MUST_CHECK enum status closing_post(struct books *books, PaymentRecord *payment,
                                    const struct settlement *settlement, struct closing *closing);

// The documents of the payment that go with what is taken back: all, or those that settle something
// of one invoice.
struct closing_undo {
    struct clearing_undo *undo;
    size_t count;
};

// `day` is that of taking back.
MUST_CHECK enum status closing_undo_plan(struct books *books, const PaymentRecord *payment,
                                         uint64_t invoice_id, int32_t day,
                                         struct closing_undo *out);
MUST_CHECK enum status closing_undo_post(struct books *books, const struct closing_undo *closings,
                                         const char *reason);
