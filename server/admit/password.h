// SPDX-License-Identifier: Apache-2.0
#pragma once

// Passwords: which ones are taken, and their Argon2id hash, keyed with the pepper so that a stolen
// store alone cannot be guessed (security.md b). With passwords.def the landlord of libzxcvbn. A
// hash takes about 140 ms and a judgement up to a few: on admission's own threads only.

#include "shared/keys.h"

#define PASSWORD_HASH_BYTES (1 + 16 + KEY_BYTES) // format, salt, keyed hash
#define PASSWORD_BITS_MIN   40.0                 // by the estimate of libzxcvbn

// What an attacker knows of the user; each may be NULL.
struct password_owner {
    const char *login;
    const char *name;
    const char *company;
};

// STATUS_OK: it is taken. Otherwise why not: PASSWORD_LENGTH (12 to 128 bytes), _PERSONAL (made of
// what is known of the owner), _COMMON (among the first that are tried), _GUESSABLE. There are no
// rules of composition.
enum status password_judge(const char *password, const struct password_owner *owner);

MUST_CHECK enum status password_hash(const struct key *pepper, const char *password,
                                     uint8_t out[static PASSWORD_HASH_BYTES]);

// `stored` NULL: the same work for nothing, so that an unknown user takes as long as a known one.
MUST_CHECK enum status password_check(const struct key *pepper, const char *password,
                                      const uint8_t *stored, bool *is_right);
