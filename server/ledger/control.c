// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control.h"

#include "server/ledger/numbering.h"
#include "shared/fields.h"
#include "shared/money.h"
#include "shared/wire.h"

enum status control_rule(struct txn *txn, enum control control, RuleRecord *out)
{
    RuleRecord *rule = NULL;
    const uint32_t number = control_number(control);
    const enum status status = rule_get(txn, key_u64(number), &rule);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    rule_record__init(out);
    out->control = number;
    out->mode = RULE_MODE__RULE_MODE_OFF;
    if (status == STATUS_OK) {
        *out = *rule;
    }
    if (control_is_fixed(control)) {
        out->mode = RULE_MODE__RULE_MODE_ALWAYS;
    }
    return STATUS_OK;
}

static bool rule_demands(const RuleRecord *rule, int64_t amount_minor)
{
    switch ((int)rule->mode) {
    case RULE_MODE__RULE_MODE_ALWAYS:
        return true;
    case RULE_MODE__RULE_MODE_OVER:
        return amount_minor > rule->over_minor;
    case RULE_MODE__RULE_MODE_UNSET:
    case RULE_MODE__RULE_MODE_OFF:
    case _RULE_MODE_IS_INT_SIZE:
    default:
        return false;
    }
}

// Does the rule look at all that was done alone today?
static bool rule_sums(const RuleRecord *rule, enum control control)
{
    return control_sums(control) && rule->mode == RULE_MODE__RULE_MODE_OVER;
}

static enum status demands_by(struct txn *txn, const struct call *call, const RuleRecord *rule,
                              const struct doing *doing, bool *demands)
{
    int64_t sum_minor = 0;
    const enum status status =
        rule_sums(rule, doing->control) ? done_sum(txn, call, doing, &sum_minor) : STATUS_OK;
    const bool fits = money_add(sum_minor, doing->amount_minor, &sum_minor);
    *demands = rule_demands(rule, fits ? sum_minor : INT64_MAX);
    return status;
}

enum status control_demands(struct txn *txn, const struct call *call, const struct doing *doing,
                            bool *demands)
{
    RuleRecord rule;
    const enum status status = control_rule(txn, doing->control, &rule);
    return status == STATUS_OK ? demands_by(txn, call, &rule, doing, demands) : status;
}

enum status control_count(struct txn *txn, const struct call *call, const struct doing *doing)
{
    RuleRecord rule;
    const enum status status = control_rule(txn, doing->control, &rule);
    return status == STATUS_OK && rule_sums(&rule, doing->control) ? done_add(txn, call, doing)
                                                                   : status;
}

void control_pass(struct call *call)
{
    assert(call->command->control != CONTROL_NONE);
    call->control_seen = true;
}

// ---- putting aside ----

// What is kept must say no more than the journal does: personal fields as boxes, no secret.
static bool is_clean(const ProtobufCMessage *request)
{
    for (unsigned i = 0; i < request->descriptor->n_fields; i++) {
        const struct field field = field_of(request->descriptor, i);
        const bool is_private = field.sealed || field.field_class == CLASS_SECRET;
        if (is_private && field_is_set(request, field.descriptor)) {
            return false;
        }
    }
    return true;
}

static bool add_author(struct call *call, ApprovalRecord *approval, uint64_t user_id)
{
    if (user_id == 0) {
        return true;
    }
    if (approval->author == NULL) {
        approval->author = arena_alloc(call->arena, 2 * sizeof *approval->author);
    }
    if (approval->author == NULL) {
        return false;
    }
    approval->author[approval->n_author] = user_id;
    approval->n_author++;
    return true;
}

