// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Noise protocol framework (revision 34) for 25519_ChaChaPoly_BLAKE2b: handshake patterns as
// data (noise_patterns.def), symmetric state, cipher states with rekey. The product has XK and
// XKpsk3 only; the other patterns exist for the published vectors and are compiled with
// NOISE_ALL_PATTERNS (tests). No sockets, no clock; one allocation, in noise_make. A handshake that
// failed once refuses everything after.

#include "shared/bytes.h"
#include "shared/keys.h"
#include "shared/status.h"

#define NOISE_XK          "Noise_XK_25519_ChaChaPoly_BLAKE2b"
#define NOISE_XKPSK3      "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b"
#define NOISE_HASH_BYTES  64
#define NOISE_TAG_BYTES   16
#define NOISE_MESSAGE_MAX 65535
#define NOISE_PSKS_MAX    4

struct noise_cipher {
    struct key key;
    uint64_t nonce;
};

struct noise; // one handshake

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

struct noise_config {
    const char *protocol_name; // NOISE_XK
    enum noise_role role;
    struct bytes prologue;
    const struct key_pair *static_pair; // NULL when the pattern has none on this side
    const uint8_t *remote_static;       // KEY_BYTES, when known before
    const struct key *psk;              // psks in pattern order
    size_t psk_count;
    const struct key_pair *ephemeral; // tests only: NULL draws one
};

// The config's keys are copied. STATUS_VERSION when this build does not know the protocol,
// STATUS_ENVIRONMENT without memory.
MUST_CHECK enum status noise_make(const struct noise_config *config, struct noise **out);
void noise_free(struct noise *noise); // wipes; NULL accepted
void noise_free_at(struct noise **noise);

// The psk of a mode-2 responder is known only after message 1; set before message 3.
void noise_set_psk(struct noise *noise, const struct key *psk);

// Writes or reads the next handshake message; whose turn it is, the caller knows. `out_size` gets
// what was written. STATUS_TAMPERED on a bad MAC or a bad public key, STATUS_MALFORMED when a
// message is too short, STATUS_TOO_LARGE when it does not fit the room given.
MUST_CHECK enum status noise_write(struct noise *noise, struct bytes payload, uint8_t *out,
                                   size_t out_max, size_t *out_size);
MUST_CHECK enum status noise_read(struct noise *noise, struct bytes message, uint8_t *payload,
                                  size_t payload_max, size_t *payload_size);

bool noise_is_done(const struct noise *noise);
const uint8_t *noise_remote_static(const struct noise *noise); // KEY_BYTES; NULL while unknown
const uint8_t *noise_hash(const struct noise *noise); // NOISE_HASH_BYTES: channel id, once done

// After the last message: the cipher this side sends with and the one it receives with. Once only.
void noise_split(struct noise *noise, struct noise_cipher *send, struct noise_cipher *receive);

// Transport. `out` has room for plain.size + NOISE_TAG_BYTES, or for sealed.size - NOISE_TAG_BYTES;
// it may be where the input is. STATUS_TOO_LARGE when the nonces are used up; STATUS_TAMPERED ends
// the connection.
MUST_CHECK enum status noise_encrypt(struct noise_cipher *cipher, struct bytes plain, uint8_t *out);
MUST_CHECK enum status noise_decrypt(struct noise_cipher *cipher, struct bytes sealed,
                                     uint8_t *out);
void noise_rekey(struct noise_cipher *cipher);
void noise_cipher_wipe(struct noise_cipher *cipher);
