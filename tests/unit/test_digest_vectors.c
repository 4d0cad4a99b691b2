// SPDX-License-Identifier: Apache-2.0
#include "shared/digest.h"
#include "tests/unit/vectors.h"

#include <jansson.h>
#include <sodium.h>

// transparency-dev/merkle (Apache-2.0), and roots of longer trees.
#define FILE_NAME  VECTORS "merkle/rfc6962-sha256.json"
#define HASHES_MAX 70

static int load(void **state)
{
    // One index is 2^64 - 1, which a JSON integer of jansson cannot hold: all numbers come as
    // reals.
    *state = json_load_file(FILE_NAME, JSON_DECODE_INT_AS_REAL, NULL);
    return *state != NULL ? 0 : -1;
}

static int unload(void **state)
{
    json_decref(*state);
    return 0;
}

static uint64_t number_of(const json_t *object, const char *name)
{
    const double value = json_real_value(json_object_get(object, name));
    return value >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)value;
}

// Proofs hold hashes in base64; a spoiled one may have another size, and is then refused before it
// gets here.
static bool hash_of(const json_t *text, uint8_t out[static LEAF_BYTES])
{
    const char *base64 = json_string_value(text);
    size_t size = 0;
    return sodium_base642bin(out, LEAF_BYTES, base64, strlen(base64), NULL, &size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           size == LEAF_BYTES;
}

// Some rows write words where the root does not matter; they are compared as what they are, padded
// with zeros.
static bool root_of(const json_t *text, uint8_t out[static LEAF_BYTES])
{
    const char *base64 = json_string_value(text);
    size_t size = 0;
    memset(out, 0, LEAF_BYTES);
    return sodium_base642bin(out, LEAF_BYTES, base64, strlen(base64), NULL, &size, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

static bool path_of(const json_t *proof, uint8_t (*out)[LEAF_BYTES], size_t *count)
{
    *count = json_array_size(proof);
    assert_true(*count <= HASHES_MAX);
    for (size_t i = 0; i < *count; i++) {
        if (!hash_of(json_array_get(proof, i), out[i])) {
            return false;
        }
    }
    return true;
}

static void trees_grow_to_the_published_roots(void **state)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const json_t *leaves = json_object_get(*state, "leaf_inputs_hex");
    const json_t *roots = json_object_get(*state, "roots_hex");
    assert_int_equal(json_array_size(roots), json_array_size(leaves) + 1);
    struct tree tree = {0};
    for (size_t i = 0; i < json_array_size(roots); i++) {
        uint8_t root[LEAF_BYTES];
        tree_root(&tree, root);
        assert_bytes_equal(bytes_of(root, sizeof root),
                           hex_text(arena, json_string_value(json_array_get(roots, i))));
        if (i < json_array_size(leaves)) {
            uint8_t leaf[LEAF_BYTES];
            tree_leaf(hex_text(arena, json_string_value(json_array_get(leaves, i))), leaf);
            tree_append(&tree, leaf);
        }
    }
}

static void long_trees_grow_to_their_roots(void **state)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const json_t *list = json_object_get(*state, "roots_of_ascii_counters");
    assert_true(json_array_size(list) > 0);
    struct tree tree = {0};
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        const uint64_t size = number_of(row, "size");
        assert_true(tree.size <= size);
        while (tree.size < size) {
            char entry[24];
            const int length = snprintf(entry, sizeof entry, "%llu", (unsigned long long)tree.size);
            uint8_t leaf[LEAF_BYTES];
            tree_leaf(bytes_of(entry, (size_t)length), leaf);
            tree_append(&tree, leaf);
        }
        uint8_t root[LEAF_BYTES];
        tree_root(&tree, root);
        assert_bytes_equal(bytes_of(root, sizeof root),
                           hex_text(arena, json_string_value(json_object_get(row, "root_hex"))));
    }
}

static void inclusion_proofs_hold_or_are_refused_as_published(void **state)
{
    const json_t *list = json_object_get(*state, "inclusion");
    assert_int_equal(json_array_size(list), 98);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        uint8_t root[LEAF_BYTES];
        uint8_t leaf[LEAF_BYTES];
        uint8_t path[HASHES_MAX][LEAF_BYTES];
        size_t count = 0;
        enum status status = STATUS_TAMPERED;
        if (root_of(json_object_get(row, "root"), root) &&
            hash_of(json_object_get(row, "leafHash"), leaf) &&
            path_of(json_object_get(row, "proof"), path, &count)) {
            status = tree_check_inclusion(number_of(row, "leafIdx"), number_of(row, "treeSize"),
                                          leaf, (const uint8_t(*)[LEAF_BYTES])path, count, root);
        }
        const bool is_refused = json_is_true(json_object_get(row, "wantErr"));
        if ((status != STATUS_OK) != is_refused) {
            fail_msg("%s", json_string_value(json_object_get(row, "name")));
        }
    }
}

static void consistency_proofs_hold_or_are_refused_as_published(void **state)
{
    const json_t *list = json_object_get(*state, "consistency");
    assert_int_equal(json_array_size(list), 98);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        uint8_t root1[LEAF_BYTES];
        uint8_t root2[LEAF_BYTES];
        uint8_t path[HASHES_MAX][LEAF_BYTES];
        size_t count = 0;
        enum status status = STATUS_TAMPERED;
        if (root_of(json_object_get(row, "root1"), root1) &&
            root_of(json_object_get(row, "root2"), root2) &&
            path_of(json_object_get(row, "proof"), path, &count)) {
            status =
                tree_check_consistency(number_of(row, "size1"), number_of(row, "size2"),
                                       (const uint8_t(*)[LEAF_BYTES])path, count, root1, root2);
        }
        const bool is_refused = json_is_true(json_object_get(row, "wantErr"));
        if ((status != STATUS_OK) != is_refused) {
            fail_msg("%s", json_string_value(json_object_get(row, "name")));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_grow_to_the_published_roots),
        cmocka_unit_test(long_trees_grow_to_their_roots),
        cmocka_unit_test(inclusion_proofs_hold_or_are_refused_as_published),
        cmocka_unit_test(consistency_proofs_hold_or_are_refused_as_published),
    };
    FILE *file = fopen(FILE_NAME, "re");
    if (file == NULL) {
        (void)printf("skipped: %s is absent\n", FILE_NAME);
        return VECTORS_ABSENT;
    }
    (void)fclose(file);
    return cmocka_run_group_tests(tests, load, unload);
}
