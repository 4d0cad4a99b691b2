// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/cursor.h"
#include "server/ledger/user.h"
#include "server/store/rows.h"
#include "shared/text.h"
#include "shared/wire.h"

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
    row->region = user->region;
    row->notice_version = user->notice_version;
    row->notice_us = user->notice_us;
    const enum status status = user_role_words(txn, call->arena, user, &row->role, &row->n_role);
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
    const enum status status = user_get(txn, key_u64(request->user_id), &user);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "user_id", NULL);
    }

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
