// SPDX-License-Identifier: Apache-2.0
#pragma once

// Commits the rows of a file in groups, several in flight and in order. Each group's request id
// follows from the import and its place, so that repeating one never doubles it; after a lost
// connection the server is asked how far it got.

#include "client/client.h"
#include "client/import/rows.h"

struct import_order {
    const char *path;
    ImportKind kind;
    const char *map;                   // NULL: guess
    const char *date_format;           // NULL: guess
    const char *currency;              // NULL: the book's
    const char *source;                // NULL: the server's default
    bool inclusive;                    // prices hold the tax
    bool tax_on_total;                 // the source rounds tax on the sum of each rate
    const char *same[IMPORT_SAME_MAX]; // "REFERENCE=CUSTOMER"
    size_t same_count;
    bool as_new; // whoever looks like a customer is another one
};

struct import_file {
    const struct sheet *sheet;
    struct columns columns;
    struct rows rows;
    uint8_t fingerprint[KEY_BYTES];
};

#define FEED_PROBLEMS_SHOWN 200

struct feed {
    struct client *client;
    const struct import_order *order;
    const struct import_file *file;
    uint64_t import_id;
    const char *number;                          // "IMP-0001"
    size_t resumed_at;                           // rows that were there already
    bool was_finished;                           // nothing was left to do
    const ImportCard *card;                      // the server's sums, at the end
    const Problem *problem[FEED_PROBLEMS_SHOWN]; // rows that the ledger refused
    size_t problem_count;
    int64_t elapsed_ms;
};

MUST_CHECK enum status feed_run(struct feed *feed);
