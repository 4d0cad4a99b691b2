// SPDX-License-Identifier: Apache-2.0
#include "shared/digest.h"
#include "tests/unit/unit.h"

static const struct key KEY = {.bytes = {7}};
static const struct key OTHER_KEY = {.bytes = {8}};

static struct bytes text(const char *words)
{
    return bytes_of(words, strlen(words));
}

static void rows_may_be_added_and_taken_in_any_order(void **state)
{
    (void)state;
    struct digest a = {0};
    struct digest b = {0};
    digest_add(&a, &KEY, 1, text("k1"), 1, text("one"));
    digest_add(&a, &KEY, 2, text("k2"), 1, text("two"));
    digest_add(&a, &KEY, 3, text("k3"), 1, text("three"));
    digest_take(&a, &KEY, 2, text("k2"), 1, text("two"));
    // Taken before it was added: the sum runs below zero and back.
    digest_take(&b, &KEY, 1, text("k0"), 1, text("gone"));
    digest_add(&b, &KEY, 3, text("k3"), 1, text("three"));
    digest_add(&b, &KEY, 1, text("k0"), 1, text("gone"));
    digest_add(&b, &KEY, 1, text("k1"), 1, text("one"));
    assert_memory_equal(a.sum, b.sum, DIGEST_BYTES);
    digest_take(&a, &KEY, 1, text("k1"), 1, text("one"));
    digest_take(&a, &KEY, 3, text("k3"), 1, text("three"));
    static const struct digest EMPTY;
    assert_memory_equal(a.sum, EMPTY.sum, DIGEST_BYTES);
}

static void every_part_of_a_row_counts(void **state)
{
    (void)state;
    struct digest of[6] = {0};
    digest_add(&of[0], &KEY, 1, text("ab"), 1, text("c"));
    digest_add(&of[1], &KEY, 2, text("ab"), 1, text("c"));
    digest_add(&of[2], &KEY, 1, text("a"), 1, text("bc"));
    digest_add(&of[3], &KEY, 1, text("ab"), 2, text("c"));
    digest_add(&of[4], &KEY, 1, text("ab"), 1, text("d"));
    digest_add(&of[5], &OTHER_KEY, 1, text("ab"), 1, text("c"));
    for (size_t i = 0; i < COUNT_OF(of); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(of[i].sum, of[j].sum, DIGEST_BYTES);
        }
    }
}

static void a_carry_runs_through_all_bytes(void **state)
{
    (void)state;
    struct digest one = {0};
    digest_add(&one, &KEY, 1, text("k"), 1, text("v"));
    struct digest sum;
    memset(sum.sum, 0xff, sizeof sum.sum);
    // All ones is minus one: the sum is one less than the row's hash.
    digest_add(&sum, &KEY, 1, text("k"), 1, text("v"));
    size_t at = 0;
    while (one.sum[at] == 0) {
        assert_int_equal(sum.sum[at], 0xff);
        at++;
    }
    assert_int_equal(sum.sum[at], one.sum[at] - 1);
    assert_memory_equal(sum.sum + at + 1, one.sum + at + 1, DIGEST_BYTES - at - 1);
}

static void leaves_and_nodes_never_collide(void **state)
{
    (void)state;
    uint8_t left[LEAF_BYTES] = {1};
    uint8_t right[LEAF_BYTES] = {2};
    uint8_t both[2 * LEAF_BYTES];
    memcpy(both, left, LEAF_BYTES);
    memcpy(both + LEAF_BYTES, right, LEAF_BYTES);
    uint8_t leaf[LEAF_BYTES];
    uint8_t node[LEAF_BYTES];
    tree_leaf(bytes_of(both, sizeof both), leaf);
    tree_node(left, right, node);
    assert_memory_not_equal(leaf, node, LEAF_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_may_be_added_and_taken_in_any_order),
        cmocka_unit_test(every_part_of_a_row_counts),
        cmocka_unit_test(a_carry_runs_through_all_bytes),
        cmocka_unit_test(leaves_and_nodes_never_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
