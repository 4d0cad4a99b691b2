// SPDX-License-Identifier: Apache-2.0
#pragma once

// `kontord verify`: is the store what it was when it was written, and do the books tie? Reads
// everything, trusts nothing, changes nothing. In this order: the pages of the file, the journal
// (audit.h), the seal of every row, the head row against the digest, indexes against rows both
// ways, the invariants of domain.md d.15, and with `replay` the whole journal run again in an empty
// store, compared after each commit.

#include "server/store/store.h"

#define FINDINGS_MAX      50
#define FINDING_BYTES_MAX 160

// The invariants of domain.md d.15 by their numbers.
enum invariant {
    INVARIANT_NONE = 0, // of the file, the journal or a row as such

#define INVARIANT(name, number, sentence) INVARIANT_##name = (number),
#include "proto/invariants.def"
#undef INVARIANT
    INVARIANT_LIMIT = 19
};

struct finding {
    enum status status; // TAMPERED, INCOMPLETE or UNREADABLE
    enum invariant invariant;
    char text[FINDING_BYTES_MAX]; // ids and numbers only, never what a row says
};

struct verify_report {
    uint64_t row_count;
    uint64_t number; // of the last journal record
    uint64_t entry_count;
    uint64_t item_count;
    uint64_t allocation_count;
    uint64_t replayed_count;
    uint64_t commit_count;
    uint64_t checkpoint_count;
    uint64_t epoch_count;
    uint64_t unsigned_count; // records behind the last checkpoint
    bool has_house;
    uint8_t house[KEY_BYTES]; // public half of the house key that certified the first epoch
    uint8_t tree_root[LEAF_BYTES];
    struct digest digest;
    struct finding finding[FINDINGS_MAX];
    size_t finding_count; // of all findings; the first FINDINGS_MAX are kept
    enum invariant at;    // what is being checked
    uint64_t checked[INVARIANT_LIMIT];
    uint64_t broken[INVARIANT_LIMIT];
};

struct audit_outside;

struct verify_options {
    struct store_options store;
    bool replay;
    bool journal_only;                   // and the numbers of its documents: no other books
    const struct audit_outside *outside; // what is known from elsewhere; NULL: nothing
    const char *scratch; // directory for the replay, made and removed; NULL: "DIR.replay"
};

// STATUS_OK (exit 0), STATUS_TAMPERED (20), STATUS_INCOMPLETE (21), STATUS_UNREADABLE (22); or why
// it could not begin: STATUS_KEY_MISSING, _STORE_LOCKED, _STORE_NEWER, _NOT_FOUND.
MUST_CHECK enum status verify_run(const struct verify_options *options,
                                  struct verify_report *report);

// The worst of what was found: tampered outweighs incomplete.
enum status verify_outcome(const struct verify_report *report);
// The next check is of this invariant.
void verify_at(struct verify_report *report, enum invariant invariant);
// Notes what is wrong; for the files of this room.
void verify_find(struct verify_report *report, enum status status, const char *format, ...)
    PRINTF(3, 4);
