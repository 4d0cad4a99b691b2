// SPDX-License-Identifier: Apache-2.0
#include "server/machine/second.h"

#include "server/machine/access.h"
#include "shared/wire.h"

enum status second_load(struct txn *txn, struct call *call, const Request *request)
{
    const ProtobufCMessage *inner =
        wire_inner((const ProtobufCMessage *)request, call->command->number);
    if (inner->descriptor != &approval_approve__descriptor) {
        return STATUS_OK;
    }
    ProtobufCMessage *message = NULL;
    enum status status =
        table_get(txn, TABLE_approval, key_u64(((const ApprovalApprove *)inner)->approval_id),
                  &message, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }

    const ApprovalRecord *approval = (const ApprovalRecord *)message;
    struct second *second = arena_alloc(call->arena, sizeof *second);
    if (second == NULL) {
        return STATUS_TOO_LARGE;
    }
    second->command = command_by_number(approval->command);
    assert(second->command != NULL); // commands are never taken away
    const enum permission permission = second->command->permission;
    status = access_stand_in(txn, call->arena, approval->created_by, permission, &second->creator);
    if (status == STATUS_OK) {
        status = access_stand_in(txn, call->arena, call->user_id, permission, &second->approver);
    }
    call->second = second;
    return status;
}
