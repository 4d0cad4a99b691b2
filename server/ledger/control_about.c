// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/control_about.h"

#include "server/store/rows.h"
#include "shared/fields.h"

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

static enum status about_clearing(struct txn *txn, ApprovalRecord *approval)
{
    ClearingRecord *clearing = NULL;
    const enum status status = clearing_get(txn, key_u64(approval->about_id), &clearing);
    if (status == STATUS_OK) {
        approval->customer_id = clearing->customer_id;
    }
    return status;
}

enum status control_about(struct txn *txn, struct call *call, ApprovalRecord *approval)
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
    if (strcmp(name, "refund_id") == 0 || strcmp(name, "writeoff_id") == 0) {
        return about_clearing(txn, approval);
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
