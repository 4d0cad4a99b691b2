// SPDX-License-Identifier: Apache-2.0
// Whatever needs a password: join, login, step-up, a new password. Rows are looked up and waiting
// times checked on the loop, the hash is computed on admission's own threads, and what goes on to
// the queue is a verdict or a hash, never the password.
#include "server/admit/onetime.h"
#include "server/admit/password.h"
#include "server/admit/seal.h"
#include "server/ledger/throttle.h"
#include "shared/text.h"

#define HASH_BYTES 16

struct hashing {
    struct work work;
    struct admit *admit;
    struct job *job;
    const char *checked; // against `stored`; NULL: none
    const char *hashed;  // into `made`; NULL: none
    struct password_owner owner;
    bool has_stored;
    uint32_t user_version; // of whom `stored` is; 0: nobody
    uint8_t stored[PASSWORD_HASH_BYTES];
    uint8_t made[PASSWORD_HASH_BYTES];
    bool is_right;
    enum status fault; // why the new password is not taken
    enum status status;
};

bool login_needs_password(const struct command *command)
{
    return command->request == &session_join__descriptor ||
           command->request == &session_login__descriptor ||
           command->request == &session_confirm__descriptor ||
           command->request == &user_password__descriptor;
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

// LOGIN_THROTTLED, with the seconds to wait, when too many wrong passwords are behind this user on
// this device.
static enum status check_wait(struct txn *txn, struct admit *admit, struct job *job,
                              uint64_t user_id, uint64_t device_id)
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
    const struct throttle throttle = {(ThrottleRecord *)pair, (ThrottleRecord *)device};
    const int64_t wait_us = throttle_wait_us(&throttle, queue_now(admit->options.queue));
    if (wait_us <= 0) {
        return STATUS_OK;
    }
    const char *seconds =
        arena_print(job->arena, "%lld", (long long)((wait_us + 999999) / 1000000));
    problems_add(&job->call.problems, STATUS_LOGIN_THROTTLED, "password", NULL, seconds, NULL);
    return STATUS_LOGIN_THROTTLED;
}

static void keep_owner(struct hashing *hashing, const UserRecord *user)
{
    hashing->owner = (struct password_owner){.login = user != NULL ? user->login : NULL,
                                             .name = user != NULL ? user->name : NULL,
                                             .company = hashing->admit->company};
}

static void keep_stored(struct hashing *hashing, const UserRecord *user)
{
    hashing->has_stored = user != NULL && user->password_hash.len == sizeof hashing->stored;
    if (hashing->has_stored) {
        memcpy(hashing->stored, user->password_hash.data, sizeof hashing->stored);
        hashing->user_version = user->version;
    }
}

static enum status factor_of(struct txn *txn, uint64_t user_id, const FactorRecord **out)
{
    ProtobufCMessage *row = NULL;
    const enum status status = get(txn, TABLE_factor, key_u64(user_id), &row);
    *out = (const FactorRecord *)row;
    return status;
}

static enum status prove(struct txn *txn, const struct hashing *hashing, uint64_t user_id,
                         const char *code, CodeProof **out)
{
    const FactorRecord *factor = NULL;
    const enum status status = factor_of(txn, user_id, &factor);
    return status != STATUS_OK
               ? status
               : onetime_prove(hashing->admit, hashing->job->arena, factor, user_id, code, out);
}

// Must this user set up one-time codes before anything else?
static enum status look_up_demand(struct txn *txn, const struct admit *admit,
                                  const UserRecord *user, protobuf_c_boolean *must_enrol)
{
    const FactorRecord *factor = NULL;
    bool demands = false;
    enum status status = factor_of(txn, user->id, &factor);
    if (status == STATUS_OK) {
        status = totp_policy_demands(&admit->options.totp, txn, user, &demands);
    }
    const bool has_codes = factor != NULL && factor->seed.len > 0;
    *must_enrol = demands && !has_codes;
    return status;
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
    hashing->checked = login->password;
    keep_stored(hashing, own);
    status = prove(txn, hashing, login->user_id, login->code, &login->code_proof);
    if (status == STATUS_OK && own != NULL) {
        status = look_up_demand(txn, admit, own, &login->must_enrol);
    }
    return status == STATUS_OK ? check_wait(txn, admit, job, login->user_id, job->peer.device_id)
                               : status;
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
    SessionJoin *join = job->request->session_join;
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
    const UserRecord *invited = (const UserRecord *)user;
    if (status == STATUS_OK && invited != NULL) {
        status = look_up_demand(txn, admit, invited, &join->must_enrol);
    }
    if (status != STATUS_OK) {
        return status;
    }
    join->needs_approval = admit->options.new_device_needs_approval;
    if (invitation == NULL || ((const InvitationRecord *)invitation)->device_id == 0) {
        hashing->hashed = join->password;
        keep_owner(hashing, invited);
        return STATUS_OK;
    }
    hashing->checked = join->password;
    keep_stored(hashing, invited);
    return check_wait(txn, admit, job, invited != NULL ? invited->id : 0, device_id);
}

// The user of the session that asks; NULL when it is nobody's any more, which the machine will say.
static enum status user_of_session(struct txn *txn, const struct job *job, const UserRecord **out)
{
    ProtobufCMessage *session = NULL;
    ProtobufCMessage *user = NULL;
    enum status status = get(txn, TABLE_session, key_u64(job->peer.session_id), &session);
    if (status == STATUS_OK && session != NULL) {
        status = get(txn, TABLE_user, key_u64(((const SessionRecord *)session)->user_id), &user);
    }
    *out = (const UserRecord *)user;
    return status;
}

