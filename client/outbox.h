// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes that were sent and never answered. Before the first byte of a write leaves, its request
// lies here, sealed under a key derived from the device key; it goes away with the answer. One file
// per write, named by the request id, whose first 48 bits are milliseconds: names in order are
// writes in order. Requests with a password in them are never kept.

#include "client/home.h"
#include "shared/keys.h"
#include "shared/limits.h"

#define OUTBOX_WRITES_MAX 1000

struct outbox {
    const char *dir; // of one context
    struct key key;
};

struct pending {
    uint8_t key[REQUEST_KEY_BYTES];
    int64_t made_ms; // since 1970, from the key
};

// A new request id at this instant.
void outbox_draw(int64_t now_ms, uint8_t key[static REQUEST_KEY_BYTES]);

// Makes the directory. `secret` is the device key.
MUST_CHECK enum status outbox_open(struct arena *arena, const struct home *home,
                                   const char *context, const struct key *secret,
                                   struct outbox *out);
void outbox_wipe(struct outbox *outbox); // for CLEANUP; the files stay

// Durable when it returns STATUS_OK. FILE_ERROR when it cannot be: then nothing may be sent.
MUST_CHECK enum status outbox_add(struct arena *arena, const struct outbox *outbox,
                                  const uint8_t key[static REQUEST_KEY_BYTES],
                                  struct bytes request);
MUST_CHECK enum status outbox_remove(struct arena *arena, const struct outbox *outbox,
                                     const uint8_t key[static REQUEST_KEY_BYTES]);

// Oldest first, at most OUTBOX_WRITES_MAX.
MUST_CHECK enum status outbox_list(struct arena *arena, const struct outbox *outbox,
                                   struct pending **list, size_t *count);
// TAMPERED when the file is not what was written.
MUST_CHECK enum status outbox_read(struct arena *arena, const struct outbox *outbox,
                                   const uint8_t key[static REQUEST_KEY_BYTES],
                                   struct bytes *request);
