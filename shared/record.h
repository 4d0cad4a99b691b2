// SPDX-License-Identifier: Apache-2.0
#pragma once

// The record layer of the channel (security.md b, proto/README.md): fixed plaintext sizes, types, fragmentation and
// assembly of messages, counted rekey, CLOSE with a count. Bytes in, bytes out; both programs use the same code.

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

enum record_flag { RECORD_FIN = 1 };  // last fragment of its message; on RES also see RECORD_MORE
#define RECORD_MORE 2                 // another reply to the same request follows, under credit

struct record {
    enum record_type type;
    uint8_t flags;
    uint64_t request;     // request id of this connection
    struct bytes data;    // into the buffer it was opened in
};

// One direction of a connection.
struct channel {
    struct noise_cipher cipher;
    uint64_t records;         // sent or received so far
    uint64_t rekey_records;   // since the last rekey
    uint64_t rekey_bytes;
};

// The smallest allowed plaintext size that holds `data_size` (at most RECORD_PLAIN_MAX - RECORD_HEADER_BYTES).
size_t record_plain_size(size_t data_size);

// Seals one record: 2 bytes of length and the ciphertext. `out` has room for 2 + RECORD_CIPHER_MAX.
MUST_CHECK enum status record_seal(struct channel *channel, const struct record *record, uint8_t *out, size_t *out_size);

// Opens a ciphertext (without its length) in place. Any fault is STATUS_MALFORMED or STATUS_TAMPERED and ends the connection.
MUST_CHECK enum status record_open(struct channel *channel, uint8_t *cipher, size_t size, struct record *out);

// Is this a length that a ciphertext can have? Checked before the bytes are awaited.
bool record_length_is_valid(uint16_t length);
