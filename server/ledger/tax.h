// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rates of tax as dated data (domain.md d.11), and the accounts that tax stands on (d.16). A book
// that says what kind of taxpayer its firm is takes only rates that hold on the day of the
// document; one that says nothing takes any.

#include "server/ledger/books.h"

// The rates that a book of this chart begins with; they are rows like any other from then on.
MUST_CHECK enum status tax_seed(struct txn *txn, const char *chart);

// The limits of exemption that a book of this chart and currency begins with, likewise.
MUST_CHECK enum status tax_limit_seed(struct arena *arena, const struct chart *chart,
                                      BookRecord *book);

// Refuses lines whose rate does not hold on the document's day, all at once. A line without tax
// always holds.
MUST_CHECK enum status tax_check(struct books *books, const InvoiceRecord *document);

// What the firm is on that day; UNSET: nobody has said.
TaxpayerKind tax_payer(const BookRecord *book, int32_t day);

// Tax that is dated on a day stands on these accounts: on the one tax account, or since
// tax_separate's day on accounts of their own.
enum account_role tax_output(const struct books *books, int32_t day);
enum account_role tax_input(const struct books *books, int32_t day);
// How much of a document's tax in the book's currency is a simple levy, which stands on
// ACCOUNT_SIMPLE_TAX; 0 as long as all stands on one account.
MUST_CHECK enum status tax_simple(struct books *books, const InvoiceRecord *document, int64_t *out);
// Loads what the tax of a document posts to.
MUST_CHECK enum status tax_load(struct books *books, const InvoiceRecord *document);
