// SPDX-License-Identifier: Apache-2.0
// Changes of roles. Every command is a list of changes made in a copy of the set; what the copy
// would do to people decides, and then it is put (role.h).
#include "server/ledger/books.h"
#include "server/ledger/control.h"
#include "server/ledger/duty.h"
#include "server/store/rows.h"

#include "proto/role.pb-c.h"

#include <inttypes.h>

static const char *const SCOPE_WORDS[SCOPE_COUNT] = {"none", "own", "team", "region", "all"};

struct editing {
    struct txn *txn;
    struct call *call;
    struct role_set before;
    struct role_set after;
    struct effect effect;
    RoleRecord *role; // that the reply is about
};

// ---- a role that can be changed ----

static void *copy_of(struct arena *arena, const void *list, size_t count, size_t room, size_t size)
{
    void *copy = arena_alloc(arena, room * size);
    if (copy != NULL && count > 0) {
        memcpy(copy, list, count * size);
    }
    return copy;
}

// A copy whose arrays have room for every permission and class; NULL when the arena is exhausted.
static RoleRecord *role_copy(struct arena *arena, const RoleRecord *role)
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

static enum status editing_load(struct editing *editing)
{
    enum status status = role_set_load(editing->txn, &editing->before);
    editing->after = editing->before;
    for (size_t i = 0; status == STATUS_OK && i < editing->after.count; i++) {
        editing->after.role[i] = role_copy(editing->call->arena, editing->before.role[i]);
        status = editing->after.role[i] != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status;
}

// ---- refusals ----

static enum status refuse_field(struct editing *editing, enum status status, const char *field,
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

// The role that is to be changed: the owner's never is, nor one that the caller holds.
static enum status role_to_change(struct editing *editing, uint64_t id, RoleRecord **out)
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

static enum status permission_named(struct editing *editing, const char *text, enum permission *out)
{
    const enum permission permission = permission_by_text(text);
    if (permission < PERMISSION_FIRST) {
        return refuse_field(editing, STATUS_FIELD_NOT_CHOICE, "permission", text, NULL);
    }
    *out = permission;
    return STATUS_OK;
}

// ---- changes, in memory ----

static void mark(struct editing *editing, const RoleRecord *role)
{
    for (size_t i = 0; i < editing->after.count; i++) {
        editing->after.is_changed[i] |= editing->after.role[i] == role;
    }
}

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

// Where a role has no column for the class yet, it is hidden and locked.
static void widen_masks(RoleRecord *role)
{
    while (role->n_view < CLASS_COUNT) {
        role->view[role->n_view++] = VIEW_HIDDEN;
    }
    while (role->n_writable < CLASS_COUNT) {
        role->writable[role->n_writable++] = 0;
    }
}

static enum status change_mask(struct editing *editing, RoleRecord *role, const RoleChange *change)
{
    struct call *call = editing->call;
    const enum field_class class = class_by_word(change->class_);
    if (class >= CLASS_SECRET) {
        return refuse_field(editing, STATUS_FIELD_NOT_CHOICE, "class", change->class_,
                            "public, contact, finance");
    }
    assert(role != NULL);
    widen_masks(role);
    const char *before = mask_text(call->arena, role, class);
    if (change->view != MASK_VIEW__MASK_VIEW_UNSET) {
        role->view[class] = (uint32_t)change->view - 1;
    }
    if (change->writable || change->locked) {
        role->writable[class] = change->writable ? 1 : 0;
    }
    const char *after = mask_text(call->arena, role, class);
    if (strcmp(before, after) != 0) {
        mark(editing, role);
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
        return refuse_field(editing, STATUS_FIELD_NOT_CHOICE, "scope",
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
        mark(editing, role);
        call_note_change(call, role->id, permission_text(permission), before, after);
    }
    return STATUS_OK;
}

static enum status change_one(struct editing *editing, const RoleChange *change)
{
    RoleRecord *role = NULL;
    const enum status status = role_to_change(editing, change->role_id, &role);
    if (status != STATUS_OK) {
        return status;
    }
    return change->class_[0] != '\0' ? change_mask(editing, role, change)
                                     : change_grant(editing, role, change);
}

// ---- judging, putting, answering ----

static bool is_anything_changed(const struct editing *editing)
{
    bool is_changed = false;
    for (size_t i = 0; i < editing->after.count; i++) {
        is_changed |= editing->after.is_changed[i];
    }
    return is_changed;
}

static enum status judge(struct editing *editing)
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

static enum status put_changed(struct editing *editing)
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

static void answer(const struct editing *editing, RoleReply *reply)
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
        status = judge(editing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = put_changed(editing);

    if (status == STATUS_OK) {
        answer(editing, reply);
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

// ---- roles that come and go ----

static enum status refuse_word(struct editing *editing, const char *word, const RoleRecord *self)
{
    const RoleRecord *taken = role_set_by_word(&editing->after, word);
    return taken != NULL && taken != self
               ? refuse_field(editing, STATUS_FIELD_NOT_UNIQUE, "word", word, NULL)
               : STATUS_OK;
}

// The new role with the grants of another one, or with none.
static enum status make_role(struct editing *editing, const RoleAdd *request, uint32_t id)
{
    RoleRecord empty;
    role_record__init(&empty);
    const RoleRecord *like = &empty;
    if (request->like_id != 0) {
        like = role_set_by_id(&editing->before, request->like_id);
    }
    if (like == NULL) {
        return refuse(editing->txn, editing->call, STATUS_NOT_FOUND, "like_id", NULL);
    }
    RoleRecord *role = role_copy(editing->call->arena, like);
    if (role == NULL) {
        return STATUS_TOO_LARGE;
    }
    role->id = id;
    role->word = request->word;
    role->name = request->name;
    role->built_in = false;
    role->version = 0;
    widen_masks(role);
    editing->role = role;
    editing->after.is_changed[editing->after.count] = true;
    editing->after.role[editing->after.count++] = role;
    return STATUS_OK;
}

enum status role_add(struct txn *txn, struct call *call, const RoleAdd *request, RoleReply *reply)
{
    BookRecord *book = NULL;
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = book_get(txn, key_u64(BOOK_KEY), &book);
    if (status == STATUS_OK) {
        status = editing_load(editing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (editing->after.count == ROLES_MAX) {
        return refuse_field(editing, STATUS_TOO_LARGE, "word", request->word, "64");
    }
    const uint32_t id = book->next_role != 0 ? book->next_role : ROLE_CUSTOM_FIRST;
    status = refuse_word(editing, request->word, NULL);
    if (status == STATUS_OK) {
        status = make_role(editing, request, id);
    }
    if (status == STATUS_OK) {
        status = judge(editing);
    }
    if (status != STATUS_OK) {
        return status;
    }

    book->next_role = id + 1;
    call_note_change(call, id, "word", "", request->word);
    status = book_put(txn, key_u64(BOOK_KEY), book);
    if (status == STATUS_OK) {
        status = put_changed(editing);
    }

    if (status == STATUS_OK) {
        answer(editing, reply);
    }
    return status;
}

enum status role_rename(struct txn *txn, struct call *call, const RoleRename *request,
                        RoleReply *reply)
{
    RoleRecord *role = NULL;
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = editing_load(editing);
    if (status == STATUS_OK) {
        status = role_to_change(editing, request->role_id, &role);
    }
    if (status == STATUS_OK && request->word[0] != '\0') {
        status = refuse_word(editing, request->word, role);
    }
    if (status != STATUS_OK) {
        return status;
    }
    assert(role != NULL);
    const char *word = request->word[0] != '\0' ? request->word : role->word;
    const char *name = request->name[0] != '\0' ? request->name : role->name;
    if (strcmp(word, role->word) == 0 && strcmp(name, role->name) == 0) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    status = control_check(txn, call, CONTROL_ROLES, 0);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, role->id, "word", role->word, word);
    call_note_change(call, role->id, "name", role->name, name);
    role->word = (char *)(uintptr_t)word;
    role->name = (char *)(uintptr_t)name;
    mark(editing, role);
    status = put_changed(editing);

    if (status == STATUS_OK) {
        answer(editing, reply);
    }
    return status;
}

// Who holds the role, whatever his state: a role that is gone must be nobody's.
static enum status refuse_held(struct editing *editing, uint64_t role_id)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(editing->txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const UserRecord *user = (const UserRecord *)message;
        for (size_t i = 0; status == STATUS_OK && i < user->n_role; i++) {
            if (user->role[i] == role_id) {
                return refuse_field(editing, STATUS_ROLE_IN_USE, "role_id", user->login, NULL);
            }
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status role_remove(struct txn *txn, struct call *call, const RoleRemove *request,
                        RoleReply *reply)
{
    RoleRecord *role = NULL;
    struct editing *editing = arena_alloc(call->arena, sizeof *editing);
    if (editing == NULL) {
        return STATUS_TOO_LARGE;
    }
    *editing = (struct editing){.txn = txn, .call = call};
    enum status status = editing_load(editing);
    if (status == STATUS_OK) {
        status = role_to_change(editing, request->role_id, &role);
    }
    if (status == STATUS_OK) {
        assert(role != NULL);
        status = refuse_held(editing, role->id);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ROLES, 0);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, role->id, "word", role->word, "");
    status = rows_del(txn, TABLE_role, key_u64(role->id));

    if (status == STATUS_OK) {
        answer(editing, reply);
    }
    return status;
}
