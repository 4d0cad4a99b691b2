// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/factor.h"

#include "server/ledger/session.h"
#include "server/ledger/throttle.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"
#include "shared/wire.h"

enum status factor_load(struct txn *txn, uint64_t user_id, FactorRecord **out)
{
    const enum status status = factor_get(txn, key_u64(user_id), out);
    if (status == STATUS_NOT_FOUND) {
        *out = NULL;
        return STATUS_OK;
    }
    return status;
}

bool factor_is_active(const FactorRecord *factor)
{
    return factor != NULL && factor->seed.len > 0;
}

// Place of the recovery code among those that are left; their count when it is none of them.
static size_t recovery_place(const FactorRecord *factor, ProtobufCBinaryData hash)
{
    size_t place = 0;
    while (place < factor->n_recovery &&
           (factor->recovery[place].len != hash.len ||
            memcmp(factor->recovery[place].data, hash.data, hash.len) != 0)) {
        place++;
    }
    return place;
}

enum status factor_judge(const FactorRecord *factor, const CodeProof *proof)
{
    assert(factor_is_active(factor));
    if (proof == NULL || !proof->given) {
        return STATUS_CODE_NEEDED;
    }
    if (proof->version != factor->version) {
        return STATUS_BUSY;
    }
    const bool is_recovery =
        proof->recovery.len > 0 && recovery_place(factor, proof->recovery) < factor->n_recovery;
    return is_recovery || proof->step > factor->step ? STATUS_OK : STATUS_CODE_WRONG;
}

enum status factor_take(struct txn *txn, FactorRecord *factor, const CodeProof *proof)
{
    if (proof->step > factor->step) {
        factor->step = proof->step;
    } else {
        const size_t place = recovery_place(factor, proof->recovery);
        assert(place < factor->n_recovery);
        factor->n_recovery--;
        memmove(factor->recovery + place, factor->recovery + place + 1,
                (factor->n_recovery - place) * sizeof *factor->recovery);
    }
    return factor_put(txn, key_u64(factor->user_id), factor);
}

// A password alone does not undo the second factor: where codes are on, changing anything about
// them takes a code of the last minutes, beside the fresh proof.
static enum status need_code(struct txn *txn, struct call *call, const FactorRecord *factor)
{
    SessionRecord *session = NULL;
    if (!factor_is_active(factor)) {
        return STATUS_OK;
    }
    const enum status status = session_get(txn, key_u64(call->session_id), &session);
    return status == STATUS_OK && call->instant_us - session->coded_us >= STEP_UP_US
               ? refuse(txn, call, STATUS_CODE_NEEDED, NULL, NULL)
               : status;
}

// ---- commands ----

enum status user_totp(struct txn *txn, struct call *call, const UserTotp *request,
                      UserTotpReply *reply)
{
    (void)reply; // admission adds what is shown once
    UserRecord *user = NULL;
    FactorRecord *factor = NULL;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = factor_load(txn, call->user_id, &factor);
    }
    if (status == STATUS_OK && factor == NULL) {
        factor = (FactorRecord *)wire_make(call->arena, &factor_record__descriptor);
        status = factor != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = need_code(txn, call, factor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    assert(request->seed.len > 0);
    factor->user_id = user->id;
    factor->waiting = request->seed;
    factor->version++;
    status = factor_put(txn, key_u64(user->id), factor);

    call_about(call, user->id, user->login);
    return status;
}

// What follows a changed factor: the other sessions end, this one has just proved who it is.
static enum status renew_session(struct txn *txn, const struct call *call)
{
    SessionRecord *session = NULL;
    enum status status = session_get(txn, key_u64(call->session_id), &session);
    if (status == STATUS_OK) {
        session->must_enrol = false;
        session->confirmed_us = call->instant_us;
        session->coded_us = call->instant_us;
        status = session_put(txn, key_u64(session->id), session);
    }
    return status == STATUS_OK ? session_end_others(txn, call->user_id, call->session_id) : status;
}

enum status user_totp_confirm(struct txn *txn, struct call *call, const UserTotpConfirm *request,
                              UserCodesReply *reply)
{
    (void)reply; // admission adds the codes
    UserRecord *user = NULL;
    FactorRecord *factor = NULL;
    struct throttle throttle;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = factor_load(txn, call->user_id, &factor);
    }
    if (status == STATUS_OK) {
        status = throttle_load(txn, call->user_id, call->device_id, &throttle);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (factor == NULL || factor->waiting.len == 0) {
        return refuse(txn, call, STATUS_TOTP_NOT_SET_UP, NULL, NULL);
    }
    if (throttle_wait_us(&throttle, call->instant_us) > 0) {
        return refuse(txn, call, STATUS_LOGIN_THROTTLED, NULL, NULL);
    }
    if (request->version != factor->version) {
        return refuse(txn, call, STATUS_BUSY, NULL, NULL);
    }
    if (request->step == 0) {
        return throttle_fail(txn, call, user->id, call->device_id, &throttle, STATUS_CODE_WRONG);
    }

    call_note_change(call, user->id, "totp", factor_is_active(factor) ? "on" : "off", "new");
    factor->seed = factor->waiting;
    factor->waiting = (ProtobufCBinaryData){0};
    factor->step = request->step;
    factor->recovery = request->recovery;
    factor->n_recovery = request->n_recovery;
    factor->version++;
    factor->since_us = call->instant_us;
    status = factor_put(txn, key_u64(user->id), factor);
    if (status == STATUS_OK) {
        status = renew_session(txn, call);
    }

    call_about(call, user->id, user->login);
    return status;
}

enum status user_totp_remove(struct txn *txn, struct call *call, const UserTotpRemove *request,
                             UserReply *reply)
{
    (void)request;
    UserRecord *user = NULL;
    FactorRecord *factor = NULL;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = factor_load(txn, call->user_id, &factor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (factor == NULL) {
        return refuse(txn, call, STATUS_TOTP_NOT_SET_UP, NULL, NULL);
    }
    status = need_code(txn, call, factor);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, user->id, "totp", factor_is_active(factor) ? "on" : "begun", "off");
    status = rows_del(txn, TABLE_factor, key_u64(user->id));
    if (status == STATUS_OK) {
        status = session_end_others(txn, user->id, call->session_id);
    }

    return status != STATUS_OK ? status : user_reply(txn, call, user, reply);
}

enum status user_codes(struct txn *txn, struct call *call, const UserCodes *request,
                       UserCodesReply *reply)
{
    (void)reply; // admission adds the codes
    UserRecord *user = NULL;
    FactorRecord *factor = NULL;
    enum status status = user_get(txn, key_u64(call->user_id), &user);
    if (status == STATUS_OK) {
        status = factor_load(txn, call->user_id, &factor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (!factor_is_active(factor)) {
        return refuse(txn, call, STATUS_TOTP_NOT_SET_UP, NULL, NULL);
    }
    status = need_code(txn, call, factor);
    if (status != STATUS_OK) {
        return status;
    }

    factor->recovery = request->recovery;
    factor->n_recovery = request->n_recovery;
    call_note_change(call, user->id, "recovery_code", "", "new");
    status = factor_put(txn, key_u64(user->id), factor);

    call_about(call, user->id, user->login);
    return status;
}
