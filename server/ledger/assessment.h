// SPDX-License-Identifier: Apache-2.0
#pragma once

// A customer's credit as it is seen today: the figures of the rows, their score, and what would
// follow from it (domain.md d.8). Suggestions never apply themselves.

#include "server/ledger/exposure.h"
#include "server/ledger/score.h"
#include "server/ledger/standing.h"

struct assessment {
    struct exposure exposure;
    struct standing standing;
    int64_t open_minor;
    int64_t overdue_minor; // what is not disputed
    struct score_input input;
    uint32_t score;
    CreditGrade grade;
};

MUST_CHECK enum status assessment_of(struct books *books, const CustomerRecord *customer,
                                     struct assessment *out);

struct suggestion {
    uint32_t terms_days;   // of the terms that hold
    int64_t billing_minor; // a month
    CreditMode credit;     // what holds stays where nothing better is known
    int64_t limit_minor;
    const char *terms;
    bool guarantee; // only with one, or in cash
};

MUST_CHECK enum status suggestion_of(struct books *books, const struct assessment *assessment,
                                     struct suggestion *out);
