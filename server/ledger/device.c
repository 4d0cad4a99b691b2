// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/device.h"

#include "server/ledger/duty.h"
#include "server/ledger/row_page.h"
#include "server/ledger/session.h"
#include "server/store/rows.h"
#include "shared/wire.h"

static const char *state_word(DeviceState state)
{
    return state == DEVICE_STATE__DEVICE_STATE_PENDING ? "pending" : "active";
}

static enum status revoke(struct txn *txn, struct call *call, DeviceRecord *device)
{
    call_note_change(call, device->id, "state", state_word(device->state), "revoked");
    device->state = DEVICE_STATE__DEVICE_STATE_REVOKED;
    const enum status status = device_put(txn, key_u64(device->id), device);
    return status == STATUS_OK ? session_end_all(txn, 0, device->id) : status;
}

// The next device of the user behind `after_id` that counts; *out is NULL when there is none.
static enum status next_of(struct txn *txn, uint64_t user_id, uint64_t after_id, DeviceRecord **out)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_device, key_u64(after_id + 1), 0, false, &rows);
    *out = NULL;
    while (status == STATUS_OK && *out == NULL) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK) {
            DeviceRecord *device = (DeviceRecord *)message;
            const bool counts =
                device->user_id == user_id && device->state != DEVICE_STATE__DEVICE_STATE_REVOKED;
            *out = counts ? device : NULL;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status device_revoke_all(struct txn *txn, struct call *call, uint64_t user_id)
{
    DeviceRecord *device = NULL;
    enum status status = next_of(txn, user_id, 0, &device);
    while (status == STATUS_OK && device != NULL) {
        const uint64_t id = device->id;
        status = revoke(txn, call, device);
        if (status == STATUS_OK) {
            status = next_of(txn, user_id, id, &device);
        }
    }
    return status;
}

// Is this device one by which devices can be approved?
static enum status approves(struct txn *txn, struct arena *arena, const DeviceRecord *device,
                            bool *may)
{
    UserRecord *user = NULL;
    *may = false;
    if (device->state != DEVICE_STATE__DEVICE_STATE_ACTIVE) {
        return STATUS_OK;
    }
    enum status status = user_get(txn, key_u64(device->user_id), &user);
    if (status != STATUS_OK || user->state != USER_STATE__USER_STATE_ACTIVE) {
        return status;
    }
    struct rights *rights = arena_alloc(arena, sizeof *rights);
    if (rights == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = rights_load(txn, user, rights);
    *may = status == STATUS_OK && rights_scope(rights, PERMISSION_DEVICE_APPROVE) == SCOPE_ALL;
    return status;
}

enum status device_has_approver(struct txn *txn, struct arena *arena, uint64_t without_user_id,
                                bool *has)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_device, (struct row_key){0}, 0, false, &rows);
    *has = false;
    while (status == STATUS_OK && !*has) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const DeviceRecord *device = (const DeviceRecord *)message;
        if (status == STATUS_OK && device->user_id != without_user_id) {
            status = approves(txn, arena, device, has);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Who invited somebody had the invitation in his hands and could have joined with it himself.
// Another one compares the words, if there is one.
static enum status refuse_inviter(struct txn *txn, struct call *call, const DeviceRecord *device)
{
    bool has_other = false;
    if (device->invited_by == 0 || device->invited_by != call->user_id) {
        return STATUS_OK;
    }
    const enum status status = device_has_approver(txn, call->arena, call->user_id, &has_other);
    return status == STATUS_OK && has_other
               ? refuse(txn, call, STATUS_OWN_APPROVAL, "device_id", NULL)
               : status;
}

enum status device_approve(struct txn *txn, struct call *call, const DeviceApprove *request,
                           DeviceReply *reply)
{
    DeviceRecord *device = NULL;
    enum status status = device_get(txn, key_u64(request->device_id), &device);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "device_id", NULL) : status;
    }

    if (device->state != DEVICE_STATE__DEVICE_STATE_PENDING) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "device_id", NULL);
    }
    const char *words = session_words(call->arena, device);
    if (request->words[0] != '\0' && strcmp(request->words, words) != 0) {
        return refuse(txn, call, STATUS_WORDS_DIFFER, "words", NULL);
    }
    status = refuse_inviter(txn, call, device);
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, device->id, "state", "pending", "active");
    device->state = DEVICE_STATE__DEVICE_STATE_ACTIVE;
    status = device_put(txn, key_u64(device->id), device);

    call_about(call, device->id, device->name);
    reply->id = device->id;
    reply->name = device->name;
    reply->state = device->state;
    return status;
}

enum status device_revoke(struct txn *txn, struct call *call, const DeviceRevoke *request,
                          DeviceReply *reply)
{
    DeviceRecord *device = NULL;
    enum status status = device_get(txn, key_u64(request->device_id), &device);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "device_id", NULL) : status;
    }

    if (device->state == DEVICE_STATE__DEVICE_STATE_REVOKED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "device_id", NULL);
    }
    struct role_set set;
    const struct would_be would_be = {
        .before = &set, .after = &set, .without_device_id = device->id};
    status = role_set_load(txn, &set);
    if (status == STATUS_OK) {
        status = duty_need_admin(txn, call, &would_be, "device_id");
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = revoke(txn, call, device);
    if (status != STATUS_OK) {
        return status;
    }

    call_about(call, device->id, device->name);
    reply->id = device->id;
    reply->name = device->name;
    reply->state = device->state;
    return STATUS_OK;
}

static enum status fill_row(struct txn *txn, struct arena *arena, const DeviceRecord *device,
                            DeviceRow *row)
{
    UserRecord *user = NULL;
    const enum status status = user_get(txn, key_u64(device->user_id), &user);
    if (status != STATUS_OK) {
        return status;
    }
    row->id = device->id;
    row->name = device->name;
    row->login = user->login;
    row->state = device->state;
    row->enrolled_us = device->enrolled_us;
    if (device->key.len == KEY_BYTES) {
        char *words = key_words(arena, device->key.data);
        row->words = words != NULL ? words : row->words;
    }
    return STATUS_OK;
}

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const uint64_t user_id = ((const DeviceList *)asked)->user_id;
    return user_id == 0 || ((const DeviceRecord *)record)->user_id == user_id;
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    return fill_row(txn, call->arena, (const DeviceRecord *)record, (DeviceRow *)row);
}

enum status device_list(struct txn *txn, struct call *call, const DeviceList *request,
                        DeviceListReply *reply)
{
    struct row_page page = {
        .table = TABLE_device,
        .descriptor = &device_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = list_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (DeviceRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
