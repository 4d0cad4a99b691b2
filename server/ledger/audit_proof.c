// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/audit.h"
#include "server/store/rows.h"

// What a client that holds an older tree needs in order to believe the present one. Asked by every
// client, also before it logs in: nothing here says who did what.

#define EPOCHS_MAX 1000 // statements in one reply

static enum status path_fill(struct txn *txn, struct call *call, uint64_t size, uint64_t other,
                             ProtobufCBinaryData **path, size_t *count)
{
    const uint64_t from = size < other ? size : other;
    const uint64_t to = size < other ? other : size;
    struct proof *proof = NULL;
    if (from == 0) {
        return STATUS_OK;
    }
    const enum status status = rows_consistency(txn, from, to, call->arena, &proof);
    ProtobufCBinaryData *list =
        status == STATUS_OK ? arena_alloc(call->arena, (proof->count + 1) * sizeof *list) : NULL;
    if (list == NULL) {
        return status == STATUS_OK ? STATUS_TOO_LARGE : status;
    }
    for (size_t i = 0; i < proof->count; i++) {
        list[i] = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = proof->hash[i]};
    }
    *path = list;
    *count = proof->count;
    return STATUS_OK;
}

static enum status checkpoint_fill(struct txn *txn, struct call *call, const AuditProof *request,
                                   AuditProofReply *reply)
{
    const struct head *head = txn_head(txn);
    if (head->checkpoint == 0) {
        return STATUS_OK;
    }
    CheckpointRecord *record = NULL;
    const enum status status = checkpoint_get(txn, key_u64(head->checkpoint), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    reply->checkpoint = record->note;
    return path_fill(txn, call, head->checkpoint_size, request->to_size, &reply->checkpoint_path,
                     &reply->n_checkpoint_path);
}

static enum status epochs_fill(struct txn *txn, struct call *call, uint64_t first,
                               AuditProofReply *reply)
{
    const uint64_t begun = txn_head(txn)->epochs;
    const uint64_t lacks = first < begun ? begun - first : 0;
    const size_t count = lacks < EPOCHS_MAX ? (size_t)lacks : EPOCHS_MAX;
    reply->epoch = arena_alloc(call->arena, (count + 1) * sizeof *reply->epoch);
    if (reply->epoch == NULL) {
        return STATUS_TOO_LARGE;
    }
    while (reply->n_epoch < count) {
        EpochRecord *record = NULL;
        const enum status status = epoch_get(txn, key_u64(first + reply->n_epoch), &record);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        reply->epoch[reply->n_epoch++] = record->note;
    }
    return STATUS_OK;
}

enum status audit_proof(struct txn *txn, struct call *call, const AuditProof *request,
                        AuditProofReply *reply)
{
    const uint64_t size = txn_head(txn)->tree.size;
    if (request->to_size > size) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "to_size", NULL);
    }
    if (request->size > request->to_size) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "size", NULL);
    }

    enum status status =
        path_fill(txn, call, request->size, request->to_size, &reply->path, &reply->n_path);
    if (status == STATUS_OK) {
        status = checkpoint_fill(txn, call, request, reply);
    }
    return status != STATUS_OK ? status : epochs_fill(txn, call, request->epochs, reply);
}