// Who wrote or last changed a draft counts as the creator of what becomes of it.
static enum status about_invoice(struct txn *txn, struct call *call, ApprovalRecord *approval)
{
    InvoiceRecord *invoice = NULL;
    const enum status status = invoice_get(txn, key_u64(approval->about_id), &invoice);
    if (status != STATUS_OK) {
        return status;
    }
    approval->customer_id = invoice->customer_id;
    if (invoice->state != INVOICE_STATE__INVOICE_STATE_DRAFT) {
        return STATUS_OK;
    }
    return add_author(call, approval, invoice->entered_by) &&
                   add_author(call, approval, invoice->edited_by)
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

static enum status about_payment(struct txn *txn, ApprovalRecord *approval)
{
    PaymentRecord *payment = NULL;
    const enum status status = payment_get(txn, key_u64(approval->about_id), &payment);
    if (status == STATUS_OK) {
        approval->customer_id = payment->customer_id;
    }
    return status;
}

// Who wrote an order down counts as the creator of its invoice.
static enum status about_order(struct txn *txn, struct call *call, ApprovalRecord *approval)
{
    OrderRecord *order = NULL;
    const enum status status = order_get(txn, key_u64(approval->about_id), &order);
    if (status != STATUS_OK) {
        return status;
    }
    approval->customer_id = order->customer_id;
    return add_author(call, approval, order->entered_by) &&
                   add_author(call, approval, order->edited_by)
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

// The first reference of a request says what it is about, and so whose row scope holds for it.
static enum status find_about(struct txn *txn, struct call *call, ApprovalRecord *approval)
{
    const ProtobufCMessage *request = call->request;
    const char *name = "";
    for (unsigned i = 0; approval->about_id == 0 && i < request->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &request->descriptor->fields[i];
        if (field_kind(field) == KIND_REFERENCE && field->label != PROTOBUF_C_LABEL_REPEATED &&
            field_is_set(request, field)) {
            memcpy(&approval->about_id, field_at(request, field), sizeof approval->about_id);
            name = field->name;
        }
    }
    if (strcmp(name, "invoice_id") == 0) {
        return about_invoice(txn, call, approval);
    }
    if (strcmp(name, "payment_id") == 0) {
        return about_payment(txn, approval);
    }
    if (strcmp(name, "order_id") == 0) {
        return about_order(txn, call, approval);
    }
    if (strcmp(name, "customer_id") == 0) {
        approval->customer_id = approval->about_id;
    }
    if (request->descriptor == &reconcile_match__descriptor) {
        approval->customer_id = ((const ReconcileMatch *)request)->customer_id;
    }
    return STATUS_OK;
}

static enum status put_aside(struct txn *txn, struct call *call, ApprovalRecord *approval,
                             int64_t amount_minor)
{
    assert(call->user_id != 0);
    assert(is_clean(call->request));
    struct books books;
    struct bytes packed = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = numbering_next(&books, SERIES_APPROVAL, 0, &approval->sequence);
    }
    if (status == STATUS_OK) {
        status = wire_pack(call->arena, call->request, &packed);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call->change_count = 0; // what was noted has not come about
    approval->id = call_new_id(call);
    approval->state = APPROVAL_STATE__APPROVAL_STATE_PENDING;
    approval->control = control_number(call->control);
    approval->command = call->command->number;
    approval->request.len = packed.size;
    approval->request.data = (uint8_t *)(uintptr_t)packed.data;
    approval->amount_minor = amount_minor;
    approval->created_by = call->user_id;
    approval->created_us = call->instant_us;
    call->approval = ident_print(call->arena, SERIES_APPROVAL, 0, approval->sequence);
    if (call->approval == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = approval_put(txn, key_u64(approval->id), approval);
    if (status == STATUS_OK) {
        status = numbering_write(&books);
    }
    if (status == STATUS_OK) {
        call_about(call, approval->id, call->approval);
    }
    return status;
}

// What waits from here on; in a preview the call goes on, and the reply says what it will need.
static enum status wait_for(struct txn *txn, struct call *call, enum control control,
                            ApprovalRecord *approval, int64_t amount_minor)
{
    call->control = control;
    const enum status status = put_aside(txn, call, approval, amount_minor);
    if (status == STATUS_OK && txn_mode(txn) == TXN_WRITE) {
        call->status = STATUS_APPROVAL_PENDING;
        return STATUS_APPROVAL_PENDING;
    }
    return status;
}

// Is the call about what its control stands for, and not one that was approved already? Then
// *is_open.
static enum status begin(struct txn *txn, struct call *call, enum control control,
                         int64_t amount_minor, bool *is_open)
{
    assert(control != CONTROL_NONE);
    assert(call->command->control == control);
    assert(!txn_call_has_written(txn));
    call->control_seen = true;
    *is_open = call->approved == NULL;
    return !*is_open && amount_minor > call->approved->amount_minor
               ? refuse(txn, call, STATUS_APPROVAL_GREW, NULL, NULL)
               : STATUS_OK;
}

enum status control_check(struct txn *txn, struct call *call, enum control control,
                          int64_t amount_minor)
{
    RuleRecord rule;
    bool is_open = false;
    enum status status = begin(txn, call, control, amount_minor, &is_open);
    if (status == STATUS_OK && is_open) {
        status = control_rule(txn, control, &rule);
    }
    if (status != STATUS_OK || !is_open || rule.mode == RULE_MODE__RULE_MODE_OFF) {
        return status;
    }
    bool demands = false;
    ApprovalRecord approval;
    approval_record__init(&approval);
    status = find_about(txn, call, &approval);
    const struct doing doing = {approval.customer_id, control, call->book_day, amount_minor};
    if (status == STATUS_OK) {
        status = demands_by(txn, call, &rule, &doing, &demands);
    }
    if (status == STATUS_OK && demands) {
        return wait_for(txn, call, control, &approval, amount_minor);
    }
    return status == STATUS_OK && rule_sums(&rule, control) ? done_add(txn, call, &doing) : status;
}

enum status control_insist(struct txn *txn, struct call *call, enum control control)
{
    bool is_open = false;
    ApprovalRecord approval;
    approval_record__init(&approval);
    enum status status = begin(txn, call, control, 0, &is_open);
    if (status == STATUS_OK && is_open) {
        status = find_about(txn, call, &approval);
    }
    return status == STATUS_OK && is_open ? wait_for(txn, call, control, &approval, 0) : status;
}

// ---- running ----

// What an approved request may not inherit from its approver.
struct self {
    const struct command *command;
    const ProtobufCMessage *request;
    const struct filter *filter;
    uint64_t user_id;
    const struct rights *rights;
};

static struct self become(struct txn *txn, struct call *call, const struct self *other)
{
    const struct self was = {call->command, call->request, call->filter, call->user_id,
                             call->rights};
    call->command = other->command;
    call->request = other->request;
    call->filter = other->filter;
    call->user_id = other->user_id;
    call->rights = other->rights;
    txn_look_as(txn, other->filter);
    return was;
}

enum status control_run(struct txn *txn, struct call *call, const ApprovalRecord *approval,
                        ProtobufCMessage **result)
{
    assert(call->second != NULL && call->approved == NULL);
    assert(call->second->creator.denial == STATUS_OK);
    assert(call->second->creator.user_id == approval->created_by);
    assert(call->user_id != approval->created_by);
    const struct stand_in *creator = &call->second->creator;
    const struct command *command = call->second->command;
    ProtobufCMessage *request = NULL;
    ProtobufCMessage *reply = wire_make(call->arena, command->reply);
    enum status status =
        wire_unpack(call->arena, command->request,
                    bytes_of(approval->request.data, approval->request.len), &request);
    if (status != STATUS_OK || reply == NULL) {
        return status == STATUS_OK || status == STATUS_TOO_LARGE ? STATUS_TOO_LARGE
                                                                 : STATUS_TAMPERED;
    }

    const struct self other = {command, request, creator->filter, creator->user_id,
                               creator->rights};
    const struct self own = become(txn, call, &other);
    call->approved = approval;
    call->approved_by = own.user_id;
    status = ledger_run(txn, call, request, reply);
    assert(status != STATUS_OK || call->status == STATUS_OK);
    call->approved = NULL;
    call->control_seen = false;
    if (status != STATUS_OK) {
        (void)become(txn, call, &own);
        call->approved_by = 0;
        return status;
    }
    call->command = own.command;
    call->request = own.request;
    call->ran = command;
    *result = reply;
    return STATUS_OK;
}
