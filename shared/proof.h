// SPDX-License-Identifier: Apache-2.0
#pragma once

// Proofs of the RFC 6962 tree, made from the hashes of complete subtrees: that a leaf is in a tree,
// that a tree is the beginning of a longer one. Who keeps the hashes, and how, is the caller's
// business (server/store/tiles). What checks a proof stands in digest.h: tree_check_inclusion and
// tree_check_consistency, for both programs.

#include "shared/digest.h"

#define PROOF_HASHES_MAX 66 // of a tree of 2^64 leaves, and one to spare

struct proof {
    size_t count;
    uint8_t hash[PROOF_HASHES_MAX][LEAF_BYTES];
};

// Where hashes come from. Node `index` of `height` is the root of the complete subtree over the
// leaves from index * 2^height on, 2^height of them. Asked only for complete ones.
struct tree_source {
    void *context;
    enum status (*node)(void *context, unsigned height, uint64_t index,
                        uint8_t out[static LEAF_BYTES]);
};

// RFC 6962 2.1.1: the path of leaf `index` in the tree of the first `size` leaves. index < size.
MUST_CHECK enum status tree_prove_inclusion(const struct tree_source *source, uint64_t index,
                                            uint64_t size, struct proof *out);
// RFC 6962 2.1.2. 0 < from <= to.
MUST_CHECK enum status tree_prove_consistency(const struct tree_source *source, uint64_t from,
                                              uint64_t to, struct proof *out);
// The right edge of the tree of the first `size` leaves, to go on from there.
MUST_CHECK enum status tree_edge_at(const struct tree_source *source, uint64_t size,
                                    struct tree *out);

// The root of 2^height hashes that stand side by side; `hash` is used up.
void tree_fold(uint8_t (*hash)[LEAF_BYTES], unsigned height, uint8_t out[static LEAF_BYTES]);
