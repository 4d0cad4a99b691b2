// SPDX-License-Identifier: Apache-2.0
#include "server/ops/audit.h"
#include "server/store/tiles.h"

#include <inttypes.h>

#define LEVELS (64 / TILE_BITS)

// The tile of each level that is filling.
struct tower {
    const struct tile_source *source;
    struct verify_report *report;
    uint8_t hash[LEVELS][TILE_HASHES][LEAF_BYTES];
    size_t count[LEVELS];
    uint64_t index[LEVELS];
    bool is_bad;
};

static enum status compare(struct tower *tower, unsigned level)
{
    struct bytes stored = bytes_of(NULL, 0);
    const enum status status =
        tower->source->get(tower->source->context, level, tower->index[level], &stored);
    if (status != STATUS_OK) {
        return status;
    }
    const struct bytes ours =
        bytes_of(tower->hash[level], tower->count[level] * (size_t)LEAF_BYTES);
    if (stored.data == NULL) {
        verify_find(tower->report, STATUS_INCOMPLETE, "tile %" PRIu64 " of level %u is missing",
                    tower->index[level], level);
        tower->is_bad = true;
    } else if (!bytes_equal(stored, ours)) {
        verify_find(tower->report, STATUS_TAMPERED,
                    "tile %" PRIu64 " of level %u is not that of the records", tower->index[level],
                    level);
        tower->is_bad = true;
    }
    return STATUS_OK;
}

// One hash for a level; a full tile is compared and becomes a hash of the level above.
static enum status add(struct tower *tower, const uint8_t hash[static LEAF_BYTES])
{
    memcpy(tower->hash[0][tower->count[0]++], hash, LEAF_BYTES);
    for (unsigned level = 0; tower->count[level] == TILE_HASHES; level++) {
        const enum status status = compare(tower, level);
        if (status != STATUS_OK || tower->is_bad) {
            return status;
        }
        uint8_t root[LEAF_BYTES];
        tree_fold(tower->hash[level], TILE_BITS, root);
        tower->count[level] = 0;
        tower->index[level]++;
        assert(level + 1 < LEVELS);
        memcpy(tower->hash[level + 1][tower->count[level + 1]++], root, LEAF_BYTES);
    }
    return STATUS_OK;
}

enum status tiles_check(const struct tile_source *source, const uint8_t *leaf, size_t stride,
                        uint64_t count, struct verify_report *report)
{
    struct tower *tower = calloc(1, sizeof *tower);
    if (tower == NULL) {
        return STATUS_ENVIRONMENT;
    }
    tower->source = source;
    tower->report = report;
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < count && status == STATUS_OK && !tower->is_bad; i++) {
        status = add(tower, leaf + i * stride);
    }
    // Above the leaves a tile that is not full is stored too.
    for (unsigned level = 1; level < LEVELS && status == STATUS_OK && !tower->is_bad; level++) {
        status = tower->count[level] > 0 ? compare(tower, level) : STATUS_OK;
    }
    free(tower);
    return status;
}

uint64_t tiles_count(uint64_t size)
{
    uint64_t count = size / TILE_HASHES;
    uint64_t hashes = count;
    for (unsigned level = 1; level < LEVELS; level++) {
        count += (hashes + TILE_HASHES - 1) / TILE_HASHES;
        hashes /= TILE_HASHES;
    }
    return count;
}
