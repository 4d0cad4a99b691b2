// SPDX-License-Identifier: Apache-2.0
// Changes of roles. Every command is a list of changes, made at once or not at all.
#include "server/ledger/role_editing.h"

#include <inttypes.h>

static const char *const SCOPE_WORDS[SCOPE_COUNT] = {"none", "own", "team", "region", "all"};

static enum status permission_named(struct editing *editing, const char *text, enum permission *out)
{
    const enum permission permission = permission_by_text(text);
    if (permission < PERMISSION_FIRST) {
        return editing_refuse(editing, STATUS_FIELD_NOT_CHOICE, "permission", text, NULL);
    }
    *out = permission;
    return STATUS_OK;
}

// ---- changes, in memory ----

static const char *grant_text(struct arena *arena, const RoleRecord *role,
                              enum permission permission)
{
    enum scope scope = SCOPE_NONE;
    int64_t limit_minor = 0;
    (void)role_grant_of(role, permission, &scope, &limit_minor);
    const char *denied = role_denies(role, permission) ? " denied" : "";
    char *text = limit_minor > 0 ? arena_print(arena, "%s %" PRId64 "%s", SCOPE_WORDS[scope],
                                               limit_minor, denied)
                                 : arena_print(arena, "%s%s", SCOPE_WORDS[scope], denied);
    return text != NULL ? text : "";
}

static void set_grant(RoleRecord *role, enum permission permission, enum scope scope,
                      int64_t limit_minor)
{
    assert(role != NULL);
    const uint32_t number = permission_number(permission);
    size_t at = 0;
    while (at < role->n_permission && role->permission[at] != number) {
        at++;
    }
    size_t count = role->n_permission;
    if (scope == SCOPE_NONE) {
        if (at == count) {
            return;
        }
        count--;
        role->permission[at] = role->permission[count];
        role->scope[at] = role->scope[count];
        role->limit_minor[at] = role->limit_minor[count];
    } else {
        count += at == count;
        assert(count <= PERMISSION_COUNT);
        role->permission[at] = number;
        role->scope[at] = scope;
        role->limit_minor[at] = limit_minor;
    }
    role->n_permission = count;
    role->n_scope = count;
    role->n_limit_minor = count;
}

static void set_denial(RoleRecord *role, enum permission permission, bool is_denied)
{
    assert(role != NULL);
    const uint32_t number = permission_number(permission);
    size_t at = 0;
    while (at < role->n_denied && role->denied[at] != number) {
        at++;
    }
    if (is_denied && at == role->n_denied) {
        role->denied[role->n_denied++] = number;
    } else if (!is_denied && at < role->n_denied) {
        role->denied[at] = role->denied[--role->n_denied];
    }
}

static const char *mask_text(struct arena *arena, const RoleRecord *role, enum field_class class)
{
    static const char *const WORDS[] = {"hidden", "masked", "full"};
    char *text = arena_print(arena, "%s %s", WORDS[role_view(role, class)],
                             role_may_change(role, class) ? "writable" : "locked");
    return text != NULL ? text : "";
}

static enum status change_mask(struct editing *editing, RoleRecord *role, const RoleChange *change)
{
    struct call *call = editing->call;
    const enum field_class class = class_by_word(change->class_);
    if (class >= CLASS_SECRET) {
        return editing_refuse(editing, STATUS_FIELD_NOT_CHOICE, "class", change->class_,
                              "public, contact, finance");
    }
    assert(role != NULL);
    editing_widen(role);
    const char *before = mask_text(call->arena, role, class);
    if (change->view != MASK_VIEW__MASK_VIEW_UNSET) {
        role->view[class] = (uint32_t)change->view - 1;
    }
    if (change->writable || change->locked) {
        role->writable[class] = change->writable ? 1 : 0;
    }
    const char *after = mask_text(call->arena, role, class);
    if (strcmp(before, after) != 0) {
        editing_mark(editing, role);
        call_note_change(call, role->id, class_word(class), before, after);
    }
    return STATUS_OK;
}

