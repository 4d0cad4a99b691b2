// SPDX-License-Identifier: Apache-2.0
#include "server/store/rights.h"

#include "server/store/rights_cache.h"
#include "server/store/rows.h"

// ---- the seed ----

struct grant_row {
    enum role role;
    enum permission permission;
    enum scope scope;
};

struct shows_row {
    enum role role;
    enum field_class field_class;
    enum view view;
    bool writable;
};

enum { LOCKED, WRITABLE };

static const struct grant_row GRANTS[] = {
#define GRANT(role, permission, scope) {ROLE_##role, PERMISSION_##permission, SCOPE_##scope},
#include "proto/permissions.def"
};

static const struct shows_row SHOWN[] = {
#define SHOWS(role, field_class, view, write) \
    {ROLE_##role, CLASS_##field_class, VIEW_##view, (write) == WRITABLE},
#include "proto/permissions.def"
};

static const char *const NAMES[ROLE_LIMIT] = {
#define ROLE(name, number, word, sentence) [number] = sentence,
#include "proto/permissions.def"
};

static_assert(ROLE_LIMIT <= ROLE_CUSTOM_FIRST, "a book's own roles come behind the built-in ones");

// The arrays of the grants, or false when the arena is exhausted.
static bool seed_grants(enum role role, struct arena *arena, RoleRecord *record)
{
    record->permission = arena_alloc(arena, PERMISSION_COUNT * sizeof *record->permission);
    record->scope = arena_alloc(arena, PERMISSION_COUNT * sizeof *record->scope);
    record->limit_minor = arena_alloc(arena, PERMISSION_COUNT * sizeof *record->limit_minor);
    if (record->permission == NULL || record->scope == NULL || record->limit_minor == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(GRANTS); i++) {
        if (GRANTS[i].role == role) {
            assert(count < PERMISSION_COUNT);
            record->permission[count] = permission_number(GRANTS[i].permission);
            record->scope[count] = GRANTS[i].scope;
            record->limit_minor[count] = 0;
            count++;
        }
    }
    record->n_permission = count;
    record->n_scope = count;
    record->n_limit_minor = count;
    return true;
}

static bool seed_masks(enum role role, struct arena *arena, RoleRecord *record)
{
    record->view = arena_alloc(arena, CLASS_COUNT * sizeof *record->view);
    record->writable = arena_alloc(arena, CLASS_COUNT * sizeof *record->writable);
    if (record->view == NULL || record->writable == NULL) {
        return false;
    }
    memset(record->view, 0, CLASS_COUNT * sizeof *record->view);
    memset(record->writable, 0, CLASS_COUNT * sizeof *record->writable);
    for (size_t i = 0; i < COUNT_OF(SHOWN); i++) {
        if (SHOWN[i].role == role) {
            record->view[SHOWN[i].field_class] = SHOWN[i].view;
            record->writable[SHOWN[i].field_class] = SHOWN[i].writable;
        }
    }
    record->n_view = CLASS_COUNT;
    record->n_writable = CLASS_COUNT;
    return true;
}

enum status rights_seed(enum role role, struct arena *arena, RoleRecord **out)
{
    assert(role > ROLE_NONE && role < ROLE_LIMIT);
    RoleRecord *record = arena_alloc(arena, sizeof *record);
    const char *word = role_word(role);
    if (record == NULL) {
        return STATUS_TOO_LARGE;
    }
    role_record__init(record);
    record->id = role;
    record->word = arena_copy(arena, word, strlen(word));
    record->name = arena_copy(arena, NAMES[role], strlen(NAMES[role]));
    record->built_in = true;
    record->version = 1;
    if (record->word == NULL || record->name == NULL || !seed_grants(role, arena, record) ||
        !seed_masks(role, arena, record)) {
        return STATUS_TOO_LARGE;
    }
    *out = record;
    return STATUS_OK;
}

// ---- one role ----

bool role_grant_of(const RoleRecord *role, enum permission permission, enum scope *scope,
                   int64_t *limit_minor)
{
    const uint32_t number = permission_number(permission);
    for (size_t i = 0; i < role->n_permission; i++) {
        if (role->permission[i] == number) {
            *scope = (enum scope)role->scope[i];
            *limit_minor = role->limit_minor[i];
            return true;
        }
    }
    return false;
}

bool role_denies(const RoleRecord *role, enum permission permission)
{
    const uint32_t number = permission_number(permission);
    for (size_t i = 0; i < role->n_denied; i++) {
        if (role->denied[i] == number) {
            return true;
        }
    }
    return false;
}

enum view role_view(const RoleRecord *role, enum field_class field_class)
{
    return (size_t)field_class < role->n_view ? (enum view)role->view[field_class] : VIEW_HIDDEN;
}

bool role_may_change(const RoleRecord *role, enum field_class field_class)
{
    return (size_t)field_class < role->n_writable && role->writable[field_class] != 0;
}

// ---- all roles of a user ----

static void add_grant(struct rights *rights, const RoleRecord *role, enum permission permission,
                      enum scope scope, int64_t limit_minor)
{
    int64_t *most = &rights->most_minor[permission][scope];
    const int64_t limit = limit_minor > 0 ? limit_minor : LIMIT_NONE;
    *most = limit > *most ? limit : *most;
    for (int c = 0; c < CLASS_COUNT; c++) {
        uint8_t *view = &rights->view[permission][scope][c];
        const enum view given = role_view(role, (enum field_class)c);
        *view = given > (enum view) * view ? (uint8_t)given : *view;
        rights->writable[permission][scope][c] |= role_may_change(role, (enum field_class)c);
    }
}

static void add_role(struct rights *rights, const RoleRecord *role)
{
    assert(role->n_permission == role->n_scope && role->n_permission == role->n_limit_minor);
    for (size_t i = 0; i < role->n_permission; i++) {
        const enum permission permission = permission_by_number(role->permission[i]);
        const uint32_t scope = role->scope[i];
        if (permission >= PERMISSION_FIRST && scope > SCOPE_NONE && scope < SCOPE_COUNT) {
            add_grant(rights, role, permission, (enum scope)scope, role->limit_minor[i]);
        }
    }
    for (size_t i = 0; i < role->n_denied; i++) {
        const enum permission permission = permission_by_number(role->denied[i]);
        rights->denied[permission] |= permission >= PERMISSION_FIRST;
    }
}

void rights_of(const RoleRecord *const *role, size_t count, struct rights *out)
{
    *out = (struct rights){0};
    for (size_t i = 0; i < count; i++) {
        add_role(out, role[i]);
    }
}

static enum status join(struct txn *txn, const UserRecord *user, struct rights *out)
{
    *out = (struct rights){0};
    for (size_t i = 0; i < user->n_role; i++) {
        RoleRecord *role = NULL;
        const enum status status = role_get(txn, key_u64(user->role[i]), &role);
        if (status == STATUS_OK) {
            add_role(out, role);
        } else if (status != STATUS_NOT_FOUND) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status rights_load(struct txn *txn, const UserRecord *user, struct rights *out)
{
    struct rights_key key;
    bool is_whole = false;
    enum status status = rights_key_of(txn, user, &key, &is_whole);
    if (status == STATUS_OK && is_whole && rights_cache_find(txn, &key, out)) {
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = join(txn, user, out);
    }
    if (status == STATUS_OK && is_whole) {
        rights_cache_keep(txn, &key, out);
    }
    return status;
}

enum scope rights_scope(const struct rights *rights, enum permission permission)
{
    assert((size_t)permission < PERMISSION_COUNT);
    int scope = rights->denied[permission] ? SCOPE_NONE : SCOPE_ALL;
    while (scope > SCOPE_NONE && rights->most_minor[permission][scope] == 0) {
        scope--;
    }
    return (enum scope)scope;
}

// Fills scope and masks for one permission.
static void aim(const struct rights *rights, enum permission permission, struct filter *filter)
{
    const enum scope scope = rights_scope(rights, permission);
    filter->scope = scope;
    filter->also_team = scope == SCOPE_REGION && rights->most_minor[permission][SCOPE_TEAM] != 0;
    filter->is_mixed = false;
    filter->guards = rights_scope(rights, PERMISSION_CUSTOMER_RESTRICT) != SCOPE_NONE;
    for (int c = 0; c < CLASS_COUNT; c++) {
        // A team's rows may lie outside of the region, and are no better shown for it.
        const uint8_t widest = rights->view[permission][scope][c];
        const uint8_t team = rights->view[permission][SCOPE_TEAM][c];
        const uint8_t common = filter->also_team && team < widest ? team : widest;
        filter->views[c] = (enum view)common;
        for (int s = SCOPE_OWN; s < SCOPE_COUNT; s++) {
            const bool is_near = s < (int)scope || (filter->also_team && s == (int)scope);
            filter->near[s][c] = is_near ? rights->view[permission][s][c] : 0;
            filter->is_mixed |= filter->near[s][c] > common;
        }
    }
}

int64_t rights_most(const struct rights *rights, enum permission permission, uint32_t scopes)
{
    int64_t most = 0;
    for (int s = SCOPE_OWN; s < SCOPE_COUNT && !rights->denied[permission]; s++) {
        const int64_t given = rights->most_minor[permission][s];
        most = (scopes & 1u << s) != 0 && given > most ? given : most;
    }
    return most;
}

bool rights_may_change(const struct rights *rights, enum permission permission, uint32_t scopes,
                       enum field_class field_class)
{
    bool may = false;
    for (int s = SCOPE_OWN; s < SCOPE_COUNT && !rights->denied[permission]; s++) {
        may |= (scopes & 1u << s) != 0 && rights->writable[permission][s][field_class];
    }
    return may;
}

struct filter *rights_filter(const struct rights *rights, const UserRecord *user,
                             enum permission permission, struct arena *arena)
{
    struct filter *filter = arena_alloc(arena, sizeof *filter);
    char *team = arena_copy(arena, user->team, strlen(user->team));
    char *region = arena_copy(arena, user->region, strlen(user->region));
    if (filter == NULL || team == NULL || region == NULL) {
        return NULL;
    }
    *filter = (struct filter){.user_id = user->id, .team = team, .region = region};
    aim(rights, permission, filter);
    return filter;
}

struct filter *rights_narrow(const struct rights *rights, const struct filter *filter,
                             enum permission permission, struct arena *arena)
{
    struct filter *narrow = arena_alloc(arena, sizeof *narrow);
    if (narrow != NULL) {
        *narrow = *filter;
        aim(rights, permission, narrow);
    }
    return narrow;
}
