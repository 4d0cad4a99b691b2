// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/row_page.h"
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

enum status user_show(struct txn *txn, struct call *call, const UserShow *request, UserRow *reply)
{
    UserRecord *user = NULL;
    const enum status status = user_get(txn, key_u64(request->user_id), &user);
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "user_id", NULL);
    }

    return status != STATUS_OK ? status : fill_row(txn, call, user, reply);
}

// What is looked for, folded.
struct asked {
    struct arena *arena;
    const char *folded;
};

static bool holds_text(const struct asked *asked, const char *text)
{
    const char *folded = text_fold(asked->arena, text);
    return folded != NULL && strstr(folded, asked->folded) != NULL;
}

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct asked *asked = context;
    const UserRecord *user = (const UserRecord *)record;
    return holds_text(asked, user->login) || holds_text(asked, user->name);
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    return fill_row(txn, call, (const UserRecord *)record, (UserRow *)row);
}

enum status user_list(struct txn *txn, struct call *call, const UserList *request,
                      UserListReply *reply)
{
    const struct asked asked = {call->arena, text_fold(call->arena, request->query)};
    if (asked.folded == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct row_page page = {
        .table = TABLE_user,
        .descriptor = &user_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = list_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (UserRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
