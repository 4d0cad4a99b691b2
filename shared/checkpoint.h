// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two statements that the audit log's keys sign, as texts of signed notes (shared/note.h). A
// checkpoint (C2SP tlog-checkpoint) says how long the journal is and what its tree's root is; an
// epoch's statement names the key that signs from then on. Each epoch's key signs its successor and
// is wiped; the key of epoch 0 is signed by the house key. Epochs are numbered, not timed.
//
//   kontor/BOOK             kontor/BOOK epoch
//   SIZE                    epoch NUMBER
//   ROOT                    key PUBLIC KEY
//   epoch NUMBER            size SIZE
//   checkpoint NUMBER       root ROOT
//   commit NUMBER HEADER    commit NUMBER HEADER
//   time MICROSECONDS
//
// BOOK is the book's id in hexadecimal; root, key and header are 32 bytes in base64; HEADER is the
// hash of the commit header up to which it reaches.

#include "shared/digest.h"
#include "shared/note.h"

#define BOOK_ID_BYTES 16

struct checkpoint {
    uint8_t book_id[BOOK_ID_BYTES];
    uint64_t size;
    uint8_t root[LEAF_BYTES];
    uint64_t epoch;
    uint64_t number; // 1, 2, 3, … in the book
    uint64_t commit;
    uint8_t header[LEAF_BYTES];
    int64_t time_us; // effective time of the last record
};

struct epoch {
    uint8_t book_id[BOOK_ID_BYTES];
    uint64_t number;        // 0, 1, 2, …
    uint8_t key[KEY_BYTES]; // Ed25519, public
    uint64_t size;          // records before it
    uint8_t root[LEAF_BYTES];
    uint64_t commit;
    uint8_t header[LEAF_BYTES];
};

// The name under which a book's epochs sign, and the first line of a checkpoint.
void audit_origin(const uint8_t book_id[static BOOK_ID_BYTES], char out[static NOTE_NAME_MAX]);
// The name under which its house key signs an epoch.
void audit_house_name(const uint8_t book_id[static BOOK_ID_BYTES], char out[static NOTE_NAME_MAX]);

// NULL when the arena is exhausted.
const char *checkpoint_print(struct arena *arena, const struct checkpoint *checkpoint);
const char *epoch_print(struct arena *arena, const struct epoch *epoch);
// False when the text is not exactly what would be printed.
bool checkpoint_parse(struct bytes text, struct checkpoint *out);
// The note of a checkpoint in a text that may say other things before it, as a witness does for
// people. Its signatures are not looked at. False when there is none.
bool checkpoint_find(struct bytes text, struct bytes *note, struct checkpoint *out);
bool epoch_parse(struct bytes text, struct epoch *out);
