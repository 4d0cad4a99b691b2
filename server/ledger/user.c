// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/user.h"

#include "server/ledger/control.h"
#include "server/ledger/duty.h"
#include "server/ledger/session.h"
#include "server/store/rows.h"
#include "shared/wire.h"

struct roles {
    uint32_t number[ROLES_PER_USER];
    size_t count;
};

bool user_has_role(const UserRecord *user, uint32_t role_id)
{
    for (size_t i = 0; i < user->n_role; i++) {
        if (user->role[i] == role_id) {
            return true;
        }
    }
    return false;
}

enum status user_role_words(struct txn *txn, struct arena *arena, const UserRecord *user,
                            char ***word, size_t *count)
{
    char **list = arena_alloc(arena, (user->n_role + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t found = 0;
    for (size_t i = 0; i < user->n_role; i++) {
        RoleRecord *role = NULL;
        const enum status status = role_get(txn, key_u64(user->role[i]), &role);
        if (status == STATUS_OK) {
            list[found++] = role->word;
        } else if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    *word = list;
    *count = found;
    return STATUS_OK;
}

static char *copy(struct arena *arena, const char *text)
{
    return arena_copy(arena, text, strlen(text));
}

static bool roles_equal(const UserRecord *user, const struct roles *roles)
{
    bool equal = user->n_role == roles->count;
    for (size_t i = 0; i < roles->count; i++) {
        equal = equal && user_has_role(user, roles->number[i]);
    }
    return equal;
}

// ---- loading ----

enum status user_load(struct txn *txn, struct call *call, uint64_t id, UserRecord **out)
{
    const enum status status = user_get(txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "user_id", NULL) : status;
}

enum status user_by_login(struct txn *txn, ProtobufCBinaryData login_hash, UserRecord **out)
{
    if (login_hash.len != 16) {
        return STATUS_NOT_FOUND;
    }
    IdRecord *row = NULL;
    const enum status status = login_get(txn, key_hash16(login_hash.data), &row);
    return status != STATUS_OK ? status : user_get(txn, key_u64(row->id), out);
}

// Words to roles; a word that is none, or stands twice, is a problem.
static enum status roles_parse(struct txn *txn, struct call *call, const struct role_set *set,
                               char *const *word, size_t count, struct roles *out)
{
    *out = (struct roles){0};
    for (size_t i = 0; i < count; i++) {
        const RoleRecord *role = role_set_by_word(set, word[i]);
        bool is_known = role != NULL && out->count < ROLES_PER_USER;
        for (size_t k = 0; is_known && k < out->count; k++) {
            is_known = out->number[k] != role->id;
        }
        if (!is_known) {
            problems_add(&call->problems, STATUS_FIELD_NOT_CHOICE, "role", word[i], NULL, NULL);
            return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, NULL, "role");
        }
        out->number[out->count++] = (uint32_t)role->id;
    }
    return STATUS_OK;
}

// Neither who he is nor who he would be (NULL: nobody yet) is above the caller.
static enum status need_rank(struct txn *txn, struct call *call, const struct role_set *set,
                             const UserRecord *before, const UserRecord *after)
{
    const enum status status =
        before != NULL ? duty_need_rank(txn, call, set, before, "role") : STATUS_OK;
    return status == STATUS_OK ? duty_need_rank(txn, call, set, after, "role") : status;
}

// ---- writing ----

enum status user_put_invitation(struct txn *txn, const struct user_invitation *invitation,
                                uint64_t user_id)
{
    const ProtobufCBinaryData id = invitation->id;
    assert(id.len == 16);
    InvitationRecord record;
    invitation_record__init(&record);
    record.id = id;
    record.user_id = user_id;
    record.expires_us = invitation->expires_us;
    record.recovers = invitation->recovers;
    record.invited_by = invitation->invited_by;
    return invitation_put(txn, key_hash16(id.data), &record);
}

enum status user_save(struct txn *txn, struct call *call, UserRecord *user)
{
    user->version++;
    user->changed_in = call_chain(call, user->id, user->changed_in);
    return user_put(txn, key_u64(user->id), user);
}

static enum status set_roles(struct arena *arena, UserRecord *user, const uint32_t *role,
                             size_t count)
{
    uint32_t *list = arena_alloc(arena, (count + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    memcpy(list, role, count * sizeof *list);
    user->role = list;
    user->n_role = count;
    return STATUS_OK;
}

enum status user_create_invited(struct txn *txn, struct call *call,
                                const struct user_invited *invited, UserRecord **out)
{
    assert(invited->login[0] != '\0' && invited->login_hash.len == 16);
    struct arena *arena = call->arena;
    UserRecord *user = (UserRecord *)wire_make(arena, &user_record__descriptor);
    if (user == NULL) {
        return STATUS_TOO_LARGE;
    }
    user->id = call_new_id(call);
    user->login = copy(arena, invited->login);
    user->name = copy(arena, invited->name[0] != '\0' ? invited->name : invited->login);
    user->team = copy(arena, invited->team);
    user->region = copy(arena, invited->region);
    user->state = USER_STATE__USER_STATE_INVITED;
    if (user->login == NULL || user->name == NULL || user->team == NULL || user->region == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct user_invitation invitation = {invited->invitation_id, invited->expires_us, false,
                                               call->user_id};
    user->invitation_id = invitation.id;
    enum status status = set_roles(arena, user, invited->role, invited->role_count);
    if (status == STATUS_OK) {
        call_note_change(call, user->id, "role", "", invited->role_text);
        status = user_save(txn, call, user);
    }
    IdRecord row;
    id_record__init(&row);
    row.id = user->id;
    if (status == STATUS_OK) {
        status = login_put(txn, key_hash16(invited->login_hash.data), &row);
    }
    if (status == STATUS_OK) {
        status = user_put_invitation(txn, &invitation, user->id);
    }
    if (status == STATUS_OK) {
        *out = user;
    }
    return status;
}

enum status user_reply(struct txn *txn, struct call *call, const UserRecord *user, UserReply *reply)
{
    call_about(call, user->id, user->login);
    reply->id = user->id;
    reply->login = user->login;
    reply->state = user->state;
    return user_role_words(txn, call->arena, user, &reply->role, &reply->n_role);
}

static char *roles_text(struct arena *arena, const struct role_set *set, const uint32_t *list,
                        size_t count)
{
    char *text = copy(arena, "");
    for (size_t i = 0; text != NULL && i < count; i++) {
        const RoleRecord *role = role_set_by_id(set, list[i]);
        text = role == NULL
                   ? text
                   : arena_print(arena, "%s%s%s", text, text[0] != '\0' ? ", " : "", role->word);
    }
    return text;
}

// ---- commands ----

// A user who never joined, or was disabled, may be invited again: with a new invitation a forgotten
// password ends.
static enum status invite_again(struct txn *txn, struct call *call,
                                const struct user_invited *invited, UserRecord *user)
{
    enum status status = set_roles(call->arena, user, invited->role, invited->role_count);
    if (status != STATUS_OK) {
        return status;
    }
    if (invited->name[0] != '\0') {
        user->name = (char *)(uintptr_t)invited->name;
    }
    user->team = (char *)(uintptr_t)invited->team;
    user->region = (char *)(uintptr_t)invited->region;
    user->state = USER_STATE__USER_STATE_INVITED;
    user->password_hash = (ProtobufCBinaryData){0};
    const struct user_invitation invitation = {invited->invitation_id, invited->expires_us, false,
                                               call->user_id};
    user->invitation_id = invitation.id;
    call_note_change(call, user->id, "role", "", invited->role_text);
    status = user_save(txn, call, user);
    return status != STATUS_OK ? status : user_put_invitation(txn, &invitation, user->id);
}

// The user as the invitation would make him, for the judgement.
static enum status judge_invited(struct txn *txn, struct call *call, const struct role_set *set,
                                 const struct user_invited *invited, const UserRecord *known,
                                 struct effect *effect)
{
    UserRecord wanted;
    user_record__init(&wanted);
    wanted.id = known != NULL ? known->id : 0;
    wanted.login = (char *)(uintptr_t)invited->login;
    wanted.name = (char *)(uintptr_t)invited->name;
    wanted.role = (uint32_t *)(uintptr_t)invited->role;
    wanted.n_role = invited->role_count;
    wanted.state = USER_STATE__USER_STATE_INVITED;
    const bool was_enabled = known != NULL && known->state != USER_STATE__USER_STATE_DISABLED;
    const enum status status = need_rank(txn, call, set, known, &wanted);
    return status == STATUS_OK
               ? duty_judge_user(txn, call, set, was_enabled ? known : NULL, &wanted, effect)
               : status;
}

enum status user_invite(struct txn *txn, struct call *call, const UserInvite *request,
                        UserInviteReply *reply)
{
    UserRecord *user = NULL;
    struct role_set set;
    enum status status = user_by_login(txn, request->login_hash, &user);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = role_set_load(txn, &set);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (user != NULL && user->state == USER_STATE__USER_STATE_ACTIVE) {
        return refuse(txn, call, STATUS_USER_EXISTS, "login", NULL);
    }
    if (request->valid_hours > INVITATION_HOURS_MAX) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "valid_hours", NULL);
    }
    struct roles roles;
    status = roles_parse(txn, call, &set, request->role, request->n_role, &roles);
    if (status == STATUS_OK && request->expires_us <= call->instant_us) {
        status = refuse(txn, call, STATUS_INVITATION_EXPIRED, NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct user_invited invited = {
        .login = request->login,
        .login_hash = request->login_hash,
        .name = request->name,
        .role = roles.number,
        .role_count = roles.count,
        .role_text = roles_text(call->arena, &set, roles.number, roles.count),
        .team = request->team,
        .region = request->region,
        .invitation_id = request->invitation_id,
        .expires_us = request->expires_us,
    };
    struct effect effect;
    status = invited.role_text != NULL ? judge_invited(txn, call, &set, &invited, user, &effect)
                                       : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ROLES, 0);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = user == NULL ? user_create_invited(txn, call, &invited, &user)
                          : invite_again(txn, call, &invited, user);
    if (status != STATUS_OK) {
        return status;
    }

    call_about(call, user->id, user->login);
    reply->id = user->id;
    reply->login = user->login;
    reply->expires_us = request->expires_us;
    reply->consequence = effect.consequence;
    reply->n_consequence = effect.consequence_count;
    reply->conflict = effect.conflict;
    reply->n_conflict = effect.conflict_count;
    return STATUS_OK;
}

// Nobody changes what he may do himself: neither roles nor what they reach. Nor does who approves
// it.
static enum status refuse_own_rights(struct txn *txn, struct call *call, const UserRecord *user,
                                     const UserEdit *request, bool changes_roles)
{
    if (user->id != call->user_id && user->id != call->approved_by) {
        return STATUS_OK;
    }
    const char *field = changes_roles                ? "role"
                        : request->team[0] != '\0'   ? "team"
                        : request->region[0] != '\0' ? "region"
                                                     : NULL;
    return field != NULL ? refuse(txn, call, STATUS_OWN_RIGHTS, field, NULL) : STATUS_OK;
}

static void edit_text(struct call *call, uint64_t user_id, const char *field, char **text,
                      char *wanted)
{
    if (wanted[0] != '\0') {
        call_note_change(call, user_id, field, *text, wanted);
        *text = wanted;
    }
}

static enum status control_edit(struct txn *txn, struct call *call, const UserEdit *request,
                                bool changes_roles)
{
    if (changes_roles || request->team[0] != '\0' || request->region[0] != '\0') {
        return control_check(txn, call, CONTROL_ROLES, 0);
    }
    control_pass(call);
    return STATUS_OK;
}

enum status user_edit(struct txn *txn, struct call *call, const UserEdit *request, UserReply *reply)
{
    UserRecord *user = NULL;
    struct role_set set;
    struct roles roles;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status == STATUS_OK) {
        status = role_set_load(txn, &set);
    }
    if (status == STATUS_OK) {
        status = roles_parse(txn, call, &set, request->role, request->n_role, &roles);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const bool changes_roles = roles.count > 0 && !roles_equal(user, &roles);
    status = refuse_own_rights(txn, call, user, request, changes_roles);
    if (status != STATUS_OK) {
        return status;
    }
    if (!changes_roles && request->name[0] == '\0' && request->team[0] == '\0' &&
        request->region[0] == '\0') {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    const UserRecord before = *user;
    struct effect effect = {0};
    if (changes_roles) {
        status = set_roles(call->arena, user, roles.number, roles.count);
        if (status == STATUS_OK) {
            status = need_rank(txn, call, &set, &before, user);
        }
        if (status == STATUS_OK) {
            status = duty_judge_user(txn, call, &set, &before, user, &effect);
        }
    }
    // Whose rows somebody sees hangs on team and region too.
    if (status == STATUS_OK) {
        status = control_edit(txn, call, request, changes_roles);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, user->id, "role",
                     roles_text(call->arena, &set, before.role, before.n_role),
                     roles_text(call->arena, &set, user->role, user->n_role));
    edit_text(call, user->id, "name", &user->name, request->name);
    edit_text(call, user->id, "team", &user->team, request->team);
    edit_text(call, user->id, "region", &user->region, request->region);
    status = user_save(txn, call, user);

    reply->consequence = effect.consequence;
    reply->n_consequence = effect.consequence_count;
    reply->conflict = effect.conflict;
    reply->n_conflict = effect.conflict_count;
    return status != STATUS_OK ? status : user_reply(txn, call, user, reply);
}
