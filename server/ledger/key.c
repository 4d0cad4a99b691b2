// SPDX-License-Identifier: Apache-2.0
// What the house key said of the server's keys. Signatures are looked at by who applies a statement
// and by every client; here a statement is a text with a serial that only rises.
#include "server/ledger/call.h"
#include "server/store/rows.h"

static enum status newest(struct txn *txn, StatementRecord **out)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    struct row_key key;
    *out = NULL;
    enum status status = rows_open(txn, TABLE_statement, (struct row_key){0}, 0, true, &rows);
    if (status == STATUS_OK) {
        status = rows_next(rows, &key, (ProtobufCMessage **)out);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status key_publish(struct txn *txn, struct call *call, const KeyPublish *request, Empty *reply)
{
    (void)reply;
    StatementRecord *known = NULL;
    const enum status status = newest(txn, &known);
    if (status != STATUS_OK) {
        return status;
    }

    if (request->serial == 0 || (known != NULL && request->serial <= known->serial)) {
        return refuse(txn, call, STATUS_STATEMENT_OLD, "serial", NULL);
    }

    StatementRecord record;
    statement_record__init(&record);
    record.serial = request->serial;
    record.statement = request->statement;
    record.published_us = call->instant_us;
    call_about(call, 0, "statement");
    return statement_put(txn, key_u64(record.serial), &record);
}

enum status key_show(struct txn *txn, struct call *call, const KeyShow *request, KeyCard *reply)
{
    (void)request;
    StatementRecord *known = NULL;
    const enum status status = newest(txn, &known);
    if (status != STATUS_OK) {
        return status;
    }
    if (known == NULL) {
        return refuse(txn, call, STATUS_NOT_FOUND, NULL, NULL);
    }

    reply->serial = known->serial;
    reply->statement = known->statement;
    return STATUS_OK;
}
