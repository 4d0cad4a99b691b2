// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/duty.h"

#include "server/ledger/control.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"
#include "shared/wire.h"

#include "proto/role.pb-c.h"

enum duty {

#define DUTY(name) DUTY_##name,
#include "proto/permissions.def"
    DUTY_COUNT
};

struct part_row {
    enum duty duty;
    enum permission permission;
};

static const struct part_row PARTS[] = {
#define PART(duty, permission) {DUTY_##duty, PERMISSION_##permission},
#include "proto/permissions.def"
};

struct conflict_row {
    const char *word;
    enum duty first;
    enum duty second;
    const char *text;
};

static const struct conflict_row CONFLICTS[] = {
#define CONFLICT(name, word, first, second, sentence) {word, DUTY_##first, DUTY_##second, sentence},
#include "proto/permissions.def"
};

// ---- rules ----

size_t duty_rule_count(void)
{
    return COUNT_OF(CONFLICTS);
}

const char *duty_rule_word(size_t index)
{
    assert(index < COUNT_OF(CONFLICTS));
    return CONFLICTS[index].word;
}

const char *duty_rule_text(size_t index)
{
    assert(index < COUNT_OF(CONFLICTS));
    return CONFLICTS[index].text;
}

static bool does(const struct rights *rights, enum duty duty)
{
    for (size_t i = 0; i < COUNT_OF(PARTS); i++) {
        if (PARTS[i].duty == duty && rights_scope(rights, PARTS[i].permission) != SCOPE_NONE) {
            return true;
        }
    }
    return false;
}

bool duty_collides(const struct rights *rights, size_t index)
{
    assert(index < COUNT_OF(CONFLICTS));
    return does(rights, CONFLICTS[index].first) && does(rights, CONFLICTS[index].second);
}

// ---- people ----

// One user before and after; `before` has no roles when he is new.
struct person {
    const UserRecord *user;
    struct rights before;
    struct rights after;
    bool is_touched;
};

struct judging {
    struct call *call;
    const struct would_be *would_be;
    bool touched[ROLES_MAX][PERMISSION_COUNT]; // by a change of this role of the set
    struct effect *effect;
    struct person person; // being judged
};

static bool grants_equal(const RoleRecord *a, const RoleRecord *b, enum permission permission)
{
    enum scope scope[2] = {SCOPE_NONE, SCOPE_NONE};

    int64_t limit_minor[2] = {0, 0};
    const bool has_a = a != NULL && role_grant_of(a, permission, &scope[0], &limit_minor[0]);
    const bool has_b = b != NULL && role_grant_of(b, permission, &scope[1], &limit_minor[1]);
    const bool denies_a = a != NULL && role_denies(a, permission);
    const bool denies_b = b != NULL && role_denies(b, permission);
    return has_a == has_b && scope[0] == scope[1] && limit_minor[0] == limit_minor[1] &&
           denies_a == denies_b;
}

static void find_touched(struct judging *judging)
{
    const struct role_set *after = judging->would_be->after;
    for (size_t i = 0; i < after->count; i++) {
        const RoleRecord *before = role_set_by_id(judging->would_be->before, after->role[i]->id);
        for (int p = PERMISSION_FIRST; after->is_changed[i] && p < PERMISSION_COUNT; p++) {
            judging->touched[i][p] = !grants_equal(before, after->role[i], (enum permission)p);
        }
    }
}

static bool holds(const UserRecord *user, uint64_t role_id)
{
    for (size_t i = 0; i < user->n_role; i++) {
        if (user->role[i] == role_id) {
            return true;
        }
    }
    return false;
}

// Did a role that this user holds change in this permission?
static bool is_touched(const struct judging *judging, const UserRecord *user, int permission)
{
    const struct role_set *after = judging->would_be->after;
    for (size_t i = 0; i < after->count; i++) {
        if (judging->touched[i][permission] && holds(user, after->role[i]->id)) {
            return true;
        }
    }
    return false;
}

