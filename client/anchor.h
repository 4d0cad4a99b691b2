// SPDX-License-Identifier: Apache-2.0
#pragma once

// What this device holds of a book's journal, and what a server must prove before it is believed:
// that its journal goes on from what is held, that its last checkpoint is signed, and that the key
// which signed it comes down from the house key in an unbroken chain of epochs (proto/README.md,
// part 12). Pure: facts in, a finding out. Who keeps an anchor is profile.h, who reports a finding
// distrust.h.

#include "shared/checkpoint.h"
#include "shared/handshake.h"

#include "proto/audit.pb-c.h"

// What may be written behind the last checkpoint before it is signed; the server signs every 1,000
// records, a batch may be longer.
#define ANCHOR_UNSIGNED_MAX 10000

struct anchor {
    uint8_t book_id[BOOK_ID_BYTES];
    uint32_t timeline;
    uint64_t size; // records; 0: nothing is held
    uint8_t root[LEAF_BYTES];
    int64_t seen_ms; // when, since 1970

    uint64_t epochs;              // statements that were checked
    uint8_t epoch_key[KEY_BYTES]; // which the last of them names
    uint64_t signed_number;       // of the last checkpoint; 0: none
    uint64_t signed_size;         // records that it covers
};

#define FINDING(name, status, sentence) ANCHOR_##name,

enum finding {

#include "client/findings.def"
};
#undef FINDING

enum status finding_status(enum finding finding);
const char *finding_sentence(enum finding finding); // msgid

// What the handshake alone tells. GOOD may still need a proof.
enum finding anchor_greeted(const struct anchor *held, const struct greeting *greeting);
// False when the very tree that is held was shown, and its signature was seen.
bool anchor_needs_proof(const struct anchor *held, const struct greeting *greeting);
void anchor_ask(const struct anchor *held, const struct greeting *greeting, AuditProof *out);

// Checks the answer. GOOD: *next is what is held from now on. MORE: *next holds some epochs more,
// but not all: ask again with it. `now_ms` since 1970.
enum finding anchor_check(const struct anchor *held, const struct greeting *greeting,
                          const uint8_t house_key[static KEY_BYTES], const AuditProofReply *reply,
                          int64_t now_ms, struct anchor *next);

// Walks the chain of epochs on, from what `chain` has checked up to `epoch`: GOOD when its key is
// in chain->epoch_key, MORE when another answer is needed.
enum finding anchor_walk(struct anchor *chain, const uint8_t house_key[static KEY_BYTES],
                         const AuditProofReply *reply, uint64_t epoch);

// The larger tree of two that agree, with the later signature.
struct anchor anchor_join(const struct anchor *one, const struct anchor *other);
// Are these two of one tree? The answer of `reply` is about the smaller and the larger of both.
enum finding anchor_agree(const struct anchor *one, const struct anchor *other,
                          const AuditProofReply *reply);
