// SPDX-License-Identifier: Apache-2.0
// The rules of the book: which acts need a second person. A rule that is not there is off.
#include "server/ledger/books.h"
#include "server/ledger/control.h"
#include "server/ledger/duty.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

static RuleMode asked_mode(const RuleSet *request)
{
    if (request->off) {
        return RULE_MODE__RULE_MODE_OFF;
    }
    return request->always ? RULE_MODE__RULE_MODE_ALWAYS : RULE_MODE__RULE_MODE_OVER;
}

// Is `after` a rule under which something may be done alone that needed somebody before?
static bool is_looser(const RuleRecord *before, const RuleRecord *after)
{
    return after->mode < before->mode ||
           (after->mode == before->mode && after->over_minor > before->over_minor);
}

static const char *rule_text(struct books *books, const RuleRecord *rule)
{
    switch ((int)rule->mode) {
    case RULE_MODE__RULE_MODE_ALWAYS:
        return "always";
    case RULE_MODE__RULE_MODE_OVER:
        return arena_print(books->arena, "over %s", books_money(books, rule->over_minor));
    case RULE_MODE__RULE_MODE_UNSET:
    case RULE_MODE__RULE_MODE_OFF:
    case _RULE_MODE_IS_INT_SIZE:
    default:
        return "off";
    }
}

static enum status check_asked(struct books *books, enum control control, const RuleSet *request)
{
    if (control == CONTROL_NONE) {
        return books_refuse(books, STATUS_FIELD_NOT_CHOICE, "kind", request->kind, NULL);
    }
    if (control_is_fixed(control)) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "kind", request->kind, "always");
    }
    if (request->over_minor != 0 && !control_has_amount(control)) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "over", NULL, "always");
    }
    return STATUS_OK;
}

// With nobody who could approve, the rule could never be taken back.
static enum status need_two(struct books *books)
{
    bool has = false;
    const enum status status = duty_has_two_admins(books->txn, books->call, &has);
    return status == STATUS_OK && !has
               ? books_refuse(books, STATUS_APPROVER_MISSING, "kind", NULL, NULL)
               : status;
}

enum status rule_set(struct txn *txn, struct call *call, const RuleSet *request, RuleReply *reply)
{
    struct books books;
    RuleRecord before = {0};
    RuleRecord after;
    rule_record__init(&before);
    const enum control control = control_by_word(request->kind);
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = check_asked(&books, control, request);
    }
    if (status == STATUS_OK) {
        status = control_rule(txn, control, &before);
    }
    if (status != STATUS_OK) {
        return status;
    }

    after = before;
    after.mode = asked_mode(request);
    after.over_minor = request->over_minor;
    if (after.mode == before.mode && after.over_minor == before.over_minor) {
        return books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (control == CONTROL_ROLES && before.mode == RULE_MODE__RULE_MODE_OFF) {
        status = need_two(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }
    // A rule that could be loosened alone would be none.
    if (is_looser(&before, &after)) {
        status = control_check(txn, call, CONTROL_ROLES, 0);
    } else {
        control_pass(call);
    }
    if (status != STATUS_OK) {
        return status;
    }

    after.changed_by = call->user_id;
    after.changed_us = call->instant_us;
    call_note_change(call, after.control, control_word(control), rule_text(&books, &before),
                     rule_text(&books, &after));
    status = rule_put(txn, key_u64(after.control), &after);

    reply->kind = reading_constant(control_word(control));
    reply->mode = after.mode;
    reply->over_minor = after.over_minor;
    call_about(call, after.control, control_word(control));
    return status;
}

static enum status fill_row(struct txn *txn, enum control control, RuleRow *row)
{
    RuleRecord rule;
    enum status status = control_rule(txn, control, &rule);
    if (status == STATUS_OK) {
        row->kind = reading_constant(control_word(control));
        row->text = reading_constant(control_sentence(control));
        row->mode = rule.mode;
        row->over_minor = rule.over_minor;
        row->changed_us = rule.changed_us;
        status = reading_login(txn, rule.changed_by, &row->changed_by);
    }
    return status;
}

enum status rule_list(struct txn *txn, struct call *call, const RuleList *request,
                      RuleListReply *reply)
{
    (void)request;
    reply->row = arena_alloc(call->arena, CONTROL_COUNT * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }

    enum status status = STATUS_OK;
    for (int control = CONTROL_NONE + 1; status == STATUS_OK && control < CONTROL_COUNT;
         control++) {
        RuleRow *row = (RuleRow *)wire_make(call->arena, &rule_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        status = fill_row(txn, (enum control)control, row);
        reply->row[reply->n_row++] = row;
    }

    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return reply->page != NULL ? status : STATUS_TOO_LARGE;
}
