// SPDX-License-Identifier: Apache-2.0
// A bank line that brings receipts from where they were received: what people confirmed of it, and
// that they arrived or are on their way again.
#include "server/ledger/arrival.h"
#include "server/ledger/reconcile.h"

// ---- what people confirmed ----

enum status reconcile_confirms(struct books *books, struct reconcile *at)
{
    struct ways ways;
    struct arrivals arrivals = {0};
    uint64_t *id = arena_alloc(books->arena, (at->receipt_count + 1) * sizeof *id);
    enum status status =
        id != NULL ? arrival_begin(books, at->line->account, &ways) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = arrival_find(&ways, at->line, &arrivals);
    }
    for (size_t i = 0; status == STATUS_OK && i < at->receipt_count; i++) {
        id[i] = at->receipt[i]->id;
    }
    for (size_t i = 0; status == STATUS_OK && i < arrivals.count; i++) {
        if (arrival_is(&arrivals.row[i], id, at->receipt_count)) {
            at->confirmed = arrivals.row[i].method;
        }
    }
    if (status == STATUS_OK) {
        status = arrival_certain(&ways, at->line, &arrivals, &at->arrives_for_certain);
        at->arrives_for_certain = at->arrives_for_certain && at->confirmed != NULL;
    }
    return status;
}

static enum status keep_confirmations(struct books *books, MethodRecord *method, uint32_t count)
{
    method->confirmations = count;
    return method_put(books->txn, key_u64(method_key(method)), method);
}

enum status reconcile_confirm(struct books *books, const struct reconcile *at)
{
    return at->confirmed == NULL
               ? STATUS_OK
               : keep_confirmations(books, at->confirmed, at->confirmed->confirmations + 1);
}

// A match that was wrong is one less; one that nobody looked at means that people look again.
static enum status doubt(struct books *books, const BankLineRecord *line,
                         const PaymentRecord *payment)
{
    MethodRecord *method = NULL;
    bool alone = false;
    const enum status status =
        method_find(books->txn, payment->method, payment->method_id, &method);
    for (size_t i = 0; i < line->n_evidence; i++) {
        alone = alone || line->evidence[i] == MATCH_EVIDENCE__MATCH_EVIDENCE_CONFIRMED;
    }
    if (status != STATUS_OK || method == NULL || method->confirmations == 0) {
        return status;
    }
    return keep_confirmations(books, method, alone ? 0 : method->confirmations - 1);
}

// ---- doing ----

// The receipts are on the bank account now.
enum status reconcile_arrive(struct books *books, struct reconcile *at)
{
    BankLineRecord *line = at->line;
    enum status status = STATUS_OK;
    if (at->receipt_count == 0) {
        return STATUS_OK;
    }
    line->receipt_id = arena_alloc(books->arena, at->receipt_count * sizeof *line->receipt_id);
    if (line->receipt_id == NULL) {
        return STATUS_TOO_LARGE;
    }
    line->n_receipt_id = 0;
    for (size_t i = 0; status == STATUS_OK && i < at->receipt_count; i++) {
        PaymentRecord *payment = at->receipt[i];
        status = method_keep_uncleared(books, payment, false);
        payment->settled_line_id = line->id;
        payment->version++;
        line->receipt_id[line->n_receipt_id++] = payment->id;
        if (status == STATUS_OK) {
            status = payment_put(books->txn, key_u64(payment->id), payment);
        }
    }
    return status;
}

// The receipts are on their way again; one that was reversed since is not.
enum status reconcile_depart(struct books *books, const BankLineRecord *line)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < line->n_receipt_id; i++) {
        PaymentRecord *payment = NULL;
        status = payment_get(books->txn, key_u64(line->receipt_id[i]), &payment);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        if (i == 0) {
            status = doubt(books, line, payment);
        }
        payment->settled_line_id = 0;
        payment->version++;
        if (status == STATUS_OK && payment->state == PAYMENT_STATE__PAYMENT_STATE_POSTED) {
            status = method_keep_uncleared(books, payment, true);
        }
        if (status == STATUS_OK) {
            status = payment_put(books->txn, key_u64(payment->id), payment);
        }
    }
    return status;
}
