// SPDX-License-Identifier: Apache-2.0
#pragma once

// The RFC 6962 Merkle tree over the journal (SHA-256) and the keyed state digest. Pure; what is
// stored where is the business of server/machine/journal.

#include "shared/bytes.h"
#include "shared/keys.h"

#define LEAF_BYTES   32
#define DIGEST_BYTES 64
#define TREE_LEVELS  64

// Leaf i = SHA-256(0x00, entry); node = SHA-256(0x01, left, right). The empty tree's root is
// SHA-256 of nothing.
void tree_leaf(struct bytes entry, uint8_t out[static LEAF_BYTES]);
void tree_node(const uint8_t left[static LEAF_BYTES], const uint8_t right[static LEAF_BYTES],
               uint8_t out[static LEAF_BYTES]);

// The right edge of a tree of `size` leaves: the roots of its complete subtrees, largest first.
struct tree {
    uint64_t size;
    uint8_t edge[TREE_LEVELS][LEAF_BYTES]; // as many as `size` has bits set
};

void tree_append(struct tree *tree, const uint8_t leaf[static LEAF_BYTES]);
void tree_root(const struct tree *tree, uint8_t out[static LEAF_BYTES]);

// Proofs as in RFC 6962 2.1; `path` is `count` hashes. STATUS_TAMPERED when the proof does not
// hold.
MUST_CHECK enum status tree_check_inclusion(uint64_t index, uint64_t size,
                                            const uint8_t leaf[static LEAF_BYTES],
                                            const uint8_t (*path)[LEAF_BYTES], size_t count,
                                            const uint8_t root[static LEAF_BYTES]);
MUST_CHECK enum status tree_check_consistency(uint64_t size1, uint64_t size2,
                                              const uint8_t (*path)[LEAF_BYTES], size_t count,
                                              const uint8_t root1[static LEAF_BYTES],
                                              const uint8_t root2[static LEAF_BYTES]);

// What the next commit header and the checkpoint hold of a commit header: SHA-256(0x02, packed).
void header_hash(struct bytes packed, uint8_t out[static LEAF_BYTES]);

// State digest: sum modulo 2^512 of BLAKE2b-512 keyed, over (table, key, version, value). Adding
// and taking a row commute.
struct digest {
    uint8_t sum[DIGEST_BYTES]; // little-endian
};

void digest_add(struct digest *digest, const struct key *key, uint32_t table, struct bytes row_key,
                uint32_t version, struct bytes value);
void digest_take(struct digest *digest, const struct key *key, uint32_t table, struct bytes row_key,
                 uint32_t version, struct bytes value);
