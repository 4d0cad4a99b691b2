// SPDX-License-Identifier: Apache-2.0
// What of an order is invoiced, and what is left. Each invoice takes its part of each line for
// good: the last one takes the rest, so that the parts make exactly what was ordered.
#include "server/ledger/credit.h"
#include "server/ledger/order.h"
#include "shared/money.h"

int64_t order_left(const OrderRecord *order)
{
    int64_t left_minor = order->gross_minor;
    for (size_t i = 0; i < order->n_part; i++) {
        left_minor -= order->part[i]->gross_minor;
    }
    assert(left_minor >= 0);
    return left_minor;
}

int64_t order_left_book(const OrderRecord *order)
{
    int64_t left_minor = order_book(order);
    for (size_t i = 0; i < order->n_part; i++) {
        left_minor -= order->part[i]->book_minor;
    }
    assert(left_minor >= 0);
    return left_minor;
}

struct order_left order_line_left(const OrderRecord *order, size_t i)
{
    assert(i < order->n_line);
    const InvoiceLine *line = order->line[i];
    struct order_left left = {line->net_minor, line->tax_minor, line->quantity_micro};
    for (size_t k = 0; k < order->n_part; k++) {
        const OrderPartRecord *part = order->part[k];
        assert(part->n_net_minor == order->n_line && part->n_quantity_micro == order->n_line);
        left.net_minor -= part->net_minor[i];
        left.tax_minor -= part->tax_minor[i];
        left.quantity_micro -= part->quantity_micro[i];
    }
    return left;
}

bool order_is_done(const OrderRecord *order)
{
    for (size_t i = 0; i < order->n_line; i++) {
        const struct order_left left = order_line_left(order, i);
        if (left.net_minor != 0 || left.tax_minor != 0) {
            return false;
        }
    }
    return order->n_part > 0;
}

enum status order_drop_reversed(struct books *books, OrderRecord *order)
{
    size_t kept = 0;
    for (size_t i = 0; i < order->n_part; i++) {
        InvoiceRecord *invoice = NULL;
        const enum status status =
            invoice_get(books->txn, key_u64(order->part[i]->invoice_id), &invoice);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        if (invoice->state != INVOICE_STATE__INVOICE_STATE_REVERSED) {
            order->part[kept++] = order->part[i];
        }
    }
    order->n_part = kept;
    return STATUS_OK;
}

// ---- the next part ----

static OrderPartRecord *make_part(struct arena *arena, size_t lines)
{
    OrderPartRecord *part = arena_alloc(arena, sizeof *part);
    int64_t *amounts = arena_alloc(arena, (3 * lines + 1) * sizeof *amounts);
    if (part == NULL || amounts == NULL) {
        return NULL;
    }
    order_part_record__init(part);
    part->net_minor = amounts;
    part->tax_minor = amounts + lines;
    part->quantity_micro = amounts + 2 * lines;
    part->n_net_minor = part->n_tax_minor = part->n_quantity_micro = lines;
    return part;
}

// The order as a document of which something was taken, so that parts are cut as credits are.
static enum status as_document(struct books *books, const OrderRecord *order, InvoiceRecord *out)
{
    OrderPartRecord *taken = make_part(books->arena, order->n_line);
    if (taken == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < order->n_line; i++) {
        const struct order_left left = order_line_left(order, i);
        taken->net_minor[i] = order->line[i]->net_minor - left.net_minor;
        taken->tax_minor[i] = order->line[i]->tax_minor - left.tax_minor;
        taken->quantity_micro[i] = order->line[i]->quantity_micro - left.quantity_micro;
    }
    invoice_record__init(out);
    out->line = order->line;
    out->n_line = order->n_line;
    out->gross_minor = order->gross_minor;
    out->credited_minor = order->gross_minor - order_left(order);
    out->credited_net_minor = taken->net_minor;
    out->credited_tax_minor = taken->tax_minor;
    out->credited_quantity_micro = taken->quantity_micro;
    out->n_credited_net_minor = out->n_credited_tax_minor = order->n_line;
    out->n_credited_quantity_micro = order->n_line;
    return STATUS_OK;
}

