// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/order.h"

#include "server/ledger/approval.h"
#include "server/ledger/content.h"
#include "server/ledger/document.h"
#include "server/ledger/exposure.h"
#include "server/ledger/numbering.h"
#include "server/ledger/permit.h"
#include "server/ledger/pricing.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "shared/money.h"

enum status order_load(struct books *books, uint64_t id, OrderRecord **out)
{
    const enum status status = order_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "order", NULL, NULL) : status;
}

char *order_number(struct arena *arena, const OrderRecord *order)
{
    return ident_print(arena, SERIES_ORDER, 0, order->sequence);
}

int64_t order_book(const OrderRecord *order)
{
    return order->currency[0] != '\0' ? order->book_gross_minor : order->gross_minor;
}

bool order_counts(const OrderRecord *order)
{
    return order->state == ORDER_STATE__ORDER_STATE_CONFIRMED ||
           order->state == ORDER_STATE__ORDER_STATE_DELIVERED;
}

enum status order_move(struct books *books, uint64_t customer_id, int64_t change_minor)
{
    struct balance *balance = NULL;
    const enum status status = posting_balance(books, customer_id, &balance);
    if (status != STATUS_OK || change_minor == 0) {
        return status;
    }
    int64_t ordered_minor = 0;
    const bool fits = money_add(balance->record->ordered_minor, change_minor, &ordered_minor);
    if (!fits || ordered_minor > TURNOVER_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    assert(ordered_minor >= 0);
    balance->record->ordered_minor = ordered_minor;
    balance->changed = true;
    return STATUS_OK;
}

const char *order_word(OrderState state)
{
    static const char *const WORDS[] = {"",          "draft",    "confirmed",
                                        "delivered", "invoiced", "cancelled"};

    return (size_t)state < COUNT_OF(WORDS) ? WORDS[state] : "";
}

enum status order_refuse_state(struct books *books, const OrderRecord *order)
{
    return books_refuse(books, STATUS_ORDER_STATE, "order", order_word(order->state), NULL);
}

enum status order_refuse_waiting(struct books *books, const OrderRecord *order)
{
    const ApprovalRecord *approved = books->call->approved;
    bool waits = false;
    if (approved != NULL && approved->id == order->approval_id) {
        return STATUS_OK;
    }
    const enum status status = approval_waits(books->txn, books->call, order->approval_id, &waits);
    return status == STATUS_OK && waits
               ? books_refuse(books, STATUS_ORDER_SUBMITTED, "order", NULL, NULL)
               : status;
}

// ---- what the commands share ----

// Lines and sums of an order; it is priced as its invoice will be.
static enum status price(struct books *books, const struct pricing *pricing, OrderRecord *order)
{
    InvoiceRecord *document =
        document_make(books, INVOICE_KIND__INVOICE_KIND_INVOICE, order->customer_id);
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    document->currency = order->currency;
    enum status status = pricing_apply(books, pricing, document);
    if (status == STATUS_OK && document->gross_minor < 0) {
        status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "amount",
                              rate_print(books, document->currency, document->gross_minor), NULL);
    }
    if (status == STATUS_OK) {
        status = rate_document(books, document, order->date_day);
    }
    order->line = document->line;
    order->n_line = document->n_line;
    order->net_minor = document->net_minor;
    order->tax_minor = document->tax_minor;
    order->gross_minor = document->gross_minor;
    order->rate_micro = document->rate_micro;
    order->rate_per = document->rate_per;
    order->book_gross_minor = document->book_gross_minor;
    return status;
}

static enum status check_order(struct books *books, const OrderRecord *order)
{
    const struct content content = {
        .kind = CONTENT_KIND__CONTENT_KIND_ORDER,
        .date_day = order->date_day,
        .line = order->line,
        .line_count = order->n_line,
        .reference = order->reference,
    };
    const enum status status = content_check(books, &content);
    return status == STATUS_OK && order->promised_day != 0 && order->promised_day < order->date_day
               ? books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "promised",
                              books_day(books, order->promised_day),
                              books_day(books, order->date_day))
               : status;
}

static enum status save(struct books *books, OrderRecord *order, OrderReply *reply)
{
    order->version++;
    enum status status = order_put(books->txn, key_u64(order->id), order);
    if (status == STATUS_OK) {
        status = books_close(books);
    }
    reply->id = order->id;
    reply->number = order_number(books->arena, order);
    reply->state = order->state;
    reply->net_minor = order->net_minor;
    reply->tax_minor = order->tax_minor;
    reply->gross_minor = order->gross_minor;
    reply->currency = order->currency;
    reply->book_gross_minor = order_book(order);
    reply->promised_day = order->promised_day;
    reply->delivered_day = order->delivered_day;
    call_about(books->call, order->id, reply->number);
    return status == STATUS_OK && reply->number == NULL ? STATUS_TOO_LARGE : status;
}

