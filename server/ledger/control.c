// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control.h"

#include "server/ledger/control_about.h"
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
    out->mode = control_is_held(control) ? RULE_MODE__RULE_MODE_ALWAYS : RULE_MODE__RULE_MODE_OFF;
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

// What was approved is what comes about: not more of it.
static enum status refuse_more(struct txn *txn, struct call *call, const struct act *act,
                               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_its = control_number(act[i].control) == call->approved->control;
        if (is_its && act[i].amount_minor > call->approved->amount_minor) {
            return refuse(txn, call, STATUS_APPROVAL_GREW, NULL, NULL);
        }
    }
    return STATUS_OK;
}

static bool act_is_empty(const struct act *act)
{
    return act->amount_minor == 0 && !act->is_chosen;
}

// Is there a rule for any of them? Most books have few.
static enum status find_rule(struct txn *txn, const struct act *act, size_t count, bool *out)
{
    enum status status = STATUS_OK;
    *out = false;
    for (size_t i = 0; status == STATUS_OK && !*out && i < count; i++) {
        RuleRecord rule = {0};
        status = control_rule(txn, act[i].control, &rule);
        *out =
            status == STATUS_OK && !act_is_empty(&act[i]) && rule.mode != RULE_MODE__RULE_MODE_OFF;
    }
    return status;
}

// The first act that needs a second person; `count` when none does.
static enum status find_demanding(struct txn *txn, const struct call *call, uint64_t customer_id,
                                  const struct act *act, size_t count, size_t *at)
{
    enum status status = STATUS_OK;
    bool demands = false;
    *at = 0;
    while (status == STATUS_OK && *at < count) {
        const struct doing doing = {customer_id, act[*at].control, call->book_day,
                                    act[*at].amount_minor};
        RuleRecord rule = {0};
        status = control_rule(txn, act[*at].control, &rule);
        const bool spares = !act[*at].is_chosen && rule.mode == RULE_MODE__RULE_MODE_ALWAYS;
        if (status == STATUS_OK && !spares && !act_is_empty(&act[*at])) {
            status = demands_by(txn, call, &rule, &doing, &demands);
        }
        if (demands) {
            return status;
        }
        (*at)++;
    }
    return status;
}

static enum status count_acts(struct txn *txn, const struct call *call, uint64_t customer_id,
                              const struct act *act, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const struct doing doing = {customer_id, act[i].control, call->book_day,
                                    act[i].amount_minor};
        status = act_is_empty(&act[i]) ? STATUS_OK : control_count(txn, call, &doing);
    }
    return status;
}

enum status control_check_acts(struct txn *txn, struct call *call, const struct act *act,
                               size_t count)
{
    assert(count > 0 && call->command->control == act[0].control);
    assert(act[0].control != CONTROL_NONE && !txn_call_has_written(txn));
    call->control_seen = true;
    if (call->approved != NULL) {
        return refuse_more(txn, call, act, count);
    }
    size_t at = 0;
    bool is_ruled = false;
    ApprovalRecord approval;
    approval_record__init(&approval);
    enum status status = find_rule(txn, act, count, &is_ruled);
    if (status != STATUS_OK || !is_ruled) {
        return status;
    }
    status = control_about(txn, call, &approval);
    if (status == STATUS_OK) {
        status = find_demanding(txn, call, approval.customer_id, act, count, &at);
    }
    if (status == STATUS_OK && at < count) {
        return wait_for(txn, call, act[at].control, &approval, act[at].amount_minor);
    }
    return status == STATUS_OK ? count_acts(txn, call, approval.customer_id, act, count) : status;
}

enum status control_check(struct txn *txn, struct call *call, enum control control,
                          int64_t amount_minor)
{
    const struct act act = {control, amount_minor, true};
    return control_check_acts(txn, call, &act, 1);
}

enum status control_insist(struct txn *txn, struct call *call, enum control control)
{
    assert(call->command->control == control && !txn_call_has_written(txn));
    call->control_seen = true;
    ApprovalRecord approval;
    approval_record__init(&approval);
    const bool is_open = call->approved == NULL;
    const enum status status = is_open ? control_about(txn, call, &approval) : STATUS_OK;
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
