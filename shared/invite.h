// SPDX-License-Identifier: Apache-2.0
#pragma once

// The invitation text: "KTI1-" and base32 (RFC 4648, without padding) of server key, house key,
// invitation id, secret, address and checksum (security.md b). Pure text and bytes; who may use it
// is decided by the server.

#include "shared/arena.h"
#include "shared/handshake.h"
#include "shared/keys.h"

#define INVITATION_ADDRESS_MAX 127

struct invitation {
    uint8_t server_key[KEY_BYTES];
    uint8_t house_key[KEY_BYTES];
    uint8_t id[INVITATION_ID_BYTES];
    uint8_t secret[KEY_BYTES];
    char address[INVITATION_ADDRESS_MAX + 1]; // "host:port": printable ASCII without spaces
};

void invitation_wipe(struct invitation *invitation); // also for CLEANUP

// NULL when the arena is exhausted.
char *invitation_print(struct arena *arena, const struct invitation *invitation);
// White space and line breaks are skipped, case does not matter. STATUS_USAGE when it is not one,
// STATUS_MALFORMED when the checksum differs.
MUST_CHECK enum status invitation_parse(const char *text, struct invitation *out);
// psk = BLAKE2b-256(secret), personal "kontorinvite".
struct key invitation_psk(const uint8_t secret[static KEY_BYTES]);
