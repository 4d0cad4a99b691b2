// SPDX-License-Identifier: Apache-2.0
#include "shared/noise_state.h"

#include <sodium.h>

static_assert(NOISE_HASH_BYTES == HKDF_BYTES, "hash and chaining key are BLAKE2b-512");
static_assert(NOISE_TAG_BYTES == crypto_aead_chacha20poly1305_ietf_ABYTES, "tag of a message");
static_assert(KEY_BYTES == crypto_aead_chacha20poly1305_ietf_KEYBYTES, "a cipher key is a key");

static void nonce_put(uint64_t nonce,
                      uint8_t out[static crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    memset(out, 0, 4);
    for (size_t i = 0; i < 8; i++) {
        out[4 + i] = (uint8_t)(nonce >> (8 * i) & 0xff);
    }
}

static void seal(const struct key *key, uint64_t nonce, struct bytes associated, struct bytes plain,
                 uint8_t *out)
{
    uint8_t npub[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    nonce_put(nonce, npub);
    const int failure = crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.data, plain.size,
                                                                  associated.data, associated.size,
                                                                  NULL, npub, key->bytes);
    assert(failure == 0);
}

static enum status unseal(const struct key *key, uint64_t nonce, struct bytes associated,
                          struct bytes sealed, uint8_t *out)
{
    assert(sealed.size >= NOISE_TAG_BYTES);
    uint8_t npub[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    nonce_put(nonce, npub);
    const int failure = crypto_aead_chacha20poly1305_ietf_decrypt(
        out, NULL, NULL, sealed.data, sealed.size, associated.data, associated.size, npub,
        key->bytes);
    return failure == 0 ? STATUS_OK : STATUS_TAMPERED;
}

// Takes the cipher key from an HKDF output, which is longer.
static void set_key(struct noise_cipher *cipher, const uint8_t output[static HKDF_BYTES])
{
    memcpy(cipher->key.bytes, output, KEY_BYTES);
    cipher->nonce = 0;
}

void state_init(struct noise_state *state, const char *protocol_name)
{
    // A name of at most 64 bytes is padded with zeros, not hashed (specification 5.2).
    const size_t length = strlen(protocol_name);
    assert(length <= sizeof state->h);
    *state = (struct noise_state){0};
    memcpy(state->h, protocol_name, length);
    memcpy(state->ck, state->h, sizeof state->ck);
}

void state_wipe(struct noise_state *state)
{
    explicit_bzero(state, sizeof *state);
}

void state_mix_hash(struct noise_state *state, struct bytes data)
{
    crypto_generichash_state hash;
    (void)crypto_generichash_init(&hash, NULL, 0, NOISE_HASH_BYTES);
    (void)crypto_generichash_update(&hash, state->h, sizeof state->h);
    (void)crypto_generichash_update(&hash, data.data, data.size);
    (void)crypto_generichash_final(&hash, state->h, sizeof state->h);
}

void state_mix_key(struct noise_state *state, struct bytes input)
{
    uint8_t out[2][HKDF_BYTES];
    hkdf_blake2b(state->ck, input, 2, out);
    memcpy(state->ck, out[0], sizeof state->ck);
    set_key(&state->cipher, out[1]);
    state->has_key = true;
    explicit_bzero(out, sizeof out);
}

void state_mix_key_and_hash(struct noise_state *state, struct bytes input)
{
    uint8_t out[3][HKDF_BYTES];
    hkdf_blake2b(state->ck, input, 3, out);
    memcpy(state->ck, out[0], sizeof state->ck);
    state_mix_hash(state, bytes_of(out[1], sizeof out[1]));
    set_key(&state->cipher, out[2]);
    state->has_key = true;
    explicit_bzero(out, sizeof out);
}

size_t state_tag_bytes(const struct noise_state *state)
{
    return state->has_key ? NOISE_TAG_BYTES : 0;
}

enum status state_encrypt(struct noise_state *state, struct bytes plain,
                          struct noise_writer *writer)
{
    const size_t size = plain.size + state_tag_bytes(state);
    if (size > writer->left) {
        return STATUS_TOO_LARGE;
    }
    if (state->has_key) {
        seal(&state->cipher.key, state->cipher.nonce, bytes_of(state->h, sizeof state->h), plain,
             writer->at);
        state->cipher.nonce++;
    } else if (plain.size > 0) {
        memcpy(writer->at, plain.data, plain.size);
    }
    state_mix_hash(state, bytes_of(writer->at, size));
    writer->at += size;
    writer->left -= size;
    return STATUS_OK;
}

enum status state_decrypt(struct noise_state *state, struct bytes sealed, uint8_t *out)
{
    // What came is hashed first, since `out` may be where it stands.
    uint8_t associated[NOISE_HASH_BYTES];
    memcpy(associated, state->h, sizeof associated);
    state_mix_hash(state, sealed);
    if (!state->has_key) {
        if (sealed.size > 0) {
            memmove(out, sealed.data, sealed.size);
        }
        return STATUS_OK;
    }
    const enum status status = unseal(&state->cipher.key, state->cipher.nonce,
                                      bytes_of(associated, sizeof associated), sealed, out);
    state->cipher.nonce++;
    return status;
}

void state_split(struct noise_state *state, struct noise_cipher *first, struct noise_cipher *second)
{
    uint8_t out[2][HKDF_BYTES];
    hkdf_blake2b(state->ck, bytes_of(NULL, 0), 2, out);
    set_key(first, out[0]);
    set_key(second, out[1]);
    explicit_bzero(out, sizeof out);
    // What could derive the keys again goes; the hash stays, as the channel's id.
    explicit_bzero(state->ck, sizeof state->ck);
    noise_cipher_wipe(&state->cipher);
}

enum status noise_encrypt(struct noise_cipher *cipher, struct bytes plain, uint8_t *out)
{
    if (cipher->nonce == UINT64_MAX) {
        return STATUS_TOO_LARGE;
    }
    seal(&cipher->key, cipher->nonce, bytes_of(NULL, 0), plain, out);
    cipher->nonce++;
    return STATUS_OK;
}

enum status noise_decrypt(struct noise_cipher *cipher, struct bytes sealed, uint8_t *out)
{
    if (cipher->nonce == UINT64_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (sealed.size < NOISE_TAG_BYTES) {
        return STATUS_TAMPERED;
    }
    const enum status status = unseal(&cipher->key, cipher->nonce, bytes_of(NULL, 0), sealed, out);
    if (status == STATUS_OK) {
        cipher->nonce++;
    }
    return status;
}

void noise_rekey(struct noise_cipher *cipher)
{
    // Specification 4.2: the first 32 bytes of zeros sealed under the last nonce.
    static const uint8_t ZEROS[KEY_BYTES];
    uint8_t sealed[KEY_BYTES + NOISE_TAG_BYTES];
    seal(&cipher->key, UINT64_MAX, bytes_of(NULL, 0), bytes_of(ZEROS, sizeof ZEROS), sealed);
    memcpy(cipher->key.bytes, sealed, KEY_BYTES);
    explicit_bzero(sealed, sizeof sealed);
}

void noise_cipher_wipe(struct noise_cipher *cipher)
{
    explicit_bzero(cipher, sizeof *cipher);
}
