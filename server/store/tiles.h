// SPDX-License-Identifier: Apache-2.0
#pragma once

// The journal's tree as it is stored: tiles of 256 hashes (table tile, key: level, index), written
// in the transaction of the journal. Tile n of level 0 holds the leaves from 256 n on, of level 1
// the roots of 256 tiles of level 0, and so on. Level 0 has full tiles only; the last tile of the
// levels above grows by one hash whenever the one below is full. What is not yet a full tile is
// hashed from the journal's rows, or taken from the store's memory of them.
//
// Raw accessor: for machine and ops.

#include "server/store/store.h"
#include "shared/proof.h"

#define TILE_BITS   8
#define TILE_HASHES ((size_t)1 << TILE_BITS)
#define TILE_BYTES  (TILE_HASHES * LEAF_BYTES)

// Appends the leaf of the journal record that was just put: tree of the head, and tiles. The head's
// root is made at the commit.
MUST_CHECK enum status tiles_append(struct txn *txn, const uint8_t leaf[static LEAF_BYTES]);

// That the tree of the first `from` records is the beginning of that of the first `to`; `to` is at
// most the size of the transaction's tree. STATUS_FIELD_OUT_OF_RANGE otherwise, and when `from` is
// 0 or beyond `to`. *out lies in `arena`. For tree_check_consistency.
MUST_CHECK enum status tree_consistency(struct txn *txn, uint64_t from, uint64_t to,
                                        struct arena *arena, struct proof **out);
// That record number `index` + 1 is in the tree of the first `size`. For tree_check_inclusion.
MUST_CHECK enum status tree_inclusion(struct txn *txn, uint64_t index, uint64_t size,
                                      struct arena *arena, struct proof **out);
// The tree as it was after `size` records.
MUST_CHECK enum status tree_at(struct txn *txn, uint64_t size, struct tree *out);
