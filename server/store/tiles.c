// SPDX-License-Identifier: Apache-2.0
#include "server/store/tiles.h"

#include "server/store/inside.h"

#define LEVELS (64 / TILE_BITS)

static struct row_key key_of_tile(unsigned level, uint64_t index)
{
    return key_u64_u64(level, index);
}

// ---- the leaves behind the last full tile ----

// Hashes the records from `first` + 1 to `end` anew.
static enum status hash_records(struct txn *txn, uint64_t first, uint64_t end,
                                uint8_t (*out)[LEAF_BYTES])
{
    assert(end - first <= TILE_HASHES);
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    enum status status = scan_open(txn, TABLE_journal, key_u64(first + 1), 0, false, &scan);
    for (uint64_t index = first; status == STATUS_OK && index < end; index++) {
        struct row_key key;
        struct bytes packed;
        status = scan_next_bytes(scan, &key, &packed, NULL);
        if (status == STATUS_OK && row_key_first(&key) != index + 1) {
            status = STATUS_END;
        }
        if (status == STATUS_OK) {
            tree_leaf(packed, out[index - first]);
        }
    }
    return status == STATUS_END ? STATUS_INCOMPLETE : status;
}

// The leaves of the last, unfinished tile of a tree of `size`. The store's memory of them may be
// ahead of a snapshot, which does not matter: leaves never change once they are committed, and what
// is not committed stands behind them.
static enum status last_leaves(struct txn *txn, uint64_t size, uint8_t (*out)[LEAF_BYTES])
{
    const uint64_t first = size & ~(uint64_t)(TILE_HASHES - 1);
    const size_t count = (size_t)(size - first);
    struct leaves *leaves = &txn->store->leaves;
    (void)pthread_mutex_lock(&txn->store->mutex);
    const bool is_known = leaves->size >= size && leaves->size < first + TILE_HASHES;
    if (is_known) {
        memcpy(out, leaves->hash, count * LEAF_BYTES);
    }
    (void)pthread_mutex_unlock(&txn->store->mutex);
    return is_known ? STATUS_OK : hash_records(txn, first, size, out);
}

// The writer's memory holds the leaves up to the head's tree: not after a start, and not after a
// batch that was given up.
static enum status leaves_follow(struct txn *txn)
{
    struct leaves *leaves = &txn->store->leaves;
    const uint64_t size = txn->head.tree.size;
    if (leaves->size == size) {
        return STATUS_OK; // only the writer changes it
    }
    uint8_t hash[TILE_HASHES][LEAF_BYTES];
    const uint64_t first = size & ~(uint64_t)(TILE_HASHES - 1);
    const enum status status = hash_records(txn, first, size, hash);
    if (status == STATUS_OK) {
        (void)pthread_mutex_lock(&txn->store->mutex);
        memcpy(leaves->hash, hash, (size_t)(size - first) * LEAF_BYTES);
        leaves->size = size;
        (void)pthread_mutex_unlock(&txn->store->mutex);
    }
    return status;
}

static void leaves_add(struct txn *txn, const uint8_t leaf[static LEAF_BYTES])
{
    struct leaves *leaves = &txn->store->leaves;
    (void)pthread_mutex_lock(&txn->store->mutex);
    memcpy(leaves->hash[leaves->size % TILE_HASHES], leaf, LEAF_BYTES);
    leaves->size++;
    (void)pthread_mutex_unlock(&txn->store->mutex);
}

// ---- writing tiles ----

static enum status tile_put(struct txn *txn, unsigned level, uint64_t index, uint8_t *hashes,
                            size_t count)
{
    TileRecord record;
    tile_record__init(&record);
    record.hash = (ProtobufCBinaryData){.len = count * LEAF_BYTES, .data = hashes};
    return table_put(txn, TABLE_tile, key_of_tile(level, index), (const ProtobufCMessage *)&record);
}