static enum status plan_lines(struct books *books, const OrderRecord *order,
                              CreditLine *const *line, size_t count, OrderPartRecord *part)
{
    InvoiceRecord whole;
    struct credit_plan plan = {0};
    enum status status = as_document(books, order, &whole);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (line[i]->amount_minor != 0) {
            const char *path = arena_print(books->arena, "line[%zu].amount", i + 1);
            status = books_refuse(books, STATUS_FIELD_CONFLICT, path, NULL, NULL);
        }
    }
    if (status == STATUS_OK) {
        status = credit_plan_lines(books, &whole, line, count, STATUS_ORDER_OVER, &plan);
    }
    for (size_t i = 0; status == STATUS_OK && i < order->n_line; i++) {
        part->net_minor[i] = plan.net_minor[i];
        part->tax_minor[i] = plan.tax_minor[i];
        part->quantity_micro[i] = plan.quantity_micro[i];
    }
    part->gross_minor = plan.gross_minor;
    return status;
}

// Of what the credit bears as much as of the gross; the last part takes the rest.
static enum status plan_book(const OrderRecord *order, OrderPartRecord *part)
{
    const int64_t left_minor = order_left_book(order);
    int64_t minor = left_minor;
    const bool fits = part->gross_minor == order_left(order) ||
                      money_scale(order_book(order), part->gross_minor, order->gross_minor, &minor);
    part->book_minor = minor < left_minor ? minor : left_minor;
    return fits ? STATUS_OK : STATUS_AMOUNT_OVERFLOW;
}

enum status order_plan_part(struct books *books, const OrderRecord *order, CreditLine *const *line,
                            size_t count, OrderPartRecord **out)
{
    OrderPartRecord *part = make_part(books->arena, order->n_line);
    if (part == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = part;
    if (count > 0) {
        const enum status status = plan_lines(books, order, line, count, part);
        return status == STATUS_OK ? plan_book(order, part) : status;
    }
    for (size_t i = 0; i < order->n_line; i++) {
        const struct order_left left = order_line_left(order, i);
        part->net_minor[i] = left.net_minor;
        part->tax_minor[i] = left.tax_minor;
        part->quantity_micro[i] = left.quantity_micro;
    }
    part->gross_minor = order_left(order);
    return plan_book(order, part);
}

// A line of which only a part goes has no share of the document's discount to show.
static void fill_line(const InvoiceLine *whole, const OrderPartRecord *part, size_t i,
                      InvoiceLine *out)
{
    *out = *whole;
    if (part->net_minor[i] == whole->net_minor && part->tax_minor[i] == whole->tax_minor) {
        return;
    }
    out->quantity_micro = part->quantity_micro[i];
    out->net_minor = part->net_minor[i];
    out->tax_minor = part->tax_minor[i];
    out->gross_minor = out->net_minor + out->tax_minor;
    out->share_minor = 0;
}

enum status order_fill(struct books *books, const OrderRecord *order, const OrderPartRecord *part,
                       InvoiceRecord *document)
{
    InvoiceLine *line = arena_alloc(books->arena, (order->n_line + 1) * sizeof *line);
    document->line = arena_alloc(books->arena, (order->n_line + 1) * sizeof *document->line);
    document->n_line = 0;
    if (line == NULL || document->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < order->n_line; i++) {
        const bool goes =
            part->net_minor[i] != 0 || part->tax_minor[i] != 0 || part->quantity_micro[i] != 0;
        if (goes) {
            fill_line(order->line[i], part, i, &line[i]);
            document->line[document->n_line++] = &line[i];
        }
        document->net_minor += part->net_minor[i];
        document->tax_minor += part->tax_minor[i];
    }
    document->gross_minor = document->net_minor + document->tax_minor;
    assert(document->gross_minor == part->gross_minor);
    return STATUS_OK;
}

enum status order_keep_part(struct books *books, OrderRecord *order, OrderPartRecord *part)
{
    OrderPartRecord **list = arena_alloc(books->arena, (order->n_part + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (order->n_part > 0) {
        memcpy(list, order->part, order->n_part * sizeof *list);
    }
    list[order->n_part] = part;
    order->part = list;
    order->n_part++;
    return STATUS_OK;
}