// Another role of the user that gives the permission as widely as he has it, and did not change.
static const char *through(const struct judging *judging, const UserRecord *user, int permission,
                           enum scope scope)
{
    const struct role_set *after = judging->would_be->after;
    for (size_t i = 0; i < after->count; i++) {
        enum scope given = SCOPE_NONE;
        int64_t limit_minor = 0;
        if (!judging->touched[i][permission] && holds(user, after->role[i]->id) &&
            role_grant_of(after->role[i], (enum permission)permission, &given, &limit_minor) &&
            given >= scope) {
            return after->role[i]->word;
        }
    }
    return "";
}

static char *shared_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

static Scope scope_on_wire(enum scope scope)
{
    return (Scope)(scope + 1);
}

static enum status note(struct judging *judging, const struct person *person, int permission)
{
    struct effect *effect = judging->effect;
    const enum scope before = rights_scope(&person->before, (enum permission)permission);
    const enum scope after = rights_scope(&person->after, (enum permission)permission);
    if (effect->consequence_count == CONSEQUENCES_MAX) {
        return STATUS_OK;
    }
    Consequence *row = (Consequence *)wire_make(judging->call->arena, &consequence__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->user_id = person->user->id;
    row->login = person->user->login;
    row->name = person->user->name;
    row->permission = shared_text(permission_text((enum permission)permission));
    row->before = scope_on_wire(before);
    row->after = scope_on_wire(after);
    if (before == after && after != SCOPE_NONE) {
        row->through = shared_text(through(judging, person->user, permission, after));
    }
    effect->consequence[effect->consequence_count++] = row;
    return STATUS_OK;
}

static enum status note_conflict(struct judging *judging, const char *login, size_t rule,
                                 bool is_allowed, bool is_new)
{
    struct effect *effect = judging->effect;
    if (effect->conflict_count == CONSEQUENCES_MAX) {
        return STATUS_OK;
    }
    RoleConflict *row = (RoleConflict *)wire_make(judging->call->arena, &role_conflict__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->login = shared_text(login);
    row->rule = shared_text(CONFLICTS[rule].word);
    row->text = shared_text(CONFLICTS[rule].text);
    row->allowed = is_allowed;
    effect->conflict[effect->conflict_count++] = row;
    effect->is_refused |= is_new && !is_allowed;
    return STATUS_OK;
}

static enum status judge_conflicts(struct judging *judging, const struct person *person,
                                   const UserRecord *before)
{
    enum status status = STATUS_OK;
    for (size_t rule = 0; status == STATUS_OK && rule < COUNT_OF(CONFLICTS); rule++) {
        if (!duty_collides(&person->after, rule)) {
            continue;
        }
        const bool is_allowed = holds(person->user, ROLE_OWNER);
        const bool was_refused =
            before != NULL && !holds(before, ROLE_OWNER) && duty_collides(&person->before, rule);
        status = note_conflict(judging, person->user->login, rule, is_allowed, !was_refused);
    }
    return status;
}

static enum status judge_person(struct judging *judging, const UserRecord *user,
                                const UserRecord *before)
{
    const struct would_be *would_be = judging->would_be;
    struct person *person = &judging->person;
    *person = (struct person){.user = user};
    if (before != NULL) {
        role_set_rights(would_be->before, before, &person->before);
    }
    role_set_rights(would_be->after, user, &person->after);
    enum status status = STATUS_OK;
    for (int p = PERMISSION_FIRST; status == STATUS_OK && p < PERMISSION_COUNT; p++) {
        const bool differs = rights_scope(&person->before, (enum permission)p) !=
                             rights_scope(&person->after, (enum permission)p);
        if (differs || is_touched(judging, user, p)) {
            person->is_touched = true;
            status = note(judging, person, p);
        }
    }
    if (status == STATUS_OK && person->is_touched) {
        judging->effect->people++;
        status = judge_conflicts(judging, person, before);
    }
    return status;
}

// A role that nobody holds yet must not hold a conflict in itself either.
static enum status judge_roles(struct judging *judging)
{
    const struct would_be *would_be = judging->would_be;
    struct rights *rights = arena_alloc(judging->call->arena, 2 * sizeof *rights);
    enum status status = rights != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < would_be->after->count; i++) {
        const RoleRecord *after = would_be->after->role[i];
        const RoleRecord *before = role_set_by_id(would_be->before, after->id);
        if (!would_be->after->is_changed[i]) {
            continue;
        }
        rights_of(&after, 1, &rights[0]);
        rights_of(&before, before != NULL ? 1 : 0, &rights[1]);
        for (size_t rule = 0; status == STATUS_OK && rule < COUNT_OF(CONFLICTS); rule++) {
            if (duty_collides(&rights[0], rule)) {
                status = note_conflict(judging, "", rule, false, !duty_collides(&rights[1], rule));
            }
        }
    }
    return status;
}

enum status duty_effect(struct txn *txn, struct call *call, const struct would_be *would_be,
                        struct effect *out)
{
    *out = (struct effect){0};
    struct judging *judging = arena_alloc(call->arena, sizeof *judging);
    out->consequence = arena_alloc(call->arena, CONSEQUENCES_MAX * sizeof *out->consequence);
    out->conflict = arena_alloc(call->arena, CONSEQUENCES_MAX * sizeof *out->conflict);
    if (judging == NULL || out->consequence == NULL || out->conflict == NULL) {
        return STATUS_TOO_LARGE;
    }
    *judging = (struct judging){.call = call, .would_be = would_be, .effect = out};
    find_touched(judging);
    if (would_be->user != NULL) {
        return judge_person(judging, would_be->user, would_be->user_before);
    }
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = judge_roles(judging);
    if (status == STATUS_OK) {
        status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const UserRecord *user = (const UserRecord *)message;
        if (status == STATUS_OK && user->state != USER_STATE__USER_STATE_DISABLED) {
            status = judge_person(judging, user, user);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status duty_refuse_conflicts(struct txn *txn, struct call *call, const struct effect *effect,
                                  const char *field)
{
    if (!effect->is_refused) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < effect->conflict_count; i++) {
        const RoleConflict *conflict = effect->conflict[i];
        if (!conflict->allowed) {
            problems_add(&call->problems, STATUS_ROLE_CONFLICT, field, conflict->login,
                         conflict->rule, conflict->text);
        }
    }
    return refuse(txn, call, STATUS_ROLE_CONFLICT, NULL, NULL);
}

// ---- rank ----

enum rank { RANK_PERSON, RANK_ADMIN, RANK_OWNER };

static enum rank rank_of(const UserRecord *user, const struct rights *rights)
{
    return holds(user, ROLE_OWNER)                                     ? RANK_OWNER
           : rights_scope(rights, PERMISSION_ROLE_GRANT) != SCOPE_NONE ? RANK_ADMIN
                                                                       : RANK_PERSON;
}

// The caller and `user` side by side; no pair when the system itself calls.
struct pair {
    const UserRecord *actor;
    struct rights own;
    struct rights other;
};

static enum status pair_load(struct txn *txn, struct call *call, const struct role_set *set,
                             const UserRecord *user, struct pair **out)
{
    struct pair *pair = arena_alloc(call->arena, sizeof *pair);
    UserRecord *actor = NULL;
    *out = NULL;
    if (call->user_id == 0) {
        return STATUS_OK; // the system itself
    }
    if (pair == NULL) {
        return STATUS_TOO_LARGE;
    }
    const enum status status = user_get(txn, key_u64(call->user_id), &actor);
    if (status == STATUS_OK) {
        pair->actor = actor;
        role_set_rights(set, actor, &pair->own);
        role_set_rights(set, user, &pair->other);
        *out = pair;
    }
    return status;
}

enum status duty_need_rank(struct txn *txn, struct call *call, const struct role_set *set,
                           const UserRecord *user, const char *field)
{
    struct pair *pair = NULL;
    const enum status status = pair_load(txn, call, set, user, &pair);
    return pair != NULL && rank_of(user, &pair->other) > rank_of(pair->actor, &pair->own)
               ? refuse(txn, call, STATUS_PERMISSION_DENIED, field, NULL)
               : status;
}

enum status duty_would_gain(struct txn *txn, struct call *call, const struct role_set *set,
                            const UserRecord *user, bool *gains)
{
    struct pair *pair = NULL;
    const enum status status = pair_load(txn, call, set, user, &pair);
    *gains = false;
    for (int p = PERMISSION_FIRST; pair != NULL && p < PERMISSION_COUNT; p++) {
        *gains |= rights_scope(&pair->other, (enum permission)p) >
                  rights_scope(&pair->own, (enum permission)p);
    }
    return status;
}

// ---- the last admin ----

static enum status has_active_device(struct txn *txn, uint64_t user_id, uint64_t without_device_id,
                                     bool *has)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_device, (struct row_key){0}, 0, false, &rows);
    *has = false;
    while (status == STATUS_OK && !*has) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK) {
            const DeviceRecord *device = (const DeviceRecord *)message;
            *has = device->user_id == user_id && device->id != without_device_id &&
                   device->state == DEVICE_STATE__DEVICE_STATE_ACTIVE;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Who can mend everything else. Where roles change by two persons only, that takes two, and each
// must be able to be the second one.
static bool is_admin(const struct rights *rights, size_t wanted)
{
    return rights_scope(rights, PERMISSION_ROLE_GRANT) == SCOPE_ALL &&
           (wanted == 1 || rights_scope(rights, PERMISSION_APPROVAL_DECIDE) == SCOPE_ALL);
}

// How many of them there are, at most `wanted`.
static enum status count_admins(struct txn *txn, struct arena *arena, const struct role_set *set,
                                const UserRecord *instead, uint64_t without_device_id,
                                size_t wanted, size_t *count)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    struct rights *rights = arena_alloc(arena, sizeof *rights);
    if (rights == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    *count = 0;
    while (status == STATUS_OK && *count < wanted) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const UserRecord *user = (const UserRecord *)message;
        user = instead != NULL && instead->id == user->id ? instead : user;
        role_set_rights(set, user, rights);
        if (user->state == USER_STATE__USER_STATE_ACTIVE && is_admin(rights, wanted)) {
            bool has = false;
            status = has_active_device(txn, user->id, without_device_id, &has);
            *count += has;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status duty_has_two_admins(struct txn *txn, struct call *call, bool *has)
{
    struct role_set set;
    size_t count = 0;
    enum status status = role_set_load(txn, &set);
    if (status == STATUS_OK) {
        status = count_admins(txn, call->arena, &set, NULL, 0, 2, &count);
    }
    *has = count == 2;
    return status;
}

// Refuses when fewer than `wanted` would be left, and fewer than there are.
static enum status need_admins(struct txn *txn, struct call *call, const struct would_be *would_be,
                               size_t wanted, const char *field)
{
    size_t left = 0;
    size_t were = 0;
    enum status status = count_admins(txn, call->arena, would_be->after, would_be->user,
                                      would_be->without_device_id, wanted, &left);
    if (status == STATUS_OK && left < wanted) {
        status = count_admins(txn, call->arena, would_be->before, NULL, 0, wanted, &were);
    }
    if (status != STATUS_OK || left >= wanted || left >= were) {
        return status;
    }
    return refuse(txn, call, STATUS_LAST_ADMIN, field, NULL);
}

enum status duty_need_admin(struct txn *txn, struct call *call, const struct would_be *would_be,
                            const char *field)
{
    RuleRecord rule;
    enum status status = control_rule(txn, CONTROL_ROLES, &rule);
    if (status == STATUS_OK) {
        status = need_admins(txn, call, would_be, 1, field);
    }
    return status == STATUS_OK && rule.mode != RULE_MODE__RULE_MODE_OFF
               ? need_admins(txn, call, would_be, 2, field)
               : status;
}

enum status duty_judge_user(struct txn *txn, struct call *call, const struct role_set *set,
                            const UserRecord *before, const UserRecord *after,
                            struct effect *effect)
{
    const struct would_be would_be = {
        .before = set, .after = set, .user = after, .user_before = before};
    enum status status = duty_effect(txn, call, &would_be, effect);
    if (status == STATUS_OK) {
        status = duty_refuse_conflicts(txn, call, effect, "role");
    }
    return status == STATUS_OK && before != NULL ? duty_need_admin(txn, call, &would_be, "user_id")
                                                 : status;
}
