// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/role.h"

#include "server/ledger/books.h"
#include "server/ledger/cursor.h"
#include "server/ledger/duty.h"
#include "server/store/rows.h"
#include "shared/wire.h"

#include "proto/role.pb-c.h"

// ---- the set ----

enum status role_set_load(struct txn *txn, struct role_set *out)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_role, (struct row_key){0}, 0, false, &rows);
    *out = (struct role_set){0};
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK) {
            assert(out->count < ROLES_MAX);
            out->role[out->count++] = (RoleRecord *)message;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

RoleRecord *role_set_by_id(const struct role_set *set, uint64_t id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->role[i]->id == id) {
            return set->role[i];
        }
    }
    return NULL;
}

RoleRecord *role_set_by_word(const struct role_set *set, const char *word)
{
    for (size_t i = 0; i < set->count; i++) {
        if (strcmp(set->role[i]->word, word) == 0) {
            return set->role[i];
        }
    }
    return NULL;
}

void role_set_rights(const struct role_set *set, const UserRecord *user, struct rights *out)
{
    const RoleRecord *held[ROLES_PER_USER];
    size_t count = 0;
    for (size_t i = 0; i < user->n_role && count < COUNT_OF(held); i++) {
        held[count] = role_set_by_id(set, user->role[i]);
        count += held[count] != NULL;
    }
    rights_of(held, count, out);
}

enum status role_seed_all(struct txn *txn, struct call *call)
{
    enum status status = STATUS_OK;
    for (int role = ROLE_NONE + 1; status == STATUS_OK && role < ROLE_LIMIT; role++) {
        RoleRecord *record = NULL;
        status = rights_seed((enum role)role, call->arena, &record);
        if (status == STATUS_OK) {
            status = role_put(txn, key_u64(record->id), record);
        }
    }
    return status;
}

// ---- reading ----

static char *shared_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

static Scope scope_on_wire(enum scope scope)
{
    return (Scope)(scope + 1);
}