static enum status change_grant(struct editing *editing, RoleRecord *role, const RoleChange *change)
{
    struct call *call = editing->call;
    enum permission permission = PERMISSION_SELF;
    const enum status status = permission_named(editing, change->permission, &permission);
    if (status != STATUS_OK) {
        return status;
    }
    if (permission_is_whole(permission) && change->scope > SCOPE__SCOPE_NONE &&
        change->scope != SCOPE__SCOPE_ALL) {
        return editing_refuse(editing, STATUS_FIELD_NOT_CHOICE, "scope",
                              SCOPE_WORDS[change->scope - 1], "none, all");
    }
    const char *before = grant_text(call->arena, role, permission);
    assert(role != NULL);
    if (change->scope != SCOPE__SCOPE_UNSET) {
        set_grant(role, permission, (enum scope)(change->scope - 1), change->limit_minor);
    }
    if (change->deny || change->allow) {
        set_denial(role, permission, change->deny);
    }
    const char *after = grant_text(call->arena, role, permission);
    if (strcmp(before, after) != 0) {
        editing_mark(editing, role);
        call_note_change(call, role->id, permission_text(permission), before, after);
    }
    return STATUS_OK;
}

static enum status change_one(struct editing *editing, const RoleChange *change)
{
    RoleRecord *role = NULL;
    const enum status status = editing_role(editing, change->role_id, &role);
    if (status != STATUS_OK) {
        return status;
    }
    return change->class_[0] != '\0' ? change_mask(editing, role, change)
                                     : change_grant(editing, role, change);
}

// ---- all of them, or none ----

static bool is_anything_changed(const struct editing *editing)
{
    bool is_changed = false;
    for (size_t i = 0; i < editing->after.count; i++) {
        is_changed |= editing->after.is_changed[i];
    }
    return is_changed;
}

static enum status run_changes(struct txn *txn, struct call *call, RoleChange *const *change,
                               size_t count, RoleReply *reply)
{
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = editing_load(editing);

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = change_one(editing, change[i]);
    }
    if (status == STATUS_OK && !is_anything_changed(editing)) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = editing_judge(editing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = editing_put(editing);

    if (status == STATUS_OK) {
        editing_answer(editing, reply);
    }
    return status;
}

static enum status run_change(struct txn *txn, struct call *call, RoleChange *change,
                              RoleReply *reply)
{
    return run_changes(txn, call, &change, 1, reply);
}

// ---- commands ----

enum status role_grant(struct txn *txn, struct call *call, const RoleGrant *request,
                       RoleReply *reply)
{
    RoleChange change;
    role_change__init(&change);
    change.role_id = request->role_id;
    change.permission = request->permission;
    change.scope = request->scope;
    change.limit_minor = request->limit_minor;
    return run_change(txn, call, &change, reply);
}

enum status role_revoke(struct txn *txn, struct call *call, const RoleRevoke *request,
                        RoleReply *reply)
{
    RoleChange change;
    role_change__init(&change);
    change.role_id = request->role_id;
    change.permission = request->permission;
    change.scope = SCOPE__SCOPE_NONE;
    return run_change(txn, call, &change, reply);
}

enum status role_deny(struct txn *txn, struct call *call, const RoleDeny *request, RoleReply *reply)
{
    RoleChange change;
    role_change__init(&change);
    change.role_id = request->role_id;
    change.permission = request->permission;
    change.deny = true;
    return run_change(txn, call, &change, reply);
}

enum status role_allow(struct txn *txn, struct call *call, const RoleAllow *request,
                       RoleReply *reply)
{
    RoleChange change;
    role_change__init(&change);
    change.role_id = request->role_id;
    change.permission = request->permission;
    change.allow = true;
    return run_change(txn, call, &change, reply);
}

static enum field_class class_on_wire(MaskClass class)
{
    switch (class) {
    case MASK_CLASS__MASK_CLASS_PUBLIC:
        return CLASS_PUBLIC;
    case MASK_CLASS__MASK_CLASS_CONTACT:
        return CLASS_CONTACT;
    case MASK_CLASS__MASK_CLASS_FINANCE:
        return CLASS_FINANCE;
    case MASK_CLASS__MASK_CLASS_UNSET:
    case _MASK_CLASS_IS_INT_SIZE:
    default:
        return CLASS_SECRET;
    }
}

enum status role_mask(struct txn *txn, struct call *call, const RoleMask *request, RoleReply *reply)
{
    RoleChange change;
    const char *word = class_word(class_on_wire(request->class_));
    role_change__init(&change);
    change.role_id = request->role_id;
    change.class_ = (char *)(uintptr_t)word;
    change.view = request->view;
    change.writable = request->writable;
    change.locked = request->locked;
    return run_change(txn, call, &change, reply);
}

enum status role_apply(struct txn *txn, struct call *call, const RoleApply *request,
                       RoleReply *reply)
{
    return run_changes(txn, call, request->change, request->n_change, reply);
}
