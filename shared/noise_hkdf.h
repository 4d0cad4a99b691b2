// SPDX-License-Identifier: Apache-2.0
#pragma once

// HMAC-BLAKE2b and the HKDF of the Noise specification (revision 34, 4.3) over it. libsodium has
// neither: its keyed BLAKE2b is not HMAC. Pure; knocked at by noise.c and by the tests of the
// published formulas.

#include "shared/bytes.h"

#define HKDF_BYTES       64
#define HKDF_OUTPUTS_MAX 3

// RFC 2104 with BLAKE2b-512, whose block is 128 bytes.
void hmac_blake2b(struct bytes key, struct bytes data, uint8_t out[static HKDF_BYTES]);

// The first `count` outputs (2 or 3) of HKDF(chaining_key, input). `out` may hold the chaining key
// itself.
void hkdf_blake2b(const uint8_t chaining_key[static HKDF_BYTES], struct bytes input, size_t count,
                  uint8_t out[static 1][HKDF_BYTES]);
