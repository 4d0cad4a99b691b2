// SPDX-License-Identifier: Apache-2.0
// Somebody says what a bank line is, or takes that back.
#include "server/ledger/deduction.h"
#include "server/ledger/method.h"
#include "server/ledger/money.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/reconcile.h"

// ---- what it is ----

static enum status refuse_targets(struct books *books, const ReconcileMatch *request)
{
    const bool named[] = {request->customer_id != 0, request->payment_id != 0,
                          request->entry_id != 0,    request->account[0] != '\0',
                          request->suspense,         request->n_receipt > 0};
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        count += named[i] ? 1 : 0;
    }
    if (count == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "customer", NULL, NULL);
    }
    return count == 1 ? STATUS_OK
                      : books_refuse(books, STATUS_FIELD_CONFLICT, "customer", NULL, NULL);
}

// A payment that is in the books: its entry must be what the line shows.
static enum status plan_payment(struct books *books, struct reconcile *at, uint64_t payment_id)
{
    struct money money;
    enum status status = money_load(books, payment_id, &money);
    if (status == STATUS_OK) {
        status = reconcile_plan_entry(books, at, money.payment->entry_id, "payment");
    }
    at->payment = status == STATUS_OK ? money.payment : NULL;
    return status;
}

// An entry of two lines: the bank account, and what the line is booked against.
static enum status plan_booking(struct books *books, struct reconcile *at,
                                const ReconcileMatch *request)
{
    const int64_t amount = at->line->amount_minor;
    const uint32_t code = request->suspense ? chart_code(books->chart, ACCOUNT_SUSPENSE)
                                            : receipt_code(request->account);
    struct account *account = NULL;
    struct account *own = NULL;
    enum status status = code != 0 ? posting_account(books, code, &account) : STATUS_NOT_FOUND;
    if (status == STATUS_NOT_FOUND || code == at->line->account) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account", request->account, NULL);
    }
    if (status == STATUS_OK && account->record->control) {
        return books_refuse(books, STATUS_ACCOUNT_NEEDS_CUSTOMER, "account", request->account,
                            NULL);
    }
    if (status == STATUS_OK) {
        status = posting_account(books, at->line->account, &own);
    }
    if (status == STATUS_OK) {
        status = permit_import(books, PERMISSION_ENTRY_ADD, NULL, amount, "bank-line");
    }
    if (status == STATUS_OK) {
        status = posting_guard(books, at->day, POSTING_CASH, "bank-line");
    }
    if (status == STATUS_OK) {
        status = reconcile_refuse_controlled(books, at->line, CONTROL_ENTRY);
    }
    if (status != STATUS_OK) {
        return status;
    }
    EntryRecord *entry = reconcile_entry(books, at, 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->text = request->text;
    const bool is_in = amount > 0;
    const int64_t size = is_in ? amount : -amount;
    status =
        posting_line(books, entry, at->line->account, is_in ? SIDE_DEBIT : SIDE_CREDIT, size, 0);
    if (status == STATUS_OK) {
        status = posting_line(books, entry, code, is_in ? SIDE_CREDIT : SIDE_DEBIT, size, 0);
    }
    at->booking = entry;
    return status;
}

// The way that the receipt came; nobody named it: a transfer.
static enum status choose_method(struct books *books, struct reconcile *at,
                                 const ReconcileMatch *request)
{
    MethodRecord *method = NULL;
    const enum status status = method_load(books, request->method, request->method_id, &method);
    at->method = method != NULL ? method->method : request->method;
    at->method_id = request->method_id;
    return status;
}

static enum status plan(struct books *books, struct reconcile *at, const ReconcileMatch *request)
{
    enum status status = refuse_targets(books, request);
    if (status != STATUS_OK) {
        return status;
    }
    const bool of_receipt = request->n_allocate > 0 || request->fee_minor != 0 ||
                            request->method != PAYMENT_METHOD__PAYMENT_METHOD_UNSET ||
                            request->method_id != 0;
    if (of_receipt && request->customer_id == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "customer", NULL, NULL);
    }
    if (request->customer_id != 0) {
        at->fee_minor = request->fee_minor;
        status = choose_method(books, at, request);
        if (status != STATUS_OK) {
            return status;
        }
        return reconcile_plan_receipt(books, at, request->customer_id, request->allocate,
                                      request->n_allocate);
    }
    if (request->payment_id != 0) {
        return plan_payment(books, at, request->payment_id);
    }
    if (request->entry_id != 0) {
        return reconcile_plan_entry(books, at, request->entry_id, "entry");
    }
    if (request->n_receipt > 0) {
        return reconcile_plan_receipts(books, at, request->receipt, request->n_receipt);
    }
    return plan_booking(books, at, request);
}

