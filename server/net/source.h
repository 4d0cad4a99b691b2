// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where connections come from: one row per IPv4 address or IPv6 /64, with what is open from there
// and what it did wrong. A table of fixed size; the oldest row without a connection gives way.
// Penalties never strike a source that has a logged-in session now: many people sit behind one
// address (security.md b).

#include "server/net/listener.h"

struct sockaddr;

// Tokens that come back with time.
struct bucket {
    uint64_t milli; // thousandths of a token
    uint64_t filled_ms;
};

bool bucket_take(struct bucket *bucket, size_t per_second, size_t burst, uint64_t now_ms);

struct source {
    uint64_t prefix;
    uint8_t family; // 0: free, otherwise 4 or 6
    uint32_t half_open;
    uint32_t logged_out;
    uint32_t logged_in;
    uint64_t penalty_until_ms;
    uint64_t seen_ms;
    struct bucket handshakes;
};

struct sources;

MUST_CHECK enum status sources_make(struct sources **out);
void sources_free(struct sources *sources);
// The row of an address, made when it is new. NULL when there is no room for it: every candidate
// has connections.
struct source *sources_find(struct sources *sources, const struct sockaddr *address,
                            uint64_t now_ms);

bool source_is_penalised(const struct source *source, uint64_t free_ms, uint64_t now_ms);
void source_penalise(struct source *source, uint64_t penalty_ms, uint64_t now_ms);