// A stored tile's hashes, in the transaction's arena; `count` of them must be there.
static enum status tile_get(struct txn *txn, unsigned level, uint64_t index, size_t count,
                            const uint8_t (**out)[LEAF_BYTES])
{
    ProtobufCMessage *message = NULL;
    const enum status status =
        table_get(txn, TABLE_tile, key_of_tile(level, index), &message, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const TileRecord *record = (const TileRecord *)message;
    if (record->hash.len < count * LEAF_BYTES || record->hash.len > TILE_BYTES ||
        record->hash.len % LEAF_BYTES != 0) {
        return STATUS_TAMPERED;
    }
    *out = (const uint8_t(*)[LEAF_BYTES])(void *)record->hash.data;
    return STATUS_OK;
}

// A tile of `level` is full, with `hash` as its root: it becomes one hash of the tile above, which
// may become full by it.
static enum status grow_above(struct txn *txn, unsigned level, uint64_t index,
                              uint8_t hash[static LEAF_BYTES])
{
    uint8_t(*above)[LEAF_BYTES] = arena_alloc(txn->arena, TILE_BYTES);
    bool is_full = above != NULL;
    if (above == NULL) {
        return STATUS_TOO_LARGE;
    }
    while (is_full) {
        level++;
        const size_t place = (size_t)(index % TILE_HASHES);
        index /= TILE_HASHES;
        assert(level < LEVELS);
        const uint8_t(*before)[LEAF_BYTES] = NULL;
        enum status status = place > 0 ? tile_get(txn, level, index, place, &before) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
        if (place > 0) {
            memcpy(above, before, place * LEAF_BYTES);
        }
        memcpy(above[place], hash, LEAF_BYTES);
        status = tile_put(txn, level, index, above[0], place + 1);
        if (status != STATUS_OK) {
            return status;
        }
        is_full = place + 1 == TILE_HASHES;
        if (is_full) {
            tree_fold(above, TILE_BITS, hash);
        }
    }
    return STATUS_OK;
}

enum status tiles_append(struct txn *txn, const uint8_t leaf[static LEAF_BYTES])
{
    assert(txn->mode == TXN_WRITE);
    struct tree *tree = &txn->head.tree;
    enum status status = leaves_follow(txn);
    if (status != STATUS_OK) {
        return status;
    }
    leaves_add(txn, leaf);
    tree_append(tree, leaf);
    txn->appended++;
    if (tree->size % TILE_HASHES != 0) {
        return STATUS_OK;
    }
    // The memory is of the writer alone until the next leaf.
    uint8_t(*full)[LEAF_BYTES] = arena_alloc(txn->arena, TILE_BYTES);
    if (full == NULL) {
        return STATUS_TOO_LARGE;
    }
    memcpy(full, txn->store->leaves.hash, TILE_BYTES);
    const uint64_t index = tree->size / TILE_HASHES - 1;
    status = tile_put(txn, 0, index, full[0], TILE_HASHES);
    if (status == STATUS_OK) {
        uint8_t root[LEAF_BYTES];
        tree_fold(full, TILE_BITS, root);
        status = grow_above(txn, 0, index, root);
    }
    return status;
}

// ---- proofs ----

// The tile looked at last, of each level: a proof asks the same one again and again.
struct reading {
    struct txn *txn;

    struct {
        bool is_read;
        uint64_t index;
        const uint8_t (*hash)[LEAF_BYTES];
    } tile[LEVELS];
};

static enum status tile_read(struct reading *reading, unsigned level, uint64_t index, size_t count)
{
    struct txn *txn = reading->txn;
    const uint64_t size = txn->head.tree.size;
    if (level > 0 || (index + 1) * TILE_HASHES <= size) {
        return tile_get(txn, level, index, count, &reading->tile[level].hash);
    }
    uint8_t(*leaves)[LEAF_BYTES] = arena_alloc(txn->arena, TILE_BYTES);
    if (leaves == NULL) {
        return STATUS_TOO_LARGE;
    }
    reading->tile[level].hash = (const uint8_t(*)[LEAF_BYTES])leaves;
    return last_leaves(txn, size, leaves);
}

static enum status read_node(void *context, unsigned height, uint64_t index,
                             uint8_t out[static LEAF_BYTES])
{
    struct reading *reading = context;
    const unsigned level = height / TILE_BITS;
    const unsigned inside = height % TILE_BITS;
    const uint64_t first = index << inside; // among the hashes of the level
    const uint64_t tile = first / TILE_HASHES;
    const size_t at = (size_t)(first % TILE_HASHES);
    const size_t count = (size_t)1 << inside;
    if (!reading->tile[level].is_read || reading->tile[level].index != tile) {
        const enum status status = tile_read(reading, level, tile, at + count);
        if (status != STATUS_OK) {
            return status;
        }
        reading->tile[level].is_read = true;
        reading->tile[level].index = tile;
    }
    uint8_t hash[TILE_HASHES / 2][LEAF_BYTES];
    assert(count <= COUNT_OF(hash));
    memcpy(hash, reading->tile[level].hash + at, count * LEAF_BYTES);
    tree_fold(hash, inside, out);
    return STATUS_OK;
}

enum status tree_consistency(struct txn *txn, uint64_t from, uint64_t to, struct arena *arena,
                             struct proof **out)
{
    if (from == 0 || from > to || to > txn->head.tree.size) {
        return STATUS_FIELD_OUT_OF_RANGE;
    }
    struct proof *proof = arena_alloc(arena, sizeof *proof);
    if (proof == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct reading reading = {.txn = txn};
    const struct tree_source source = {&reading, read_node};
    const enum status status = tree_prove_consistency(&source, from, to, proof);
    if (status == STATUS_OK) {
        *out = proof;
    }
    return status;
}

enum status tree_inclusion(struct txn *txn, uint64_t index, uint64_t size, struct arena *arena,
                           struct proof **out)
{
    if (index >= size || size > txn->head.tree.size) {
        return STATUS_FIELD_OUT_OF_RANGE;
    }
    struct proof *proof = arena_alloc(arena, sizeof *proof);
    if (proof == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct reading reading = {.txn = txn};
    const struct tree_source source = {&reading, read_node};
    const enum status status = tree_prove_inclusion(&source, index, size, proof);
    if (status == STATUS_OK) {
        *out = proof;
    }
    return status;
}

enum status tree_at(struct txn *txn, uint64_t size, struct tree *out)
{
    if (size > txn->head.tree.size) {
        return STATUS_FIELD_OUT_OF_RANGE;
    }
    struct reading reading = {.txn = txn};
    const struct tree_source source = {&reading, read_node};
    return tree_edge_at(&source, size, out);
}
