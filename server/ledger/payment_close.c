// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/payment_close.h"

#include "server/ledger/disparity.h"
#include "server/ledger/receipt.h"
#include "shared/money.h"

// An item that the payment pays in part on its own day; what is left of it.
static enum status add_rest(struct books *books, const PaymentRecord *payment,
                            const struct settlement *settlement, struct item *debit,
                            struct settlement *rest)
{
    const int64_t planned = settlement_planned(settlement, debit);
    const int64_t open = item_left(debit->record);
    int32_t day = 0;
    if (planned == open || settlement_planned(rest, debit) != 0) {
        return STATUS_OK;
    }
    const enum status status = item_free_day(books, debit, open, payment->date_day, &day);
    if (status == STATUS_OK && day == payment->date_day) {
        rest->line[rest->count] = (struct settlement_line){.debit = debit,
                                                           .open_minor = open - planned,
                                                           .amount_minor = open - planned,
                                                           .day = day,
                                                           .rule = "difference"};
        rest->count++;
        rest->left_minor += open - planned;
    }
    return status;
}

// What is left of the items that the payment pays in part.
static enum status find_rest(struct books *books, const PaymentRecord *payment,
                             const struct settlement *settlement, struct settlement *rest)
{
    *rest = (struct settlement){.customer_id = payment->customer_id, .day = payment->date_day};
    rest->line = arena_alloc(books->arena, (settlement->count + 1) * sizeof *rest->line);
    enum status status = rest->line != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < settlement->count; i++) {
        if (settlement->line[i].day == payment->date_day) {
            status = add_rest(books, payment, settlement, settlement->line[i].debit, rest);
        }
    }
    return status;
}

static enum status plan_difference(struct books *books, const PaymentRecord *payment,
                                   int64_t amount_minor, bool is_small, struct closing *out)
{
    const bool gives_up = !is_small && !out->is_over;
    const ClearingKind kind =
        gives_up ? CLEARING_KIND__CLEARING_KIND_WRITE_OFF : CLEARING_KIND__CLEARING_KIND_DIFFERENCE;
    out->role = is_small ? ACCOUNT_ROUNDING : out->is_over ? ACCOUNT_GAINS : ACCOUNT_WRITE_OFF;
    enum status status = STATUS_OK;
    if (is_small) {
        deduction_agree(&out->deduction, amount_minor);
    } else { // a write-off, which has its own permission, limit and second person
        status = deduction_give(books, payment->customer_id, amount_minor, "write_off",
                                !out->is_over, &out->deduction);
    }
    if (status == STATUS_OK) {
        status = posting_guard(books, payment->date_day, POSTING_CASH, "date");
    }
    if (status == STATUS_OK) {
        status = posting_load(books, out->role);
    }
    if (status != STATUS_OK) {
        return status;
    }
    out->difference =
        clearing_make(books, kind, payment->customer_id, amount_minor, payment->date_day);
    return out->difference != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// Of money in another currency: what a part of it is worth; at least a minor unit.
static int64_t worth_of(const PaymentRecord *payment, int64_t own_minor)
{
    int64_t book_minor = 0;
    const bool fits =
        money_scale(receipt_book(payment), own_minor, payment->amount_minor, &book_minor);
    assert(fits);
    return own_minor > 0 && book_minor == 0 ? 1 : book_minor;
}

// The same of what is left open. Both count for the tolerance and the limits, which are of the
// book's currency; what is posted is what the items have left behind the payment.
static int64_t rest_worth(const struct settlement *rest)
{
    const int64_t book_minor = clearing_worth(rest).book_minor;
    return rest->left_minor > 0 && book_minor == 0 ? 1 : book_minor;
}

enum status closing_plan(struct books *books, const PaymentRecord *payment,
                         const struct settlement *settlement, bool asked, struct closing *out)
{
    *out = (struct closing){.is_over = settlement->left_minor > 0};
    deduction_settle(payment, settlement, &out->deduction);
    enum status status =
        deduction_fee(books, receipt_book_fee(payment), receipt_book(payment), &out->deduction);
    for (size_t i = 0; i < settlement->count; i++) {
        out->discount_minor += settlement->line[i].discount_minor;
    }
    if (status == STATUS_OK && out->discount_minor != 0) {
        status = posting_load(books, ACCOUNT_DISCOUNT);
    }
    if (status == STATUS_OK && asked && settlement->count == 0) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "write_off", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = find_rest(books, payment, settlement, &out->rest);
    }
    const int64_t amount_minor =
        out->is_over ? worth_of(payment, settlement->left_minor) : rest_worth(&out->rest);
    out->over_minor = out->is_over ? settlement->left_minor : 0;
    const bool is_small = amount_minor <= books->record->tolerance_minor;
    // Too much stays on account unless somebody says otherwise.
    const bool closes = asked || (is_small && !out->is_over);
    if (status != STATUS_OK || amount_minor == 0 || !closes) {
        return status;
    }
    return plan_difference(books, payment, amount_minor, is_small, out);
}

// ---- posting ----