static enum status match_reply(struct books *books, const struct reconcile *at,
                               ReconcileMatchReply *reply)
{
    const BankLineRecord *line = at->line;
    reply->id = line->id;
    reply->number = bank_line_number(books->arena, line);
    reply->tier = line->tier;
    reply->evidence = line->evidence;
    reply->n_evidence = line->n_evidence;
    reply->state = line->state;
    reply->on_account_minor = at->settlement.left_minor;
    reply->receipts = (uint32_t)line->n_receipt_id;
    reply->date_day = line->made ? at->day : 0;
    if (at->payment != NULL) {
        reply->payment = receipt_number(books, at->payment);
    }
    if (at->booking != NULL) {
        reply->entry =
            ident_print(books->arena, SERIES_ENTRY, at->booking->year, at->booking->sequence);
    }
    call_about(books->call, line->id, reply->number);
    return reply->number != NULL && reply->payment != NULL && reply->entry != NULL
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

enum status reconcile_match(struct txn *txn, struct call *call, const ReconcileMatch *request,
                            ReconcileMatchReply *reply)
{
    struct books books;
    struct reconcile at = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = reconcile_load(&books, request->bank_line_id, true, &at);
    }

    if (status == STATUS_OK) {
        status = reconcile_choose_day(&books, &at, request->date_day);
    }
    if (status == STATUS_OK) {
        status = plan(&books, &at, request);
        reconcile_tell_day(&books);
    }
    if (status == STATUS_OK && at.receipt_count > 0) {
        status = reconcile_confirms(&books, &at);
    }
    // What is in the books already was asked for when it was entered.
    const bool makes = at.payment != NULL && at.payment->id == 0;
    if (status == STATUS_OK && makes) {
        struct deduction deduction = {0};
        status = deduction_fee(&books, receipt_book_fee(at.payment), receipt_book(at.payment),
                               &deduction);
        if (status == STATUS_OK) {
            status = deduction_check(&books, at.payment->customer_id, receipt_book(at.payment),
                                     &deduction);
        }
    } else if (status == STATUS_OK) {
        control_pass(call);
    }
    if (status != STATUS_OK) {
        return status;
    }

    match_say(&at.match, MATCH_EVIDENCE__MATCH_EVIDENCE_PERSON);
    if (at.receipt_count > 0) {
        at.match.tier = 4;
        match_say(&at.match, MATCH_EVIDENCE__MATCH_EVIDENCE_BATCH);
    }
    status = reconcile_do(&books, &at);
    if (status == STATUS_OK) {
        status = reconcile_confirm(&books, &at);
    }
    if (status == STATUS_OK && at.payment != NULL && !request->no_learn) {
        status = match_learn(&books, at.line, at.payment->customer_id);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }
    if (status == STATUS_OK) {
        status = settlement_reply(&books, &at.settlement, false, &reply->line, &reply->n_line);
    }

    return status == STATUS_OK ? match_reply(&books, &at, reply) : status;
}

// ---- the way back ----

static enum status unclear(struct books *books, const BankLineRecord *line)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < line->n_entry_id; i++) {
        status = rows_del(books->txn, TABLE_cleared, key_u64_u64(line->account, line->entry_id[i]));
    }
    return status;
}

static void forget_match(BankLineRecord *line)
{
    line->state = BANK_LINE_STATE__BANK_LINE_STATE_WAITING;
    line->tier = 0;
    line->n_evidence = 0;
    line->customer_id = 0;
    line->payment_id = 0;
    line->n_entry_id = 0;
    line->n_receipt_id = 0;
    line->made = false;
    line->settled_by = 0;
    line->settled_us = 0;
    line->reason = (char *)(uintptr_t)protobuf_c_empty_string;
}

// What the match booked and what still stands of it: both are reversed on their own day, or on the
// first open one when that is closed.
struct undo {
    struct reversal payment;
    EntryRecord *entry;
    int32_t day;            // that the entry is reversed on
    BankLineRecord **parts; // of a line that was split
    bool has_payment;
    bool has_entry;
};

