// SPDX-License-Identifier: Apache-2.0
#pragma once

// The seal of a stored value, and the running hash of a plan.
//
//   value  = format (1), key epoch (3), row version (4), nonce (24), ciphertext, tag (16)
//   bound  = format, epoch, version, table, whole key: a value cannot be moved to another row
//   plain  = packed record, 0x80, zeros up to the size class
//
// Sealed sizes are multiples of ROW_CLASS_BYTES, so that a thief of the disk learns no more of a
// row than its class.

#include "server/store/keyring.h"
#include "server/store/store.h"

#define ROW_FORMAT       1
#define ROW_HEADER_BYTES 8
#define ROW_CLASS_BYTES  32

// Size of the buffer in which a record of `size` bytes is sealed: the record, its end mark and the
// padding.
size_t row_padded_size(size_t size);
size_t row_sealed_size(size_t size);

// `plain` holds `size` bytes of the record in a zeroed buffer of row_padded_size(size); `out` takes
// row_sealed_size(size).
void row_seal(const struct secrets *secrets, enum table table, const struct row_key *key,
              uint32_t version, uint8_t *plain, size_t size, uint8_t *out);

// STATUS_TAMPERED when the bytes are no value of this row. The opened record lies in the arena.
MUST_CHECK enum status row_open(const struct secrets *secrets, enum table table,
                                const struct row_key *key, struct bytes sealed, struct arena *arena,
                                struct bytes *plain, uint32_t *version);

// The row version that the value claims, without opening it; 0 when it is too short to claim
// anything.
uint32_t row_version(struct bytes sealed);
