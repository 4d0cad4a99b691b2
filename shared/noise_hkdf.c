// SPDX-License-Identifier: Apache-2.0
#include "shared/noise_hkdf.h"

#include <sodium.h>

#define BLOCK_BYTES 128
#define INNER_PAD   0x36
#define OUTER_PAD   0x5c

static_assert(HKDF_BYTES == crypto_generichash_BYTES_MAX, "BLAKE2b with its whole output");

static void pad_begin(crypto_generichash_state *state, const uint8_t block[static BLOCK_BYTES],
                      uint8_t pad)
{
    uint8_t padded[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        padded[i] = block[i] ^ pad;
    }
    (void)crypto_generichash_init(state, NULL, 0, HKDF_BYTES);
    (void)crypto_generichash_update(state, padded, sizeof padded);
    explicit_bzero(padded, sizeof padded);
}

void hmac_blake2b(struct bytes key, struct bytes data, uint8_t out[static HKDF_BYTES])
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (key.size > BLOCK_BYTES) {
        (void)crypto_generichash(block, HKDF_BYTES, key.data, key.size, NULL, 0);
    } else if (key.size > 0) {
        memcpy(block, key.data, key.size);
    }

    crypto_generichash_state state;
    uint8_t inner[HKDF_BYTES];
    pad_begin(&state, block, INNER_PAD);
    (void)crypto_generichash_update(&state, data.data, data.size);
    (void)crypto_generichash_final(&state, inner, sizeof inner);
    pad_begin(&state, block, OUTER_PAD);
    (void)crypto_generichash_update(&state, inner, sizeof inner);
    (void)crypto_generichash_final(&state, out, HKDF_BYTES);

    explicit_bzero(block, sizeof block);
    explicit_bzero(inner, sizeof inner);
    explicit_bzero(&state, sizeof state);
}

void hkdf_blake2b(const uint8_t chaining_key[static HKDF_BYTES], struct bytes input, size_t count,
                  uint8_t out[static 1][HKDF_BYTES])
{
    assert(count == 2 || count == HKDF_OUTPUTS_MAX);
    uint8_t key[HKDF_BYTES];
    hmac_blake2b(bytes_of(chaining_key, HKDF_BYTES), input, key);

    // Each output is the HMAC of the one before it and its own number.
    uint8_t data[HKDF_BYTES + 1];
    size_t before = 0;
    for (size_t i = 0; i < count; i++) {
        data[before] = (uint8_t)(i + 1);
        hmac_blake2b(bytes_of(key, sizeof key), bytes_of(data, before + 1), out[i]);
        memcpy(data, out[i], HKDF_BYTES);
        before = HKDF_BYTES;
    }
    explicit_bzero(key, sizeof key);
    explicit_bzero(data, sizeof data);
}
