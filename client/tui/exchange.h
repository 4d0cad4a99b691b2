// SPDX-License-Identifier: Apache-2.0
#pragma once

// A full screen's talk with the server: questions leave at once, answers come to whoever asked,
// events come by themselves, and nothing here waits. Connecting, which can take seconds, is done by
// a thread that has the client for itself meanwhile. A connection that is lost is made again with
// growing pauses; reads are then asked anew by their pages, and a write whose outcome is unknown is
// sent again with its request id (it lies in the outbox as every write of the client does). While
// there is no connection, new questions are refused, not queued.
//
// Trap: as long as the state is DIALING, nobody but the thread may touch the client.

#include "client/client.h"

enum exchange_state {
    EXCHANGE_DIALING,
    EXCHANGE_ON,
    EXCHANGE_OFF,  // the next try comes by itself
    EXCHANGE_SHUT, // trying again makes no sense before a person did something: log in, look
};

struct answer {
    enum status status; // of the reply; without one, of the connection
    const Reply *reply; // NULL: none came
    bool dry_run;
    struct arena **arena; // what the reply lies in; who wants to keep it puts an own arena there
};

typedef void answer_function(void *context, const struct answer *answer);
typedef void event_function(void *context, const Event *event);

struct question {
    const struct command *command;
    ProtobufCMessage *inner; // packed before exchange_ask returns
    bool dry_run;            // of a write
    const char *plan;        // NULL: none
    bool is_secret;          // holds a password: never kept on disk
    answer_function *answer;
    void *context;
};

struct exchange;

// Begins to connect. `event` hears what happens, as far as this user may see it.
MUST_CHECK enum status exchange_open(struct client *client, event_function *event, void *context,
                                     struct exchange **out);
// Waits for a thread that is still connecting. NULL accepted.
void exchange_close(struct exchange *exchange);

enum exchange_state exchange_state(const struct exchange *exchange);
// Why there is no connection, and since when (client_clock_ms).
enum status exchange_status(const struct exchange *exchange);
int64_t exchange_lost_ms(const struct exchange *exchange);
// How often a connection was made: who asked before another number asks again.
unsigned exchange_count(const struct exchange *exchange);
// Tries at once, also from SHUT.
void exchange_dial(struct exchange *exchange);

// UNREACHABLE without a connection, BUSY while too much is unanswered, or what keeps the request
// from being packed and kept. The answer is never given from within.
MUST_CHECK enum status exchange_ask(struct exchange *exchange, const struct question *question);
// Whether questions wait because the server wants a fresh proof of who asks (STEP_UP). They were
// surely not done: `proven` sends them again under new request ids, otherwise they are answered
// with that refusal.
bool exchange_is_held(const struct exchange *exchange);
void exchange_release(struct exchange *exchange, bool proven);
// Asks the server to go on by itself (audit_tail): each event is told until exchange_unfollow or
// the end of the connection; who wants more after that follows again from the last position. BUSY
// when this screen follows too much already.
MUST_CHECK enum status exchange_follow(struct exchange *exchange, const struct question *question,
                                       event_function *event, uint64_t *id);
void exchange_unfollow(struct exchange *exchange, uint64_t id); // 0 and ended ones are accepted
bool exchange_follows(const struct exchange *exchange, uint64_t id);
// Whether something is still unanswered; what is followed is answered by its first event.
bool exchange_is_waiting(const struct exchange *exchange);

// What to poll for reading; -1: nothing. `wait_ms` is lowered to when exchange_turn has to be
// called at the latest.
int exchange_descriptor(const struct exchange *exchange);
void exchange_wait(const struct exchange *exchange, int *wait_ms);
// Takes what has come. True when something changed.
bool exchange_turn(struct exchange *exchange);
