// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys and the primitives that need one: random bytes, key derivation, sealing, signatures,
// fingerprints. With noise.c and digest.c the landlord of libsodium in shared/. Keys live in their
// own type, are wiped and have no print function.

#include "shared/arena.h"
#include "shared/bytes.h"
#include "shared/status.h"

#define KEY_BYTES       32
#define SEAL_NONCE      24
#define SEAL_TAG        16
#define BOX_BYTES       (SEAL_NONCE + SEAL_TAG) // what sealing a personal field adds
#define SIGNATURE_BYTES 64
#define PERSONAL_MAX    16

struct key {
    uint8_t bytes[KEY_BYTES];
};

struct key_pair {
    struct key secret;
    uint8_t public_bytes[KEY_BYTES];
};

MUST_CHECK enum status keys_start(void); // once per process, before anything else here

void key_wipe(struct key *key); // both also for CLEANUP
void key_pair_wipe(struct key_pair *pair);

void random_fill(void *out,
                 size_t size); // buffered a page at a time; thread-safe; a fork draws anew
struct key key_random(void);
struct key_pair key_pair_random(void); // X25519
struct key_pair key_pair_of_secret(const struct key *secret);
void key_sign_pair(struct key_pair *pair,
                   const uint8_t seed[static KEY_BYTES]); // Ed25519; the secret is the seed

// Ed25519. STATUS_TAMPERED when the signature is not that of the key over these bytes.
void key_sign(const struct key_pair *pair, struct bytes data, uint8_t out[static SIGNATURE_BYTES]);
MUST_CHECK enum status key_verify(const uint8_t public_bytes[static KEY_BYTES], struct bytes data,
                                  const uint8_t signature[static SIGNATURE_BYTES]);

// crypto_kdf: subkey `id` of `master` in an 8-character context.
struct key key_derive(const struct key *master, uint64_t id, const char context[static 8]);
// BLAKE2b of 16 to 64 bytes, keyed (`key` NULL: not keyed).
void key_hash(const struct key *key, struct bytes data, uint8_t *out, size_t out_size);
// BLAKE2b-256 under a personal string of at most PERSONAL_MAX characters: one purpose, one string.
void key_hash_personal(const char *personal, struct bytes data, uint8_t out[static KEY_BYTES]);

// XChaCha20-Poly1305 with a fresh random nonce: nonce, ciphertext, tag. `out` has room for size +
// BOX_BYTES.
void key_seal(const struct key *key, struct bytes associated, struct bytes plain, uint8_t *out);
// STATUS_TAMPERED when the seal does not fit. `out` has room for sealed.size - BOX_BYTES.
MUST_CHECK enum status key_open(const struct key *key, struct bytes associated, struct bytes sealed,
                                uint8_t *out);

// Argon2id. passes and memory in limits.h; about 140 ms: never on the loop.
MUST_CHECK enum status key_of_passphrase(const char *passphrase, const uint8_t salt[static 16],
                                         uint64_t passes, size_t memory, struct key *out);

void key_sha256(struct bytes data, uint8_t out[static KEY_BYTES]);

// Base64 (RFC 4648, padded), as signed notes have it. `out` has room for BASE64_BYTES of the size,
// with the zero behind the text.
#define BASE64_BYTES(size) (((size) + 2) / 3 * 4 + 1)
void base64_print(struct bytes data, char *out);
// False when the text does not stand for exactly `size` bytes, or could be written otherwise.
bool base64_parse(struct bytes text, uint8_t *out, size_t size);

bool keys_equal(const uint8_t *a, const uint8_t *b, size_t size); // in constant time

// A public key (or a root) as 8 pronounceable words, for people to compare; 128 bits of its hash.
// NULL when the arena is exhausted.
char *key_words(struct arena *arena, const uint8_t public_bytes[static KEY_BYTES]);
