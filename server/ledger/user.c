// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/user.h"

#include "server/ledger/cursor.h"
#include "server/ledger/session.h"
#include "server/store/rows.h"
#include "shared/text.h"
#include "shared/wire.h"

#define ROLES_MAX 16

static_assert(ROLE_COUNT <= ROLES_MAX, "roles fit a set of 16");

struct roles {
    uint32_t number[ROLES_MAX];
    size_t count;
};

bool user_has_role(const UserRecord *user, enum role role)
{
    for (size_t i = 0; i < user->n_role; i++) {
        if (user->role[i] == (uint32_t)role) {
            return true;
        }
    }
    return false;
}

enum status user_role_words(struct arena *arena, const UserRecord *user, char ***word,
                            size_t *count)
{
    char **list = arena_alloc(arena, (user->n_role + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < user->n_role; i++) {
        const char *role = role_word((enum role)user->role[i]);
        list[i] = (char *)(uintptr_t)role;
    }
    *word = list;
    *count = user->n_role;
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
        equal = equal && user_has_role(user, (enum role)roles->number[i]);
    }
    return equal;
}

// ---- loading ----

static enum status user_load(struct txn *txn, struct call *call, uint64_t id, UserRecord **out)
{
    const enum status status = user_get(txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "user_id", NULL) : status;
}

static enum status user_by_login(struct txn *txn, ProtobufCBinaryData login_hash, UserRecord **out)
{
    if (login_hash.len != 16) {
        return STATUS_NOT_FOUND;
    }
    IdRecord *row = NULL;
    const enum status status = login_get(txn, key_hash16(login_hash.data), &row);
    return status != STATUS_OK ? status : user_get(txn, key_u64(row->id), out);
}

// Words to roles; a word that is none, or stands twice, is a problem.
static enum status roles_parse(struct txn *txn, struct call *call, char *const *word, size_t count,
                               struct roles *out)
{
    *out = (struct roles){0};
    for (size_t i = 0; i < count; i++) {
        const enum role role = role_by_word(word[i]);
        bool is_known = role != ROLE_NONE && out->count < ROLES_MAX;
        for (size_t k = 0; is_known && k < out->count; k++) {
            is_known = out->number[k] != (uint32_t)role;
        }
        if (!is_known) {
            problems_add(&call->problems, STATUS_FIELD_NOT_CHOICE, "role", word[i], NULL, NULL);
            return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, NULL, "role");
        }
        out->number[out->count++] = (uint32_t)role;
    }
    return STATUS_OK;
}

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

enum status user_owner_is_left(struct txn *txn, uint64_t without_user_id,
                               uint64_t without_device_id, bool *is_left)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    bool found = false;
    while (status == STATUS_OK && !found) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const UserRecord *user = (const UserRecord *)message;
        if (user->id != without_user_id && user->state == USER_STATE__USER_STATE_ACTIVE &&
            user_has_role(user, ROLE_OWNER)) {
            status = has_active_device(txn, user->id, without_device_id, &found);
        }
    }
    if (status == STATUS_OK || status == STATUS_END) {
        *is_left = found;
        return STATUS_OK;
    }
    return status;
}

// Refuses when the book would be left without an owner.
static enum status need_owner(struct txn *txn, struct call *call, const UserRecord *leaving)
{
    if (!user_has_role(leaving, ROLE_OWNER) || leaving->state != USER_STATE__USER_STATE_ACTIVE) {
        return STATUS_OK;
    }
    bool is_left = false;
    const enum status status = user_owner_is_left(txn, leaving->id, 0, &is_left);
    if (status != STATUS_OK) {
        return status;
    }
    return is_left ? STATUS_OK : refuse(txn, call, STATUS_LAST_OWNER, "user_id", NULL);
}

// ---- writing ----

static enum status put_invitation(struct txn *txn, const struct user_invited *invited,
                                  uint64_t user_id)
{
    assert(invited->invitation_id.len == 16);
    InvitationRecord record;
    invitation_record__init(&record);
    record.id = invited->invitation_id;
    record.user_id = user_id;
    record.expires_us = invited->expires_us;
    return invitation_put(txn, key_hash16(invited->invitation_id.data), &record);
}

