// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside the room: what a listener and a session hold. For server/net/*.c only.
//
// A session is freed when its two handles are closed and no job of it is under way. Every function
// that may end a session says so; after it the caller looks at the state before going on.

#include "server/net/listener.h"
#include "server/net/source.h"
#include "shared/record.h"
#include "shared/status.h"

#define SMALL_BYTES     (2 + HANDSHAKE_3_BYTES)
#define SHARED_BYTES    ((size_t)64 * 1024)
#define RECORD_WIRE_MAX (RECORD_LENGTH_BYTES + RECORD_CIPHER_MAX)
#define POSITION_MAX    64
#define NEVER           UINT64_MAX

enum session_state {
    SESSION_PREAMBLE,   // nothing verified yet
    SESSION_IDENTITY,   // message 2 is out, message 3 is awaited
    SESSION_REFUSED,    // the device is not enrolled; CLOSE follows after a random delay
    SESSION_LOGGED_OUT, // an enrolled device, or one that joins
    SESSION_LOGGED_IN,
    SESSION_HINTED,  // the version hint is said; still half-open, what comes is thrown away
    SESSION_CLOSING, // CLOSE is said; what comes is thrown away
    SESSION_ENDED,   // handles are closing
    SESSION_STATES,
};

struct session;

// A list or a watch that the server continues by itself, under credit.
struct follow {
    const struct command *command;
    bool watch;
    bool begun; // a first answer went out
    bool busy;  // a job of it is under way
    bool woken; // a commit came meanwhile
    bool cancelled;
    uint32_t credit;
    uint8_t position[POSITION_MAX]; // of a watch
    size_t position_size;
    char *cursor; // of a list; NULL: the first page
    size_t packed_size;
    uint8_t packed[]; // the request as it came
};

// A request that is not answered to the end.
struct flight {
    struct session *session;
    const struct command *command;
    struct follow *follow; // NULL: an ordinary request
    uint64_t request;
    bool used;
    bool busy; // a job is under way
};

// Bytes on their way out.
struct chunk {
    uv_write_t write;
    struct session *session;
    struct chunk *next;
    size_t size;
    size_t sent;
    size_t room;
    uint8_t data[];
};

struct session {
    struct listener *listener;
    struct session *next;
    struct session **at; // what points to this session in the list

    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } io;

    uv_timer_t timer;
    uv_shutdown_t shutdown;
    unsigned handles_open;
    uint64_t timer_due_ms;

    enum session_state state;
    struct source *source; // NULL: the Unix socket
    struct noise *noise;
    struct peer peer;
    enum wire_mode mode;
    size_t key;        // of the listener's, that the preamble names
    bool opening_seen; // the preamble was checked
    bool token_presented;
    bool doomed;   // no more what it was; ends when its writes are answered
    bool retiring; // ends when its jobs are answered
    bool reading;
    bool ping_sent;
    enum status retiring_status;

    uint64_t accepted_ms;
    uint64_t phase_ms;    // since when in this state
    uint64_t received_ms; // last whole record
    uint64_t refuse_at_ms;

    uint8_t small[SMALL_BYTES]; // all that a half-open connection has
    size_t small_size;

    struct channel send;
    struct channel receive;
    uint8_t *tail; // a record that has not come whole; NULL: none
    size_t tail_size;
    uint64_t begun_ms; // the first byte of the message under way; 0: none
    struct assembly assembly;
    struct arena *assembly_arena; // NULL: no message of several records is under way
    size_t assembly_bytes;        // as counted in the process's total
    size_t message_max;

    struct flight flight[IN_FLIGHT_MAX];
    size_t flight_count;
    size_t jobs; // under way

    struct chunk *filling; // records that wait for the end of this turn of the loop
    struct session *dirty_next;
    bool dirty;
    size_t output_bytes; // filling and on the way
    size_t writes;       // on the way
    uint64_t progress_ms;
};

