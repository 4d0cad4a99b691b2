// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/approval.h"

#include "server/ledger/audit.h"
#include "server/ledger/control.h"
#include "server/ledger/exposure.h"
#include "server/ledger/reading.h"
#include "shared/fields.h"

bool approval_may_see(const struct call *call, const ApprovalRecord *approval)
{
    const struct command *command = command_by_number(approval->command);
    assert(command != NULL);
    if (approval->created_by == call->user_id) {
        return true;
    }
    // Others are seen by who deals with approvals, and with what this one is about.
    return (reading_may(call, PERMISSION_APPROVAL_LIST) ||
            reading_may(call, PERMISSION_APPROVAL_DECIDE)) &&
           (reading_may(call, command->permission) || reading_may(call, control_judge(command)) ||
            reading_may(call, reading_list_permission(command)));
}

enum status approval_look(struct txn *txn, struct call *call)
{
    const struct filter *filter = NULL;
    const enum status status = call_filter(call, PERMISSION_APPROVAL_LIST, &filter);
    if (status == STATUS_OK && filter != NULL) {
        txn_look_as(txn, filter);
    }
    return status;
}

enum status approval_load(struct txn *txn, struct call *call, uint64_t id, ApprovalRecord **out)
{
    ApprovalRecord *approval = NULL;
    const enum status status = approval_get(txn, key_u64(id), &approval);
    const bool hidden = status == STATUS_OK && !approval_may_see(call, approval);
    if (status == STATUS_NOT_FOUND || hidden) {
        return refuse(txn, call, STATUS_NOT_FOUND, "approval", NULL);
    }
    if (status == STATUS_OK) {
        *out = approval;
    }
    return status;
}

ApprovalState approval_state(const struct call *call, const ApprovalRecord *approval)
{
    assert(approval != NULL);
    const bool lapsed = approval->state == APPROVAL_STATE__APPROVAL_STATE_PENDING &&
                        call->instant_us >= approval->created_us + APPROVAL_US;
    return lapsed ? APPROVAL_STATE__APPROVAL_STATE_EXPIRED : approval->state;
}

enum status approval_waits(struct txn *txn, struct call *call, uint64_t id, bool *out)
{
    ApprovalRecord *approval = NULL;
    *out = false;
    const enum status status =
        id != 0 ? approval_get(txn, key_u64(id), &approval) : STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        *out = approval_state(call, approval) == APPROVAL_STATE__APPROVAL_STATE_PENDING;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

bool approval_is_author(const ApprovalRecord *approval, uint64_t user_id)
{
    bool found = approval->created_by == user_id;
    for (size_t i = 0; i < approval->n_author; i++) {
        found = found || approval->author[i] == user_id;
    }
    return found;
}

char *approval_number(struct call *call, const ApprovalRecord *approval)
{
    return ident_print(call->arena, SERIES_APPROVAL, 0, approval->sequence);
}

// Loads what is to be decided, and refuses what is not open any more.
static enum status load_open(struct txn *txn, struct call *call, uint64_t id, ApprovalRecord **out)
{
    const enum status status = approval_load(txn, call, id, out);
    if (status != STATUS_OK) {
        return status;
    }
    const ApprovalState state = approval_state(call, *out);
    if (state == APPROVAL_STATE__APPROVAL_STATE_PENDING) {
        return STATUS_OK;
    }
    const bool has_expired = state == APPROVAL_STATE__APPROVAL_STATE_EXPIRED;
    return refuse(txn, call, has_expired ? STATUS_APPROVAL_EXPIRED : STATUS_APPROVAL_DECIDED,
                  "approval", NULL);
}

// An approver sees what it is about, may decide for this customer, and for so much; where no other
// permission says who judges (JUDGED), it is somebody who could have done it.
static enum status check_approver(struct txn *txn, struct call *call,
                                  const ApprovalRecord *approval)
{
    const struct stand_in *approver = &call->second->approver;
    const enum permission judge = control_judge(call->second->command);
    assert(approver->user_id == call->user_id);
    if (approver->denial != STATUS_OK) {
        return refuse(txn, call, approver->denial, NULL, "%s", permission_text(judge));
    }
    uint32_t scopes = 1u << SCOPE_ALL;
    enum status status = STATUS_OK;
    if (approval->customer_id != 0) {
        const struct filter *own = txn_filter(txn);
        CustomerRecord *customer = NULL;
        txn_look_as(txn, approver->filter);
        status = customer_get(txn, key_u64(approval->customer_id), &customer);
        status = status == STATUS_OK ? rows_cover(txn, customer, &scopes) : status;
        txn_look_as(txn, own);
    }
    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "approval", NULL);
    }
    const int64_t most = rights_most(approver->rights, judge, scopes);
    const int64_t decides = rights_most(approver->rights, PERMISSION_APPROVAL_DECIDE, scopes);
    return status == STATUS_OK && approval->amount_minor > (most < decides ? most : decides)
               ? refuse(txn, call, STATUS_LIMIT_EXCEEDED, "amount", NULL)
               : status;
}

static enum status reply_approval(struct txn *txn, struct call *call,
                                  const ApprovalRecord *approval, ApprovalReply *reply)
{
    const struct command *command = command_by_number(approval->command);
    reply->id = approval->id;
    reply->number = approval_number(call, approval);
    reply->state = approval->state;
    reply->action = audit_action(call->arena, command->name);
    reply->object = approval->object;
    const enum status status = reading_login(txn, approval->created_by, &reply->created_by);
    return reply->number != NULL && reply->action != NULL ? status : STATUS_TOO_LARGE;
}

