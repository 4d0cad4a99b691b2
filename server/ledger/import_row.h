// SPDX-License-Identifier: Apache-2.0
#pragma once

// One row of an import: checked completely, then written, or left out and reported. A row whose
// reference is known is counted and left alone, so that a file can be imported again.

#include "server/ledger/books.h"

enum row_outcome {
    ROW_ADDED,
    ROW_KNOWN,
    ROW_REFUSED,
    ROW_LATER, // the call has no ids left for it: it belongs to the next group
};

struct row_result {
    enum row_outcome outcome;
    bool customer_added;
    int64_t total_minor; // what the row adds to the sum of the import
};

// The import that was begun with this fingerprint, as import_begin finds it; 0: none. Refuses what
// is no fingerprint.
MUST_CHECK enum status import_find(struct books *books, ImportKind kind,
                                   ProtobufCBinaryData fingerprint, const char *source,
                                   uint64_t *id);

// What it returns is a failure of the machine; a refused row is an outcome.
MUST_CHECK enum status import_row_take(struct books *books, ImportKind kind, const ImportRow *row,
                                       struct row_result *out);
