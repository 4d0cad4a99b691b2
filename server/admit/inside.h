// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the files of admission share: its state, and what it keeps of a job beside the machine's
// business. Nobody outside includes this.

#include "server/admit/admit.h"
#include "server/admit/presence.h"

#define TOKEN_SECRET_BYTES 32
#define PLAN_MARK_BYTES    8

// What admission adds to a reply after the commit; in the job's arena.
struct extra {
    bool has_token;
    uint8_t token[TOKEN_SECRET_BYTES];
    uint8_t token_hash[32];
    char *invitation;  // KTI1 text; NULL: none
    char *totp_secret; // base32, and
    char *totp_uri;    // of user_totp
    char **recovery;   // RECOVERY_CODES texts; NULL: none
    bool has_mark;
    uint8_t mark[PLAN_MARK_BYTES]; // binds a plan to the request
};

struct admit {
    struct admit_options options;
    struct key pepper;
    struct key token_key;
    struct key position_key;
    struct key request_key;
    char *company;
    struct workers *argon;
    struct presences *presences;
    uv_async_t ready; // jobs answered without the queue; its data is the admission
    uv_timer_t tick;
    struct job *ready_first;
    struct job *ready_last;
    struct arena *pool[ARENA_POOL_MAX];
    size_t pool_count;
    size_t ending_count; // ends of sessions on the way
    int64_t lapse_us;    // when was looked last for requests that have lapsed, by the forward clock
    uint64_t lapse_from; // those before are decided or ended
    int open_handles;
    bool argon_stopped;
    void (*stopped)(void *context);
    void *stopped_context;
};

static inline struct extra *extra_of(const struct job *job)
{
    return job->secret;
}

// Ends the job here with this answer; job->done follows on the loop.
void admit_answer(struct admit *admit, struct job *job, enum status status);
// Seals personal fields and hands the job to the queue.
void admit_enqueue(struct admit *admit, struct job *job);

// ---- reply.c: the way back ----

void reply_waiting(struct admit *admit); // those that admit_answer put aside
void reply_answered(struct job *job);    // called by the queue

// ---- peer.c: sessions in memory ----

uint64_t peer_user(struct admit *admit, const struct job *job); // 0: nobody yet
// Heard from a session: it is not idle. STATUS_SESSION_EXPIRED when it was for too long,
// STATUS_BUSY when it was refused too often.
MUST_CHECK enum status peer_hear(struct admit *admit, const struct job *job);
void peer_keep(struct admit *admit, const struct job *job); // after a commit
void peer_forget_ended(struct admit *admit);                // sessions that ended with a command
void peer_end_idle(struct admit *admit);
MUST_CHECK enum status peer_load_sessions(struct admit *admit, struct txn *txn);

// ---- denial.c: looks that were refused ----

void denial_hear(struct admit *admit, const struct job *job);
void denial_tick(struct admit *admit);

// ---- lapse.c: requests that nobody decided in time ----

void lapse_tick(struct admit *admit);

// ---- login.c: what needs Argon2id ----

bool login_needs_password(const struct command *command);
void login_begin(struct admit *admit, struct job *job);

// ---- token.c: tokens, positions, plans, invitations ----

void token_draw(const struct admit *admit, struct extra *extra);
void token_hash_of(const struct admit *admit, const uint8_t token[static TOKEN_SECRET_BYTES],
                   uint8_t out[static 32]);

MUST_CHECK enum status position_seal(const struct admit *admit, struct arena *arena,
                                     uint64_t user_id, uint64_t number, ProtobufCBinaryData *out);
MUST_CHECK bool position_open(const struct admit *admit, uint64_t user_id,
                              ProtobufCBinaryData position, uint64_t *number);

// The mark of the request as it came, for previews and for requests with a plan.
MUST_CHECK enum status plan_mark(const struct admit *admit, struct job *job);
// Takes the mark off request->plan; false when it belongs to another request.
MUST_CHECK bool plan_take(struct job *job);
// Puts the mark behind reply->plan.
MUST_CHECK enum status plan_give(struct job *job);

// 32 bytes that only this server can name, for this device and request id; random without one (a
// preview). `use` has at most 8 characters.
void secret_of(const struct admit *admit, const struct job *job, const char *use,
               uint8_t out[static KEY_BYTES]);
// Draws the invitation of user_invite and user_reset: id and secret follow from device and request
// id, so that a repeat gives the same text.
MUST_CHECK enum status invitation_draw(const struct admit *admit, struct job *job);
