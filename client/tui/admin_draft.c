// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin_draft.h"

#include "client/letters.h"

struct right right_of(const RoleCard *role, const char *permission)
{
    struct right right = {.scope = SCOPE__SCOPE_NONE};
    for (size_t i = 0; i < role->n_grant; i++) {
        const RoleGrantRow *grant = role->grant[i];
        if (strcmp(grant->permission, permission) != 0) {
            continue;
        }
        right.denied = right.denied || grant->denied;
        if (grant->scope > SCOPE__SCOPE_NONE) {
            right.scope = grant->scope;
            right.limit_minor = grant->limit_minor;
        }
    }
    return right;
}

bool rights_equal(const struct right *a, const struct right *b)
{
    return a->denied == b->denied && a->scope == b->scope && a->limit_minor == b->limit_minor;
}

struct right right_next(const struct right *right)
{
    struct right next = {.scope = SCOPE__SCOPE_NONE, .limit_minor = right->limit_minor};
    if (right->denied) {
        next.limit_minor = 0;
        return next;
    }
    switch ((int)right->scope) {
    case SCOPE__SCOPE_OWN:
        next.scope = SCOPE__SCOPE_TEAM;
        break;
    case SCOPE__SCOPE_TEAM:
        next.scope = SCOPE__SCOPE_REGION;
        break;
    case SCOPE__SCOPE_REGION:
        next.scope = SCOPE__SCOPE_ALL;
        break;
    case SCOPE__SCOPE_ALL:
        next.denied = true;
        next.limit_minor = 0;
        break;
    default:
        next.scope = SCOPE__SCOPE_OWN;
        break;
    }
    return next;
}

const char *right_word(const struct right *right)
{
    static const char *const WORDS[] = {"·", "·", "own", "team", "region", "all"};
    if (right->denied) {
        return "deny";
    }
    const size_t index = (size_t)right->scope;
    return index < COUNT_OF(WORDS) ? WORDS[index] : "?";
}

static size_t index_of(const struct draft *draft, uint64_t role_id, const char *permission)
{
    size_t i = 0;
    while (i < draft->count && (draft->change[i].role_id != role_id ||
                                strcmp(draft->change[i].permission, permission) != 0)) {
        i++;
    }
    return i;
}

const struct draft_change *draft_find(const struct draft *draft, uint64_t role_id,
                                      const char *permission)
{
    const size_t i = index_of(draft, role_id, permission);
    return i < draft->count ? &draft->change[i] : NULL;
}

static void take_out(struct draft *draft, size_t index)
{
    assert(index < draft->count);
    memmove(&draft->change[index], &draft->change[index + 1],
            (draft->count - index - 1) * sizeof draft->change[0]);
    draft->count--;
    draft->version++;
}

bool draft_set(struct draft *draft, const RoleCard *role, const char *permission,
               const struct right *right)
{
    const size_t i = index_of(draft, role->id, permission);
    const struct right now = right_of(role, permission);
    if (rights_equal(&now, right)) {
        if (i < draft->count) {
            take_out(draft, i);
        }
        return true;
    }
    if (i == DRAFT_CHANGES_MAX || strlen(permission) >= PERMISSION_BYTES_MAX) {
        return false;
    }
    struct draft_change *change = &draft->change[i];
    change->role_id = role->id;
    (void)snprintf(change->permission, sizeof change->permission, "%s", permission);
    change->right = *right;
    draft->count += i == draft->count ? 1 : 0;
    draft->version++;
    return true;
}

void draft_undo(struct draft *draft)
{
    if (draft->count > 0) {
        take_out(draft, draft->count - 1);
    }
}

void draft_clear(struct draft *draft)
{
    draft->count = 0;
    draft->version++;
}

const RoleCard *role_by_id(const RoleListReply *roles, uint64_t id)
{
    for (size_t i = 0; roles != NULL && i < roles->n_row; i++) {
        if (roles->row[i]->id == id) {
            return roles->row[i];
        }
    }
    return NULL;
}

void draft_settle(struct draft *draft, const RoleListReply *roles)
{
    for (size_t i = 0; i < draft->count;) {
        const struct draft_change *change = &draft->change[i];
        const RoleCard *role = role_by_id(roles, change->role_id);
        const struct right now = role == NULL ? change->right : right_of(role, change->permission);
        if (rights_equal(&now, &change->right)) {
            take_out(draft, i);
        } else {
            i++;
        }
    }
}

// One cell becomes at most two changes: a denial or its end, and the scope.
static size_t change_pack(const struct draft_change *from, const RoleCard *role,
                          RoleChange out[static 2])
{
    const struct right now = right_of(role, from->permission);
    size_t count = 0;
    RoleChange change;
    role_change__init(&change);
    change.role_id = from->role_id;
    change.permission = letters_lend(from->permission);
    if (from->right.denied != now.denied) {
        out[count] = change;
        out[count].deny = from->right.denied;
        out[count].allow = !from->right.denied;
        count++;
    }
    if (from->right.scope != now.scope || from->right.limit_minor != now.limit_minor) {
        out[count] = change;
        out[count].scope = from->right.scope;
        out[count].limit_minor = from->right.limit_minor;
        count++;
    }
    return count;
}

RoleApply *draft_request(const struct draft *draft, const RoleListReply *roles, struct arena *arena)
{
    RoleApply *apply = arena_alloc(arena, sizeof *apply);
    RoleChange *change = arena_alloc(arena, (2 * draft->count + 2) * sizeof *change);
    RoleChange **list = arena_alloc(arena, (2 * draft->count + 2) * sizeof *list);
    if (apply == NULL || change == NULL || list == NULL) {
        return NULL;
    }
    role_apply__init(apply);
    apply->change = list;
    for (size_t i = 0; i < draft->count; i++) {
        const RoleCard *role = role_by_id(roles, draft->change[i].role_id);
        RoleChange *at = change + apply->n_change;
        const size_t count = role == NULL ? 0 : change_pack(&draft->change[i], role, at);
        for (size_t c = 0; c < count; c++) {
            list[apply->n_change++] = at + c;
        }
    }
    return apply;
}
