// SPDX-License-Identifier: Apache-2.0
// Coming in: joining with an invitation, logging in, and proving again who one is.
#include "server/ledger/books.h"
#include "server/ledger/device.h"
#include "server/ledger/factor.h"
#include "server/ledger/session.h"
#include "server/ledger/throttle.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"
#include "shared/wire.h"

// ---- sessions of a user ----

struct sessions {
    SessionRecord *dead[SESSIONS_PER_USER_MAX]; // expired; the rest of them goes another time
    size_t dead_count;
    SessionRecord *oldest_here; // of the live ones of this device
    size_t live_count;
};

static void sessions_sort_in(struct sessions *sessions, SessionRecord *session, uint64_t device_id,
                             int64_t instant_us)
{
    if (session->ended || instant_us >= session->expires_us) {
        if (sessions->dead_count < SESSIONS_PER_USER_MAX) {
            sessions->dead[sessions->dead_count++] = session;
        }
        return;
    }
    sessions->live_count++;
    if (session->device_id == device_id &&
        (sessions->oldest_here == NULL || session->begun_us < sessions->oldest_here->begun_us)) {
        sessions->oldest_here = session;
    }
}

static enum status sessions_load(struct txn *txn, uint64_t user_id, uint64_t device_id,
                                 int64_t instant_us, struct sessions *out)
{
    *out = (struct sessions){0};
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_session, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK && ((SessionRecord *)message)->user_id == user_id) {
            sessions_sort_in(out, (SessionRecord *)message, device_id, instant_us);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// ---- beginning one ----

struct beginning {
    UserRecord *user;
    DeviceRecord *device;
    const struct sessions *sessions;
    const struct throttle *throttle;
    ProtobufCBinaryData token_hash;
    Book *book;
    bool must_enrol;
    bool has_coded; // has given a one-time code
};

static enum status make_room(struct txn *txn, const struct sessions *sessions)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < sessions->dead_count; i++) {
        status = rows_del(txn, TABLE_session, key_u64(sessions->dead[i]->id));
    }
    if (status == STATUS_OK && sessions->live_count >= SESSIONS_PER_USER_MAX) {
        assert(sessions->oldest_here != NULL);
        status = rows_del(txn, TABLE_session, key_u64(sessions->oldest_here->id));
    }
    return status;
}

static enum status begin_session(struct txn *txn, struct call *call, const struct beginning *begin,
                                 SessionReply *reply)
{
    SessionRecord *session = (SessionRecord *)wire_make(call->arena, &session_record__descriptor);
    if (session == NULL) {
        return STATUS_TOO_LARGE;
    }
    session->id = call_new_id(call);
    session->user_id = begin->user->id;
    session->device_id = begin->device->id;
    session->token_hash = begin->token_hash;
    session->begun_us = call->instant_us;
    session->expires_us = call->instant_us + SESSION_US;
    session->confirmed_us = call->instant_us;
    session->must_enrol = begin->must_enrol;
    session->coded_us = begin->has_coded ? call->instant_us : 0;
    begin->user->last_login_us = call->instant_us;
    enum status status = make_room(txn, begin->sessions);
    if (status == STATUS_OK) {
        status = session_put(txn, key_u64(session->id), session);
    }
    if (status == STATUS_OK) {
        status = user_put(txn, key_u64(begin->user->id), begin->user);
    }
    if (status == STATUS_OK) {
        begin->device->seen_us = call->instant_us;
        status = device_put(txn, key_u64(begin->device->id), begin->device);
    }
    if (status == STATUS_OK) {
        status = throttle_forgive(txn, begin->user->id, begin->device->id, begin->throttle);
    }
    if (status != STATUS_OK) {
        return status;
    }
    call->session_id = session->id;
    call_about(call, begin->user->id, begin->user->login);
    reply->session_id = session->id;
    reply->login = begin->user->login;
    reply->book = begin->book;
    reply->idle_us = SESSION_IDLE_US;
    reply->expires_us = session->expires_us;
    reply->must_enrol = begin->must_enrol;
    reply->pending = begin->device->state == DEVICE_STATE__DEVICE_STATE_PENDING;
    reply->words = session_words(call->arena, begin->device);
    reply->failures = begin->throttle->pair != NULL ? begin->throttle->pair->failures : 0;
    return user_role_words(txn, call->arena, begin->user, &reply->role, &reply->n_role);
}

// Too many live sessions and none of this device to end instead.
static bool is_full(const struct sessions *sessions)
{
    return sessions->live_count >= SESSIONS_PER_USER_MAX && sessions->oldest_here == NULL;
}

// ---- passwords ----

