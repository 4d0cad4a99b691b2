// SPDX-License-Identifier: Apache-2.0
// The card of a customer's credit: the very figures that the posting of a document looks at.
#include "server/ledger/exposure.h"
#include "server/ledger/item.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

static enum status sum_open(struct books *books, uint64_t customer_id, ItemSide side, int64_t *out)
{
    struct item_list items = {0};
    const enum status status = item_open(books, customer_id, side, &items);
    *out = 0;
    for (size_t i = 0; status == STATUS_OK && i < items.count; i++) {
        *out += items.item[i]->record->open_minor;
    }
    return status;
}

static enum status fill_guarantees(struct call *call, const CreditRecord *credit, CreditCard *reply)
{
    reply->guarantee =
        arena_alloc(call->arena, (credit->n_guarantee + 1) * sizeof *reply->guarantee);
    if (reply->guarantee == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < credit->n_guarantee; i++) {
        const GuaranteeRecord *each = credit->guarantee[i];
        GuaranteeRow *row = (GuaranteeRow *)wire_make(call->arena, &guarantee_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->number = each->number;
        row->kind = each->kind;
        row->amount_minor = each->amount_minor;
        row->cap_minor = each->cap_minor;
        row->from_day = each->from_day;
        row->expires_day = each->expires_day;
        row->notes = each->notes;
        row->valid = guarantee_is_valid(each, call->book_day);
        row->discharged = each->discharged;
        reply->guarantee[reply->n_guarantee++] = row;
    }
    return STATUS_OK;
}

static enum status fill_override(struct txn *txn, struct call *call, const OverrideRecord *record,
                                 OverrideRow **out)
{
    OverrideRow *row = (OverrideRow *)wire_make(call->arena, &override_row__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = row;
    row->number = record->number;
    row->amount_minor = record->amount_minor;
    row->expires_day = record->expires_day;
    row->reason = record->reason;
    row->open = override_is_open(record, call->book_day);
    enum status status = reading_login(txn, record->created_by, &row->created_by);
    if (status == STATUS_OK) {
        status = reading_login(txn, record->approved_by, &row->approved_by);
    }
    return status == STATUS_OK ? reading_document(call, record->used_id, &row->used_by) : status;
}

static enum status fill_overrides(struct txn *txn, struct call *call, const CreditRecord *credit,
                                  CreditCard *reply)
{
    reply->override = arena_alloc(call->arena, (credit->n_override + 1) * sizeof *reply->override);
    enum status status = reply->override != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < credit->n_override; i++) {
        status = fill_override(txn, call, credit->override[i], &reply->override[i]);
        reply->n_override += status == STATUS_OK;
    }
    return status;
}

static void fill_figures(const struct exposure *exposure, CreditCard *reply)
{
    const CreditRecord *credit = exposure->credit;
    reply->class_ = exposure->customer->class_;
    reply->check = exposure->policy->check != CREDIT_CHECK__CREDIT_CHECK_UNSET
                       ? exposure->policy->check
                       : CREDIT_CHECK__CREDIT_CHECK_OFF;
    reply->credit = exposure->mode;
    reply->limit_minor = exposure->limit_minor;
    reply->limit_from = reading_constant(exposure->limit_from);
    reply->uncleared_minor = exposure->parts.uncleared_minor;
    reply->ordered_minor = exposure->parts.ordered_minor;
    reply->reserved_minor = exposure->parts.reserved_minor;
    reply->guaranteed_minor = exposure->parts.guaranteed_minor;
    reply->exposure_minor = exposure->total_minor;
    reply->available_minor =
        exposure->is_limited ? exposure->limit_minor - exposure->total_minor : 0;
    reply->overdue_minor = exposure->overdue_minor;
    reply->worst_days = exposure->worst_days;
    reply->held = exposure->customer->credit_held;
    reply->held_reason = credit->held_reason;
    reply->since_us = reply->held ? credit->held_us : 0;
    reply->review_day = credit->review_day;
    reply->alerts = (uint32_t)credit->n_alert_id;
    if (credit->n_score > 0) {
        const ScoreRecord *score = credit->score[credit->n_score - 1];
        reply->grade = score->grade;
        reply->score = score->score;
        reply->scored_day = score->day;
    }
}

enum status credit_show(struct txn *txn, struct call *call, const CreditShow *request,
                        CreditCard *reply)
{
    struct books books;
    struct exposure exposure;
    struct customer_label label;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_customer(&books, request->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK) {
        status = exposure_of(&books, customer, 0, &exposure);
    }
    if (status == STATUS_OK) {
        status = sum_open(&books, customer->id, ITEM_SIDE__ITEM_SIDE_DEBIT, &reply->open_minor);
    }
    if (status == STATUS_OK) {
        status =
            sum_open(&books, customer->id, ITEM_SIDE__ITEM_SIDE_CREDIT, &reply->on_account_minor);
    }
    if (status == STATUS_OK) {
        status = reading_customer(txn, call, customer->id, &label);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = customer->id;
    reply->customer = label.number;
    reply->name = label.name;
    fill_figures(&exposure, reply);
    if (reply->held) {
        status = reading_login(txn, exposure.credit->held_by, &reply->held_by);
    }
    if (status == STATUS_OK) {
        status = exposure_stops(&books, &exposure, &reply->stop, &reply->n_stop);
    }
    if (status == STATUS_OK) {
        status = fill_guarantees(call, exposure.credit, reply);
    }
    return status == STATUS_OK ? fill_overrides(txn, call, exposure.credit, reply) : status;
}
