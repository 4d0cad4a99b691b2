// SPDX-License-Identifier: Apache-2.0
#include "server/admit/onetime.h"
#include "server/admit/seal.h"
#include "server/ledger/books.h"
#include "shared/text.h"
#include "shared/wire.h"

#define TICK_MS 5000

// ---- jobs ----

struct job *job_make(struct admit *admit)
{
    struct arena *arena =
        admit->pool_count > 0 ? admit->pool[--admit->pool_count] : arena_make(CALL_ARENA_MAX);
    if (arena == NULL) {
        return NULL;
    }
    struct job *job = arena_alloc(arena, sizeof *job);
    struct extra *extra = arena_alloc(arena, sizeof *extra);
    Reply *reply = arena_alloc(arena, sizeof *reply);
    assert(job != NULL && extra != NULL && reply != NULL); // a fresh arena has room
    reply__init(reply);
    job->arena = arena;
    job->secret = extra;
    job->reply = reply;
    job->call.arena = arena;
    problems_init(&job->call.problems, arena);
    return job;
}

void job_free(struct admit *admit, struct job *job)
{
    struct arena *arena = job->arena;
    arena_reset(arena);
    if (admit->pool_count < ARENA_POOL_MAX) {
        admit->pool[admit->pool_count++] = arena;
    } else {
        arena_free(arena);
    }
}

// ---- the way in ----

static enum status check_channel(const struct job *job)
{
    const enum permission permission = job->command->permission;
    if (permission == PERMISSION_SYSTEM) {
        return STATUS_UNKNOWN_COMMAND;
    }
    if (permission == PERMISSION_INVITED) {
        return job->peer.invited ? STATUS_OK : STATUS_PERMISSION_DENIED;
    }
    if (job->peer.invited) {
        return STATUS_LOGIN_NEEDED;
    }
    if (permission == PERMISSION_DEVICE) {
        return job->peer.device_id != 0 ? STATUS_OK : STATUS_DEVICE_UNKNOWN;
    }
    return job->peer.session_id != 0 ? STATUS_OK : STATUS_LOGIN_NEEDED;
}

static enum status problem(struct job *job, enum status status, const char *field)
{
    problems_add(&job->call.problems, status, field, NULL, NULL, NULL);
    return status;
}

