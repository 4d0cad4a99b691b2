// SPDX-License-Identifier: Apache-2.0
// Join and login: rows are looked up and waiting times checked on the loop, the hash is computed on
// admission's own threads, and what goes on to the queue is a verdict or a hash, never the
// password.
#include "server/admit/inside.h"
#include "server/admit/password.h"
#include "server/admit/seal.h"
#include "server/ledger/session.h"
#include "shared/text.h"

#define HASH_BYTES 16

struct hashing {
    struct work work;
    struct admit *admit;
    struct job *job;
    char *password;
    bool makes; // a new hash, or checks one
    bool has_stored;
    uint8_t stored[PASSWORD_HASH_BYTES];
    uint8_t *made;
    bool is_right;
    enum status status;
};

bool login_needs_password(const struct command *command)
{
    return command->request == &session_join__descriptor ||
           command->request == &session_login__descriptor;
}

static enum status get(struct txn *txn, enum table table, struct row_key key,
                       ProtobufCMessage **out)
{
    *out = NULL;
    const enum status status = table_get(txn, table, key, out, NULL);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static struct row_key hashed_key(const struct store *store, const char *domain, const void *data,
                                 size_t size)
{
    uint8_t hash[HASH_BYTES];
    store_hash(store, domain, bytes_of(data, size), hash);
    return key_hash16(hash);
}

// Are too many wrong passwords behind this user on this device? Says so with the seconds to wait.
static enum status check_wait(struct txn *txn, struct admit *admit, struct job *job,
                              uint64_t user_id, uint64_t device_id, bool *must_wait)
{
    ProtobufCMessage *pair = NULL;
    ProtobufCMessage *device = NULL;
    enum status status = get(txn, TABLE_throttle, key_u64_u64(user_id, device_id), &pair);
    if (status == STATUS_OK) {
        status = get(txn, TABLE_throttle, key_u64_u64(0, device_id), &device);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t wait_us =
        session_wait_us((const ThrottleRecord *)pair, (const ThrottleRecord *)device,
                        queue_now(admit->options.queue));
    *must_wait = wait_us > 0;
    if (*must_wait) {
        const char *seconds =
            arena_print(job->arena, "%lld", (long long)((wait_us + 999999) / 1000000));
        problems_add(&job->call.problems, STATUS_LOGIN_THROTTLED, "password", NULL, seconds, NULL);
    }
    return STATUS_OK;
}

static void keep_stored(struct hashing *hashing, const UserRecord *user)
{
    hashing->has_stored = user != NULL && user->password_hash.len == sizeof hashing->stored;
    if (hashing->has_stored) {
        memcpy(hashing->stored, user->password_hash.data, sizeof hashing->stored);
    }
}

static enum status look_up_login(struct txn *txn, struct hashing *hashing)
{
    struct admit *admit = hashing->admit;
    struct job *job = hashing->job;
    SessionLogin *login = job->request->session_login;
    ProtobufCMessage *row = NULL;
    ProtobufCMessage *user = NULL;
    ProtobufCMessage *device = NULL;
    const char *folded = text_fold(job->arena, login->login);
    if (folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = get(
        txn, TABLE_login, hashed_key(admit->options.store, "login", folded, strlen(folded)), &row);
    if (status == STATUS_OK) {
        status = get(txn, TABLE_device, key_u64(job->peer.device_id), &device);
    }
    if (status == STATUS_OK && row != NULL) {
        status = get(txn, TABLE_user, key_u64(((const IdRecord *)row)->id), &user);
    }
    if (status != STATUS_OK) {
        return status;
    }
    // A device may only try its own user; for everybody else the work is the same and the answer is
    // no.
    const UserRecord *own = (const UserRecord *)user;
    if (own != NULL && (device == NULL || ((const DeviceRecord *)device)->user_id != own->id)) {
        own = NULL;
    }
    login->user_id = own != NULL ? own->id : 0;
    keep_stored(hashing, own);
    bool must_wait = false;
    status = check_wait(txn, admit, job, login->user_id, job->peer.device_id, &must_wait);
    return status == STATUS_OK && must_wait ? STATUS_LOGIN_THROTTLED : status;
}

// The device's row by its key; NULL when it is not enrolled yet.
static enum status device_of_key(struct txn *txn, const struct admit *admit, const struct job *job,
                                 uint64_t *device_id)
{
    ProtobufCMessage *row = NULL;
    const struct row_key key =
        hashed_key(admit->options.store, "device", job->peer.device_key, KEY_BYTES);
    const enum status status = get(txn, TABLE_device_key, key, &row);
    *device_id = row != NULL ? ((const IdRecord *)row)->id : 0;
    return status;
}

static enum status join_fill(struct admit *admit, struct job *job)
{
    SessionJoin *join = job->request->session_join;
    uint8_t hash[HASH_BYTES];
    store_hash(admit->options.store, "device", bytes_of(job->peer.device_key, KEY_BYTES), hash);
    join->device_key.data = arena_copy(job->arena, job->peer.device_key, KEY_BYTES);
    join->device_key.len = KEY_BYTES;
    join->invitation_id.data =
        arena_copy(job->arena, job->peer.invitation_id, sizeof job->peer.invitation_id);
    join->invitation_id.len = sizeof job->peer.invitation_id;
    join->device_hash.data = arena_copy(job->arena, hash, sizeof hash);
    join->device_hash.len = sizeof hash;
    return join->device_key.data != NULL && join->invitation_id.data != NULL &&
                   join->device_hash.data != NULL
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

// A fresh invitation sets a password; a used one is repeated by its device, which must know the
// password.
static enum status look_up_join(struct txn *txn, struct hashing *hashing)
{
    struct admit *admit = hashing->admit;
    struct job *job = hashing->job;
    const SessionJoin *join = job->request->session_join;
    ProtobufCMessage *invitation = NULL;
    ProtobufCMessage *user = NULL;
    uint64_t device_id = 0;
    enum status status = join_fill(admit, job);
    if (status == STATUS_OK) {
        status = get(txn, TABLE_invitation, key_hash16(job->peer.invitation_id), &invitation);
    }
    if (status == STATUS_OK && invitation != NULL) {
        status =
            get(txn, TABLE_user, key_u64(((const InvitationRecord *)invitation)->user_id), &user);
    }
    if (status == STATUS_OK) {
        status = device_of_key(txn, admit, job, &device_id);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const UserRecord *invited = (const UserRecord *)user;
    hashing->makes = invitation == NULL || ((const InvitationRecord *)invitation)->device_id == 0;
    if (hashing->makes) {
        const char *login = invited != NULL ? invited->login : NULL;
        return password_is_taken(join->password, login, admit->company) ? STATUS_OK
                                                                        : STATUS_PASSWORD_TOO_WEAK;
    }
    keep_stored(hashing, invited);
    bool must_wait = false;
    const uint64_t user_id = invited != NULL ? invited->id : 0;
    status = check_wait(txn, admit, job, user_id, device_id, &must_wait);
    return status == STATUS_OK && must_wait ? STATUS_LOGIN_THROTTLED : status;
}

static enum status look_up(struct hashing *hashing)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status =
        txn_begin(hashing->admit->options.store, TXN_READ, hashing->job->arena, &txn);
    if (status == STATUS_OK) {
        const bool joins = hashing->job->command->request == &session_join__descriptor;
        status = joins ? look_up_join(txn, hashing) : look_up_login(txn, hashing);
    }
    return status;
}

// ---- on a thread of ours ----

static void hash_run(struct work *work)
{
    struct hashing *hashing = work->subject;
    const struct key *pepper = &hashing->admit->pepper;
    hashing->status = hashing->makes ? password_hash(pepper, hashing->password, hashing->made)
                                     : password_check(pepper, hashing->password,
                                                      hashing->has_stored ? hashing->stored : NULL,
                                                      &hashing->is_right);
}

// ---- back on the loop ----

static void verdict_fill(struct hashing *hashing)
{
    struct job *job = hashing->job;
    struct extra *extra = extra_of(job);
    token_draw(hashing->admit, extra);
    const ProtobufCBinaryData token_hash = {.len = sizeof extra->token_hash,
                                            .data = extra->token_hash};
    if (job->command->request == &session_login__descriptor) {
        job->request->session_login->password_right = hashing->is_right;
        job->request->session_login->token_hash = token_hash;
        return;
    }
    SessionJoin *join = job->request->session_join;
    join->token_hash = token_hash;
    if (hashing->makes) {
        join->password_hash =
            (ProtobufCBinaryData){.len = PASSWORD_HASH_BYTES, .data = hashing->made};
    } else {
        join->password_right = hashing->is_right;
    }
}

static void hash_done(struct work *work)
{
    struct hashing *hashing = work->subject;
    struct job *job = hashing->job;
    if (hashing->status == STATUS_OK) {
        verdict_fill(hashing);
    }
    seal_forget_secrets(job->command, job->request);
    if (hashing->status != STATUS_OK) {
        admit_answer(hashing->admit, job, hashing->status);
        return;
    }
    admit_enqueue(hashing->admit, job);
}

void login_begin(struct admit *admit, struct job *job)
{
    struct hashing *hashing = arena_alloc(job->arena, sizeof *hashing);
    uint8_t *made = arena_alloc(job->arena, PASSWORD_HASH_BYTES);
    if (hashing == NULL || made == NULL) {
        admit_answer(admit, job, STATUS_TOO_LARGE);
        return;
    }
    *hashing = (struct hashing){
        .work = {.run = hash_run, .done = hash_done, .subject = hashing},
        .admit = admit,
        .job = job,
        .made = made,
        .password = job->command->request == &session_join__descriptor
                        ? job->request->session_join->password
                        : job->request->session_login->password,
    };
    enum status status = look_up(hashing);
    if (status == STATUS_OK) {
        status = workers_submit(admit->argon, &hashing->work);
    }
    if (status == STATUS_PASSWORD_TOO_WEAK) {
        problems_add(&job->call.problems, status, "password", NULL, NULL, NULL);
    }
    if (status != STATUS_OK) {
        logger_say(admit->options.logger, LOG_LEVEL_INFO, "login refused", "device=%llu code=%s",
                   (unsigned long long)job->peer.device_id, status_code(status));
        admit_answer(admit, job, status);
    }
}