static enum status user_save(struct txn *txn, UserRecord *user)
{
    user->version++;
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
    user->state = USER_STATE__USER_STATE_INVITED;
    if (user->login == NULL || user->name == NULL || user->team == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = set_roles(arena, user, invited->role, invited->role_count);
    if (status == STATUS_OK) {
        status = user_save(txn, user);
    }
    IdRecord row;
    id_record__init(&row);
    row.id = user->id;
    if (status == STATUS_OK) {
        status = login_put(txn, key_hash16(invited->login_hash.data), &row);
    }
    if (status == STATUS_OK) {
        status = put_invitation(txn, invited, user->id);
    }
    if (status == STATUS_OK) {
        *out = user;
    }
    return status;
}

static enum status reply_user(struct call *call, const UserRecord *user, UserReply *reply)
{
    call_about(call, user->id, user->login);
    reply->id = user->id;
    reply->login = user->login;
    reply->state = user->state;
    return user_role_words(call->arena, user, &reply->role, &reply->n_role);
}

static char *roles_text(struct arena *arena, const UserRecord *user)
{
    char *text = copy(arena, "");
    for (size_t i = 0; text != NULL && i < user->n_role; i++) {
        text = arena_print(arena, "%s%s%s", text, i > 0 ? ", " : "",
                           role_word((enum role)user->role[i]));
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
    user->state = USER_STATE__USER_STATE_INVITED;
    user->password_hash = (ProtobufCBinaryData){0};
    status = user_save(txn, user);
    return status != STATUS_OK ? status : put_invitation(txn, invited, user->id);
}

enum status user_invite(struct txn *txn, struct call *call, const UserInvite *request,
                        UserInviteReply *reply)
{
    UserRecord *user = NULL;
    enum status status = user_by_login(txn, request->login_hash, &user);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }

    if (user != NULL && user->state == USER_STATE__USER_STATE_ACTIVE) {
        return refuse(txn, call, STATUS_USER_EXISTS, "login", NULL);
    }
    if (request->valid_hours > INVITATION_HOURS_MAX) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "valid_hours", NULL);
    }
    struct roles roles;
    status = roles_parse(txn, call, request->role, request->n_role, &roles);
    if (status != STATUS_OK) {
        return status;
    }

    const struct user_invited invited = {
        .login = request->login,
        .login_hash = request->login_hash,
        .name = request->name,
        .role = roles.number,
        .role_count = roles.count,
        .team = request->team,
        .invitation_id = request->invitation_id,
        .expires_us = request->expires_us,
    };
    status = user == NULL ? user_create_invited(txn, call, &invited, &user)
                          : invite_again(txn, call, &invited, user);
    if (status != STATUS_OK) {
        return status;
    }

    call_about(call, user->id, user->login);
    call_note_change(call, user->id, "role", "", roles_text(call->arena, user));
    reply->id = user->id;
    reply->login = user->login;
    reply->expires_us = request->expires_us;
    return STATUS_OK;
}

enum status user_edit(struct txn *txn, struct call *call, const UserEdit *request, UserReply *reply)
{
    UserRecord *user = NULL;
    struct roles roles;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status == STATUS_OK) {
        status = roles_parse(txn, call, request->role, request->n_role, &roles);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const bool changes_roles = roles.count > 0 && !roles_equal(user, &roles);
    if (changes_roles && user->id == call->user_id) {
        return refuse(txn, call, STATUS_OWN_RIGHTS, "role", NULL);
    }
    const UserRecord wanted = {.role = roles.number, .n_role = roles.count};
    if (changes_roles && !user_has_role(&wanted, ROLE_OWNER)) {
        status = need_owner(txn, call, user);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!changes_roles && request->name[0] == '\0' && request->team[0] == '\0') {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }

    if (changes_roles) {
        const char *before = roles_text(call->arena, user);
        status = set_roles(call->arena, user, roles.number, roles.count);
        if (status != STATUS_OK) {
            return status;
        }
        call_note_change(call, user->id, "role", before, roles_text(call->arena, user));
    }
    if (request->name[0] != '\0') {
        call_note_change(call, user->id, "name", user->name, request->name);
        user->name = request->name;
    }
    if (request->team[0] != '\0') {
        call_note_change(call, user->id, "team", user->team, request->team);
        user->team = request->team;
    }
    status = user_save(txn, user);

    return status != STATUS_OK ? status : reply_user(call, user, reply);
}

