// SPDX-License-Identifier: Apache-2.0
#pragma once

// What documents must say at least (requirements R35): rules by kind with the day from which they
// hold, kept with the book.

#include "server/ledger/books.h"

// What the document says; a line's text counts for each line.
struct content {
    ContentKind kind;
    int32_t date_day;
    InvoiceLine *const *line; // of invoices and orders, else NULL
    size_t line_count;
    const char *text;  // of the others
    const char *field; // that holds it
    const char *reference;
};

// Refuses CONTENT_MISSING with each field that says too little.
MUST_CHECK enum status content_check(struct books *books, const struct content *content);