static void note_state(struct books *books, OrderRecord *order, OrderState state)
{
    call_note_change(books->call, order->id, "state", order_word(order->state), order_word(state));
    order->state = state;
}

// ---- commands ----

enum status order_add(struct txn *txn, struct call *call, const OrderAdd *request,
                      OrderReply *reply)
{
    struct books books;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = books_served_customer(&books, request->customer_id, "customer", &customer);
    }

    OrderRecord order;
    order_record__init(&order);
    order.customer_id = request->customer_id;
    order.date_day = request->date_day != 0 ? request->date_day : call->book_day;
    order.promised_day = request->promised_day;
    order.reference = request->reference;
    if (status == STATUS_OK) {
        status = rate_choose(&books, request->currency, customer->currency, &order.currency);
    }
    if (status == STATUS_OK) {
        const struct pricing pricing = pricing_of(&request->base, order.currency);
        status = price(&books, &pricing, &order);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, order.customer_id, order_book(&order), "amount");
    }
    if (status == STATUS_OK) {
        status = check_order(&books, &order);
    }
    if (status == STATUS_OK) {
        status = posting_plan_guard(&books, order.date_day, POSTING_SALES, "date");
    }
    if (status != STATUS_OK) {
        return status;
    }

    order.id = call_new_id(call);
    order.state = ORDER_STATE__ORDER_STATE_DRAFT;
    order.terms = request->terms;
    order.notes = request->notes;
    order.entered_us = call->instant_us;
    order.entered_by = call->user_id;
    status = numbering_next(&books, SERIES_ORDER, 0, &order.sequence);

    return status == STATUS_OK ? save(&books, &order, reply) : status;
}

static char *told(char *said, char *known)
{
    return said[0] != '\0' ? said : known;
}

static enum status apply_edit(struct books *books, const OrderEdit *request, OrderRecord *order)
{
    const bool has_lines = request->n_line > 0 || request->amount_minor != 0;
    const bool prices = request->tax_bp != 0 || request->inclusive ||
                        request->discount_minor != 0 || request->round_minor != 0;
    const bool changes = has_lines || prices || request->promised_day != 0 ||
                         request->terms[0] != '\0' || request->reference[0] != '\0' ||
                         request->notes[0] != '\0';
    if (!changes) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "order", NULL, NULL);
    }
    if (prices && !has_lines) {
        return books_refuse(books, STATUS_FIELD_MISSING, "line", NULL, NULL);
    }
    if (has_lines && order->n_part > 0) {
        return books_refuse(books, STATUS_ORDER_PARTLY, "line", NULL, NULL);
    }
    if (has_lines || request->currency[0] != '\0') {
        const enum status status = rate_same(books, request->currency, order->currency);
        if (status != STATUS_OK) {
            return status;
        }
    }
    order->promised_day = request->promised_day != 0 ? request->promised_day : order->promised_day;
    order->terms = told(request->terms, order->terms);
    order->reference = told(request->reference, order->reference);
    order->notes = told(request->notes, order->notes);
    const struct pricing pricing = pricing_of(&request->base, order->currency);
    return has_lines ? price(books, &pricing, order) : STATUS_OK;
}

enum status order_edit(struct txn *txn, struct call *call, const OrderEdit *request,
                       OrderReply *reply)
{
    struct books books;
    OrderRecord *order = NULL;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = order_load(&books, request->order_id, &order);
    }
    if (status == STATUS_OK) {
        status = books_served_customer(&books, order->customer_id, "order", &customer);
    }
    const bool is_draft = status == STATUS_OK && order->state == ORDER_STATE__ORDER_STATE_DRAFT;
    if (status == STATUS_OK && !is_draft && order->state != ORDER_STATE__ORDER_STATE_CONFIRMED) {
        status = order_refuse_state(&books, order);
    }
    if (status == STATUS_OK) {
        status = order_refuse_waiting(&books, order);
    }

    const int64_t before_minor = status == STATUS_OK ? order_book(order) : 0;
    struct exposure exposure = {0};
    if (status == STATUS_OK) {
        status = apply_edit(&books, request, order);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, order->customer_id, order_book(order), "amount");
    }
    if (status == STATUS_OK) {
        status = check_order(&books, order);
    }
    const int64_t raised_minor = status == STATUS_OK ? order_book(order) - before_minor : 0;
    if (status == STATUS_OK && !is_draft && raised_minor > 0) {
        status = exposure_check_order(&books, customer, raised_minor, &exposure);
    }
    if (status == STATUS_OK && !is_draft) {
        status = order_move(&books, order->customer_id, raised_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, order->id, "amount", books_money(&books, before_minor),
                     books_money(&books, order_book(order)));
    order->edited_by = call->user_id;
    status = exposure_keep(&books, &exposure, order->id);
    if (status == STATUS_OK) {
        status = save(&books, order, reply);
    }

    return status == STATUS_OK
               ? exposure_stops(&books, &exposure, &reply->warning, &reply->n_warning)
               : status;
}

