// SPDX-License-Identifier: Apache-2.0
#pragma once

// Other currencies than the book's, and what they are worth in it from which day on (domain.md
// d.11). A document keeps the rate of its day; what a rate gives is rounded once.

#include "server/ledger/books.h"

struct rate {
    int64_t rate_micro; // of the book's currency for `per` of the other
    uint32_t per;
    int32_t day; // from which it holds
    int shift;   // decimals of the book's currency beyond those of the other
};

// The letters of a code as a number; the key of what belongs to a currency and a day.
uint64_t rate_letters(const char *currency);
struct row_key rate_key(const char *currency, int32_t day);

// The currency as records keep it: "" for the book's own, asked by its code or not at all.
char *rate_currency(const struct books *books, char *currency);

// The currency of a document or of money: as asked, else `own` of the customer or template. Who
// does not name one that counts with other decimals than the book's may mean either:
// CURRENCY_NEEDED.
MUST_CHECK enum status rate_choose(struct books *books, char *asked, char *own, char **out);
// The amounts of a request are in the currency of the document that it is about: CURRENCY_OTHER;
// CURRENCY_NEEDED as above.
MUST_CHECK enum status rate_same(struct books *books, const char *asked, const char *own);

// Decimals of an amount in the currency; "" is the book's.
uint32_t rate_decimals(const struct books *books, const char *currency);
// "100.00", for the problems of a refusal. NULL when the arena is exhausted.
char *rate_print(const struct books *books, const char *currency, int64_t minor);

// A rate that a record keeps.
struct rate rate_of(const struct books *books, const char *currency, int64_t rate_micro,
                    uint32_t per);
// The rate that holds on that day: RATE_MISSING.
MUST_CHECK enum status rate_on(struct books *books, const char *currency, int32_t day,
                               struct rate *out);

// What the amount comes to in the book's currency; false beyond AMOUNT_MAX.
MUST_CHECK bool rate_convert(const struct rate *rate, int64_t minor, int64_t *book_minor);

// What is open of an item at the rate of today; as the books have it when no rate is known.
MUST_CHECK enum status rate_today(struct books *books, const ItemRecord *item, int64_t *book_minor);

// Converts a document that is in another currency, line by line, by the rate of that day (0: of
// today). What mirrors another document has that one's rate. RATE_TOO_SMALL when it comes to
// nothing.
MUST_CHECK enum status rate_document(struct books *books, InvoiceRecord *document, int32_t day);
// The amount of a document in the book's currency.
int64_t rate_gross(const InvoiceRecord *document);
// "USD 100.00"; "" in the book's currency. NULL when the arena is exhausted.
char *rate_amount(struct arena *arena, const char *currency, int64_t minor);
// "7.1034", "4.7125 / 100"; "" without a rate. NULL when the arena is exhausted.
char *rate_text(struct arena *arena, int64_t rate_micro, uint32_t per);
