// SPDX-License-Identifier: Apache-2.0
#pragma once

// From prices to amounts (domain.md d.11): what a line costs, its tax, what goes off the whole and
// what cash rounds. All of it is decided here, once; later changes mirror these amounts and never
// compute them again.

#include "server/ledger/books.h"

// The lines of a request and how they are meant. `amount_minor` stands instead of lines.
struct pricing {
    InvoiceLine *const *line;
    size_t count;
    int64_t amount_minor;
    uint32_t tax_bp;        // of lines that name no rate and are not exempt
    bool inclusive;         // all prices hold the tax; a line may say so for itself
    int64_t discount_minor; // off the whole, gross: split over the lines by largest remainder
    int64_t round_minor;    // the total is a multiple of it; the difference is a line of its own
    bool is_foreign;        // prices are in another currency: the catalogue knows none in it
    bool on_total;          // tax is rounded on the sum of each rate (imports only)
};

// What a request or record says of prices, by the names of its fields: line, amount_minor, tax_bp,
// inclusive, discount_minor and round_minor. In `currency`; "": the book's.
struct pricing pricing_of(const ProtobufCMessage *message, const char *currency);

// Fills the lines and totals of `document`, whose currency is known. Refuses what does not fit, all
// lines at once.
MUST_CHECK enum status pricing_apply(struct books *books, const struct pricing *pricing,
                                     InvoiceRecord *document);

// The net of line `i` in the book's currency.
int64_t pricing_book_net(const InvoiceRecord *document, size_t i);
// What the rounding lines of a document make in the book's currency; it is posted to an account of
// its own.
int64_t pricing_rounding(const InvoiceRecord *document);

// Net and tax by rate, highest rate first. In the arena.
MUST_CHECK enum status pricing_by_rate(struct arena *arena, const InvoiceRecord *document,
                                       InvoiceTax ***out, size_t *count);
