// SPDX-License-Identifier: Apache-2.0
// Who is at the other end: the questions of a handshake, and the sessions as memory knows them.
#include "server/admit/onetime.h"
#include "server/ledger/quota.h"
#include "server/machine/access.h"
#include "server/machine/clock.h"
#include "shared/wire.h"

#define MINUTE_US ((int64_t)60 * 1000000)

// ---- what a session does ----

uint64_t peer_user(struct admit *admit, const struct job *job)
{
    const struct presence *presence = presences_find(admit->presences, job->peer.session_id);
    if (job->call.user_id != 0) {
        return job->call.user_id;
    }
    return presence != NULL ? presence->user_id : 0;
}

static void count_refusal(struct admit *admit, const struct job *job)
{
    struct presence *presence = presences_find(admit->presences, job->peer.session_id);
    if (presence == NULL || job->reply->replayed) {
        return;
    }
    const int64_t now_us = clock_forward_us();
    if (now_us - presence->minute_us >= MINUTE_US) {
        presence->minute_us = now_us;
        presence->refusals = 0;
    }
    presence->refusals++;
}

static void session_begun(struct admit *admit, const struct job *job, const SessionReply *reply)
{
    struct presence presence = {
        .session_id = reply->session_id,
        .user_id = job->call.user_id,
        .device_id = job->call.device_id,
        .expires_us = reply->expires_us,
        .heard_us = clock_forward_us(),
    };
    memcpy(presence.token_hash, extra_of(job)->token_hash, sizeof presence.token_hash);
    if (presences_add(admit->presences, &presence) != STATUS_OK) {
        // The session lives in the store; its holder has to log in again after the next start.
        return;
    }
}

static bool is_live(struct admit *admit, const struct peer *peer)
{
    struct arena *arena = admit->pool_count > 0 ? admit->pool[admit->pool_count - 1] : NULL;
    struct arena *own CLEANUP(arena_free_at) = NULL;
    if (arena == NULL) {
        own = arena_make(CALL_ARENA_MAX);
        arena = own;
    }
    struct txn *txn = NULL;
    bool live = false;
    if (arena == NULL || txn_begin(admit->options.store, TXN_READ, arena, &txn) != STATUS_OK) {
        return true; // the next call will tell
    }
    const int64_t now_us = queue_now(admit->options.queue);
    const enum status status = access_is_live(txn, peer, now_us, arena, &live);
    txn_abort(txn);
    arena_reset(arena);
    return status != STATUS_OK || live;
}

// Forgets the sessions that ended with a command.
void peer_forget_ended(struct admit *admit)
{
    size_t i = 0;
    while (i < presences_count(admit->presences)) {
        const struct presence *presence = presences_at(admit->presences, i);
        const struct peer peer = {.device_id = presence->device_id,
                                  .session_id = presence->session_id};
        if (is_live(admit, &peer)) {
            i++;
        } else {
            presences_remove(admit->presences, presence->session_id);
        }
    }
}

static bool ends_sessions(const struct command *command)
{
    static const ProtobufCMessageDescriptor *const ENDING[] = {
        &session_login__descriptor, &session_logout__descriptor,    &session_end__descriptor,
        &user_disable__descriptor,  &device_revoke__descriptor,     &user_password__descriptor,
        &user_reset__descriptor,    &user_totp_confirm__descriptor, &user_totp_remove__descriptor,
    };

    for (size_t i = 0; i < COUNT_OF(ENDING); i++) {
        if (command->request == ENDING[i]) {
            return true;
        }
    }
    return false;
}

// Who came, and who was turned away: by their numbers only.
static void say_login(const struct admit *admit, const struct job *job)
{
    if (login_needs_password(job->command) || onetime_is_asked(job->command)) {
        const enum status status = (enum status)job->reply->status;
        logger_say(admit->options.logger, LOG_LEVEL_INFO,
                   status == STATUS_OK ? "proved" : "not proved",
                   "command=%s user=%llu device=%llu code=%s", job->command->name,
                   (unsigned long long)job->call.user_id, (unsigned long long)job->call.device_id,
                   status_code(status));
    }
}

