// SPDX-License-Identifier: Apache-2.0
#pragma once

// The members of store and transaction, shared by the files of this room and by nobody else.

#include "server/store/env.h"
#include "server/store/keyring.h"
#include "server/store/overlay.h"
#include "server/store/rights_cache.h"
#include "server/store/seal.h"
#include "server/store/store.h"
#include "server/store/tables.h"
#include "shared/wire.h"

#include <lmdb.h>
#include <pthread.h>
#include <sodium.h>

#define STORE_SCHEMA  1
#define READ_POOL_MAX 16

// The leaves behind the last full tile of the journal's tree, as far as the writer has come
// (tiles.c).
struct leaves {
    uint64_t size; // of the tree
    uint8_t hash[256][LEAF_BYTES];
};

struct store {
    MDB_env *env;
    MDB_dbi dbi[TABLE_LIMIT];
    struct secrets *secrets;
    int lock_fd;
    char *dir;
    uint64_t map_bytes;
    uint64_t disk_soft_bytes;
    bool read_only;
    enum store_medium medium;
    struct rights_cache *rights; // with a lock of its own

    pthread_mutex_t mutex; // guards what follows
    struct head head;      // of the last commit
    size_t head_lmdb_txn;
    MDB_txn *pool[READ_POOL_MAX]; // read transactions at rest: their reader slot and memory are
                                  // used again
    size_t pool_count;
    struct leaves leaves;
};

struct txn {
    struct store *store;
    enum txn_mode mode;
    struct arena *batch_arena; // lives as long as the transaction
    struct arena *arena;       // of the running call
    const struct filter *filter;
    MDB_txn *lmdb; // NULL once committed or aborted
    size_t lmdb_id;
    bool call_has_written;
    bool has_written;
    struct head head;
    uint32_t appended; // records of the journal
    struct moment moment;
    struct overlay overlay;
    crypto_generichash_state *plan; // aligned for itself
    bool plan_expected;
    struct bytes plan_request;
    uint8_t plan_token[16];
};

static inline MDB_val val_of(const void *data, size_t size)
{
    // LMDB takes keys as void *, and only reads them.
    return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)data};
}

static inline MDB_val val_of_key(const struct row_key *key)
{
    return val_of(key->bytes, key->size);
}

// STATUS_TAMPERED when a stored key is not one of its table.
MUST_CHECK enum status key_from_val(enum table table, const MDB_val *val, struct row_key *out);

// The sealed value below the overlay: STATUS_NOT_FOUND or a pointer into the map, good until the
// next write.
MUST_CHECK enum status stored_get(const struct txn *txn, enum table table,
                                  const struct row_key *key, struct bytes *out);
// `plain` as row_seal wants it.
MUST_CHECK enum status stored_put(struct txn *txn, enum table table, const struct row_key *key,
                                  bool exists, uint32_t version, uint8_t *plain, size_t size);
MUST_CHECK enum status stored_del(struct txn *txn, enum table table, const struct row_key *key);

// Hot rows of a write transaction (hot.c). *out is NULL when there is none; it may be a deleted
// one.
bool table_is_hot(enum table table);
MUST_CHECK enum status hot_find(struct txn *txn, enum table table, const struct row_key *key,
                                struct overlay_row **out);
// `size` is the packed size of `record`.
MUST_CHECK enum status hot_put(struct txn *txn, enum table table, const struct row_key *key,
                               const ProtobufCMessage *record, size_t size);
MUST_CHECK enum status hot_del(struct txn *txn, enum table table, const struct row_key *key);

// Do puts and dels of this table stand in the overlay, above what is stored?
static inline bool is_overlaid(const struct txn *txn, enum table table)
{
    return txn->mode == TXN_PREVIEW || (txn->mode == TXN_WRITE && table_is_hot(table));
}

// Reads belong to the plan of a call until its first write. version 0: there was no row.
void plan_note(struct txn *txn, enum table table, const struct row_key *key, uint32_t version);

// What tells the stored value of a row from every other one, without opening it; no part of a plan.
// *is_stamped is false when a preview holds the row: it has none then.
MUST_CHECK enum status row_stamp(struct txn *txn, enum table table, struct row_key key,
                                 uint8_t out[static STAMP_BYTES], bool *is_stamped);

// STATUS_TAMPERED when the bytes do not fit the record, STATUS_TOO_LARGE when the arena is
// exhausted.
MUST_CHECK enum status record_unpack(struct arena *arena, enum table table, struct bytes packed,
                                     ProtobufCMessage **out);

// The head row as stored, for open and begin.
MUST_CHECK enum status head_load(const struct store *store, MDB_txn *lmdb, struct arena *arena,
                                 struct head *out, size_t *lmdb_txn, uint32_t *schema);
// Seals and puts the head row; its lmdb_txn is that of `lmdb`.
MUST_CHECK enum status head_save(const struct store *store, MDB_txn *lmdb, struct arena *arena,
                                 const struct head *head);
