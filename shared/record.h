// SPDX-License-Identifier: Apache-2.0
#pragma once

// The record layer of the channel (security.md b, proto/README.md): fixed plaintext sizes, types,
// fragmentation and assembly of messages, counted rekey. Bytes in, bytes out; both programs use the
// same code.

#include "shared/arena.h"
#include "shared/limits.h"
#include "shared/noise.h"

enum record_type {
    RECORD_REQ = 1,
    RECORD_RES = 2,
    RECORD_ERR = 3,
    RECORD_EVENT = 4,
    RECORD_PING = 5,
    RECORD_PONG = 6,
    RECORD_CREDIT = 7,
    RECORD_CLOSE = 8,
};

#define RECORD_FIN          1 // flag: last fragment of its message; control records always have it
#define RECORD_MORE         2 // flag: another reply to the same request follows, under credit
#define RECORD_LENGTH_BYTES 2
#define RECORD_DATA_MAX     (RECORD_PLAIN_MAX - RECORD_HEADER_BYTES)

struct record {
    enum record_type type;
    uint8_t flags;
    uint64_t request;  // request id of this connection
    struct bytes data; // into the buffer it was opened in
};

// One direction of a connection: a cipher of noise_split, and zeros.
struct channel {
    struct noise_cipher cipher;
    uint64_t records;       // sent or received so far
    uint64_t rekey_records; // since the last rekey
    uint64_t rekey_bytes;
};

// The smallest allowed plaintext size that holds `data_size` (at most RECORD_DATA_MAX).
size_t record_plain_size(size_t data_size);

// Seals one record: 2 bytes of length and the ciphertext. `out` has room for RECORD_LENGTH_BYTES +
// RECORD_CIPHER_MAX.
MUST_CHECK enum status record_seal(struct channel *channel, const struct record *record,
                                   uint8_t *out, size_t *out_size);

// Opens a ciphertext (without its length) in place. Any fault is STATUS_MALFORMED or
// STATUS_TAMPERED and ends the connection.
MUST_CHECK enum status record_open(struct channel *channel, uint8_t *cipher, size_t size,
                                   struct record *out);

// Is this a length that a ciphertext can have? Checked before the bytes are awaited.
bool record_length_is_valid(uint16_t length);

// ---- messages longer than a record ----

// How many records a message of that size takes (an empty one takes one), and the one at `index`.
// The last has the message's flags and FIN, the others have none.
size_t record_count(size_t message_size);
struct record record_fragment(const struct record *message, size_t index);

// A message in assembly; zeroed: none. One per direction: fragments of one message follow each
// other without others between, so every record that arrives passes here.
struct assembly {
    enum record_type type;
    uint64_t request;
    uint8_t *data; // in the arena
    size_t size;
    size_t room;
    bool is_open;
};

// Takes the record. When it completes a message, `*is_complete` and `*message` are set and the
// assembly is empty again; a message of one record is not copied: its data stays where it was
// opened. STATUS_TOO_LARGE above `size_max` or when the arena is exhausted, STATUS_MALFORMED when
// the record is not of the message begun.
MUST_CHECK enum status assembly_add(struct assembly *assembly, struct arena *arena, size_t size_max,
                                    const struct record *record, bool *is_complete,
                                    struct record *message);
