// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/notice.h"

#include "server/ledger/user.h"
#include "server/store/rows.h"

// 0 when none was ever set.
static enum status newest(struct txn *txn, uint32_t *version)
{
    NoticeRecord *record = NULL;
    const enum status status = notice_get(txn, key_u64(NOTICE_NEWEST), &record);
    *version = status == STATUS_OK ? record->version : 0;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status notice_set(struct txn *txn, struct call *call, const NoticeSet *request,
                       NoticeReply *reply)
{
    uint32_t version = 0;
    enum status status = newest(txn, &version);
    if (status != STATUS_OK) {
        return status;
    }

    if (request->text[strspn(request->text, " \t\n")] == '\0') {
        return refuse(txn, call, STATUS_FIELD_MISSING, "text", NULL);
    }

    NoticeRecord record;
    notice_record__init(&record);
    record.version = version + 1;
    record.set_us = call->instant_us;
    record.set_by = call->user_id;
    status = notice_put(txn, key_u64(NOTICE_NEWEST), &record);
    record.text = request->text;
    if (status == STATUS_OK) {
        status = notice_put(txn, key_u64(record.version), &record);
    }

    call_about(call, 0, "notice");
    reply->version = record.version;
    reply->at_us = record.set_us;
    return status;
}

enum status notice_show(struct txn *txn, struct call *call, const NoticeShow *request,
                        NoticeCard *reply)
{
    uint32_t version = request->version;
    UserRecord *user = NULL;
    NoticeRecord *record = NULL;
    enum status status = version == 0 ? newest(txn, &version) : STATUS_OK;
    if (status == STATUS_OK) {
        status = user_get(txn, key_u64(call->user_id), &user);
    }
    if (status == STATUS_OK) {
        status = version != 0 ? notice_get(txn, key_u64(version), &record) : STATUS_NOT_FOUND;
    }
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "version", NULL) : status;
    }

    reply->version = record->version;
    reply->text = record->text;
    reply->set_us = record->set_us;
    reply->accepted_version = user->notice_version;
    reply->accepted_us = user->notice_us;
    return STATUS_OK;
}

enum status notice_accept(struct txn *txn, struct call *call, const NoticeAccept *request,
                          NoticeReply *reply)
{
    uint32_t version = 0;
    UserRecord *user = NULL;
    enum status status = newest(txn, &version);
    if (status == STATUS_OK) {
        status = user_get(txn, key_u64(call->user_id), &user);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (version == 0 || user->notice_version >= version) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "version", NULL);
    }
    if (request->version != version) {
        return refuse(txn, call, STATUS_STALE, "version", NULL); // another text than was read
    }

    user->notice_version = version;
    user->notice_us = call->instant_us;
    status = user_save(txn, call, user);

    call_about(call, user->id, user->login);
    reply->version = version;
    reply->at_us = user->notice_us;
    return status;
}
