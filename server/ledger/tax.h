// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rates of tax as dated data (domain.md d.11). A book that says what kind of taxpayer its firm is
// takes only rates that hold on the day of the document; one that says nothing takes any.

#include "server/ledger/books.h"

// The rates that a book of this chart begins with; they are rows like any other from then on.
MUST_CHECK enum status tax_seed(struct txn *txn, const char *chart);

// Refuses lines whose rate does not hold on the document's day, all at once. A line without tax
// always holds.
MUST_CHECK enum status tax_check(struct books *books, const InvoiceRecord *document);
