// SPDX-License-Identifier: Apache-2.0
#pragma once

// Every row of a table in order of its keys, opened, in memory that is used again: the way of
// verify and backup through a whole store. Offline only: the read transaction lives as long as the
// walk.

#include "server/store/store.h"

struct walk_row {
    enum table table;
    struct row_key key;
    uint32_t version;
    struct bytes packed; // until the visitor returns
    struct arena *arena; // for what the visitor unpacks; it is emptied from time to time
};

typedef enum status walk_visit(void *context, const struct walk_row *row);

// Ends with the first status that is not OK. STATUS_TAMPERED when a seal does not fit; *row then
// tells which.
MUST_CHECK enum status walk_table(struct txn *txn, enum table table, struct arena *row_arena,
                                  walk_visit *visit, void *context, struct walk_row *row);
