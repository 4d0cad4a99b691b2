// SPDX-License-Identifier: Apache-2.0
#pragma once

// What credit notes take from an invoice, line by line (domain.md d.11, "Credit note"): they mirror
// its amounts and never take more net, tax or quantity of a line than is left of it. What is taken
// is planned first, so that it can be refused, and then made into the lines of the note.

#include "server/ledger/books.h"

// What is not credited yet.
int64_t credit_left(const InvoiceRecord *invoice);

// What a note takes of each line, in the sign of the line.
struct credit_plan {
    int64_t *net_minor;
    int64_t *tax_minor;
    int64_t *quantity_micro;
    int64_t gross_minor;
    bool is_whole; // all that is left
};

// An amount of the whole, split by what is left of the lines. Not more than credit_left.
MUST_CHECK enum status credit_plan_amount(struct books *books, const InvoiceRecord *invoice,
                                          int64_t amount_minor, struct credit_plan *out);
// Lines that come back, each named once. The last return of a line takes what is left of it. More
// than is left is refused `over`.
MUST_CHECK enum status credit_plan_lines(struct books *books, const InvoiceRecord *invoice,
                                         CreditLine *const *line, size_t count, enum status over,
                                         struct credit_plan *out);

// Makes the lines and sums of `note` and counts them on `invoice`. Both stay in memory.
MUST_CHECK enum status credit_mirror(struct books *books, InvoiceRecord *invoice,
                                     const struct credit_plan *plan, InvoiceRecord *note);
