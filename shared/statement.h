// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the house key says of a server's keys (security.md b, "Server keys and rotation"): a signed
// note of lines that people can read. Clients pin the keys of the newest statement that they have
// seen; a serial only rises. Pure text and bytes.

#include "shared/handshake.h"
#include "shared/keys.h"

#define STATEMENT_KEYS_MAX    2  // the current one and the next one
#define STATEMENT_REVOKED_MAX 16 // the latest
#define STATEMENT_TEXT_MAX    2048

struct statement {
    uint8_t book_id[BOOK_ID_BYTES];
    uint32_t serial; // 1 and up
    uint32_t timeline;
    uint8_t valid[STATEMENT_KEYS_MAX][KEY_BYTES]; // the current one first
    size_t valid_count;
    uint8_t revoked[STATEMENT_REVOKED_MAX][KEY_ID_BYTES];
    size_t revoked_count;
    uint8_t audit_key[KEY_BYTES]; // of the journal's first epoch
};

// The text to be signed; NULL when the arena is exhausted.
char *statement_print(struct arena *arena, const struct statement *statement);
// The lines of a statement, signed or not. STATUS_MALFORMED.
MUST_CHECK enum status statement_parse(const char *text, struct statement *out);

// The text with the house key's signature below.
MUST_CHECK enum status statement_sign(struct arena *arena, const char *text,
                                      const struct key_pair *house, char **out);
// STATUS_STATEMENT_WRONG unless it is one, signed by this house key.
MUST_CHECK enum status statement_check(const char *text, const uint8_t house_key[static KEY_BYTES],
                                       struct statement *out);

bool statement_revokes(const struct statement *statement,
                       const uint8_t server_key[static KEY_BYTES]);
bool statement_has(const struct statement *statement, const uint8_t server_key[static KEY_BYTES]);