// A draft is confirmed; what was cancelled is opened again, and so is what was invoiced by
// documents that were reversed. *raised_minor gets what the credit bears more by it.
static enum status open_again(struct books *books, OrderRecord *order, int64_t *raised_minor)
{
    const int64_t counted_minor = order_counts(order) ? order_left_book(order) : 0;
    const size_t parts = order->n_part;
    const enum status status = order_drop_reversed(books, order);
    const bool was_open = order->state == ORDER_STATE__ORDER_STATE_DRAFT ||
                          order->state == ORDER_STATE__ORDER_STATE_CANCELLED;
    if (status == STATUS_OK && !was_open && order->n_part == parts) {
        return order_refuse_state(books, order);
    }
    *raised_minor = order_left_book(order) - counted_minor;
    return status;
}

enum status order_confirm(struct txn *txn, struct call *call, const OrderConfirm *request,
                          OrderReply *reply)
{
    struct books books;
    OrderRecord *order = NULL;
    CustomerRecord *customer = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = order_load(&books, request->order_id, &order);
    }
    if (status == STATUS_OK) {
        status = books_served_customer(&books, order->customer_id, "order", &customer);
    }

    struct exposure exposure = {0};
    int64_t raised_minor = 0;
    if (status == STATUS_OK) {
        status = open_again(&books, order, &raised_minor);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, order->customer_id, order_book(order), "order");
    }
    if (status == STATUS_OK) {
        status = exposure_check_order(&books, customer, raised_minor, &exposure);
    }
    if (status == STATUS_OK) {
        status = order_move(&books, order->customer_id, raised_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    note_state(&books, order,
               order->delivered_day != 0 ? ORDER_STATE__ORDER_STATE_DELIVERED
                                         : ORDER_STATE__ORDER_STATE_CONFIRMED);
    order->invoice_id = order->n_part > 0 ? order->part[order->n_part - 1]->invoice_id : 0;
    order->reason = reading_constant("");
    order->confirmed_us = call->instant_us;
    order->confirmed_by = call->user_id;
    status = exposure_keep(&books, &exposure, order->id);
    if (status == STATUS_OK) {
        status = save(&books, order, reply);
    }

    return status == STATUS_OK
               ? exposure_stops(&books, &exposure, &reply->warning, &reply->n_warning)
               : status;
}

enum status order_deliver(struct txn *txn, struct call *call, const OrderDeliver *request,
                          OrderReply *reply)
{
    struct books books;
    OrderRecord *order = NULL;
    const int32_t day = request->delivered_day != 0 ? request->delivered_day : call->book_day;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = order_load(&books, request->order_id, &order);
    }

    // An invoice may go before its goods.
    const bool waits = status == STATUS_OK && order->delivered_day == 0 &&
                       (order->state == ORDER_STATE__ORDER_STATE_CONFIRMED ||
                        order->state == ORDER_STATE__ORDER_STATE_INVOICED);
    if (status == STATUS_OK && !waits) {
        status = order_refuse_state(&books, order);
    }
    if (status == STATUS_OK && day > call->book_day) {
        status = books_refuse(&books, STATUS_DAY_IN_FUTURE, "delivered", NULL, NULL);
    }
    if (status == STATUS_OK && day < order->date_day) {
        status = books_refuse(&books, STATUS_FIELD_OUT_OF_RANGE, "delivered",
                              books_day(&books, day), books_day(&books, order->date_day));
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, order->id, "delivered", "", books_day(&books, day));
    order->delivered_day = day;
    if (order->state == ORDER_STATE__ORDER_STATE_CONFIRMED) {
        note_state(&books, order, ORDER_STATE__ORDER_STATE_DELIVERED);
    }

    return save(&books, order, reply);
}

enum status order_cancel(struct txn *txn, struct call *call, const OrderCancel *request,
                         OrderReply *reply)
{
    struct books books;
    OrderRecord *order = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = order_load(&books, request->order_id, &order);
    }

    const bool counts = status == STATUS_OK && order_counts(order);
    if (status == STATUS_OK && !counts && order->state != ORDER_STATE__ORDER_STATE_DRAFT) {
        status = order_refuse_state(&books, order);
    }
    if (status == STATUS_OK) {
        status = order_refuse_waiting(&books, order);
    }
    if (status == STATUS_OK) {
        status = permit_amount(&books, order->customer_id, order_book(order), "order");
    }
    if (status == STATUS_OK && counts) {
        status = order_move(&books, order->customer_id, -order_left_book(order));
    }
    if (status != STATUS_OK) {
        return status;
    }

    note_state(&books, order, ORDER_STATE__ORDER_STATE_CANCELLED);
    order->reason = request->reason;

    return save(&books, order, reply);
}