// The password was compared with the user as he was then. If he changed since, it may be an old one
// by now, whatever the verdict: the client asks again.
static bool is_outdated(const UserRecord *user, uint32_t seen_version)
{
    return user != NULL && seen_version != 0 && seen_version != user->version;
}

// ---- joining ----

struct joining {
    InvitationRecord *invitation;
    UserRecord *user;
    DeviceRecord *device; // NULL: a new one
    FactorRecord *factor;
    bool needs_approval; // of a new device
    struct throttle throttle;
    struct sessions sessions;
    Book *book;
};

static enum status device_by_hash(struct txn *txn, ProtobufCBinaryData hash, DeviceRecord **out)
{
    *out = NULL;
    IdRecord *row = NULL;
    const enum status status =
        hash.len == 16 ? device_key_get(txn, key_hash16(hash.data), &row) : STATUS_NOT_FOUND;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return device_get(txn, key_u64(row->id), out);
}

static enum status join_load(struct txn *txn, struct call *call, const SessionJoin *request,
                             struct joining *out)
{
    *out = (struct joining){0};
    enum status status =
        request->invitation_id.len == 16
            ? invitation_get(txn, key_hash16(request->invitation_id.data), &out->invitation)
            : STATUS_NOT_FOUND;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, STATUS_INVITATION_EXPIRED, NULL, NULL)
                                          : status;
    }
    status = user_get(txn, key_u64(out->invitation->user_id), &out->user);
    if (status == STATUS_OK) {
        status = device_by_hash(txn, request->device_hash, &out->device);
    }
    if (status == STATUS_OK) {
        const uint64_t device_id = out->device != NULL ? out->device->id : 0;
        call->user_id = out->user->id;
        call->device_id = device_id;
        status = throttle_load(txn, out->user->id, device_id, &out->throttle);
        if (status == STATUS_OK) {
            status = sessions_load(txn, out->user->id, device_id, call->instant_us, &out->sessions);
        }
    }
    if (status == STATUS_OK) {
        status = factor_load(txn, out->user->id, &out->factor);
    }
    // The first device of a book has nobody to approve it.
    if (status == STATUS_OK && request->needs_approval && !out->invitation->recovers) {
        status = device_has_approver(txn, call->arena, 0, &out->needs_approval);
    }
    return status != STATUS_OK ? status : session_book(txn, call, &out->book);
}

// A newer invitation makes the older ones void.
static bool is_newest(const UserRecord *user, const InvitationRecord *invitation)
{
    return user->invitation_id.len == invitation->id.len &&
           memcmp(user->invitation_id.data, invitation->id.data, invitation->id.len) == 0;
}

// The invitation as it stands: used by this device (a repeat), by another, expired, or fresh.
static enum status join_refusal(const struct call *call, const struct joining *joining)
{
    const DeviceRecord *device = joining->device;
    const UserState state = joining->user->state;
    if (joining->invitation->device_id != 0 &&
        (device == NULL || device->id != joining->invitation->device_id)) {
        return STATUS_INVITATION_USED;
    }
    if (joining->invitation->device_id == 0 &&
        call->instant_us >= joining->invitation->expires_us) {
        return STATUS_INVITATION_EXPIRED;
    }
    if (state == USER_STATE__USER_STATE_DISABLED) {
        return STATUS_USER_DISABLED;
    }
    if (joining->invitation->device_id == 0 && state != USER_STATE__USER_STATE_INVITED) {
        return STATUS_INVITATION_USED;
    }
    if (joining->invitation->device_id == 0 && !is_newest(joining->user, joining->invitation)) {
        return STATUS_INVITATION_EXPIRED;
    }
    if (device != NULL && (device->state == DEVICE_STATE__DEVICE_STATE_REVOKED ||
                           device->user_id != joining->user->id)) {
        return STATUS_DEVICE_UNKNOWN;
    }
    return is_full(&joining->sessions) ? STATUS_SESSIONS_FULL : STATUS_OK;
}

static enum status join_device(struct txn *txn, struct call *call, const SessionJoin *request,
                               struct joining *joining)
{
    DeviceRecord *device = (DeviceRecord *)wire_make(call->arena, &device_record__descriptor);
    if (device == NULL) {
        return STATUS_TOO_LARGE;
    }
    device->id = call_new_id(call);
    device->user_id = joining->user->id;
    device->name = request->device_name;
    device->key = request->device_key;
    device->state = joining->needs_approval ? DEVICE_STATE__DEVICE_STATE_PENDING
                                            : DEVICE_STATE__DEVICE_STATE_ACTIVE;
    device->enrolled_us = call->instant_us;
    device->invited_by = joining->invitation->invited_by;
    IdRecord row;
    id_record__init(&row);
    row.id = device->id;
    joining->device = device;
    call->device_id = device->id;
    const enum status status = device_put(txn, key_u64(device->id), device);
    return status != STATUS_OK ? status
                               : device_key_put(txn, key_hash16(request->device_hash.data), &row);
}

