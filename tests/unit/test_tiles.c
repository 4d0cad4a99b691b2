// SPDX-License-Identifier: Apache-2.0
#include "server/store/tiles.h"
#include "shared/wire.h"
#include "tests/unit/shelf.h"
#include "tests/unit/unit.h"

#define RECORDS 66200 // beyond the first full tile of level 1

struct wood {
    struct shelf shelf;
    struct tree tree;
    uint8_t (*root)[LEAF_BYTES]; // after each record
    uint8_t (*leaf)[LEAF_BYTES];
};

static void append(struct wood *wood, struct txn *txn, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        JournalRecord record;
        journal_record__init(&record);
        record.number = ++txn_head(txn)->number;
        record.instant_us = txn_head(txn)->instant_us = (int64_t)record.number * 10;
        struct bytes packed;
        assert_int_equal(wire_pack(txn_arena(txn), (const ProtobufCMessage *)&record, &packed),
                         STATUS_OK);
        assert_int_equal(table_put(txn, TABLE_journal, key_u64(record.number),
                                   (const ProtobufCMessage *)&record),
                         STATUS_OK);
        uint8_t leaf[LEAF_BYTES];
        tree_leaf(packed, leaf);
        assert_int_equal(tiles_append(txn, leaf), STATUS_OK);
        if (wood != NULL) {
            tree_append(&wood->tree, leaf);
            memcpy(wood->leaf[wood->tree.size - 1], leaf, LEAF_BYTES);
            tree_root(&wood->tree, wood->root[wood->tree.size]);
        }
    }
}

static void grow(struct wood *wood, size_t count)
{
    struct txn *txn = shelf_begin(&wood->shelf, TXN_WRITE);
    append(wood, txn, count);
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static int setup(void **state)
{
    struct wood *wood = calloc(1, sizeof *wood);
    assert_non_null(wood);
    shelf_make(&wood->shelf);
    wood->root = calloc(RECORDS + 1, LEAF_BYTES);
    wood->leaf = calloc(RECORDS, LEAF_BYTES);
    tree_root(&wood->tree, wood->root[0]);
    *state = wood;
    return 0;
}

static int teardown(void **state)
{
    struct wood *wood = *state;
    shelf_free(&wood->shelf);
    free(wood->root);
    free(wood->leaf);
    free(wood);
    return 0;
}

static void reopen(struct wood *wood)
{
    const struct store_options options = {.dir = wood->shelf.dir,
                                          .key_file = wood->shelf.key_file,
                                          .map_bytes = (uint64_t)256 * 1024 * 1024};
    store_close(wood->shelf.store);
    assert_int_equal(store_open(&options, &wood->shelf.store), STATUS_OK);
}

static void check_consistency(struct wood *wood, struct txn *txn, uint64_t from, uint64_t to)
{
    struct proof *proof = NULL;
    assert_int_equal(tree_consistency(txn, from, to, wood->shelf.arena, &proof), STATUS_OK);
    assert_int_equal(tree_check_consistency(from, to, (const uint8_t(*)[LEAF_BYTES])proof->hash,
                                            proof->count, wood->root[from], wood->root[to]),
                     STATUS_OK);
}

static void check_inclusion(struct wood *wood, struct txn *txn, uint64_t index, uint64_t size)
{
    struct proof *proof = NULL;
    assert_int_equal(tree_inclusion(txn, index, size, wood->shelf.arena, &proof), STATUS_OK);
    assert_int_equal(tree_check_inclusion(index, size, wood->leaf[index],
                                          (const uint8_t(*)[LEAF_BYTES])proof->hash, proof->count,
                                          wood->root[size]),
                     STATUS_OK);
}

WRAPS static uint64_t next_random(uint64_t seed)
{
    return seed * 6364136223846793005u + 1442695040888963407u;
}

static void check_some(struct wood *wood)
{
    struct txn *txn = shelf_begin(&wood->shelf, TXN_READ);
    const uint64_t size = txn_head(txn)->tree.size;
    assert_int_equal(size, wood->tree.size);
    assert_memory_equal(txn_head(txn)->tree_root, wood->root[size], LEAF_BYTES);
    uint64_t seed = 7;
    for (int i = 0; i < 300; i++) {
        seed = next_random(seed);
        const uint64_t to = 1 + (seed >> 33) % size;
        const uint64_t from = 1 + (seed >> 13) % to;
        check_consistency(wood, txn, from, to);
        check_inclusion(wood, txn, from - 1, to);
        struct tree edge;
        uint8_t root[LEAF_BYTES];
        assert_int_equal(tree_at(txn, to, &edge), STATUS_OK);
        tree_root(&edge, root);
        assert_memory_equal(root, wood->root[to], LEAF_BYTES);
    }
    check_consistency(wood, txn, 1, size);
    check_consistency(wood, txn, size, size);
    txn_abort(txn);
}

static void proofs_from_tiles_hold_at_every_stage(void **state)
{
    struct wood *wood = *state;
    static const size_t STEPS[] = {1, 254, 1, 1, 300, 3000, 61980, 0, 663};
    for (size_t i = 0; i < COUNT_OF(STEPS); i++) {
        if (STEPS[i] == 0) {
            reopen(wood); // what the writer remembered is gone
        } else {
            grow(wood, STEPS[i]);
        }
        check_some(wood);
    }
    assert_int_equal(wood->tree.size, RECORDS);
    struct txn *txn = shelf_begin(&wood->shelf, TXN_READ);
    uint64_t count = 0;
    assert_int_equal(table_count(txn, TABLE_tile, &count), STATUS_OK);
    assert_int_equal(count, RECORDS / 256 + 2 + 1);
    txn_abort(txn);
}

static void a_batch_that_was_given_up_leaves_no_trace(void **state)
{
    struct wood *wood = *state;
    grow(wood, 250);
    for (size_t i = 0; i < 20; i++) {
        struct txn *txn = shelf_begin(&wood->shelf, TXN_WRITE);
        txn_head(txn)->number += 1000; // other records than those that come
        append(NULL, txn, i);
        txn_abort(txn);
        check_some(wood);
        grow(wood, 1);
        check_some(wood);
    }
}

static void an_older_snapshot_proves_what_it_sees(void **state)
{
    struct wood *wood = *state;
    grow(wood, 300);
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)4 * 1024 * 1024);
    struct txn *old = NULL;
    assert_int_equal(txn_begin(wood->shelf.store, TXN_READ, arena, &old), STATUS_OK);
    grow(wood, 100);
    check_consistency(wood, old, 290, 300);
    grow(wood, 300);
    check_consistency(wood, old, 290, 300);
    check_inclusion(wood, old, 299, 300);
    struct proof *proof = NULL;
    assert_int_equal(tree_consistency(old, 290, 301, arena, &proof), STATUS_FIELD_OUT_OF_RANGE);
    assert_int_equal(tree_consistency(old, 0, 300, arena, &proof), STATUS_FIELD_OUT_OF_RANGE);
    assert_int_equal(tree_consistency(old, 300, 299, arena, &proof), STATUS_FIELD_OUT_OF_RANGE);
    assert_int_equal(tree_inclusion(old, 300, 300, arena, &proof), STATUS_FIELD_OUT_OF_RANGE);
    txn_abort(old);
}

