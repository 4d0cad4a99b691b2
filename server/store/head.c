// SPDX-License-Identifier: Apache-2.0
#include "server/store/inside.h"

#define HEAD_KEY 0

static size_t edge_count(uint64_t size)
{
    return (size_t)__builtin_popcountll(size);
}

static enum status head_from_record(const HeadRecord *record, struct head *out)
{
    const size_t count = edge_count(record->tree_size);
    const bool no_tree = record->tree_size == 0;
    if (record->digest.len != DIGEST_BYTES || record->n_frontier != count ||
        record->book_id.len > sizeof out->book_id || record->tree_root.len != LEAF_BYTES) {
        return STATUS_TAMPERED;
    }
    *out = (struct head){
        .number = record->number,
        .instant_us = record->instant_us,
        .book_day = record->book_day,
        .tree.size = record->tree_size,
        .feature_level = record->feature_level,
        .commit = record->commit,
        .checkpoint = record->checkpoint,
        .checkpoint_size = record->checkpoint_size,
        .epochs = record->epochs,
    };
    if (record->header.len == LEAF_BYTES) {
        memcpy(out->header, record->header.data, LEAF_BYTES);
    }
    for (size_t i = 0; i < count; i++) {
        if (record->frontier[i].len != LEAF_BYTES) {
            return STATUS_TAMPERED;
        }
        memcpy(out->tree.edge[i], record->frontier[i].data, LEAF_BYTES);
    }
    memcpy(out->digest.sum, record->digest.data, DIGEST_BYTES);
    memcpy(out->tree_root, record->tree_root.data, LEAF_BYTES);
    if (record->book_id.len == sizeof out->book_id) {
        memcpy(out->book_id, record->book_id.data, sizeof out->book_id);
    }
    assert(no_tree || count > 0);
    return STATUS_OK;
}

enum status head_load(const struct store *store, MDB_txn *lmdb, struct arena *arena,
                      struct head *out, size_t *lmdb_txn, uint32_t *schema)
{
    const struct row_key key = key_u64(HEAD_KEY);
    MDB_val name = val_of_key(&key);
    MDB_val value;
    const int code = mdb_get(lmdb, store->dbi[TABLE_head], &name, &value);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    struct bytes packed;
    uint32_t version;
    enum status status = row_open(store->secrets, TABLE_head, &key,
                                  bytes_of(value.mv_data, value.mv_size), arena, &packed, &version);
    ProtobufCMessage *message = NULL;
    if (status == STATUS_OK) {
        status = record_unpack(arena, TABLE_head, packed, &message);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const HeadRecord *record = (const HeadRecord *)message;
    *lmdb_txn = record->lmdb_txn;
    *schema = record->schema;
    return head_from_record(record, out);
}

enum status head_save(const struct store *store, MDB_txn *lmdb, struct arena *arena,
                      const struct head *head)
{
    HeadRecord record;
    head_record__init(&record);
    ProtobufCBinaryData edge[TREE_LEVELS];
    ProtobufCBinaryData *edges = edge;
    struct head copy = *head;
    record.number = copy.number;
    record.lmdb_txn = mdb_txn_id(lmdb);
    record.instant_us = copy.instant_us;
    record.book_day = copy.book_day;
    record.digest = (ProtobufCBinaryData){.len = DIGEST_BYTES, .data = copy.digest.sum};
    record.tree_size = copy.tree.size;
    record.tree_root = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = copy.tree_root};
    record.n_frontier = edge_count(copy.tree.size);
    record.frontier = edges;
    for (size_t i = 0; i < record.n_frontier; i++) {
        edge[i] = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = copy.tree.edge[i]};
    }
    record.book_id = (ProtobufCBinaryData){.len = sizeof copy.book_id, .data = copy.book_id};
    record.feature_level = copy.feature_level;
    record.schema = STORE_SCHEMA;
    record.commit = copy.commit;
    record.header = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = copy.header};
    record.checkpoint = copy.checkpoint;
    record.checkpoint_size = copy.checkpoint_size;
    record.epochs = copy.epochs;

    const size_t size = head_record__get_packed_size(&record);
    uint8_t *plain = arena_alloc(arena, row_padded_size(size));
    if (plain == NULL) {
        return STATUS_TOO_LARGE;
    }
    (void)head_record__pack(&record, plain);
    const struct row_key key = key_u64(HEAD_KEY);
    MDB_val name = val_of_key(&key);
    MDB_val value = {.mv_size = row_sealed_size(size)};
    const int code = mdb_put(lmdb, store->dbi[TABLE_head], &name, &value, MDB_RESERVE);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    // The row version counts commits, as far as 32 bits go: only the seal looks at it.
    const uint32_t version = (uint32_t)(record.lmdb_txn & 0x7fffffff) + 1;
    row_seal(store->secrets, TABLE_head, &key, version, plain, size, value.mv_data);
    return STATUS_OK;
}
