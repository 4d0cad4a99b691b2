// SPDX-License-Identifier: Apache-2.0
#pragma once

// The client's connection: blocking, with deadlines by poll(). Opens the channel to a pinned
// server, sends requests, receives replies and events. One link has one user at a time; there are
// no globals, so that each thread may have its own.
//
// A link that failed stays failed: every further call gives the same status. What a status means
// for a request under way:
//   UNREACHABLE, VERSION, WRONG_SERVER   nothing was sent
//   the status of the server's CLOSE     the server ended the connection; an unanswered request is
//   undecided, unless the
//                                        status is LOGIN_NEEDED, SESSION_EXPIRED or DEVICE_UNKNOWN:
//                                        then it was not done
//   CUT_OFF, MALFORMED                   undecided: repeat with the same request id on a new link

#include "shared/arena.h"
#include "shared/handshake.h"
#include "shared/invite.h"
#include "shared/limits.h"

#include "proto/envelope.pb-c.h"

#define LINK_ADDRESSES_MAX 8
#define LINK_RETRY_MS      2000 // of a person's command: longer silence says more than a wait

struct link;

struct link_options {
    const char
        *address[LINK_ADDRESSES_MAX]; // "host:port", "[v6]:port" or "unix:/path"; tried in order
    size_t address_count;
    uint8_t server_key[KEY_BYTES]; // pinned
    const struct key_pair *device;
    const uint8_t *token;                // TOKEN_BYTES of a live session; NULL: none
    const struct invitation *invitation; // to join (mode 2); NULL: an enrolled device

    // The last checkpoint this client holds; zeros: none.
    uint64_t checkpoint_size;
    uint8_t checkpoint_root[32];
    uint32_t timeline;

    const char *source;  // local address to bind to (tests, bench); NULL: any
    uint32_t connect_ms; // connection and handshake, each address; 0: 5000
    uint32_t answer_ms;  // one reply; 0: 30000
    uint32_t dead_ms;  // silence while link_wait waits, after which the server is gone; 0: DEAD_MS
    uint32_t retry_ms; // a busy server closes at once: try again for so long; 0: not
};

// STATUS_UNREACHABLE, _VERSION (the server's hint names other versions), _WRONG_SERVER (the server
// says that it has another key), _MALFORMED (what came back does not belong to this handshake). An
// unknown device or a used invitation is told by the first call.
MUST_CHECK enum status link_open(const struct link_options *options, struct link **out);
// Says CLOSE, waits shortly for the server's, frees. NULL accepted.
void link_close(struct link *link);
void link_close_at(struct link **link);
// Frees without a word, as a crash would.
void link_drop(struct link *link);

// What the server said of itself in the handshake, and the channel id (NOISE_HASH_BYTES).
const struct greeting *link_greeting(const struct link *link);
const uint8_t *link_channel_id(const struct link *link);
// STATUS_OK while the link is usable.
enum status link_status(const struct link *link);
int link_descriptor(const struct link *link);

// One request, one reply, in the arena. A refusal is a reply (STATUS_OK here, reply->status says
// it).
MUST_CHECK enum status link_call(struct link *link, const Request *request, struct arena *arena,
                                 Reply **out);

// ---- several in flight ----

struct link_answer {
    uint64_t id;  // as link_send gave it
    Reply *reply; // NULL when it is an event
    Event *event;
    bool more;  // further answers to the same request follow
    bool early; // the server refused before the request reached its books: surely not done
};

// At most IN_FLIGHT_MAX unanswered requests (IN_FLIGHT_LOGGED_OUT_MAX without a token): asserted.
// STATUS_TOO_LARGE: not sent.
MUST_CHECK enum status link_send(struct link *link, const Request *request, uint64_t *id);
// The same for bytes that were packed before, for instance those kept for a retry.
MUST_CHECK enum status link_send_packed(struct link *link, struct bytes packed, uint64_t *id);
// The next answer, in whatever order the server gives them.
MUST_CHECK enum status link_receive(struct link *link, struct arena *arena,
                                    struct link_answer *out);
size_t link_in_flight(const struct link *link);

// ---- many replies to one request, under credit ----

// As link_send, but the server goes on by itself: a list sends page after page, event_watch
// and audit_tail event after event. The server starts with CREDIT_START answers and waits for
// credit then.
MUST_CHECK enum status link_follow(struct link *link, const Request *request, uint64_t *id);
MUST_CHECK enum status link_credit(struct link *link, uint64_t id, uint32_t answers);
// Asks the server to end it; the last answer (status CANCELLED) still has to be received.
MUST_CHECK enum status link_cancel(struct link *link, uint64_t id);
// Every page of a list; `arena` is reset after each. Stops with STATUS_CANCELLED when `page`
// returns false, and with STATUS_OK after the last page or after a reply whose status is not OK.
MUST_CHECK enum status link_stream(struct link *link, const Request *request, struct arena *arena,
                                   bool (*page)(void *context, const Reply *reply), void *context);

// Waits up to `wait_ms` for something to receive and answers the server's PINGs meanwhile; a
// program that leaves a link idle for long calls this or loses the link after DEAD_MS. CUT_OFF when
// the server was silent for so long, as it never is while it is there. `ready`:
// link_receive will not wait long.
MUST_CHECK enum status link_wait(struct link *link, uint32_t wait_ms, bool *ready);
