// SPDX-License-Identifier: Apache-2.0
#include "server/net/source.h"

#include <netinet/in.h>
#include <sys/socket.h>

// Rows that one address may fall into. The place is a keyed hash, so that nobody can choose whose
// row is pushed out.
#define WAYS 8
#define SETS (SOURCES_MAX / WAYS)

struct sources {
    struct key key;
    struct source row[SETS][WAYS];
};

enum status sources_make(struct sources **out)
{
    struct sources *sources = calloc(1, sizeof *sources);
    if (sources == NULL) {
        return STATUS_ENVIRONMENT;
    }
    sources->key = key_random();
    *out = sources;
    return STATUS_OK;
}

void sources_free(struct sources *sources)
{
    free(sources);
}

bool bucket_take(struct bucket *bucket, size_t per_second, size_t burst, uint64_t now_ms)
{
    const uint64_t full = (uint64_t)burst * 1000;
    const uint64_t passed_ms = now_ms - bucket->filled_ms;
    const uint64_t gained = passed_ms < full ? passed_ms * per_second : full;
    bucket->milli =
        bucket->filled_ms == 0 || bucket->milli + gained > full ? full : bucket->milli + gained;
    bucket->filled_ms = now_ms;
    if (bucket->milli < 1000) {
        return false;
    }
    bucket->milli -= 1000;
    return true;
}

// An IPv4 address, also one mapped into IPv6, or the first half of an IPv6 address.
static uint64_t prefix_of(const struct sockaddr *address, uint8_t *family)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        *family = 4;
        return ntohl(v4.sin_addr.s_addr);
    }
    assert(address->sa_family == AF_INET6);
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    const uint8_t *bytes = v6.sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        *family = 4;
        return get_u32(bytes + 12);
    }
    *family = 6;
    return get_u64(bytes);
}

static bool is_idle(const struct source *source)
{
    return source->half_open == 0 && source->logged_out == 0 && source->logged_in == 0;
}

struct source *sources_find(struct sources *sources, const struct sockaddr *address,
                            uint64_t now_ms)
{
    uint8_t text[9];
    const uint64_t prefix = prefix_of(address, &text[8]);
    put_u64(text, prefix);
    uint8_t hash[32];
    key_hash(&sources->key, bytes_of(text, sizeof text), hash, sizeof hash);
    struct source *set = sources->row[get_u32(hash) % SETS];

    struct source *oldest = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].family == text[8] && set[i].prefix == prefix) {
            set[i].seen_ms = now_ms;
            return &set[i];
        }
        if (is_idle(&set[i]) && (oldest == NULL || set[i].seen_ms < oldest->seen_ms)) {
            oldest = &set[i];
        }
    }
    if (oldest != NULL) {
        *oldest = (struct source){.prefix = prefix, .family = text[8], .seen_ms = now_ms};
    }
    return oldest;
}

bool source_is_penalised(const struct source *source, uint64_t free_ms, uint64_t now_ms)
{
    return source->logged_in == 0 && source->penalty_until_ms >= now_ms + free_ms;
}

void source_penalise(struct source *source, uint64_t penalty_ms, uint64_t now_ms)
{
    const uint64_t from = source->penalty_until_ms > now_ms ? source->penalty_until_ms : now_ms;
    const uint64_t until = from + penalty_ms;
    const uint64_t cap = now_ms + PENALTY_MS_MAX;
    source->penalty_until_ms = until < cap ? until : cap;
}
