// SPDX-License-Identifier: Apache-2.0
// Who is in and who is out. Both are judged like a change of roles: who is disabled has none.
#include "server/ledger/duty.h"
#include "server/ledger/session.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"

static void reply_effect(const struct effect *effect, UserReply *reply)
{
    reply->consequence = effect->consequence;
    reply->n_consequence = effect->consequence_count;
    reply->conflict = effect->conflict;
    reply->n_conflict = effect->conflict_count;
}

enum status user_disable(struct txn *txn, struct call *call, const UserDisable *request,
                         UserReply *reply)
{
    UserRecord *user = NULL;
    struct role_set set;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status == STATUS_OK) {
        status = role_set_load(txn, &set);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (user->state == USER_STATE__USER_STATE_DISABLED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "user_id", NULL);
    }
    struct effect effect;
    UserRecord wanted = *user;
    wanted.state = USER_STATE__USER_STATE_DISABLED;
    wanted.n_role = 0;
    status = duty_judge_user(txn, call, &set, user, &wanted, &effect);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, user->id, "state", "active", "disabled");
    user->state = USER_STATE__USER_STATE_DISABLED;
    status = user_save(txn, call, user);
    if (status == STATUS_OK) {
        status = session_end_all(txn, user->id, 0);
    }

    reply_effect(&effect, reply);
    return status != STATUS_OK ? status : user_reply(txn, call, user, reply);
}

enum status user_enable(struct txn *txn, struct call *call, const UserEnable *request,
                        UserReply *reply)
{
    UserRecord *user = NULL;
    struct role_set set;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status == STATUS_OK) {
        status = role_set_load(txn, &set);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (user->state != USER_STATE__USER_STATE_DISABLED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "user_id", NULL);
    }
    const bool has_joined = user->password_hash.len > 0;
    struct effect effect;
    UserRecord wanted = *user;
    wanted.state = has_joined ? USER_STATE__USER_STATE_ACTIVE : USER_STATE__USER_STATE_INVITED;
    status = duty_judge_user(txn, call, &set, NULL, &wanted, &effect);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, user->id, "state", "disabled", has_joined ? "active" : "invited");
    user->state = wanted.state;
    status = user_save(txn, call, user);

    reply_effect(&effect, reply);
    return status != STATUS_OK ? status : user_reply(txn, call, user, reply);
}
