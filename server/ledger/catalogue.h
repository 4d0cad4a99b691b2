// SPDX-License-Identifier: Apache-2.0
#pragma once

// The catalogue of what is sold (requirements R36). A line of a document that names an item takes
// over what it does not say itself, once: later changes of the item change no document.

#include "server/ledger/books.h"

// Refused NOT_FOUND with `field`.
MUST_CHECK enum status catalogue_load(struct books *books, uint64_t id, const char *field,
                                      CatalogueRecord **out);

// What the line takes over from the item that it names: text, unit, price and tax. `at` is the path
// of the line for refusals: no such item, one that is not sold any more, or no price at all.
// `*inclusive` becomes what the item says of the price when the price is the item's.
MUST_CHECK enum status catalogue_fill(struct books *books, const char *at, InvoiceLine *line,
                                      bool *inclusive);

// Lines as they were entered, for reading: each with the code of the item that it names, and the
// item's name where it says nothing itself. In the call's arena.
MUST_CHECK enum status catalogue_name(struct txn *txn, struct call *call, InvoiceLine *const *line,
                                      size_t count, InvoiceLine ***out);
