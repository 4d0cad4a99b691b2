// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/role_editing.h"

#include "server/ledger/control.h"

static void *copy_of(struct arena *arena, const void *list, size_t count, size_t room, size_t size)
{
    void *copy = arena_alloc(arena, room * size);
    if (copy != NULL && count > 0) {
        memcpy(copy, list, count * size);
    }
    return copy;
}

RoleRecord *editing_copy(struct arena *arena, const RoleRecord *role)
{
    assert(role->n_permission <= PERMISSION_COUNT && role->n_denied <= PERMISSION_COUNT);
    assert(role->n_view <= CLASS_COUNT && role->n_writable <= CLASS_COUNT);
    RoleRecord *copy = copy_of(arena, role, 1, 1, sizeof *role);
    if (copy == NULL) {
        return NULL;
    }
    const size_t room = PERMISSION_COUNT;
    const size_t item = sizeof *copy->permission;
    copy->permission = copy_of(arena, role->permission, role->n_permission, room, item);
    copy->scope = copy_of(arena, role->scope, role->n_scope, room, item);
    copy->limit_minor =
        copy_of(arena, role->limit_minor, role->n_limit_minor, room, sizeof *copy->limit_minor);
    copy->denied = copy_of(arena, role->denied, role->n_denied, room, item);
    copy->view = copy_of(arena, role->view, role->n_view, CLASS_COUNT, item);
    copy->writable = copy_of(arena, role->writable, role->n_writable, CLASS_COUNT, item);
    const bool is_whole = copy->permission != NULL && copy->scope != NULL &&
                          copy->limit_minor != NULL && copy->denied != NULL && copy->view != NULL &&
                          copy->writable != NULL;
    return is_whole ? copy : NULL;
}

enum status editing_load(struct editing *editing)
{
    enum status status = role_set_load(editing->txn, &editing->before);
    editing->after = editing->before;
    for (size_t i = 0; status == STATUS_OK && i < editing->after.count; i++) {
        editing->after.role[i] = editing_copy(editing->call->arena, editing->before.role[i]);
        status = editing->after.role[i] != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status;
}

// ---- refusals ----

enum status editing_refuse(struct editing *editing, enum status status, const char *field,
                           const char *asked, const char *allowed)
{
    problems_add(&editing->call->problems, status, field, asked, allowed, NULL);
    return refuse(editing->txn, editing->call, status, NULL, NULL);
}

// Adds whether this user holds the role; 0 is the system itself, or nobody.
static enum status user_holds(struct editing *editing, uint64_t user_id, uint64_t role_id,
                              bool *holds)
{
    UserRecord *user = NULL;
    if (user_id == 0) {
        return STATUS_OK;
    }
    const enum status status = user_get(editing->txn, key_u64(user_id), &user);
    for (size_t i = 0; status == STATUS_OK && i < user->n_role; i++) {
        *holds |= user->role[i] == role_id;
    }
    return status;
}

// Who asks for the change, or approves it, holds the role.
static enum status caller_holds(struct editing *editing, uint64_t role_id, bool *holds)
{
    const struct call *call = editing->call;
    *holds = false;
    const enum status status = user_holds(editing, call->user_id, role_id, holds);
    return status == STATUS_OK ? user_holds(editing, call->approved_by, role_id, holds) : status;
}

enum status editing_role(struct editing *editing, uint64_t id, RoleRecord **out)
{
    RoleRecord *role = role_set_by_id(&editing->after, id);
    bool holds = false;
    if (role == NULL) {
        return refuse(editing->txn, editing->call, STATUS_NOT_FOUND, "role_id", NULL);
    }
    if (role->id == ROLE_OWNER) {
        return refuse(editing->txn, editing->call, STATUS_ROLE_IS_FIXED, "role_id", NULL);
    }
    const enum status status = caller_holds(editing, id, &holds);
    if (status != STATUS_OK) {
        return status;
    }
    if (holds) {
        return refuse(editing->txn, editing->call, STATUS_OWN_RIGHTS, "role_id", NULL);
    }
    editing->role = editing->role != NULL ? editing->role : role;
    *out = role;
    return STATUS_OK;
}

// ---- changes ----

void editing_mark(struct editing *editing, const RoleRecord *role)
{
    for (size_t i = 0; i < editing->after.count; i++) {
        editing->after.is_changed[i] |= editing->after.role[i] == role;
    }
}

// Where a role has no column for the class yet, it is hidden and locked.
void editing_widen(RoleRecord *role)
{
    while (role->n_view < CLASS_COUNT) {
        role->view[role->n_view++] = VIEW_HIDDEN;
    }
    while (role->n_writable < CLASS_COUNT) {
        role->writable[role->n_writable++] = 0;
    }
}

// ---- judging, putting, answering ----

enum status editing_judge(struct editing *editing)
{
    const struct would_be would_be = {.before = &editing->before, .after = &editing->after};
    enum status status = duty_effect(editing->txn, editing->call, &would_be, &editing->effect);
    if (status == STATUS_OK) {
        status = duty_refuse_conflicts(editing->txn, editing->call, &editing->effect, "permission");
    }
    if (status == STATUS_OK) {
        status = duty_need_admin(editing->txn, editing->call, &would_be, "role_id");
    }
    return status == STATUS_OK ? control_check(editing->txn, editing->call, CONTROL_ROLES, 0)
                               : status;
}

enum status editing_put(struct editing *editing)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < editing->after.count; i++) {
        RoleRecord *role = editing->after.role[i];
        if (editing->after.is_changed[i]) {
            role->version++;
            role->changed_in = call_chain(editing->call, role->id, role->changed_in);
            status = role_put(editing->txn, key_u64(role->id), role);
        }
    }
    return status;
}

void editing_answer(const struct editing *editing, RoleReply *reply)
{
    const RoleRecord *role = editing->role;
    call_about(editing->call, role->id, role->word);
    reply->id = (uint32_t)role->id;
    reply->word = role->word;
    reply->version = role->version;
    reply->consequence = editing->effect.consequence;
    reply->n_consequence = editing->effect.consequence_count;
    reply->conflict = editing->effect.conflict;
    reply->n_conflict = editing->effect.conflict_count;
    reply->people = editing->effect.people;
}
