// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/bed.h"

#define ARENA_BYTES ((size_t)32 * 1024 * 1024)

struct setting {
    size_t *value;
    size_t to;
};

struct threshold {
    const size_t *value;
    size_t at_least;
};

struct bed *bed_make(void)
{
    struct bed *bed = calloc(1, sizeof *bed);
    assert_non_null(bed);
    server_init(&bed->server);
    bed->arena = arena_make(ARENA_BYTES);
    assert_non_null(bed->arena);
    return bed;
}

void bed_start(struct bed *bed)
{
    server_start(&bed->server);
}

int bed_set_up(void **state)
{
    struct bed *bed = bed_make();
    bed_start(bed);
    bed->link = server_login(&bed->server);
    *state = bed;
    return 0;
}

int bed_tear_down(void **state)
{
    struct bed *bed = *state;
    link_close(bed->link);
    server_stop(&bed->server);
    arena_free(bed->arena);
    free(bed);
    return 0;
}

static void set(struct server *server, void *context)
{
    (void)server;
    const struct setting *setting = context;
    *setting->value = setting->to;
}

void bed_set(struct bed *bed, size_t *value, size_t to)
{
    struct setting setting = {.value = value, .to = to};
    server_do(&bed->server, set, &setting);
}

struct reading {
    const size_t *value;
    size_t seen;
};

static void get(struct server *server, void *context)
{
    (void)server;
    struct reading *reading = context;
    reading->seen = *reading->value;
}

size_t bed_get(struct bed *bed, const size_t *value)
{
    struct reading reading = {.value = value};
    server_do(&bed->server, get, &reading);
    return reading.seen;
}

size_t bed_handled(struct bed *bed)
{
    return bed_get(bed, &bed->server.admit.handled);
}

static bool has_reached(struct server *server, const void *context)
{
    (void)server;
    const struct threshold *threshold = context;
    return *threshold->value >= threshold->at_least;
}

void bed_await(struct bed *bed, const size_t *value, size_t at_least)
{
    const struct threshold threshold = {.value = value, .at_least = at_least};
    server_await(&bed->server, has_reached, &threshold);
}

void bed_peer(struct bed *bed, struct peer_link *peer)
{
    const struct peer_options options = {.token = bed->server.admit.device[0].token};
    peer_open(&bed->server, &options, peer);
}

void bed_peer_logged_out(struct bed *bed, struct peer_link *peer)
{
    const struct peer_options options = {0};
    peer_open(&bed->server, &options, peer);
}

void bed_send(struct bed *bed, struct peer_link *peer, uint64_t id, uint8_t flags,
              const Request *request)
{
    const struct record message = {
        .type = RECORD_REQ, .flags = flags, .request = id, .data = ask_packed(bed->arena, request)};
    for (size_t i = 0; i < record_count(message.data.size); i++) {
        const struct record record = record_fragment(&message, i);
        peer_send(peer, record.type, record.flags, record.request, record.data);
    }
}
