// SPDX-License-Identifier: Apache-2.0
#pragma once

// The door: listens on TCP (and, for the administrator at the machine, on a Unix socket), turns
// away what comes too often or too many, and opens a session for the rest. After a commit it ends
// the connections whose user, device or session is no more, and wakes those that watch events.
// Everything here runs on the loop.

#include "server/admit/admit.h"
#include "shared/handshake.h"

#include <uv.h>

struct listener;

// Times and counts, replaceable so that tests need no patience. NET_LIMITS has those of
// shared/limits.h.
struct net_limits {
    uint64_t first_byte_ms;
    uint64_t handshake_ms;
    uint64_t login_ms;
    uint64_t message_ms; // for each 64 KiB begun
    uint64_t ping_ms;
    uint64_t dead_ms;
    uint64_t slow_reader_ms;
    uint64_t connection_ms;
    uint64_t linger_ms;      // after CLOSE, for the other side to read it
    uint64_t refusal_ms_min; // before "device not enrolled"
    uint64_t refusal_ms_max;
    uint64_t liveness_ms; // between a commit and the check of all connections
    size_t connections;
    size_t half_open;
    size_t half_open_random_from;
    size_t half_open_per_source;
    size_t logged_out_per_source;
    size_t handshakes_per_second;
    size_t handshakes_burst;
    size_t output_high_water;
    size_t output_max;
    size_t output_total;
    size_t assembly_total;
    uint64_t penalty_free_ms; // a source is turned away when its penalties reach further than this
};

extern const struct net_limits NET_LIMITS;

// What happened since the start, for metrics and tests.
struct net_counts {
    uint64_t accepted;
    uint64_t turned_away; // before a byte was read
    uint64_t handshakes_failed;
    uint64_t handshakes_done;
    uint64_t cut_off; // ended without CLOSE
    uint64_t malformed;
    uint64_t slow_readers;
    uint64_t timeouts;
    size_t open; // connections now
    size_t half_open;
    size_t logged_in;
    size_t in_flight; // jobs handed to admission and not yet done
    size_t output_bytes;
    size_t assembly_bytes;
};

struct listener_options {
    uv_loop_t *loop;
    struct admit *admit;
    struct queue *queue;     // NULL: no commits will be told (tests)
    const char *address;     // "host:port", "[v6]:port"; port 0 takes a free one; NULL: no TCP
    const char *socket_path; // NULL: no Unix socket
    const struct key_pair *server_key; // lives as long as the listener
    const struct key_pair *next_key;   // served beside it; NULL: none
    // Fills message 2: book, tree, clock, degraded. Called for each handshake, on the loop.
    void (*greet)(void *context, struct greeting *greeting);
    void *greet_context;
    // One line for the log; never business data. NULL: silent.
    void (*note)(void *context, const char *line);
    void *note_context;
    const struct net_limits *limits; // NULL: NET_LIMITS
};

// STATUS_CONFIGURATION: the address is not understood. STATUS_FILE_ERROR: it cannot be bound.
MUST_CHECK enum status listener_start(const struct listener_options *options,
                                      struct listener **out);
// The TCP port that was bound.
uint16_t listener_port(const struct listener *listener);
const struct net_counts *listener_counts(const struct listener *listener);
// After a commit; registered with the queue at the start, callable by tests.
void listener_committed(struct listener *listener, uint64_t number);
// Takes no more connections, lets calls in flight finish, says CLOSE to all, then calls back once;
// then listener_free.
void listener_stop(struct listener *listener, void (*stopped)(void *context), void *context);
void listener_free(struct listener *listener);
