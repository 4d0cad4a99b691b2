// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who this server is: its X25519 key pair, by which clients know it, and the public half of the
// house key. They lie in server.key inside the store's directory, sealed under a key of the store;
// the house key's secret half is a file that the owner takes away, and never opened by a running
// server.

#include "server/store/store.h"

struct server_keys {
    struct key_pair server;
    uint8_t house_key[KEY_BYTES]; // public, Ed25519
    struct key_pair next;         // drawn by `kontord key plan`
    bool has_next;
};

void server_keys_wipe(struct server_keys *keys);

// Draws a new pair and writes server.key (0400) into `dir`.
MUST_CHECK enum status server_keys_make(const struct store *store, const char *dir,
                                        const uint8_t house_key[static KEY_BYTES],
                                        struct server_keys *out);
// STATUS_INCOMPLETE when the file is missing, STATUS_TAMPERED when it does not open.
MUST_CHECK enum status server_keys_load(const struct store *store, const char *dir,
                                        struct server_keys *out);

// Draws the next pair and writes server.next.key; STATUS_STORE_EXISTS when there is one.
MUST_CHECK enum status server_keys_draw_next(const struct store *store, const char *dir,
                                             struct server_keys *keys);
// The same after a theft: what lay in server.next.key is gone.
MUST_CHECK enum status server_keys_redraw_next(const struct store *store, const char *dir,
                                               struct server_keys *keys);
// The next pair takes the place of the current one, which is gone then.
MUST_CHECK enum status server_keys_promote(const char *dir);

// The house key: 32 bytes of a seed in a file of 0600, drawn when there is none. Gives the public
// half.
MUST_CHECK enum status house_key_ensure(const char *path, uint8_t public_bytes[static KEY_BYTES]);
// Both halves, to sign with.
MUST_CHECK enum status house_key_load(const char *path, struct key_pair *out);