// Writes what was decided down: in the row, and among the changes of the record.
static enum status decide(struct txn *txn, struct call *call, ApprovalRecord *approval,
                          ApprovalState state, const char *word, uint64_t user_id)
{
    approval->state = state;
    approval->decided_by = user_id;
    approval->decided_us = call->instant_us;
    call_note_change(call, approval->id, "approval", "pending", word);
    return approval_put(txn, key_u64(approval->id), approval);
}

// The list of that name in the reply of what was approved; NULL where it has none.
static void *list_of(const ProtobufCMessage *result, const char *name,
                     const ProtobufCMessageDescriptor *element, size_t *count)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(result->descriptor, name);
    if (field == NULL || field->label != PROTOBUF_C_LABEL_REPEATED ||
        field->descriptor != element) {
        return NULL;
    }
    void *list = NULL;
    memcpy(&list, field_at(result, field), sizeof list);
    *count = field_count(result, field);
    return list;
}

enum status approval_approve(struct txn *txn, struct call *call, const ApprovalApprove *request,
                             ApprovalReply *reply)
{
    ApprovalRecord *approval = NULL;
    enum status status = load_open(txn, call, request->approval_id, &approval);

    if (status == STATUS_OK && approval_is_author(approval, call->user_id)) {
        status = refuse(txn, call, STATUS_OWN_APPROVAL, "approval", NULL);
    }
    if (status == STATUS_OK) {
        assert(call->second != NULL);
        status = check_approver(txn, call, approval);
    }
    if (status == STATUS_OK && call->second->creator.denial != STATUS_OK) {
        status = refuse(txn, call, STATUS_CREATOR_DENIED, NULL, "%s",
                        status_sentence(call->second->creator.denial));
    }
    if (status != STATUS_OK) {
        return status;
    }

    const uint64_t approver_id = call->user_id;
    ProtobufCMessage *result = NULL;
    status = control_run(txn, call, approval, &result);
    if (status == STATUS_OK) {
        approval->object = (char *)(uintptr_t)(call->object != NULL ? call->object : "");
        approval->object_id = call->object_id;
        status = decide(txn, call, approval, APPROVAL_STATE__APPROVAL_STATE_APPROVED, "approved",
                        approver_id);
    }

    if (status != STATUS_OK) {
        return status;
    }
    reply->consequence =
        list_of(result, "consequence", &consequence__descriptor, &reply->n_consequence);
    reply->conflict = list_of(result, "conflict", &role_conflict__descriptor, &reply->n_conflict);
    return reply_approval(txn, call, approval, reply);
}

// Ends what waits without doing it.
static enum status end(struct txn *txn, struct call *call, ApprovalRecord *approval,
                       ApprovalState state, const char *reason, ApprovalReply *reply)
{
    const bool declined = state == APPROVAL_STATE__APPROVAL_STATE_DECLINED;
    approval->reason = (char *)(uintptr_t)reason;
    enum status status =
        decide(txn, call, approval, state, declined ? "declined" : "withdrawn", call->user_id);
    if (status == STATUS_OK && approval->control == control_number(CONTROL_INVOICE)) {
        status = exposure_release(txn, call, approval->customer_id, approval->id);
    }
    if (status == STATUS_OK) {
        status = reply_approval(txn, call, approval, reply);
    }
    if (status == STATUS_OK) {
        call_about(call, approval->id, reply->number);
    }
    return status;
}

enum status approval_decline(struct txn *txn, struct call *call, const ApprovalDecline *request,
                             ApprovalReply *reply)
{
    ApprovalRecord *approval = NULL;
    enum status status = load_open(txn, call, request->approval_id, &approval);

    if (status == STATUS_OK && approval->created_by == call->user_id) {
        status = refuse(txn, call, STATUS_OWN_APPROVAL, "approval", NULL);
    }

    return status == STATUS_OK ? end(txn, call, approval, APPROVAL_STATE__APPROVAL_STATE_DECLINED,
                                     request->reason, reply)
                               : status;
}

enum status approval_lapse(struct txn *txn, struct call *call, const ApprovalLapse *request,
                           Empty *reply)
{
    (void)reply;
    ApprovalRecord *approval = NULL;
    enum status status = approval_get(txn, key_u64(request->approval_id), &approval);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "approval", NULL) : status;
    }

    const bool is_pending = approval->state == APPROVAL_STATE__APPROVAL_STATE_PENDING;
    if (!is_pending || approval_state(call, approval) != APPROVAL_STATE__APPROVAL_STATE_EXPIRED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "approval", NULL);
    }

    status = decide(txn, call, approval, APPROVAL_STATE__APPROVAL_STATE_EXPIRED, "lapsed", 0);

    call_about(call, approval->id, approval_number(call, approval));
    return status;
}

enum status approval_withdraw(struct txn *txn, struct call *call, const ApprovalWithdraw *request,
                              ApprovalReply *reply)
{
    ApprovalRecord *approval = NULL;
    enum status status = load_open(txn, call, request->approval_id, &approval);

    if (status == STATUS_OK && approval->created_by != call->user_id) {
        status = refuse(txn, call, STATUS_NOT_OWN_APPROVAL, "approval", NULL);
    }

    return status == STATUS_OK ? end(txn, call, approval, APPROVAL_STATE__APPROVAL_STATE_WITHDRAWN,
                                     request->reason, reply)
                               : status;
}
