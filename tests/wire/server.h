// SPDX-License-Identifier: Apache-2.0
#pragma once

// The real server/net on a loop of its own thread, with the double behind it, and clients that
// speak with it: the real link, or a bare peer that can say every wrong thing. Waiting is always
// for something that happens; nothing sleeps.

#include "client/link.h"
#include "shared/record.h"
#include "tests/wire/double.h"

#include <uv.h>

#define PATIENCE_MS 10000

struct server {
    uv_loop_t loop;
    uv_thread_t thread;
    uv_async_t async;
    uv_check_t check;
    uv_timer_t tick;
    uv_mutex_t mutex;
    uv_cond_t changed;
    struct admit admit;
    struct listener *listener;
    struct key_pair key;
    struct key_pair device; // enrolled, number 1
    struct net_limits limits;
    uint16_t port;
    char address[32];
    bool with_socket; // set before: listens on a Unix socket too
    char socket_dir[32];
    char socket_address[64]; // "unix:/path"
    bool stopping;
    void (*work)(struct server *server, void *context);
    void *work_context;
    bool (*until)(struct server *server, const void *context);
    const void *until_context;
    void (*greet)(void *context, struct greeting *greeting); // of a test; NULL: none
    void *greet_context;
    unsigned turns; // of the loop that looked at `until`
};

// Limits with short times are set before: server->limits begins as NET_LIMITS with milliseconds for
// patience.
void server_init(struct server *server);
void server_start(struct server *server);
void server_stop(struct server *server);
// Runs `work` on the loop and waits for it.
void server_do(struct server *server, void (*work)(struct server *server, void *context),
               void *context);
// Waits until `is` holds, looking after each turn of the loop.
void server_await(struct server *server, bool (*is)(struct server *server, const void *context),
                  const void *context);
struct net_counts server_counts(struct server *server);
// Waits until no connection is left.
void server_await_empty(struct server *server);
void server_hold(struct server *server);
void server_release(struct server *server);

// Options of the enrolled device; the caller adds a token or an invitation.
struct link_options server_link_options(struct server *server);
// An open link with a live session.
struct link *server_login(struct server *server);

// ---- a bare peer ----

struct peer_link {
    int descriptor;
    struct noise *noise;
    struct channel send;
    struct channel receive;
    uint8_t opening[PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES]; // as sent
    uint8_t greeting[2 + HANDSHAKE_2_BYTES];                 // as received
    uint8_t last[2 + HANDSHAKE_3_BYTES];                     // as sent
    uint8_t *buffer;                                         // made at the first use
};

struct peer_options {
    const uint8_t *server_key;     // NULL: the server's
    const struct key_pair *device; // NULL: the enrolled one
    const struct invitation *invitation;
    const struct key *psk; // NULL: the invitation's
    const uint8_t *token;
    const char *source; // local address; NULL: 127.0.0.1
    uint8_t version;    // 0: WIRE_VERSION
};

int peer_connect(struct server *server, const char *source);
// Prepares preamble and message 1 in peer->opening without connecting.
void peer_prepare(struct server *server, const struct peer_options *options,
                  struct peer_link *peer);
// Reads message 2 and prepares message 3 in peer->last; false when the server hung up.
bool peer_hear(struct peer_link *peer, const struct peer_options *options);
void peer_split(struct peer_link *peer);
// All of it.
void peer_open(struct server *server, const struct peer_options *options, struct peer_link *peer);
void peer_close(struct peer_link *peer);

void peer_write(struct peer_link *peer, const void *data, size_t size);
// Writes as far as it goes; false when the other side hung up.
bool peer_try_write(struct peer_link *peer, const void *data, size_t size);
// Reads exactly `size` bytes; false at the end of the stream.
bool peer_read(struct peer_link *peer, void *data, size_t size);
// Waits for the end of the stream; how many bytes came before.
size_t peer_read_to_end(struct peer_link *peer);
void peer_send(struct peer_link *peer, enum record_type type, uint8_t flags, uint64_t request,
               struct bytes data);
// The next record; false at the end of the stream.
bool peer_receive(struct peer_link *peer, struct record *record);
// The next record is a CLOSE with this status, then the stream ends.
void peer_expect_close(struct peer_link *peer, enum status status);
