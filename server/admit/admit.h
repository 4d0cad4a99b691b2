// SPDX-License-Identifier: Apache-2.0
#pragma once

// Admission: whatever needs a clock, randomness or a secret happens here, before the queue; after
// it a command is pure data. Passwords become verdicts or hashes on own threads, new tokens and
// keys are drawn, personal fields are sealed under the customer's key, unique values become keyed
// hashes. The session hands over a decoded job and gets it back answered.

#include "server/admit/policy.h"
#include "server/machine/queue.h"

struct admit;

struct admit_options {
    uv_loop_t *loop;
    struct store *store;
    struct views *views;
    struct queue *queue;
    const struct logger *logger; // NULL: silent
    const char *address;         // "host:port" that invitations carry
    uint8_t server_key[KEY_BYTES];
    uint8_t house_key[KEY_BYTES];
    struct totp_policy totp; // zeros: optional
    bool new_device_needs_approval;
    // Says in a whoami how the sinks of the journal are; NULL: there are none.
    void (*tell_sinks)(void *context, struct arena *arena, SessionWhoamiReply *reply);
    void *sinks_context;
    // Says in the answer to check_books and check_status how the check of the books is; the former
    // begins one. NULL: there is none.
    void (*tell_check)(void *context, struct arena *arena, bool begins, CheckBooksReply *reply);
    void *check_context;
};

MUST_CHECK enum status admit_make(const struct admit_options *options, struct admit **out);
void admit_stop(struct admit *admit, void (*stopped)(void *context), void *context);
void admit_free(struct admit *admit);

// The job's arena, command, request (unpacked, as it came), request_hash, peer, done and owner are
// set. Runs the stateless checks, admission and the queue; job->done is called exactly once, on the
// loop, never from inside this call.
void admit_submit(struct admit *admit, struct job *job);

// Has the server itself do a command of SYSTEM; `inner` is copied. What comes of it is only logged:
// who orders looks at the rows the next time.
void admit_order(struct admit *admit, const char *command, const ProtobufCMessage *inner);

// Has the server itself read something, seeing everything; `inner` is copied. `heard` gets the
// answer once, on the loop; the job lasts as long as that call. Refused at once when the queue is
// full.
typedef void admit_heard(void *context, const struct job *job, enum status status);
MUST_CHECK enum status admit_ask(struct admit *admit, const char *command,
                                 const ProtobufCMessage *inner, admit_heard *heard, void *context);

// Writes down what befell the server itself: start, stop, a crash that was found, a step of the
// clock (by step_us), a full store that has room again.
void admit_note(struct admit *admit, NoteKind kind, int64_t step_us);

// A job with an arena from the pool, and back.
struct job *job_make(struct admit *admit);
void job_free(struct admit *admit, struct job *job);

// A lost owner, asked for on the machine itself: `done` gets the invitation's text, on the loop;
// unless this call refuses at once.
typedef void admit_recovered(void *context, enum status status, const char *invitation);
MUST_CHECK enum status admit_recover(struct admit *admit, const char *login, admit_recovered *done,
                                     void *context);

// ---- what a handshake asks; answers at once, from views and a short read ----

// The psk of an invitation, also of a used or expired one (kept 7 days after); false when there is
// none.
bool admit_psk(struct admit *admit, const uint8_t invitation_id[static 16], struct key *psk);
// Fills device_id (0: unknown or revoked) and, when `token` (32 bytes) is one of this device's live
// sessions, session_id.
void admit_peer(struct admit *admit, const uint8_t device_key[static KEY_BYTES],
                const uint8_t *token, struct peer *peer);
// Is the peer still what it was? Asked for each open connection after a commit that changed users,
// devices or sessions.
bool admit_peer_is_live(struct admit *admit, const struct peer *peer);