struct listener {
    struct listener_options options;
    struct net_limits limits;
    struct net_counts counts;
    struct key_pair key[2]; // the current one, the next one
    uint8_t key_id[2][KEY_ID_BYTES];
    size_t key_count;
    uint8_t hint[VERSION_HINT_BYTES];
    struct sources *sources;
    struct bucket handshakes;
    struct bucket notes;
    struct session *sessions;
    struct session *dirty;
    struct session *check_next; // where the check of all connections goes on; NULL: done
    bool check_again;           // a commit came meanwhile
    struct arena *scratch;      // for small things that are packed at once
    uv_tcp_t tcp;
    uv_pipe_t pipe;
    uv_prepare_t flush;
    uv_timer_t liveness;
    bool tcp_open;
    bool pipe_open;
    bool stopping;
    unsigned handles_open;
    void (*stopped)(void *context);
    void *stopped_context;
    uint8_t shared[SHARED_BYTES]; // what is read from open sessions, one at a time
};

// ---- session.c, intake.c (reading), deadline.c ----

// Accepts what waits on `server`. Ends by itself when it is turned away.
void session_accept(struct listener *listener, uv_stream_t *server);
void session_enter(struct session *session, enum session_state next);
bool session_is_open(const struct session *session);
// Has said its last word.
bool session_is_leaving(const struct session *session);
// Ends without a word: bytes that were not understood, or nobody there any more.
void session_drop(struct session *session);
// Ends with a note for the log and a penalty for the source.
void session_fault(struct session *session, const char *what, uint64_t penalty_ms);
// Says CLOSE with this status and lets the other side read it.
void session_close(struct session *session, enum status status);
// Answers the version hint and closes.
void session_hint(struct session *session);
// Closes once no job is under way; a request that comes meanwhile is not taken.
void session_retire(struct session *session, enum status status);
// Looks whether user, device and session are still what they were.
void session_check(struct session *session);
// The next deadline may be nearer than the timer knows.
void session_arm(struct session *session);
// Reads when the output is low enough, stops reading when it is not.
void session_throttle(struct session *session);
// What a bound means for somebody who is not logged in: log in first.
enum status session_bound_status(const struct session *session, enum status status);
void session_free_when_over(struct session *session);
uint64_t session_now(const struct session *session);
// One line for the log, as long as there are not too many.
void listener_note(struct listener *listener, const struct session *session, const char *what);
void listener_session_over(struct listener *listener);
// After a change of people: all connections at once.
void listener_check_all(struct listener *listener);

// ---- handshake.c: these may end the session ----

// With the bytes of session->small, as many as have come.
void handshake_opening(struct session *session);
void handshake_identity(struct session *session);

// ---- request.c: these may end the session ----

void request_take_fragment(struct session *session, const struct record *record);
void assembly_release(struct session *session);
struct flight *flight_find(struct session *session, uint64_t request);
void flight_end(struct session *session, struct flight *flight);
// Hands the job to admission; its answer comes back through the flight.
void flight_submit(struct session *session, struct flight *flight, struct job *job);
// Answers an ERR record: the request did not reach the books.
void request_refuse(struct session *session, uint64_t request, enum status status);

// Answers instead of a reply that does not fit: the request was carried out.
void request_answer_too_large(struct session *session, uint64_t request);

// ---- follow.c ----

MUST_CHECK enum status follow_begin(struct session *session, struct flight *flight,
                                    struct bytes packed);
void follow_free(struct follow *follow);
void follow_credit(struct session *session, const struct record *record);
void follow_answer(struct session *session, struct flight *flight, struct job *job);
void follow_wake(struct session *session); // after a commit
void follow_pump(struct session *session); // when there is room for output again

// ---- output.c ----

// One message as records; may end the session (slow reader).
void output_message(struct session *session, const struct record *message);
// PING, PONG and CLOSE.
void output_control(struct session *session, enum record_type type, uint64_t request,
                    struct bytes data);
void output_raw(struct session *session, struct bytes bytes);
// Writes what waits.
void output_flush(struct session *session);
void output_forget(struct session *session);
