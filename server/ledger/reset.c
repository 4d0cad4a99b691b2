// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/reset.h"

#include "server/ledger/control.h"
#include "server/ledger/device.h"
#include "server/ledger/duty.h"
#include "server/ledger/factor.h"
#include "server/ledger/session.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"

enum status reset_user(struct txn *txn, struct call *call, UserRecord *user,
                       const struct user_invitation *invitation)
{
    FactorRecord *factor = NULL;
    enum status status = factor_load(txn, user->id, &factor);
    user->state = USER_STATE__USER_STATE_INVITED;
    user->password_hash = (ProtobufCBinaryData){0};
    user->invitation_id = invitation->id;
    if (status == STATUS_OK) {
        status = user_save(txn, call, user);
    }
    if (status == STATUS_OK && factor != NULL) {
        status = rows_del(txn, TABLE_factor, key_u64(user->id));
    }
    if (status == STATUS_OK) {
        status = user_put_invitation(txn, invitation, user->id);
    }
    return status == STATUS_OK ? session_end_all(txn, user->id, 0) : status;
}

// Until he joins again, he is not there.
static enum status judge(struct txn *txn, struct call *call, const struct role_set *set,
                         const UserRecord *user)
{
    UserRecord wanted = *user;
    wanted.state = USER_STATE__USER_STATE_INVITED;
    const struct would_be would_be = {
        .before = set, .after = set, .user = &wanted, .user_before = user};
    const enum status status = duty_need_rank(txn, call, set, user, "user_id");
    return status == STATUS_OK ? duty_need_admin(txn, call, &would_be, "user_id") : status;
}

// Whoever resets a user has the invitation in his hands and could come in as that user: where that
// would let him do more than he may, it takes two, whatever the rule for roles says.
static enum status need_second(struct txn *txn, struct call *call, const struct role_set *set,
                               const UserRecord *user)
{
    bool gains = false;
    const enum status status = duty_would_gain(txn, call, set, user, &gains);
    if (status != STATUS_OK) {
        return status;
    }
    return gains ? control_insist(txn, call, CONTROL_ROLES)
                 : control_check(txn, call, CONTROL_ROLES, 0);
}

enum status user_reset(struct txn *txn, struct call *call, const UserReset *request,
                       UserInviteReply *reply)
{
    UserRecord *user = NULL;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status != STATUS_OK) {
        return status;
    }

    if (user->state == USER_STATE__USER_STATE_DISABLED) {
        return refuse(txn, call, STATUS_USER_DISABLED, "user_id", NULL);
    }
    if (request->valid_hours > INVITATION_HOURS_MAX) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "valid_hours", NULL);
    }
    if (request->expires_us <= call->instant_us) {
        return refuse(txn, call, STATUS_INVITATION_EXPIRED, NULL, NULL);
    }
    struct role_set set;
    status = role_set_load(txn, &set);
    if (status == STATUS_OK) {
        status = judge(txn, call, &set, user);
    }
    if (status == STATUS_OK) {
        status = need_second(txn, call, &set, user);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const bool was_active = user->state == USER_STATE__USER_STATE_ACTIVE;
    call_note_change(call, user->id, "state", was_active ? "active" : "invited", "invited");
    const struct user_invitation invitation = {request->invitation_id, request->expires_us, false,
                                               call->user_id};
    status = reset_user(txn, call, user, &invitation);
    if (status == STATUS_OK && request->devices) {
        status = device_revoke_all(txn, call, user->id);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_about(call, user->id, user->login);
    reply->id = user->id;
    reply->login = user->login;
    reply->expires_us = request->expires_us;
    return STATUS_OK;
}

// An owner who lost password, codes and machines. Nobody is asked and nobody can keep it out of the
// journal: it is for who stands at the machine as root or the service's user.
enum status user_recover(struct txn *txn, struct call *call, const UserRecover *request,
                         UserInviteReply *reply)
{
    UserRecord *user = NULL;
    enum status status = user_by_login(txn, request->login_hash, &user);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }

    if (user == NULL || !user_has_role(user, ROLE_OWNER)) {
        return refuse(txn, call, STATUS_NOT_FOUND, "login", NULL);
    }

    call_note_change(call, user->id, "state",
                     user->state == USER_STATE__USER_STATE_DISABLED ? "disabled" : "active",
                     "invited");
    const struct user_invitation invitation = {request->invitation_id, request->expires_us, true,
                                               0};
    status = reset_user(txn, call, user, &invitation);

    call_about(call, user->id, user->login);
    reply->id = user->id;
    reply->login = user->login;
    reply->expires_us = request->expires_us;
    return status;
}
