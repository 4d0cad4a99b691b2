// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a transaction has put and deleted, by table, in key order. A preview lives on it (nothing
// else is written); a batch keeps the rows of VIEW tables here, to tell the views after the commit,
// and its hot rows (hot.c). Lives in an arena; ids ascend, so that most insertions go to the end of
// their list.

#include "server/store/store.h"

struct overlay_row {
    struct row_key key;
    bool deleted;
    bool existed; // in the store below, before the transaction
    bool written; // by the transaction, not only read
    bool waits;   // hot rows: neither sealed nor in the digest as they are here
    uint32_t version;
    struct bytes packed; // of the record; the writer's arena keeps it
    uint8_t *plain;      // hot rows: what `packed` points to once they were written
    size_t room;         // of `plain`
};

struct overlay_table {
    struct overlay_row *row;
    size_t count;
    size_t room;
};

struct overlay {
    struct overlay_table table[TABLE_LIMIT];
    size_t count; // of all rows
};

// Index of the first row whose key is not less than `key`.
size_t overlay_seek(const struct overlay_table *table, const struct row_key *key);
// NULL when the row was not touched.
struct overlay_row *overlay_find(const struct overlay *overlay, enum table table,
                                 const struct row_key *key);
// Finds or inserts; NULL when the arena is exhausted. A new row is deleted, of version 0.
struct overlay_row *overlay_touch(struct overlay *overlay, struct arena *arena, enum table table,
                                  const struct row_key *key);
