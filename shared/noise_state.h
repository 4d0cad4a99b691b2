// SPDX-License-Identifier: Apache-2.0
#pragma once

// The symmetric state of a Noise handshake (specification 5.2): chaining key, hash and cipher. Only
// noise.c and the tests of the formulas knock here; a handshake's order of calls is noise.c's
// business.

#include "shared/noise.h"
#include "shared/noise_hkdf.h"

struct noise_state {
    uint8_t h[NOISE_HASH_BYTES];
    uint8_t ck[HKDF_BYTES];
    struct noise_cipher cipher;
    bool has_key;
};

// A run of the message being written: `at` moves, `left` is the room behind it.
struct noise_writer {
    uint8_t *at;
    size_t left;
};

void state_init(struct noise_state *state, const char *protocol_name);
void state_wipe(struct noise_state *state);

void state_mix_hash(struct noise_state *state, struct bytes data);
void state_mix_key(struct noise_state *state, struct bytes input);
void state_mix_key_and_hash(struct noise_state *state, struct bytes input);

// What encryption adds at present: nothing before the first key.
size_t state_tag_bytes(const struct noise_state *state);

// STATUS_TOO_LARGE when it does not fit.
MUST_CHECK enum status state_encrypt(struct noise_state *state, struct bytes plain,
                                     struct noise_writer *writer);
// `out` has room for the plain text and may be where the sealed bytes are. STATUS_TAMPERED on a bad
// MAC.
MUST_CHECK enum status state_decrypt(struct noise_state *state, struct bytes sealed, uint8_t *out);

void state_split(struct noise_state *state, struct noise_cipher *first,
                 struct noise_cipher *second);