// Rows that somebody was shown are counted in the book, by so many that reading does not write all
// the time.
static void count_rows(struct admit *admit, const struct job *job)
{
    const Reply *reply = job->reply;
    struct presence *presence = presences_find(admit->presences, job->peer.session_id);
    const ProtobufCMessage *inner =
        reply->status == STATUS_OK ? wire_inner(&reply->base, job->command->number) : NULL;
    const ProtobufCFieldDescriptor *rows =
        inner != NULL ? protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "row")
                      : NULL;
    if (presence == NULL || rows == NULL || rows->label != PROTOBUF_C_LABEL_REPEATED) {
        return;
    }
    presence->rows += (uint32_t)field_count(inner, rows);
    if (presence->rows >= QUOTA_STEP) {
        QuotaCount count;
        quota_count__init(&count);
        count.user_id = presence->user_id;
        count.rows = presence->rows;
        presence->rows = 0;
        admit_order(admit, "quota_count", &count.base);
    }
}

void peer_keep(struct admit *admit, const struct job *job)
{
    const Reply *reply = job->reply;
    if (quota_counts_rows(job->command)) {
        count_rows(admit, job);
    }
    if (job->command->mode != COMMAND_WRITE || job->request->dry_run) {
        denial_hear(admit, job);
        return;
    }
    say_login(admit, job);
    if (reply->status != STATUS_OK) {
        count_refusal(admit, job);
        return;
    }
    if (reply->result_case == REPLY__RESULT_SESSION_JOIN) {
        session_begun(admit, job, reply->session_join);
    } else if (reply->result_case == REPLY__RESULT_SESSION_LOGIN) {
        session_begun(admit, job, reply->session_login);
    }
    if (ends_sessions(job->command)) {
        peer_forget_ended(admit);
    }
}

static const struct peer SYSTEM = {.system = true};

static void end_answered(struct job *job)
{
    struct admit *admit = job->admission;
    if (job->failure == STATUS_OK) {
        logger_say(admit->options.logger, LOG_LEVEL_INFO, "session ended by its limit",
                   "session=%llu", (unsigned long long)job->request->session_expire->session_id);
        presences_remove(admit->presences, job->request->session_expire->session_id);
    } else {
        struct presence *presence =
            presences_find(admit->presences, job->request->session_expire->session_id);
        if (presence != NULL) {
            presence->is_ending = false; // tried again at the next tick
        }
    }
    admit->ending_count--;
    job_free(admit, job);
}

// The server's own command.
static void end_session(struct admit *admit, struct presence *presence)
{
    struct job *job = job_make(admit);
    Request *request = job != NULL ? arena_alloc(job->arena, sizeof *request) : NULL;
    SessionExpire *end = request != NULL ? arena_alloc(job->arena, sizeof *end) : NULL;
    if (end == NULL) {
        return; // tried again at the next tick
    }
    request__init(request);
    session_expire__init(end);
    end->session_id = presence->session_id;
    request->command_case = REQUEST__COMMAND_SESSION_EXPIRE;
    request->session_expire = end;
    job->request = request;
    job->command = command_by_name("session_expire");
    job->peer = SYSTEM;
    job->admission = admit;
    job->answered = end_answered;
    key_hash(NULL, bytes_of(&end->session_id, sizeof end->session_id), job->request_hash,
             sizeof job->request_hash);
    if (queue_submit(admit->options.queue, job) == STATUS_OK) {
        presence->is_ending = true;
        admit->ending_count++;
    } else {
        job_free(admit, job);
    }
}

static bool is_over(struct admit *admit, const struct presence *presence)
{
    return clock_forward_us() - presence->heard_us >= SESSION_IDLE_US ||
           queue_now(admit->options.queue) >= presence->expires_us;
}

