// SPDX-License-Identifier: Apache-2.0
#include "shared/digest.h"

#include <sodium.h>

static_assert(LEAF_BYTES == crypto_hash_sha256_BYTES, "leaves are SHA-256");
static_assert(DIGEST_BYTES == crypto_generichash_BYTES_MAX, "the state digest is BLAKE2b-512");

static void hash_behind(uint8_t prefix, struct bytes data, uint8_t out[static LEAF_BYTES])
{
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    (void)crypto_hash_sha256_update(&state, &prefix, 1);
    (void)crypto_hash_sha256_update(&state, data.data, data.size);
    (void)crypto_hash_sha256_final(&state, out);
}

void tree_leaf(struct bytes entry, uint8_t out[static LEAF_BYTES])
{
    hash_behind(0x00, entry, out);
}

void header_hash(struct bytes packed, uint8_t out[static LEAF_BYTES])
{
    hash_behind(0x02, packed, out);
}

void tree_node(const uint8_t left[static LEAF_BYTES], const uint8_t right[static LEAF_BYTES],
               uint8_t out[static LEAF_BYTES])
{
    uint8_t both[1 + 2 * LEAF_BYTES] = {0x01};
    memcpy(both + 1, left, LEAF_BYTES);
    memcpy(both + 1 + LEAF_BYTES, right, LEAF_BYTES);
    (void)crypto_hash_sha256(out, both, sizeof both);
}

void tree_append(struct tree *tree, const uint8_t leaf[static LEAF_BYTES])
{
    assert(tree->size < UINT64_MAX);
    size_t count = (size_t)__builtin_popcountll(tree->size);
    uint8_t hash[LEAF_BYTES];
    memcpy(hash, leaf, LEAF_BYTES);
    // Each low bit that is set is a complete subtree of that height, the smallest last.
    for (uint64_t rest = tree->size; (rest & 1) != 0; rest >>= 1) {
        count--;
        tree_node(tree->edge[count], hash, hash);
    }
    memcpy(tree->edge[count], hash, LEAF_BYTES);
    tree->size++;
    assert(count + 1 == (size_t)__builtin_popcountll(tree->size));
}

void tree_root(const struct tree *tree, uint8_t out[static LEAF_BYTES])
{
    size_t count = (size_t)__builtin_popcountll(tree->size);
    if (count == 0) {
        static const uint8_t NOTHING = 0;
        (void)crypto_hash_sha256(out, &NOTHING, 0);
        return;
    }
    count--;
    uint8_t hash[LEAF_BYTES];
    memcpy(hash, tree->edge[count], LEAF_BYTES);
    while (count > 0) {
        count--;
        tree_node(tree->edge[count], hash, hash);
    }
    memcpy(out, hash, LEAF_BYTES);
}

enum status tree_check_inclusion(uint64_t index, uint64_t size,
                                 const uint8_t leaf[static LEAF_BYTES],
                                 const uint8_t (*path)[LEAF_BYTES], size_t count,
                                 const uint8_t root[static LEAF_BYTES])
{
    if (index >= size) {
        return STATUS_TAMPERED;
    }
    // RFC 9162 2.1.3.2: `node` climbs from the leaf, `last` from the last leaf of the tree.
    uint64_t node = index;
    uint64_t last = size - 1;
    uint8_t hash[LEAF_BYTES];
    memcpy(hash, leaf, LEAF_BYTES);
    for (size_t i = 0; i < count; i++) {
        if (last == 0) {
            return STATUS_TAMPERED;
        }
        if ((node & 1) != 0 || node == last) {
            tree_node(path[i], hash, hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            tree_node(hash, path[i], hash);
        }
        node >>= 1;
        last >>= 1;
    }
    const bool holds = last == 0 && memcmp(hash, root, LEAF_BYTES) == 0;
    return holds ? STATUS_OK : STATUS_TAMPERED;
}

enum status tree_check_consistency(uint64_t size1, uint64_t size2,
                                   const uint8_t (*path)[LEAF_BYTES], size_t count,
                                   const uint8_t root1[static LEAF_BYTES],
                                   const uint8_t root2[static LEAF_BYTES])
{
    if (size1 == 0 || size1 > size2) {
        return STATUS_TAMPERED;
    }
    if (size1 == size2) {
        const bool same = count == 0 && memcmp(root1, root2, LEAF_BYTES) == 0;
        return same ? STATUS_OK : STATUS_TAMPERED;
    }

    // RFC 9162 2.1.4.2. A complete first tree is itself the first node of the path.
    const bool is_complete = (size1 & (size1 - 1)) == 0;
    if (!is_complete && count == 0) {
        return STATUS_TAMPERED;
    }
    uint64_t node = size1 - 1;
    uint64_t last = size2 - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    uint8_t hash1[LEAF_BYTES];
    uint8_t hash2[LEAF_BYTES];
    memcpy(hash1, is_complete ? root1 : path[0], LEAF_BYTES);
    memcpy(hash2, hash1, LEAF_BYTES);
    for (size_t i = is_complete ? 0 : 1; i < count; i++) {
        if (last == 0) {
            return STATUS_TAMPERED;
        }
        if ((node & 1) != 0 || node == last) {
            tree_node(path[i], hash1, hash1);
            tree_node(path[i], hash2, hash2);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            tree_node(hash2, path[i], hash2);
        }
        node >>= 1;
        last >>= 1;
    }
    const bool holds =
        last == 0 && memcmp(hash1, root1, LEAF_BYTES) == 0 && memcmp(hash2, root2, LEAF_BYTES) == 0;
    return holds ? STATUS_OK : STATUS_TAMPERED;
}

// Key and value are told apart by the key's size, so that no byte can move from one into the other.
static void row_hash(const struct key *key, uint32_t table, struct bytes row_key, uint32_t version,
                     struct bytes value, uint8_t out[static DIGEST_BYTES])
{
    assert(row_key.size <= UINT32_MAX);
    uint8_t prefix[12];
    put_u32(prefix, table);
    put_u32(prefix + 4, version);
    put_u32(prefix + 8, (uint32_t)row_key.size);
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, key->bytes, sizeof key->bytes, DIGEST_BYTES);
    (void)crypto_generichash_update(&state, prefix, sizeof prefix);
    (void)crypto_generichash_update(&state, row_key.data, row_key.size);
    (void)crypto_generichash_update(&state, value.data, value.size);
    (void)crypto_generichash_final(&state, out, DIGEST_BYTES);
    explicit_bzero(&state, sizeof state);
}

void digest_add(struct digest *digest, const struct key *key, uint32_t table, struct bytes row_key,
                uint32_t version, struct bytes value)
{
    uint8_t hash[DIGEST_BYTES];
    row_hash(key, table, row_key, version, value, hash);
    unsigned carry = 0;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        carry += (unsigned)digest->sum[i] + hash[i];
        digest->sum[i] = (uint8_t)(carry & 0xff);
        carry >>= 8;
    }
}

void digest_take(struct digest *digest, const struct key *key, uint32_t table, struct bytes row_key,
                 uint32_t version, struct bytes value)
{
    uint8_t hash[DIGEST_BYTES];
    row_hash(key, table, row_key, version, value, hash);
    unsigned borrow = 0;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        const unsigned taken = hash[i] + borrow;
        borrow = digest->sum[i] < taken ? 1 : 0;
        digest->sum[i] = (uint8_t)((digest->sum[i] + (borrow << 8)) - taken);
    }
}
