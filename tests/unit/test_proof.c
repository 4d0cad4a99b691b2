// SPDX-License-Identifier: Apache-2.0
#include "shared/proof.h"
#include "tests/unit/unit.h"

#define LEAVES_MAX 300

// A tree in memory, whose complete subtrees are hashed anew each time.
struct forest {
    uint8_t leaf[LEAVES_MAX][LEAF_BYTES];
    size_t asked;
};

static enum status node_of(void *context, unsigned height, uint64_t index,
                           uint8_t out[static LEAF_BYTES])
{
    struct forest *forest = context;
    const size_t count = (size_t)1 << height;
    const size_t first = (size_t)index << height;
    assert_true(first + count <= LEAVES_MAX);
    uint8_t hash[256][LEAF_BYTES];
    memcpy(hash, forest->leaf[first], count * LEAF_BYTES);
    tree_fold(hash, height, out);
    forest->asked++;
    return STATUS_OK;
}

static void grow(struct forest *forest, struct tree *tree, uint8_t (*root)[LEAF_BYTES])
{
    tree_root(tree, root[0]);
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        char entry[24];
        const int length = snprintf(entry, sizeof entry, "%zu", i);
        tree_leaf(bytes_of(entry, (size_t)length), forest->leaf[i]);
        tree_append(tree, forest->leaf[i]);
        tree_root(tree, root[i + 1]);
    }
}

static const uint8_t (*path_of(const struct proof *proof))[LEAF_BYTES]
{
    return (const uint8_t(*)[LEAF_BYTES])proof->hash;
}

static void every_pair_of_sizes_has_a_consistency_proof_that_holds(void **state)
{
    (void)state;
    static struct forest forest;
    static uint8_t root[LEAVES_MAX + 1][LEAF_BYTES];
    struct tree tree = {0};
    grow(&forest, &tree, root);
    const struct tree_source source = {&forest, node_of};
    for (uint64_t to = 1; to <= LEAVES_MAX; to++) {
        for (uint64_t from = 1; from <= to; from++) {
            struct proof proof;
            assert_int_equal(tree_prove_consistency(&source, from, to, &proof), STATUS_OK);
            assert_int_equal(tree_check_consistency(from, to, path_of(&proof), proof.count,
                                                    root[from], root[to]),
                             STATUS_OK);
            if (from < to) {
                assert_int_equal(tree_check_consistency(from, to, path_of(&proof), proof.count,
                                                        root[from - 1], root[to]),
                                 STATUS_TAMPERED);
            }
        }
    }
}

static void every_leaf_has_an_inclusion_proof_that_holds_for_it_alone(void **state)
{
    (void)state;
    static struct forest forest;
    static uint8_t root[LEAVES_MAX + 1][LEAF_BYTES];
    struct tree tree = {0};
    grow(&forest, &tree, root);
    const struct tree_source source = {&forest, node_of};
    for (uint64_t size = 1; size <= LEAVES_MAX; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct proof proof;
            assert_int_equal(tree_prove_inclusion(&source, index, size, &proof), STATUS_OK);
            assert_int_equal(tree_check_inclusion(index, size, forest.leaf[index], path_of(&proof),
                                                  proof.count, root[size]),
                             STATUS_OK);
            assert_int_equal(tree_check_inclusion(index, size,
                                                  forest.leaf[(index + 1) % LEAVES_MAX],
                                                  path_of(&proof), proof.count, root[size]),
                             STATUS_TAMPERED);
        }
    }
}

static void an_edge_is_that_of_the_tree_which_grew(void **state)
{
    (void)state;
    static struct forest forest;
    static uint8_t root[LEAVES_MAX + 1][LEAF_BYTES];
    struct tree tree = {0};
    grow(&forest, &tree, root);
    const struct tree_source source = {&forest, node_of};
    for (uint64_t size = 0; size <= LEAVES_MAX; size++) {
        struct tree edge;
        uint8_t hash[LEAF_BYTES];
        assert_int_equal(tree_edge_at(&source, size, &edge), STATUS_OK);
        tree_root(&edge, hash);
        assert_int_equal(edge.size, size);
        assert_memory_equal(hash, root[size], LEAF_BYTES);
    }
}

static enum status no_node(void *context, unsigned height, uint64_t index,
                           uint8_t out[static LEAF_BYTES])
{
    (void)context;
    (void)height;
    (void)index;
    (void)out;
    return STATUS_INCOMPLETE;
}

static void a_source_that_fails_makes_no_proof(void **state)
{
    (void)state;
    const struct tree_source source = {NULL, no_node};
    struct proof proof;
    struct tree edge;
    assert_int_equal(tree_prove_consistency(&source, 3, 7, &proof), STATUS_INCOMPLETE);
    assert_int_equal(tree_prove_inclusion(&source, 3, 7, &proof), STATUS_INCOMPLETE);
    assert_int_equal(tree_edge_at(&source, 7, &edge), STATUS_INCOMPLETE);
    assert_int_equal(tree_prove_consistency(&source, 7, 7, &proof), STATUS_OK);
    assert_int_equal(proof.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_sizes_has_a_consistency_proof_that_holds),
        cmocka_unit_test(every_leaf_has_an_inclusion_proof_that_holds_for_it_alone),
        cmocka_unit_test(an_edge_is_that_of_the_tree_which_grew),
        cmocka_unit_test(a_source_that_fails_makes_no_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
