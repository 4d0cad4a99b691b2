// SPDX-License-Identifier: Apache-2.0
#pragma once

// `kontord audit verify`: is the journal what it was when it was written? Of a store, a backup or
// an export, offline, from the stored bytes alone: every record, tile, commit header, epoch and
// checkpoint. `kontord verify` asks this first of its store, and then looks at the books.

#include "server/ops/chain.h"
#include "server/store/store.h"
#include "shared/trail.h"

// What somebody knows from outside; all may be absent.
struct audit_outside {
    const uint8_t *house;   // public house key, 32 bytes; NULL: the one that the store has
    const char *checkpoint; // file of a checkpoint that was kept elsewhere
};

struct audit_options {
    struct store_options store; // dir NULL: not a store
    const char *backup;         // file, opened with store.key_file
    const char *trail;          // file of an export
    struct audit_outside outside;
    bool replay; // of a store
};

// STATUS_OK, _TAMPERED, _INCOMPLETE, _UNREADABLE (exit codes 0, 20, 21, 22); or why it could not
// begin.
MUST_CHECK enum status audit_run(const struct audit_options *options, struct verify_report *report);

// For verify: the journal of an open store whose pages were looked at. Findings stand in the
// report; returns failures of the environment only.
MUST_CHECK enum status audit_store(struct store *store, const struct audit_outside *outside,
                                   struct verify_report *report);
MUST_CHECK enum status audit_backup(const char *path, const char *key_file,
                                    const struct audit_outside *outside,
                                    struct verify_report *report);

// ---- an export, frame by frame ----

struct trail_check {
    struct chain chain;
    struct anchors anchors;
    struct trail_counts counts;
    struct bytes outside; // the note, and the commit it names when that has come by
    uint64_t outside_commit;
    struct chain_commit outside_at;
    bool outside_seen;
    bool ended;
    bool stops_at_first; // finding: for who wants to know only whether there is one
};

void trail_check_init(struct trail_check *check, struct verify_report *report, struct arena *kept,
                      struct bytes outside);
void trail_check_frame(struct trail_check *check, struct arena *scratch, enum trail_frame type,
                       struct bytes content);
void trail_check_end(struct trail_check *check);
// Takes the frames from where the file stands to its end, or to where nothing more can be said.
MUST_CHECK enum status trail_check_read(struct trail_check *check, FILE *file,
                                        struct arena *scratch);
MUST_CHECK enum status audit_trail(const char *path, const struct audit_outside *outside,
                                   struct verify_report *report);

// ---- shared by the three ----

// The note in the file of outside->checkpoint, in the arena; empty when there is none.
MUST_CHECK enum status outside_read(const struct audit_outside *outside, struct arena *arena,
                                    struct bytes *note);

// Compares stored tiles with the leaves. A tile's hashes come from `get`: NULL bytes when there is
// no such tile.
struct tile_source {
    void *context;
    enum status (*get)(void *context, unsigned level, uint64_t index, struct bytes *hashes);
};

MUST_CHECK enum status tiles_check(const struct tile_source *source, const uint8_t *leaf,
                                   size_t stride, uint64_t count, struct verify_report *report);
// How many tiles a tree of `size` leaves has.
uint64_t tiles_count(uint64_t size);
