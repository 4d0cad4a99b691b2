// SPDX-License-Identifier: Apache-2.0
#pragma once

// What documents do to goods (domain.md d.17): revenue by item, and what was sold leaves the stock
// at its cost. A cost is what the catalogue says when the document is issued; what comes back takes
// its part of that very cost, an allowance without a return takes none.

#include "server/ledger/posting.h"

// Finds what the lines cost, and loads the accounts that it goes through. Refuses more different
// items than an entry can tell apart.
MUST_CHECK enum status goods_check(struct books *books, InvoiceRecord *document);

// Lines that the document's entry needs beyond those of a document without items.
size_t goods_entry_lines(const InvoiceRecord *document);

// The revenue side of the entry, a line for each item; and cost of sales against stock.
MUST_CHECK enum status goods_post(struct books *books, EntryRecord *entry, enum account_role sales,
                                  const InvoiceRecord *document);

// What a credit note takes back of line `i`, whose quantity comes back: the last return takes the
// rest. Counted on the invoice. 0 where nothing was posted for the cost.
int64_t goods_return(InvoiceRecord *invoice, size_t i, int64_t quantity_micro, bool is_last);
