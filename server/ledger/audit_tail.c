// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/audit.h"
#include "server/ledger/cursor.h"
#include "server/store/rows.h"
#include "shared/wire.h"

// What follows the journal by its numbers: its records as they come, and its leaf hashes for
// whoever computes the tree again.

#define LEAVES_MAX (MESSAGE_REPLY_MAX / LEAF_BYTES / 2) // in one reply

// ---- audit tail ----

// The number behind which the newest `limit` records that match begin, as far as one call looks.
static enum status tail_start(struct txn *txn, struct call *call, const struct audit_query *query,
                              uint32_t limit, uint64_t *start)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    const uint64_t newest = txn_head(txn)->number;
    *start = newest;
    enum status status = STATUS_END;
    if (newest > 0 && limit > 0) {
        status = rows_open(txn, TABLE_journal, key_u64(newest), 0, true, &rows);
    }
    uint32_t found = 0;
    for (size_t scanned = 0; status == STATUS_OK && found < limit && scanned < AUDIT_SCANNED_MAX &&
                             arena_used(call->arena) < AUDIT_ARENA_SHARE;
         scanned++) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const JournalRecord *record = (const JournalRecord *)message;
        AuditRow row;
        audit_row__init(&row);
        status = audit_row_fill(txn, call, record, &row);
        if (status == STATUS_OK && audit_query_takes(call->arena, &row, query)) {
            *start = record->number - 1;
            found++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status tail_fill(struct call *call, const JournalRecord *record, AuditRow *row,
                             Event *reply)
{
    reply->row = row;
    reply->action = row->action;
    reply->object = row->object;
    // An object that the reader may not see has no number here, and no id either.
    reply->id = row->object[0] != '\0' ? record->object_id : 0;
    reply->at_us = row->at_us;
    // The position is sealed by admission, which takes it from here.
    call_about(call, record->number, NULL);
    return STATUS_OK;
}

// The next record behind `from` that matches; END when there is none yet. An event without a row
// says how far was looked.
static enum status tail_next(struct txn *txn, struct call *call, const struct audit_query *query,
                             uint64_t from, Event *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_journal, key_u64(from + 1), 0, false, &rows);
    for (size_t scanned = 1; status == STATUS_OK; scanned++) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK) {
            break;
        }
        const JournalRecord *record = (const JournalRecord *)message;
        AuditRow *row = (AuditRow *)wire_make(call->arena, &audit_row__descriptor);
        status = row != NULL ? audit_row_fill(txn, call, record, row) : STATUS_TOO_LARGE;
        if (status == STATUS_OK && audit_query_takes(call->arena, row, query)) {
            return tail_fill(call, record, row, reply);
        }
        if (status == STATUS_OK &&
            (scanned == AUDIT_SCANNED_MAX || arena_used(call->arena) > AUDIT_ARENA_SHARE)) {
            call_about(call, record->number, NULL);
            return STATUS_OK;
        }
    }
    return status;
}

enum status audit_tail(struct txn *txn, struct call *call, const AuditTail *request, Event *reply)
{
    struct audit_query query;
    if (!audit_query_parse(call->arena, request->query, &query)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "query", NULL);
    }

    uint64_t from = request->from_number;
    enum status status = STATUS_OK;
    if (!request->resumed) {
        const uint32_t limit = request->limit == 0 ? 0 : cursor_limit(request->limit);
        status = tail_start(txn, call, &query, limit, &from);
    }
    if (status == STATUS_OK) {
        status = tail_next(txn, call, &query, from, reply);
    }
    return status == STATUS_END ? refuse(txn, call, STATUS_END, NULL, NULL) : status;
}

// ---- audit leaves ----

// Appends leaf hashes from number `first` on, until the reply, the call or the journal ends.
static enum status leaves_read(struct txn *txn, struct call *call, uint64_t first, size_t limit,
                               AuditLeavesReply *reply)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_journal, key_u64(first), 0, false, &rows);
    for (size_t count = 0;
         status == STATUS_OK && count < limit && arena_used(call->arena) < AUDIT_ARENA_SHARE;
         count++) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        // A number that is missing ends the reply: the reader finds fewer leaves than there must
        // be.
        if (status != STATUS_OK || row_key_first(&key) != first + count) {
            break;
        }
        const JournalRecord *record = (const JournalRecord *)message;
        status = audit_leaf(call->arena, record, reply->leaf.data + reply->leaf.len);
        reply->leaf.len += LEAF_BYTES;
    }
    return status;
}

enum status audit_leaves(struct txn *txn, struct call *call, const AuditLeaves *request,
                         AuditLeavesReply *reply)
{
    uint64_t first = 0;
    if (!cursor_parse(request->cursor, &first)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    const size_t limit =
        request->limit == 0 || request->limit > LEAVES_MAX ? LEAVES_MAX : request->limit;
    reply->first = first == 0 ? 1 : first;
    reply->leaf.data = arena_alloc(call->arena, limit * LEAF_BYTES);
    if (reply->leaf.data == NULL) {
        return STATUS_TOO_LARGE;
    }

    const enum status status = leaves_read(txn, call, reply->first, limit, reply);
    if (status != STATUS_OK && status != STATUS_END) {
        return status;
    }

    const uint64_t next = reply->first + reply->leaf.len / LEAF_BYTES;
    const bool has_more = status == STATUS_OK && next > reply->first;
    reply->page = cursor_page(call->arena, txn_head(txn)->number, has_more ? next : 0);
    return reply->page != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