void peer_end_idle(struct admit *admit)
{
    for (size_t i = 0; i < presences_count(admit->presences); i++) {
        struct presence *presence = presences_at(admit->presences, i);
        if (!presence->is_ending && is_over(admit, presence)) {
            end_session(admit, presence);
        }
    }
}

// Heard from a session: it is not idle, unless it was for too long.
enum status peer_hear(struct admit *admit, const struct job *job)
{
    struct presence *presence = presences_find(admit->presences, job->peer.session_id);
    if (presence == NULL) {
        return STATUS_OK; // the machine looks at the row
    }
    if (presence->is_ending || is_over(admit, presence)) {
        return STATUS_SESSION_EXPIRED;
    }
    const int64_t now_us = clock_forward_us();
    presence->heard_us = now_us;
    const bool is_write = job->command->mode == COMMAND_WRITE;
    return is_write && presence->refusals >= REFUSALS_PER_MINUTE_MAX &&
                   now_us - presence->minute_us < MINUTE_US
               ? STATUS_BUSY
               : STATUS_OK;
}

enum status peer_load_sessions(struct admit *admit, struct txn *txn)
{
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    enum status status = scan_open(txn, TABLE_session, (struct row_key){0}, 0, false, &scan);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = scan_next(scan, &key, &row);
        const SessionRecord *session = (const SessionRecord *)row;
        if (status != STATUS_OK || session->ended || session->token_hash.len != 32) {
            continue;
        }
        struct presence presence = {
            .session_id = session->id,
            .user_id = session->user_id,
            .device_id = session->device_id,
            .expires_us = session->expires_us,
            .heard_us = clock_forward_us(),
        };
        memcpy(presence.token_hash, session->token_hash.data, sizeof presence.token_hash);
        status = presences_add(admit->presences, &presence);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// ---- what a handshake asks ----

// A short read of one row, in an arena of its own.
static enum status read_row(struct admit *admit, struct arena *arena, enum table table,
                            struct row_key key, ProtobufCMessage **out)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    const enum status status = txn_begin(admit->options.store, TXN_READ, arena, &txn);
    return status != STATUS_OK ? status : table_get(txn, table, key, out, NULL);
}

bool admit_psk(struct admit *admit, const uint8_t invitation_id[static 16], struct key *psk)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(CALL_ARENA_MAX);
    ProtobufCMessage *row = NULL;
    if (arena == NULL ||
        read_row(admit, arena, TABLE_psk, key_hash16(invitation_id), &row) != STATUS_OK) {
        return false;
    }
    const PskRecord *record = (const PskRecord *)row;
    if (record->psk.len != KEY_BYTES || queue_now(admit->options.queue) >= record->expires_us) {
        return false;
    }
    memcpy(psk->bytes, record->psk.data, KEY_BYTES);
    return true;
}

void admit_peer(struct admit *admit, const uint8_t device_key[static KEY_BYTES],
                const uint8_t *token, struct peer *peer)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(CALL_ARENA_MAX);
    ProtobufCMessage *row = NULL;
    uint8_t hash[16];
    *peer = (struct peer){0};
    memcpy(peer->device_key, device_key, KEY_BYTES);
    store_hash(admit->options.store, "device", bytes_of(device_key, KEY_BYTES), hash);
    if (arena == NULL ||
        read_row(admit, arena, TABLE_device_key, key_hash16(hash), &row) != STATUS_OK) {
        return;
    }
    peer->device_id = ((const IdRecord *)row)->id;
    if (!is_live(admit, peer)) {
        peer->device_id = 0;
        return;
    }
    if (token == NULL) {
        return;
    }
    uint8_t token_hash[32];
    token_hash_of(admit, token, token_hash);
    struct presence *presence = presences_of_token(admit->presences, token_hash);
    if (presence == NULL || presence->is_ending || presence->device_id != peer->device_id) {
        return;
    }
    peer->session_id = presence->session_id;
    if (is_over(admit, presence) || !is_live(admit, peer)) {
        peer->session_id = 0;
    }
}

bool admit_peer_is_live(struct admit *admit, const struct peer *peer)
{
    return is_live(admit, peer);
}
