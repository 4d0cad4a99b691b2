// SPDX-License-Identifier: Apache-2.0
#pragma once

// Passwords: which ones are taken, and their Argon2id hash, keyed with the pepper so that a stolen
// store alone cannot be guessed (security.md b). About 140 ms a hash: on admission's own threads
// only.

#include "shared/keys.h"

#define PASSWORD_HASH_BYTES (1 + 16 + KEY_BYTES) // format, salt, keyed hash

// 12 to 128 bytes and not a common one; `login` and `company` (either may be NULL) are common too.
bool password_is_taken(const char *password, const char *login, const char *company);

MUST_CHECK enum status password_hash(const struct key *pepper, const char *password,
                                     uint8_t out[static PASSWORD_HASH_BYTES]);

// `stored` NULL: the same work for nothing, so that an unknown user takes as long as a known one.
MUST_CHECK enum status password_check(const struct key *pepper, const char *password,
                                      const uint8_t *stored, bool *is_right);
