// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of the exchange: its state, and what its parts call of each other. For exchange*.c only.

#include "client/tui/exchange.h"

#include <pthread.h>

// With the follow of the events, fewer than IN_FLIGHT_MAX.
#define ASKED_MAX       12
#define FOLLOWED_MAX    2
#define ASKED_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define PAUSE_MS_FIRST  500

struct asked {
    bool used;
    bool sent;
    bool kept; // a write, in the outbox
    bool held; // until its asker has proved again who he is
    bool is_write;
    bool dry_run;
    uint64_t id;
    int64_t sent_ms;
    uint8_t key[REQUEST_KEY_BYTES];
    struct arena *arena; // of the packed bytes
    struct bytes packed;
    answer_function *answer;
    void *context;
};

struct followed {
    uint64_t id; // 0: free
    bool is_heard;
    event_function *event;
    void *context;
};

struct exchange {
    struct client *client;
    enum exchange_state state;
    enum status status;
    int64_t lost_ms;
    int64_t dial_ms; // when to try again
    int64_t pause_ms;
    unsigned count;
    pthread_t thread;
    int wake;
    struct asked asked[ASKED_MAX];
    struct followed followed[FOLLOWED_MAX];
    struct arena *arena; // of the next answer
    struct arena *scratch;
    uint64_t watch;
    uint8_t from[POSITION_BYTES_MAX];
    size_t from_size;
    event_function *event;
    void *context;
};

// ---- connecting (exchange_dial.c) ----

// The thread is done: takes what it reached, follows the events, sends what waits.
void exchange_dialed(struct exchange *exchange);
// The connection is of no use any more; whether it is tried again by itself, the status says.
void exchange_lose(struct exchange *exchange, enum status status);

// ---- questions (exchange.c) ----

MUST_CHECK enum status asked_send(struct exchange *exchange, struct asked *asked);
// The end of a question, with or without telling its asker.
void asked_end(struct asked *asked);
void asked_tell(struct exchange *exchange, struct asked *asked, enum status status,
                const Reply *reply);
struct followed *followed_of(struct exchange *exchange, uint64_t id); // NULL: none
void exchange_seen_save(struct exchange *exchange);

// ---- answers (exchange_hear.c) ----

// One answer, if there is one. `more`: there was.
MUST_CHECK enum status exchange_hear(struct exchange *exchange, bool *more);
