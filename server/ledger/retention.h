// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long the law wants the documents of a customer kept (domain.md d.14): the book says so many
// years for documents dated from a day on, counted from the end of the document's year. While that
// runs, personal data are not erased; they can rest (customer_restrict).

#include "server/ledger/books.h"

// The last day on which a document of this customer must be there; 0: there is none.
MUST_CHECK enum status retention_until(struct txn *txn, const BookRecord *book,
                                       uint64_t customer_id, int32_t *day);
