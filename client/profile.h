// SPDX-License-Identifier: Apache-2.0
#pragma once

// Contexts: a server that this user joined, with its pinned keys, this device's key and the
// session's token. One JSON file and one key file per context. Reading needs no lock, since files
// are replaced whole; what is read and then written is under the lock of home.h. No business data
// is kept here, not even the company's name.

#include "client/anchor.h"
#include "client/home.h"

#define CONTEXT_NAME_MAX    63
#define CONTEXT_NAMES_MAX   64
#define CONTEXT_SERVERS_MAX 4
#define POSITION_BYTES_MAX  64

struct context {
    char name[CONTEXT_NAME_MAX + 1];
    char server[CONTEXT_SERVERS_MAX][128]; // "host:port", tried in order
    size_t server_count;
    uint8_t server_key[KEY_BYTES]; // pinned
    uint8_t house_key[KEY_BYTES];  // pinned
    uint8_t invitation_id[16];     // that this context was made from
    bool joined;
    char login[65];
    uint8_t token[TOKEN_BYTES];
    bool has_token;
    char currency[8];
    uint32_t decimals;
    char time_zone[64];
    char statement[2049]; // the newest one about the server's keys; "": none was seen
    bool protect;         // the device key is sealed by a passphrase
    bool has_seen;        // something was kept of the server's journal (seen.h)
};

void context_wipe(struct context *context); // for CLEANUP

// Letters, digits, '-', '_' and '.', not starting with a dot.
bool profile_name_is_valid(const char *name);

// The context that is used when none is named; "" when there is none.
MUST_CHECK enum status profile_current(const struct home *home, struct arena *arena,
                                       char out[static CONTEXT_NAME_MAX + 1]);
MUST_CHECK enum status profile_use(const struct home *home, struct arena *arena, const char *name);

// NOT_FOUND when there is no such context, CONFIGURATION when its file is damaged.
MUST_CHECK enum status profile_load(const struct home *home, struct arena *arena, const char *name,
                                    struct context *out);
MUST_CHECK enum status profile_save(const struct home *home, struct arena *arena,
                                    const struct context *context);
// The context's file, key, token and pending writes are gone afterwards; what is pending must have
// been looked at before.
MUST_CHECK enum status profile_remove(const struct home *home, struct arena *arena,
                                      const char *name);

// Names in order.
MUST_CHECK enum status profile_names(const struct home *home, struct arena *arena,
                                     const char *names[static CONTEXT_NAMES_MAX], size_t *count);

// The device's secret key (0600), sealed under the passphrase when it is not NULL.
MUST_CHECK enum status profile_key_save(const struct home *home, struct arena *arena,
                                        const char *name, const struct key *secret,
                                        const char *passphrase);
// KEY_MISSING when the passphrase is needed or wrong, or the file is damaged; NOT_FOUND.
MUST_CHECK enum status profile_key_load(const struct home *home, struct arena *arena,
                                        const char *name, const char *passphrase,
                                        struct key *secret);