enum status user_disable(struct txn *txn, struct call *call, const UserDisable *request,
                         UserReply *reply)
{
    UserRecord *user = NULL;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status != STATUS_OK) {
        return status;
    }

    if (user->state == USER_STATE__USER_STATE_DISABLED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "user_id", NULL);
    }
    status = need_owner(txn, call, user);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, user->id, "state", "active", "disabled");
    user->state = USER_STATE__USER_STATE_DISABLED;
    status = user_save(txn, user);
    if (status == STATUS_OK) {
        status = session_end_all(txn, user->id, 0);
    }

    return status != STATUS_OK ? status : reply_user(call, user, reply);
}

enum status user_enable(struct txn *txn, struct call *call, const UserEnable *request,
                        UserReply *reply)
{
    UserRecord *user = NULL;
    enum status status = user_load(txn, call, request->user_id, &user);
    if (status != STATUS_OK) {
        return status;
    }

    if (user->state != USER_STATE__USER_STATE_DISABLED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "user_id", NULL);
    }

    const bool has_joined = user->password_hash.len > 0;
    call_note_change(call, user->id, "state", "disabled", has_joined ? "active" : "invited");
    user->state = has_joined ? USER_STATE__USER_STATE_ACTIVE : USER_STATE__USER_STATE_INVITED;
    status = user_save(txn, user);

    return status != STATUS_OK ? status : reply_user(call, user, reply);
}

// ---- reading ----

static enum status count_devices(struct txn *txn, uint64_t user_id, uint32_t *count)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_device, (struct row_key){0}, 0, false, &rows);
    uint32_t found = 0;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK) {
            const DeviceRecord *device = (const DeviceRecord *)message;
            found +=
                device->user_id == user_id && device->state == DEVICE_STATE__DEVICE_STATE_ACTIVE;
        }
    }
    *count = found;
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status fill_row(struct txn *txn, struct call *call, const UserRecord *user,
                            UserRow *row)
{
    row->id = user->id;
    row->login = user->login;
    row->name = user->name;
    row->state = user->state;
    row->last_login_us = user->last_login_us;
    row->team = user->team;
    const enum status status = user_role_words(call->arena, user, &row->role, &row->n_role);
    return status != STATUS_OK ? status : count_devices(txn, user->id, &row->devices);
}

static bool user_matches(struct arena *arena, const UserRecord *user, const char *folded)
{
    const char *login = text_fold(arena, user->login);
    const char *name = text_fold(arena, user->name);
    return (login != NULL && strstr(login, folded) != NULL) ||
           (name != NULL && strstr(name, folded) != NULL);
}

enum status user_show(struct txn *txn, struct call *call, const UserShow *request, UserRow *reply)
{
    UserRecord *user = NULL;
    const enum status status = user_load(txn, call, request->user_id, &user);

    return status != STATUS_OK ? status : fill_row(txn, call, user, reply);
}

enum status user_list(struct txn *txn, struct call *call, const UserList *request,
                      UserListReply *reply)
{
    const uint32_t limit = cursor_limit(request->limit);
    uint64_t from = 0;
    if (!cursor_parse(request->cursor, &from)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    const char *folded = text_fold(call->arena, request->query);
    reply->row = arena_alloc(call->arena, limit * sizeof *reply->row);
    if (folded == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }

    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    uint64_t count = 0;
    uint64_t next_id = 0;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const UserRecord *user = (const UserRecord *)message;
        if (status != STATUS_OK || !user_matches(call->arena, user, folded)) {
            continue;
        }
        count++;
        if (user->id < from || next_id != 0) {
            continue;
        }
        if (reply->n_row == limit) {
            next_id = user->id;
            continue;
        }
        UserRow *row = (UserRow *)wire_make(call->arena, &user_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = fill_row(txn, call, user, row);
        reply->row[reply->n_row++] = row;
    }
    if (status != STATUS_END) {
        return status;
    }
    reply->page = cursor_page(call->arena, count, next_id);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
