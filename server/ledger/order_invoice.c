// SPDX-License-Identifier: Apache-2.0
// The invoice of an order or of a part of it: its lines at its prices. It takes the order's place
// in what the customer's credit bears, so that the limit is asked once for both.
#include "server/ledger/content.h"
#include "server/ledger/control.h"
#include "server/ledger/document.h"
#include "server/ledger/exposure.h"
#include "server/ledger/order.h"
#include "server/ledger/permit.h"
#include "server/ledger/rate.h"

static enum status make_invoice(struct books *books, const OrderInvoice *request,
                                const OrderRecord *order, const CustomerRecord *customer,
                                const OrderPartRecord *part, InvoiceRecord **out)
{
    InvoiceRecord *document =
        document_make(books, INVOICE_KIND__INVOICE_KIND_INVOICE, order->customer_id);
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    document->date_day = request->date_day != 0 ? request->date_day : books->call->book_day;
    document->currency = order->currency;
    document->notes = order->notes;
    *out = document;
    const char *terms = request->terms[0] != '\0' ? request->terms : order->terms;
    enum status status = order_fill(books, order, part, document);
    if (status == STATUS_OK) {
        status = document_parts(books, document, customer, terms, request->due_day);
    }
    if (status == STATUS_OK) {
        status = rate_document(books, document, document->date_day);
    }
    if (status == STATUS_OK) {
        status = permit_amount(books, document->customer_id, rate_gross(document), "order");
    }
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_INVOICE,
        .date_day = document->date_day,
        .line = document->line,
        .line_count = document->n_line,
        .reference = order->reference,
    };
    if (status == STATUS_OK) {
        status = content_check(books, &content);
    }
    return status == STATUS_OK ? document_check(books, document, NULL) : status;
}

// It waits for a second person. The order holds its part of the limit all the while, unless the
// policy does not count orders.
static enum status wait_for_second(struct books *books, OrderRecord *order,
                                   struct exposure *exposure)
{
    const bool is_held = exposure->counts && exposure->policy->orders;
    order->approval_id = books->call->object_id;
    enum status status =
        is_held ? STATUS_OK : exposure_reserve(books, exposure, order->approval_id);
    if (status == STATUS_OK) {
        status = order_put(books->txn, key_u64(order->id), order);
    }
    return status == STATUS_OK ? STATUS_APPROVAL_PENDING : status;
}

static enum status write_invoice(struct books *books, OrderRecord *order, OrderPartRecord *part,
                                 InvoiceRecord *document, struct exposure *exposure)
{
    enum status status = document_issue(books, document, NULL);
    if (status == STATUS_OK) {
        status = exposure_keep(books, exposure, document->id);
    }
    part->invoice_id = document->id;
    if (status == STATUS_OK) {
        status = order_keep_part(books, order, part);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (order_is_done(order)) {
        call_note_change(books->call, order->id, "state", order_word(order->state),
                         order_word(ORDER_STATE__ORDER_STATE_INVOICED));
        order->state = ORDER_STATE__ORDER_STATE_INVOICED;
    }
    order->invoice_id = document->id;
    order->version++;
    status = order_put(books->txn, key_u64(order->id), order);
    return status == STATUS_OK ? books_close(books) : status;
}

enum status order_invoice(struct txn *txn, struct call *call, const OrderInvoice *request,
                          InvoiceIssueReply *reply)
{
    struct books books;
    OrderRecord *order = NULL;
    CustomerRecord *customer = NULL;
    InvoiceRecord *document = NULL;
    OrderPartRecord *part = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = order_load(&books, request->order_id, &order);
    }
    if (status == STATUS_OK) {
        status = books_served_customer(&books, order->customer_id, "order", &customer);
    }

    struct exposure exposure = {0};
    struct balance *balance = NULL;
    if (status == STATUS_OK && !order_counts(order)) {
        status = order_refuse_state(&books, order);
    }
    if (status == STATUS_OK) {
        status = order_refuse_waiting(&books, order);
    }
    if (status == STATUS_OK) {
        status = order_plan_part(&books, order, request->line, request->n_line, &part);
    }
    if (status == STATUS_OK) {
        status = make_invoice(&books, request, order, customer, part, &document);
    }
    if (status == STATUS_OK) {
        status = posting_balance(&books, order->customer_id, &balance);
    }
    if (status == STATUS_OK) {
        status = order_move(&books, order->customer_id, -part->book_minor);
    }
    if (status == STATUS_OK) {
        status = exposure_check(&books, customer, rate_gross(document), &exposure);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_INVOICE, rate_gross(document));
        if (status == STATUS_APPROVAL_PENDING) {
            return wait_for_second(&books, order, &exposure);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }

    const int64_t owed_before_minor = posting_owed(balance);
    status = write_invoice(&books, order, part, document, &exposure);
    if (status == STATUS_OK) {
        status = exposure_stops(&books, &exposure, &reply->warning, &reply->n_warning);
    }

    return status == STATUS_OK ? document_reply(&books, document, owed_before_minor, reply)
                               : status;
}