static enum status join_first(struct txn *txn, struct call *call, const SessionJoin *request,
                              struct joining *joining)
{
    enum status status =
        joining->device == NULL ? join_device(txn, call, request, joining) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    joining->user->state = USER_STATE__USER_STATE_ACTIVE;
    joining->user->password_hash = request->password_hash;
    joining->user->version++;
    joining->invitation->device_id = joining->device->id;
    joining->invitation->used_us = call->instant_us;
    return invitation_put(txn, key_hash16(request->invitation_id.data), joining->invitation);
}

enum status session_join(struct txn *txn, struct call *call, const SessionJoin *request,
                         SessionReply *reply)
{
    struct joining joining;
    enum status status = join_load(txn, call, request, &joining);
    if (status != STATUS_OK) {
        return status;
    }

    assert(joining.invitation != NULL);
    const bool is_first = joining.invitation->device_id == 0;
    const enum status refusal = join_refusal(call, &joining);
    if (refusal != STATUS_OK) {
        return refuse(txn, call, refusal, NULL, NULL);
    }
    if (is_first != (request->password_hash.len > 0) ||
        (!is_first && is_outdated(joining.user, request->user_version))) {
        // Admission saw the invitation before another join used it: its verdict is not the one
        // needed now.
        return refuse(txn, call, STATUS_BUSY, NULL, NULL);
    }
    if (throttle_wait_us(&joining.throttle, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (!is_first && !request->password_right) {
        return throttle_fail(txn, call, joining.user->id, joining.device->id, &joining.throttle,
                             STATUS_LOGIN_WRONG);
    }
    if (!is_first && factor_is_active(joining.factor)) {
        return refuse(txn, call, STATUS_CODE_NEEDED, NULL, NULL); // by logging in
    }

    status = is_first ? join_first(txn, call, request, &joining) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }

    const struct beginning begin = {
        joining.user,        joining.device, &joining.sessions,   &joining.throttle,
        request->token_hash, joining.book,   request->must_enrol, false};
    return begin_session(txn, call, &begin, reply);
}

// ---- logging in ----

static enum status login_load(struct txn *txn, struct call *call, const SessionLogin *request,
                              UserRecord **user, DeviceRecord **device)
{
    const enum status status = device_get(txn, key_u64(call->device_id), device);
    if (status != STATUS_OK) {
        return status;
    }
    *user = NULL;
    // An enrolled device may only try its own user.
    if (request->user_id == 0 || request->user_id != (*device)->user_id) {
        return STATUS_OK;
    }
    const enum status found = user_get(txn, key_u64(request->user_id), user);
    return found == STATUS_NOT_FOUND ? STATUS_OK : found;
}

// Everything that a proof of who one is, is judged by.
struct proving {
    UserRecord *user; // NULL: not this device's user
    FactorRecord *factor;
    struct throttle throttle;
};

static enum status proving_load(struct txn *txn, const struct call *call, UserRecord *user,
                                struct proving *out)
{
    const uint64_t user_id = user != NULL ? user->id : 0;
    *out = (struct proving){.user = user};
    enum status status = throttle_load(txn, user_id, call->device_id, &out->throttle);
    if (status == STATUS_OK && user != NULL) {
        status = factor_load(txn, user_id, &out->factor);
    }
    return status;
}

// A wrong proof is an answer with writes: it counts.
static enum status proving_fail(struct txn *txn, struct call *call, const struct proving *proving,
                                enum status answer)
{
    const uint64_t user_id = proving->user != NULL ? proving->user->id : 0;
    return throttle_fail(txn, call, user_id, call->device_id, &proving->throttle, answer);
}

enum status session_login(struct txn *txn, struct call *call, const SessionLogin *request,
                          SessionReply *reply)
{
    UserRecord *user = NULL;
    DeviceRecord *device = NULL;
    struct proving proving;
    struct sessions sessions;
    Book *book = NULL;
    enum status status = login_load(txn, call, request, &user, &device);
    const uint64_t user_id = user != NULL ? user->id : 0;
    if (status == STATUS_OK) {
        status = proving_load(txn, call, user, &proving);
    }
    if (status == STATUS_OK) {
        status = sessions_load(txn, user_id, call->device_id, call->instant_us, &sessions);
    }
    if (status == STATUS_OK) {
        status = session_book(txn, call, &book);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call->user_id = user_id;
    if (throttle_wait_us(&proving.throttle, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (is_outdated(user, request->user_version)) {
        return refuse(txn, call, STATUS_BUSY, NULL, NULL);
    }
    if (user == NULL || !request->password_right) {
        return proving_fail(txn, call, &proving, STATUS_LOGIN_WRONG);
    }
    if (user->state != USER_STATE__USER_STATE_ACTIVE) {
        return refuse(txn, call, STATUS_USER_DISABLED, NULL, NULL);
    }
    const bool has_codes = factor_is_active(proving.factor);
    const enum status judged =
        has_codes ? factor_judge(proving.factor, request->code_proof) : STATUS_OK;
    if (judged == STATUS_CODE_WRONG) {
        return proving_fail(txn, call, &proving, judged);
    }
    if (judged != STATUS_OK) {
        return refuse(txn, call, judged, NULL, NULL);
    }
    if (is_full(&sessions)) {
        return refuse(txn, call, STATUS_SESSIONS_FULL, NULL, NULL);
    }

    status = has_codes ? factor_take(txn, proving.factor, request->code_proof) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }

    reply->recovery_left = has_codes ? (uint32_t)proving.factor->n_recovery : 0;
    const struct beginning begin = {user,
                                    device,
                                    &sessions,
                                    &proving.throttle,
                                    request->token_hash,
                                    book,
                                    request->must_enrol && !has_codes,
                                    has_codes};
    return begin_session(txn, call, &begin, reply);
}

// ---- proving again ----

// What is wrong with the proof; OK when password, code, or both hold.
static enum status confirm_judge(const struct proving *proving, const SessionConfirm *request)
{
    const bool gives_code = request->code_proof != NULL && request->code_proof->given;
    if (!request->password_given && !gives_code) {
        return STATUS_FIELD_MISSING;
    }
    if (request->password_given && !request->password_right) {
        return STATUS_LOGIN_WRONG;
    }
    if (!gives_code) {
        return STATUS_OK;
    }
    return factor_is_active(proving->factor) ? factor_judge(proving->factor, request->code_proof)
                                             : STATUS_TOTP_NOT_SET_UP;
}

enum status session_confirm(struct txn *txn, struct call *call, const SessionConfirm *request,
                            SessionConfirmReply *reply)
{
    UserRecord *user = NULL;
    SessionRecord *session = NULL;
    struct proving proving;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = session_get(txn, key_u64(call->session_id), &session);
    }
    if (status == STATUS_OK) {
        status = proving_load(txn, call, user, &proving);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (throttle_wait_us(&proving.throttle, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (is_outdated(user, request->user_version)) {
        return refuse(txn, call, STATUS_BUSY, NULL, NULL);
    }
    const enum status judged = confirm_judge(&proving, request);
    if (judged == STATUS_LOGIN_WRONG || judged == STATUS_CODE_WRONG) {
        return proving_fail(txn, call, &proving, judged);
    }
    if (judged != STATUS_OK) {
        return refuse(txn, call, judged, NULL, NULL);
    }

    const bool has_coded = request->code_proof != NULL && request->code_proof->given;
    session->confirmed_us = call->instant_us;
    session->coded_us = has_coded ? call->instant_us : session->coded_us;
    status = session_put(txn, key_u64(session->id), session);
    if (status == STATUS_OK && has_coded) {
        status = factor_take(txn, proving.factor, request->code_proof);
    }
    if (status == STATUS_OK) {
        status = throttle_forgive(txn, user->id, call->device_id, &proving.throttle);
    }

    call_about(call, user->id, user->login);
    reply->until_us = call->instant_us + STEP_UP_US;
    return status;
}

enum status user_password(struct txn *txn, struct call *call, const UserPassword *request,
                          UserReply *reply)
{
    UserRecord *user = NULL;
    struct proving proving;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = proving_load(txn, call, user, &proving);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (throttle_wait_us(&proving.throttle, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (is_outdated(user, request->user_version)) {
        return refuse(txn, call, STATUS_BUSY, NULL, NULL);
    }
    if (!request->password_right) {
        return proving_fail(txn, call, &proving, STATUS_LOGIN_WRONG);
    }

    assert(request->password_hash.len > 0);
    user->password_hash = request->password_hash;
    user->version++;
    status = user_put(txn, key_u64(user->id), user);
    if (status == STATUS_OK) {
        status = session_end_others(txn, user->id, call->session_id);
    }
    if (status == STATUS_OK) {
        status = throttle_forgive(txn, user->id, call->device_id, &proving.throttle);
    }

    return status != STATUS_OK ? status : user_reply(txn, call, user, reply);
}
