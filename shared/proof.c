// SPDX-License-Identifier: Apache-2.0
#include "shared/proof.h"

// The largest power of two below `count`, which is at least 2: where RFC 6962 splits a tree.
static uint64_t split_of(uint64_t count)
{
    assert(count >= 2);
    return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

// The edge of the leaves [first, first + count): complete subtrees, largest first. `first` is a
// multiple of the largest one's size.
static enum status edge_of(const struct tree_source *source, uint64_t first, uint64_t count,
                           struct tree *out)
{
    out->size = count;
    size_t filled = 0;
    uint64_t at = first;
    for (unsigned left = 64; left > 0; left--) {
        const unsigned height = left - 1;
        if ((count >> height & 1) == 0) {
            continue;
        }
        assert((at & (((uint64_t)1 << height) - 1)) == 0);
        const enum status status =
            source->node(source->context, height, at >> height, out->edge[filled]);
        if (status != STATUS_OK) {
            return status;
        }
        filled++;
        at += (uint64_t)1 << height;
    }
    return STATUS_OK;
}

static enum status take_range(const struct tree_source *source, uint64_t first, uint64_t end,
                              struct proof *proof)
{
    assert(first < end && proof->count < PROOF_HASHES_MAX);
    struct tree range;
    const enum status status = edge_of(source, first, end - first, &range);
    if (status == STATUS_OK) {
        tree_root(&range, proof->hash[proof->count]);
        proof->count++;
    }
    return status;
}

// The way goes from the root down; a proof is read from the leaf up.
static void turn_round(struct proof *proof)
{
    for (size_t i = 0, k = proof->count; i + 1 < k; i++) {
        k--;
        uint8_t hash[LEAF_BYTES];
        memcpy(hash, proof->hash[i], LEAF_BYTES);
        memcpy(proof->hash[i], proof->hash[k], LEAF_BYTES);
        memcpy(proof->hash[k], hash, LEAF_BYTES);
    }
}

enum status tree_prove_inclusion(const struct tree_source *source, uint64_t index, uint64_t size,
                                 struct proof *out)
{
    assert(index < size);
    out->count = 0;
    uint64_t first = 0;
    uint64_t end = size;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && end - first > 1) {
        const uint64_t middle = first + split_of(end - first);
        if (index < middle) {
            status = take_range(source, middle, end, out);
            end = middle;
        } else {
            status = take_range(source, first, middle, out);
            first = middle;
        }
    }
    turn_round(out);
    return status;
}

enum status tree_prove_consistency(const struct tree_source *source, uint64_t from, uint64_t to,
                                   struct proof *out)
{
    assert(from > 0 && from <= to);
    out->count = 0;
    uint64_t first = 0;
    uint64_t end = to;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && from != end) {
        const uint64_t middle = first + split_of(end - first);
        if (from <= middle) {
            status = take_range(source, middle, end, out);
            end = middle;
        } else {
            status = take_range(source, first, middle, out);
            first = middle;
        }
    }
    // A first tree that is a subtree from the very beginning is known to who checks.
    if (status == STATUS_OK && first > 0) {
        status = take_range(source, first, end, out);
    }
    turn_round(out);
    return status;
}

enum status tree_edge_at(const struct tree_source *source, uint64_t size, struct tree *out)
{
    return edge_of(source, 0, size, out);
}

void tree_fold(uint8_t (*hash)[LEAF_BYTES], unsigned height, uint8_t out[static LEAF_BYTES])
{
    assert(height < 32);
    for (size_t count = (size_t)1 << height; count > 1; count /= 2) {
        for (size_t i = 0; i < count; i += 2) {
            tree_node(hash[i], hash[i + 1], hash[i / 2]);
        }
    }
    memcpy(out, hash[0], LEAF_BYTES);
}
