// SPDX-License-Identifier: Apache-2.0
#pragma once

// What must hold in a journal whatever it lies in (store, backup, export), by its bytes alone: the
// records one after the other, the commit headers that chain them, and what was signed about them.
// Rows come from the caller, in order; what is wrong is noted in his report. Reads no store and no
// clock.

#include "server/ops/verify.h"
#include "shared/checkpoint.h"

// A commit as its header says it.
struct chain_commit {
    uint64_t number; // 0: before the first
    uint64_t size;
    uint8_t root[LEAF_BYTES];
    uint8_t hash[LEAF_BYTES]; // of the header
};

// ---- records and commits ----

struct chain_leaf {
    uint8_t hash[LEAF_BYTES];
    int64_t instant_us;
};

// Goes through a run of commits; records may be told ahead of the headers that close them.
struct chain {
    struct verify_report *report;
    struct arena *kept; // as long as the chain
    struct tree tree;   // up to the last header
    struct chain_commit commit;
    int64_t commit_us;
    uint8_t boot[16];
    int64_t forward_us;
    uint8_t digest[DIGEST_BYTES];
    uint64_t records;           // told
    int64_t last_us;            // of the last one
    struct chain_leaf *waiting; // for their header; a ring would do, a column is simpler
    size_t waiting_first, waiting_count, waiting_room;
    bool is_broken;    // nothing behind says anything any more
    bool is_exhausted; // memory
    // Told of each record that decodes; NULL: nobody.
    void (*visit)(void *context, const JournalRecord *record);
    void *visit_context;
};

// From the first record on.
void chain_init(struct chain *chain, struct verify_report *report, struct arena *kept);
// From behind a commit: what is known of it, and the tree up to there.
void chain_resume(struct chain *chain, const HeaderRecord *header, struct bytes packed,
                  const struct tree *tree);
// `scratch` is for unpacking. `leaf` (may be NULL) gets the record's leaf.
void chain_record(struct chain *chain, struct arena *scratch, struct bytes packed, uint8_t *leaf);
void chain_commit(struct chain *chain, struct arena *scratch, struct bytes packed);
// False when the bytes are no header.
bool chain_parse_commit(struct arena *scratch, struct bytes packed, struct chain_commit *out);

// ---- epochs and checkpoints ----

struct anchor_epoch {
    uint8_t key[KEY_BYTES];
    bool by_house;
};

struct anchors {
    struct verify_report *report;
    struct arena *kept;
    uint8_t book_id[BOOK_ID_BYTES];
    bool has_book; // else the first note says which
    uint8_t house[KEY_BYTES];
    bool has_house; // else the first epoch says which: who compares it knows more
    struct anchor_epoch *epoch;
    size_t epoch_count, epoch_room;
    uint64_t checkpoint; // number of the last one
    uint64_t size;       // records under it
    bool is_broken;
    bool is_exhausted;
};

void anchors_init(struct anchors *anchors, struct verify_report *report, struct arena *kept);
// In the order of the trail (shared/trail.h). `at` is the commit that the note names; NULL: there
// is none such. `house` is empty where no house key signed.
void anchors_epoch(struct anchors *anchors, struct bytes house, struct bytes note,
                   const struct chain_commit *at);
void anchors_checkpoint(struct anchors *anchors, struct bytes note, const struct chain_commit *at);
// A checkpoint that somebody kept outside; any time behind the epochs.
void anchors_outside(struct anchors *anchors, struct bytes note, const struct chain_commit *at);
// How much of a journal of `size` records is signed.
void anchors_end(struct anchors *anchors, uint64_t size);

// Which of two notes stands first: both may be empty. True: the checkpoint.
bool anchors_checkpoint_is_next(const struct anchors *anchors, struct bytes checkpoint,
                                struct bytes epoch);
// The commit that a note names; false when the note is none of ours.
bool note_commit(struct bytes note, uint64_t *out);
