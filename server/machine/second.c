// SPDX-License-Identifier: Apache-2.0
#include "server/machine/second.h"

#include "server/machine/access.h"
#include "shared/wire.h"

// What the server issues by itself it issues for somebody, with the rights that this person has
// now.
static enum status load_author(struct txn *txn, struct call *call, uint64_t recurring_id)
{
    ProtobufCMessage *message = NULL;
    const enum status status =
        table_get(txn, TABLE_recurring, key_u64(recurring_id), &message, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    struct stand_in *author = arena_alloc(call->arena, sizeof *author);
    call->author = author;
    return author == NULL
               ? STATUS_TOO_LARGE
               : access_stand_in(txn, call->arena, ((const RecurringRecord *)message)->added_by,
                                 PERMISSION_INVOICE_ISSUE, author);
}

static enum status load_two(struct txn *txn, struct call *call, uint64_t approval_id)
{
    ProtobufCMessage *message = NULL;
    enum status status = table_get(txn, TABLE_approval, key_u64(approval_id), &message, NULL);
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
    status = access_stand_in(txn, call->arena, approval->created_by, second->command->permission,
                             &second->creator);
    if (status == STATUS_OK) {
        status = access_stand_in(txn, call->arena, call->user_id, control_judge(second->command),
                                 &second->approver);
    }
    call->second = second;
    return status;
}

enum status second_load(struct txn *txn, struct call *call, const Request *request)
{
    const ProtobufCMessage *inner =
        wire_inner((const ProtobufCMessage *)request, call->command->number);
    if (inner->descriptor == &approval_approve__descriptor) {
        return load_two(txn, call, ((const ApprovalApprove *)inner)->approval_id);
    }
    return inner->descriptor == &recurring_due__descriptor
               ? load_author(txn, call, ((const RecurringDue *)inner)->recurring_id)
               : STATUS_OK;
}

// The approval that ends without being carried out; 0 when this call ends none.
static uint64_t ended_by(const ProtobufCMessage *inner)
{
    if (inner->descriptor == &approval_decline__descriptor) {
        return ((const ApprovalDecline *)inner)->approval_id;
    }
    if (inner->descriptor == &approval_lapse__descriptor) {
        return ((const ApprovalLapse *)inner)->approval_id;
    }
    return inner->descriptor == &approval_withdraw__descriptor
               ? ((const ApprovalWithdraw *)inner)->approval_id
               : 0;
}

enum status second_forget(struct txn *txn, const struct call *call, const Request *request)
{
    assert(call->status == STATUS_OK);
    const uint64_t id =
        ended_by(wire_inner((const ProtobufCMessage *)request, call->command->number));
    if (id == 0) {
        return STATUS_OK;
    }
    ProtobufCMessage *message = NULL;
    enum status status = table_get(txn, TABLE_approval, key_u64(id), &message, NULL);
    const ApprovalRecord *approval = (const ApprovalRecord *)message;
    if (status != STATUS_OK || approval->command != REQUEST__COMMAND_CUSTOMER_ADD) {
        return status;
    }
    status = wire_unpack(call->arena, &customer_add__descriptor,
                         bytes_of(approval->request.data, approval->request.len), &message);
    if (status == STATUS_OK) {
        status = table_del(txn, TABLE_vault, key_u64(((const CustomerAdd *)message)->vault_id));
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}