static void each_commit_has_a_header_in_the_chain(void **state)
{
    struct wood *wood = *state;
    const struct moment moment = {.boot = {1, 2, 3}, .forward_us = 77};
    uint8_t before[LEAF_BYTES] = {0};
    for (uint64_t commit = 1; commit <= 5; commit++) {
        struct txn *txn = shelf_begin(&wood->shelf, TXN_WRITE);
        txn_set_moment(txn, &moment);
        append(wood, txn, (size_t)commit);
        assert_int_equal(txn_commit(txn), STATUS_OK);
        txn = shelf_begin(&wood->shelf, TXN_READ);
        struct bytes packed;
        ProtobufCMessage *message = NULL;
        assert_int_equal(table_get_bytes(txn, TABLE_header, key_u64(commit), &packed, NULL),
                         STATUS_OK);
        assert_int_equal(
            wire_unpack(wood->shelf.arena, &header_record__descriptor, packed, &message),
            STATUS_OK);
        const HeaderRecord *header = (const HeaderRecord *)message;
        assert_int_equal(header->commit, commit);
        assert_int_equal(header->commands, commit);
        assert_int_equal(header->size, wood->tree.size);
        assert_int_equal(header->instant_us, txn_head(txn)->instant_us);
        assert_int_equal(header->forward_us, 77);
        assert_memory_equal(header->boot.data, moment.boot, sizeof moment.boot);
        assert_memory_equal(header->previous.data, before, LEAF_BYTES);
        assert_memory_equal(header->root.data, wood->root[wood->tree.size], LEAF_BYTES);
        assert_memory_equal(header->digest.data, txn_head(txn)->digest.sum, DIGEST_BYTES);
        header_hash(packed, before);
        assert_memory_equal(before, txn_head(txn)->header, LEAF_BYTES);
        txn_abort(txn);
    }
    struct txn *txn = shelf_begin(&wood->shelf, TXN_WRITE);
    txn_head_changed(txn);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = shelf_begin(&wood->shelf, TXN_READ);
    assert_int_equal(txn_head(txn)->commit, 5); // the journal did not grow
    txn_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(proofs_from_tiles_hold_at_every_stage, setup, teardown),
        cmocka_unit_test_setup_teardown(a_batch_that_was_given_up_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_snapshot_proves_what_it_sees, setup, teardown),
        cmocka_unit_test_setup_teardown(each_commit_has_a_header_in_the_chain, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