static enum status plan_undo_entry(struct books *books, struct undo *undo)
{
    enum status status = period_open_day(books, undo->entry->date_day, POSTING_CASH, &undo->day);
    if (status == STATUS_OK) {
        status = posting_guard(books, undo->day, POSTING_CASH, "bank-line");
    }
    return status == STATUS_OK ? posting_load_entry(books, undo->entry) : status;
}

static enum status plan_undo(struct books *books, const struct reconcile *at, struct undo *out)
{
    const BankLineRecord *line = at->line;
    *out = (struct undo){0};
    if (at->line->state == BANK_LINE_STATE__BANK_LINE_STATE_SPLIT) {
        return reconcile_plan_join(books, at, &out->parts);
    }
    if (!line->made || line->n_entry_id != 1) {
        return STATUS_OK;
    }
    enum status status = entry_get(books->txn, key_u64(line->entry_id[0]), &out->entry);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_INCOMPLETE;
    }
    if (status != STATUS_OK || out->entry->reversed_by_id != 0) {
        return status;
    }
    out->has_payment = line->payment_id != 0;
    out->has_entry = !out->has_payment;
    if (out->has_payment) {
        return money_plan_reversal(books, line->payment_id, 0, &out->payment);
    }
    return plan_undo_entry(books, out);
}

enum status reconcile_unmatch(struct txn *txn, struct call *call, const ReconcileUnmatch *request,
                              ReconcileMatchReply *reply)
{
    struct books books;
    struct reconcile at = {0};
    struct undo undo = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = reconcile_load(&books, request->bank_line_id, false, &at);
    }

    // A line of nothing was complete as it came, and a part of a joined line is none any more.
    if (status == STATUS_OK &&
        (at.line->amount_minor == 0 || at.line->state == BANK_LINE_STATE__BANK_LINE_STATE_JOINED)) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "bank-line", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = plan_undo(&books, &at, &undo);
    }
    if (status == STATUS_OK) {
        status = permit_import(
            &books, undo.has_payment ? PERMISSION_PAYMENT_REVERSE : PERMISSION_ENTRY_REVERSE, NULL,
            undo.has_payment || undo.has_entry ? at.line->amount_minor : 0, "bank-line");
    }
    if (status == STATUS_OK && undo.has_entry) {
        status = reconcile_refuse_controlled(&books, at.line, CONTROL_ENTRY);
    }
    if (status == STATUS_OK && undo.has_payment) {
        status = control_check(txn, call, CONTROL_REVERSAL, at.line->amount_minor);
    } else if (status == STATUS_OK) {
        control_pass(call);
    }
    if (status != STATUS_OK) {
        return status;
    }

    EntryRecord *reversed = NULL;
    if (undo.has_payment) {
        status = money_reverse(&books, &undo.payment, request->reason);
    } else if (undo.has_entry) {
        status = posting_reverse(&books, undo.entry, undo.day, request->reason, &reversed);
    }
    if (status == STATUS_OK && undo.parts != NULL) {
        status = reconcile_join(&books, &at, undo.parts);
    }
    if (status == STATUS_OK) {
        status = reconcile_depart(&books, at.line);
    }
    if (status == STATUS_OK) {
        status = unclear(&books, at.line);
    }
    if (status == STATUS_OK) {
        forget_match(at.line);
        status = bank_wait(&books, at.bank, at.line, true);
    }
    if (status == STATUS_OK) {
        status = reconcile_keep(&books, &at);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? match_reply(&books, &at, reply) : status;
}

// ---- leaving it out ----

enum status reconcile_ignore(struct txn *txn, struct call *call, const ReconcileIgnore *request,
                             ReconcileMatchReply *reply)
{
    struct books books;
    struct reconcile at = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = reconcile_load(&books, request->bank_line_id, true, &at);
    }

    if (status == STATUS_OK) {
        const int64_t amount = at.line->amount_minor;
        status = control_check(txn, call, CONTROL_BANK_IGNORE, amount < 0 ? -amount : amount);
    }
    if (status != STATUS_OK) {
        return status;
    }

    at.line->state = BANK_LINE_STATE__BANK_LINE_STATE_IGNORED;
    at.line->reason = request->reason;
    at.line->settled_by = call->user_id;
    at.line->settled_us = call->instant_us;
    status = bank_wait(&books, at.bank, at.line, false);
    if (status == STATUS_OK) {
        status = reconcile_keep(&books, &at);
    }

    return status == STATUS_OK ? match_reply(&books, &at, reply) : status;
}