static enum status tie(struct books *books, PaymentRecord *payment, ClearingRecord *clearing)
{
    const size_t count = payment->n_clearing_id;
    uint64_t *grown = arena_alloc(books->arena, (count + 1) * sizeof *grown);
    if (grown == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (count > 0) {
        memcpy(grown, payment->clearing_id, count * sizeof *grown);
    }
    grown[count] = clearing->id;
    payment->clearing_id = grown;
    payment->n_clearing_id = count + 1;
    return STATUS_OK;
}

static enum status post_discount(struct books *books, PaymentRecord *payment,
                                 const struct settlement_line *line)
{
    ClearingRecord *clearing =
        clearing_make(books, CLEARING_KIND__CLEARING_KIND_DISCOUNT, payment->customer_id,
                      line->discount_minor, payment->date_day);
    if (clearing == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct settlement_line given = *line;
    given.amount_minor = line->discount_minor;
    given.rule = "discount";
    struct settlement settled = {.line = &given, .count = 1};
    clearing->payment_id = payment->id;
    const enum status status = clearing_give(books, clearing, ACCOUNT_DISCOUNT, &settled);
    return status == STATUS_OK ? tie(books, payment, clearing) : status;
}

static struct item_rest share_of(const ItemRecord *credit, int64_t own_minor)
{
    const bool is_foreign = credit->currency[0] != '\0';
    return (struct item_rest){own_minor,
                              is_foreign ? disparity_share(credit, own_minor) : own_minor};
}

// Money of the customer's that is too small to keep for him.
static enum status post_over(struct books *books, const PaymentRecord *payment,
                             const struct closing *closing)
{
    ClearingRecord *clearing = closing->difference;
    struct item *debit = NULL;
    struct item *credit = NULL;
    struct item_rest taken = {0};
    enum status status = clearing_enter(books, clearing);
    if (status == STATUS_OK) {
        status = item_load(books, payment->advance_item_id, &credit);
    }
    if (status == STATUS_OK) {
        taken = share_of(credit->record, closing->over_minor);
        clearing_denominate(clearing, payment->currency, taken);
        status = clearing_item(books, clearing, ITEM_SIDE__ITEM_SIDE_DEBIT, credit->record->account,
                               taken, &debit);
    }
    if (status != STATUS_OK) {
        return status;
    }
    EntryRecord *entry = clearing_entry(books, clearing, ENTRY_KIND__ENTRY_KIND_ROUNDING, 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = posting_line(books, entry, credit->record->account, SIDE_DEBIT, clearing->amount_minor,
                          clearing->customer_id);
    if (status == STATUS_OK) {
        status = posting_role(books, entry, closing->role, SIDE_CREDIT, clearing->amount_minor,
                              clearing->customer_id);
    }
    if (status == STATUS_OK) {
        status = clearing_keep(books, clearing, entry);
    }
    AllocationRecord *allocation;
    return status == STATUS_OK ? item_allocate_even(books, debit, credit, taken, clearing->date_day,
                                                    "difference", &allocation)
                               : status;
}

enum status closing_post(struct books *books, PaymentRecord *payment,
                         const struct settlement *settlement, struct closing *closing)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < settlement->count; i++) {
        if (settlement->line[i].discount_minor != 0) {
            status = post_discount(books, payment, &settlement->line[i]);
        }
    }
    if (status == STATUS_OK && closing->difference != NULL) {
        closing->difference->payment_id = payment->id;
        status = closing->is_over
                     ? post_over(books, payment, closing)
                     : clearing_give(books, closing->difference, closing->role, &closing->rest);
    }
    if (status == STATUS_OK && closing->difference != NULL) {
        status = tie(books, payment, closing->difference);
    }
    return status == STATUS_OK && payment->n_clearing_id > 0
               ? payment_put(books->txn, key_u64(payment->id), payment)
               : status;
}

// ---- undoing ----

static enum status settles(struct books *books, const ClearingRecord *clearing, uint64_t invoice_id,
                           bool *out)
{
    enum status status = STATUS_OK;
    *out = invoice_id == 0;
    for (size_t i = 0; status == STATUS_OK && i < clearing->n_item_id; i++) {
        struct allocation_list list = {0};
        status = item_allocations(books, clearing->item_id[i], &list);
        for (size_t k = 0; status == STATUS_OK && !*out && k < list.count; k++) {
            struct item *debit;
            status = item_load(books, list.allocation[k]->debit_id, &debit);
            *out = status == STATUS_OK && debit->record->document_id == invoice_id;
        }
    }
    return status;
}

enum status closing_undo_plan(struct books *books, const PaymentRecord *payment,
                              uint64_t invoice_id, int32_t day, struct closing_undo *out)
{
    // What takes effect later than today was not asked for.
    const int32_t asked = day <= books->call->book_day ? day : 0;
    *out = (struct closing_undo){0};
    out->undo = arena_alloc(books->arena, (payment->n_clearing_id + 1) * sizeof *out->undo);
    enum status status = out->undo != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < payment->n_clearing_id; i++) {
        ClearingRecord *clearing = NULL;
        bool belongs = false;
        status = clearing_get(books->txn, key_u64(payment->clearing_id[i]), &clearing);
        if (status == STATUS_OK && clearing->state == CLEARING_STATE__CLEARING_STATE_POSTED) {
            status = settles(books, clearing, invoice_id, &belongs);
        }
        if (status == STATUS_OK && belongs) {
            status = clearing_undo_plan(books, clearing, asked, &out->undo[out->count]);
            out->count++;
        }
    }
    return status == STATUS_NOT_FOUND && books->refused == STATUS_OK ? STATUS_INCOMPLETE : status;
}

enum status closing_undo_post(struct books *books, const struct closing_undo *closings,
                              const char *reason)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < closings->count; i++) {
        status = clearing_undo_post(books, &closings->undo[i], reason);
    }
    return status;
}