static enum status fill_grants(struct arena *arena, const RoleRecord *role, RoleCard *card)
{
    card->grant = arena_alloc(arena, PERMISSION_COUNT * sizeof *card->grant);
    if (card->grant == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (int p = PERMISSION_FIRST; p < PERMISSION_COUNT; p++) {
        enum scope scope = SCOPE_NONE;
        int64_t limit_minor = 0;
        const bool is_granted = role_grant_of(role, (enum permission)p, &scope, &limit_minor);
        const bool is_denied = role_denies(role, (enum permission)p);
        if (!is_granted && !is_denied) {
            continue;
        }
        RoleGrantRow *row = (RoleGrantRow *)wire_make(arena, &role_grant_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->permission = shared_text(permission_text((enum permission)p));
        row->scope = scope_on_wire(scope);
        row->limit_minor = limit_minor;
        row->denied = is_denied;
        card->grant[card->n_grant++] = row;
    }
    return STATUS_OK;
}

static enum status fill_masks(struct arena *arena, const RoleRecord *role, RoleCard *card)
{
    card->mask = arena_alloc(arena, CLASS_COUNT * sizeof *card->mask);
    if (card->mask == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (int c = 0; c < CLASS_SECRET; c++) {
        RoleMaskRow *row = (RoleMaskRow *)wire_make(arena, &role_mask_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->class_ = shared_text(class_word((enum field_class)c));
        row->view = (MaskView)(role_view(role, (enum field_class)c) + 1);
        row->writable = role_may_change(role, (enum field_class)c);
        card->mask[card->n_mask++] = row;
    }
    return STATUS_OK;
}

static enum status fill_card(struct arena *arena, const RoleRecord *role, RoleCard *card)
{
    card->id = (uint32_t)role->id;
    card->word = role->word;
    card->name = role->name;
    card->built_in = role->built_in;
    card->version = role->version;
    const enum status status = fill_grants(arena, role, card);
    return status == STATUS_OK ? fill_masks(arena, role, card) : status;
}

// Adds every user who is not disabled to the cards of his roles.
static enum status count_users(struct txn *txn, RoleCard *const *card, size_t count)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const UserRecord *user = (const UserRecord *)message;
        if (status != STATUS_OK || user->state == USER_STATE__USER_STATE_DISABLED) {
            continue;
        }
        for (size_t i = 0; i < user->n_role; i++) {
            for (size_t k = 0; k < count; k++) {
                card[k]->users += card[k]->id == user->role[i];
            }
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status role_show(struct txn *txn, struct call *call, const RoleShow *request, RoleCard *reply)
{
    RoleRecord *role = NULL;
    enum status status = role_get(txn, key_u64(request->role_id), &role);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "role_id", NULL) : status;
    }

    status = fill_card(call->arena, role, reply);
    return status == STATUS_OK ? count_users(txn, &reply, 1) : status;
}

static enum status fill_permissions(struct arena *arena, RoleListReply *reply)
{
    reply->permission = arena_alloc(arena, PERMISSION_COUNT * sizeof *reply->permission);
    reply->whole = arena_alloc(arena, PERMISSION_COUNT * sizeof *reply->whole);
    if (reply->permission == NULL || reply->whole == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (int p = PERMISSION_FIRST; p < PERMISSION_COUNT; p++) {
        reply->permission[reply->n_permission++] = shared_text(permission_text((enum permission)p));
    }
    return STATUS_OK;
}

enum status role_list(struct txn *txn, struct call *call, const RoleList *request,
                      RoleListReply *reply)
{
    (void)request;
    struct role_set set;
    enum status status = role_set_load(txn, &set);
    reply->row = arena_alloc(call->arena, ROLES_MAX * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < set.count; i++) {
        RoleCard *card = (RoleCard *)wire_make(call->arena, &role_card__descriptor);
        if (card == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = fill_card(call->arena, set.role[i], card);
        reply->row[reply->n_row++] = card;
    }
    if (status == STATUS_OK) {
        status = count_users(txn, reply->row, reply->n_row);
    }
    if (status == STATUS_OK) {
        status = fill_permissions(call->arena, reply);
    }
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return status == STATUS_OK && reply->page == NULL ? STATUS_TOO_LARGE : status;
}

static enum status add_conflicts(struct arena *arena, const struct role_set *set,
                                 const UserRecord *user, struct rights *rights,
                                 RoleConflictsReply *reply)
{
    role_set_rights(set, user, rights);
    for (size_t rule = 0; rule < duty_rule_count(); rule++) {
        if (!duty_collides(rights, rule) || reply->n_row == CONSEQUENCES_MAX) {
            continue;
        }
        RoleConflict *row = (RoleConflict *)wire_make(arena, &role_conflict__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->login = user->login;
        row->rule = shared_text(duty_rule_word(rule));
        row->text = shared_text(duty_rule_text(rule));
        for (size_t i = 0; i < user->n_role; i++) {
            row->allowed |= user->role[i] == ROLE_OWNER;
        }
        reply->row[reply->n_row++] = row;
    }
    return STATUS_OK;
}

enum status role_conflicts(struct txn *txn, struct call *call, const RoleConflicts *request,
                           RoleConflictsReply *reply)
{
    (void)request;
    struct role_set set;
    struct rights *rights = arena_alloc(call->arena, sizeof *rights);
    reply->row = arena_alloc(call->arena, CONSEQUENCES_MAX * sizeof *reply->row);
    if (rights == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = role_set_load(txn, &set);
    if (status == STATUS_OK) {
        status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const UserRecord *user = (const UserRecord *)message;
        if (status == STATUS_OK && user->state != USER_STATE__USER_STATE_DISABLED) {
            status = add_conflicts(call->arena, &set, user, rights, reply);
        }
    }
    if (status != STATUS_END) {
        return status;
    }
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