// What the envelope must be: an id for a write, no preview of a secret, a position that this server
// has reached.
static enum status check_envelope(struct admit *admit, struct job *job)
{
    Request *request = job->request;
    const bool is_write = job->command->mode == COMMAND_WRITE;
    if (is_write && !request->dry_run && request->key.len != REQUEST_KEY_BYTES) {
        return problem(job, STATUS_FIELD_MISSING, "key");
    }
    const bool is_secret = login_needs_password(job->command) || onetime_is_asked(job->command);
    if (request->dry_run && (!is_write || is_secret)) {
        return problem(job, STATUS_FIELD_CONFLICT, "dry_run");
    }
    if (request->position.len > 0) {
        uint64_t number = 0;
        if (position_open(admit, peer_user(admit, job), request->position, &number) &&
            number > queue_number(admit->options.queue)) {
            return STATUS_BEHIND;
        }
        request->position = (ProtobufCBinaryData){0};
    }
    const bool has_plan = request->plan[0] != '\0';
    if ((is_write && request->dry_run) || has_plan) {
        const enum status status = plan_mark(admit, job);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return has_plan && !plan_take(job) ? problem(job, STATUS_PLAN_CHANGED, "plan") : STATUS_OK;
}

static enum status check(struct admit *admit, struct job *job)
{
    const ProtobufCMessage *inner =
        wire_inner((const ProtobufCMessage *)job->request, job->command->number);
    if (inner == NULL) {
        return STATUS_UNKNOWN_COMMAND;
    }
    enum status status = check_channel(job);
    if (status == STATUS_OK) {
        status = peer_hear(admit, job);
    }
    if (status == STATUS_OK) {
        status = rules_check(job->command, inner, &job->call.problems);
    }
    return status != STATUS_OK ? status : check_envelope(admit, job);
}

static enum status fill_login_hash(struct admit *admit, struct job *job)
{
    UserInvite *invite = job->request->user_invite;
    const char *folded = text_fold(job->arena, invite->login);
    invite->login_hash.data = arena_alloc(job->arena, 16);
    if (folded == NULL || invite->login_hash.data == NULL) {
        return STATUS_TOO_LARGE;
    }
    invite->login_hash.len = 16;
    store_hash(admit->options.store, "login", bytes_of(folded, strlen(folded)),
               invite->login_hash.data);
    return STATUS_OK;
}

// Where a watch goes on.
static enum status open_from(struct admit *admit, struct job *job, ProtobufCBinaryData from,
                             uint64_t *number)
{
    if (from.len > 0 && !position_open(admit, peer_user(admit, job), from, number)) {
        return problem(job, STATUS_QUERY_NOT_UNDERSTOOD, "from");
    }
    return STATUS_OK;
}

// The rest that a clock, randomness or a key is needed for.
static enum status prepare(struct admit *admit, struct job *job)
{
    if (job->command->request == &user_invite__descriptor) {
        const enum status status = fill_login_hash(admit, job);
        return status != STATUS_OK ? status : invitation_draw(admit, job);
    }
    if (job->command->request == &user_reset__descriptor) {
        return invitation_draw(admit, job);
    }
    if (onetime_is_asked(job->command)) {
        return onetime_admit(admit, job);
    }
    if (job->command->request == &event_watch__descriptor) {
        EventWatch *watch = job->request->event_watch;
        return open_from(admit, job, watch->from, &watch->from_number);
    }
    if (job->command->request == &audit_tail__descriptor) {
        AuditTail *tail = job->request->audit_tail;
        tail->resumed = tail->from.len > 0;
        return open_from(admit, job, tail->from, &tail->from_number);
    }
    if (job->command->mode != COMMAND_WRITE) {
        return STATUS_OK;
    }
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    const enum status status = txn_begin(admit->options.store, TXN_READ, job->arena, &txn);
    return status != STATUS_OK
               ? status
               : seal_request(txn, job->command, job->request, job->arena, &job->admitted);
}

void admit_enqueue(struct admit *admit, struct job *job)
{
    enum status status = prepare(admit, job);
    if (status == STATUS_OK) {
        status = queue_submit(admit->options.queue, job);
    }
    if (status != STATUS_OK) {
        admit_answer(admit, job, status);
    }
}

// The bytes of a request hold passwords and names: what the journal keeps of them is a hash under a
// key of the store, so that nobody who reads it can try guesses against it.
static void key_request_hash(const struct admit *admit, struct job *job)
{
    uint8_t keyed[sizeof job->request_hash];
    key_hash(&admit->request_key, bytes_of(job->request_hash, sizeof job->request_hash), keyed,
             sizeof keyed);
    memcpy(job->request_hash, keyed, sizeof keyed);
}

void admit_submit(struct admit *admit, struct job *job)
{
    assert(job->done != NULL && job->request != NULL && job->command != NULL);
    key_request_hash(admit, job);
    job->admission = admit;
    job->answered = reply_answered;
    const enum status status = check(admit, job);
    if (status != STATUS_OK) {
        admit_answer(admit, job, status);
    } else if (login_needs_password(job->command)) {
        login_begin(admit, job);
    } else {
        admit_enqueue(admit, job);
    }
}

// ---- life ----

// The book's name, which is no good password, and the sessions that live.
static enum status load(struct admit *admit)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(BATCH_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *book = NULL;
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    enum status status = txn_begin(admit->options.store, TXN_READ, arena, &txn);
    if (status == STATUS_OK) {
        status = table_get(txn, TABLE_book, key_u64(BOOK_KEY), &book, NULL);
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    admit->company = strdup(((const BookRecord *)book)->company);
    return admit->company != NULL ? peer_load_sessions(admit, txn) : STATUS_ENVIRONMENT;
}

static void on_ready(uv_async_t *ready)
{
    reply_waiting(ready->data);
}

static void on_tick(uv_timer_t *tick)
{
    peer_end_idle(tick->data);
    denial_tick(tick->data);
    lapse_tick(tick->data);
}

static enum status start_handles(struct admit *admit)
{
    if (uv_async_init(admit->options.loop, &admit->ready, on_ready) != 0 ||
        uv_timer_init(admit->options.loop, &admit->tick) != 0 ||
        uv_timer_start(&admit->tick, on_tick, TICK_MS, TICK_MS) != 0) {
        return STATUS_ENVIRONMENT;
    }
    admit->ready.data = admit;
    admit->tick.data = admit;
    admit->open_handles = 2;
    return workers_make(admit->options.loop, ARGON_THREADS, ARGON_QUEUE_MAX, &admit->argon);
}

enum status admit_make(const struct admit_options *options, struct admit **out)
{
    struct admit *admit = calloc(1, sizeof *admit);
    if (admit == NULL) {
        return STATUS_ENVIRONMENT;
    }
    admit->options = *options;
    admit->pepper = store_key(options->store, STORE_KEY_PEPPER);
    admit->token_key = store_key(options->store, STORE_KEY_TOKEN);
    admit->position_key = store_key(options->store, STORE_KEY_POSITION);
    admit->request_key = store_key(options->store, STORE_KEY_REQUEST);
    enum status status = presences_make(&admit->presences);
    if (status == STATUS_OK) {
        status = load(admit);
    }
    if (status == STATUS_OK) {
        status = start_handles(admit);
    }
    if (status != STATUS_OK) {
        return status; // the program ends
    }
    *out = admit;
    return STATUS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct admit *admit = handle->data;
    admit->open_handles--;
    if (admit->open_handles == 0) {
        admit->stopped(admit->stopped_context);
    }
}

static void argon_stopped(void *context)
{
    struct admit *admit = context;
    uv_close((uv_handle_t *)&admit->ready, on_closed);
    uv_close((uv_handle_t *)&admit->tick, on_closed);
}

void admit_stop(struct admit *admit, void (*stopped)(void *context), void *context)
{
    assert(stopped != NULL && admit->stopped == NULL);
    admit->stopped = stopped;
    admit->stopped_context = context;
    uv_timer_stop(&admit->tick);
    workers_stop(admit->argon, argon_stopped, admit);
}

void admit_free(struct admit *admit)
{
    if (admit == NULL) {
        return;
    }
    for (size_t i = 0; i < admit->pool_count; i++) {
        arena_free(admit->pool[i]);
    }
    presences_free(admit->presences);
    workers_free(admit->argon);
    key_wipe(&admit->pepper);
    key_wipe(&admit->token_key);
    key_wipe(&admit->position_key);
    key_wipe(&admit->request_key);
    free(admit->company);
    free(admit);
}