static enum status look_up_confirm(struct txn *txn, struct hashing *hashing)
{
    struct job *job = hashing->job;
    SessionConfirm *confirm = job->request->session_confirm;
    const UserRecord *user = NULL;
    enum status status = user_of_session(txn, job, &user);
    const uint64_t user_id = user != NULL ? user->id : 0;
    if (status == STATUS_OK) {
        status = prove(txn, hashing, user_id, confirm->code, &confirm->code_proof);
    }
    confirm->password_given = confirm->password[0] != '\0';
    hashing->checked = confirm->password_given ? confirm->password : NULL;
    keep_stored(hashing, user);
    return status != STATUS_OK ? status
                               : check_wait(txn, hashing->admit, job, user_id, job->peer.device_id);
}

static enum status look_up_password(struct txn *txn, struct hashing *hashing)
{
    struct job *job = hashing->job;
    const UserPassword *change = job->request->user_password;
    const UserRecord *user = NULL;
    const enum status status = user_of_session(txn, job, &user);
    hashing->checked = change->old_password;
    hashing->hashed = change->password;
    keep_stored(hashing, user);
    keep_owner(hashing, user);
    return status != STATUS_OK ? status
                               : check_wait(txn, hashing->admit, job, user != NULL ? user->id : 0,
                                            job->peer.device_id);
}

static enum status look_up(struct hashing *hashing)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    const enum status status =
        txn_begin(hashing->admit->options.store, TXN_READ, hashing->job->arena, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    const ProtobufCMessageDescriptor *asked = hashing->job->command->request;
    if (asked == &session_join__descriptor) {
        return look_up_join(txn, hashing);
    }
    if (asked == &session_login__descriptor) {
        return look_up_login(txn, hashing);
    }
    return asked == &session_confirm__descriptor ? look_up_confirm(txn, hashing)
                                                 : look_up_password(txn, hashing);
}

// ---- on a thread of ours ----

static void hash_run(struct work *work)
{
    struct hashing *hashing = work->subject;
    const struct key *pepper = &hashing->admit->pepper;
    hashing->status = STATUS_OK;
    if (hashing->hashed != NULL) {
        hashing->fault = password_judge(hashing->hashed, &hashing->owner);
    }
    if (hashing->fault != STATUS_OK) {
        return;
    }
    if (hashing->checked != NULL) {
        hashing->status =
            password_check(pepper, hashing->checked, hashing->has_stored ? hashing->stored : NULL,
                           &hashing->is_right);
    }
    if (hashing->status == STATUS_OK && hashing->hashed != NULL) {
        hashing->status = password_hash(pepper, hashing->hashed, hashing->made);
    }
}

// ---- back on the loop ----

static void verdict_fill(struct hashing *hashing)
{
    Request *request = hashing->job->request;
    struct extra *extra = extra_of(hashing->job);
    const ProtobufCBinaryData made = {.len = sizeof hashing->made, .data = hashing->made};
    token_draw(hashing->admit, extra);
    const ProtobufCBinaryData token_hash = {.len = sizeof extra->token_hash,
                                            .data = extra->token_hash};
    if (request->command_case == REQUEST__COMMAND_SESSION_LOGIN) {
        request->session_login->password_right = hashing->is_right;
        request->session_login->user_version = hashing->user_version;
        request->session_login->token_hash = token_hash;
    } else if (request->command_case == REQUEST__COMMAND_SESSION_CONFIRM) {
        request->session_confirm->password_right = hashing->is_right;
        request->session_confirm->user_version = hashing->user_version;
    } else if (request->command_case == REQUEST__COMMAND_USER_PASSWORD) {
        request->user_password->password_right = hashing->is_right;
        request->user_password->user_version = hashing->user_version;
        request->user_password->password_hash = made;
    } else {
        request->session_join->token_hash = token_hash;
        request->session_join->password_right = hashing->is_right;
        request->session_join->user_version = hashing->user_version;
        request->session_join->password_hash =
            hashing->hashed != NULL ? made : (ProtobufCBinaryData){0};
    }
}

static void hash_done(struct work *work)
{
    struct hashing *hashing = work->subject;
    struct job *job = hashing->job;
    if (hashing->status == STATUS_OK && hashing->fault == STATUS_OK) {
        verdict_fill(hashing);
    }
    seal_forget_secrets(job->command, job->request);
    if (hashing->fault != STATUS_OK) {
        problems_add(&job->call.problems, hashing->fault, "password", NULL, NULL, NULL);
        admit_answer(hashing->admit, job, STATUS_PASSWORD_TOO_WEAK);
    } else if (hashing->status != STATUS_OK) {
        admit_answer(hashing->admit, job, hashing->status);
    } else {
        admit_enqueue(hashing->admit, job);
    }
}

void login_begin(struct admit *admit, struct job *job)
{
    struct hashing *hashing = arena_alloc(job->arena, sizeof *hashing);
    if (hashing == NULL) {
        admit_answer(admit, job, STATUS_TOO_LARGE);
        return;
    }
    *hashing = (struct hashing){
        .work = {.run = hash_run, .done = hash_done, .subject = hashing},
        .admit = admit,
        .job = job,
    };
    enum status status = look_up(hashing);
    if (status == STATUS_OK && hashing->checked == NULL && hashing->hashed == NULL) {
        hash_done(&hashing->work); // a code alone
        return;
    }
    if (status == STATUS_OK) {
        status = workers_submit(admit->argon, &hashing->work);
    }
    if (status != STATUS_OK) {
        seal_forget_secrets(job->command, job->request);
        logger_say(admit->options.logger, LOG_LEVEL_INFO, "login refused", "device=%llu code=%s",
                   (unsigned long long)job->peer.device_id, status_code(status));
        admit_answer(admit, job, status);
    }
}
