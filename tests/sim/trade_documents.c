// SPDX-License-Identifier: Apache-2.0

// Customers, drafts, invoices, credit notes and what is agreed about them.
#include "tests/sim/trade.h"

#define LINES_MAX   6
#define MICRO       1000000
#define CENT_MICRO  10000
#define ROUND_MINOR 5
#define RECENT      6 // drafts do not lie long

static char *draw_terms(struct trader *trader)
{
    static const char *const TERMS[] = {
        "30",          "receipt",        "60",          "30%@10,70%@40", "20; discount 2%@10",
        "2/10 net 30", "30; shift next", "15; grace 3", "50%@30,50%@60",
    };

    return arena_print(trader->arena, "%s", TERMS[trade_draw(trader, COUNT_OF(TERMS))]);
}

// Yen have no decimals, and a hundred of them are not worth five of the book's.
static const char *const ABROAD[] = {"EUR", "GBP", "JPY"};

const char *trade_currency(struct trader *trader, struct thing customer, uint32_t times)
{
    return trade_once(trader, times) ? ABROAD[trade_draw(trader, COUNT_OF(ABROAD))]
                                     : customer.currency;
}

static bool is_yen(const char *currency)
{
    return currency != NULL && strcmp(currency, "JPY") == 0;
}

char *trade_code(struct trader *trader, struct thing customer, const char *currency)
{
    const bool is_known = currency == customer.currency && !is_yen(currency);
    return arena_print(trader->arena, "%s",
                       currency == NULL || (is_known && trade_once(trader, 2)) ? "" : currency);
}

int64_t trade_worth(struct trader *trader, const char *currency, int64_t minor)
{
    return is_yen(currency) ? minor * (45 + trade_draw(trader, 5)) / 10
                            : minor * (65 + trade_draw(trader, 20)) / 10;
}

void trade_customer_add(struct trader *trader)
{
    const uint32_t number = trader->trade->customers++;
    CustomerAdd request;
    customer_add__init(&request);
    request.kind = trade_once(trader, 4) ? CUSTOMER_KIND__CUSTOMER_KIND_PERSON
                                         : CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
    request.name = arena_print(trader->arena, "客户%u", number);
    request.reference = arena_print(trader->arena, "K%u", number);
    if (!trade_once(trader, 3)) {
        request.terms = draw_terms(trader);
    }
    const struct thing nobody = {0};
    const char *currency = trade_currency(trader, nobody, 6);
    request.currency = trade_code(trader, nobody, currency);
    const CustomerAddReply *reply =
        (const CustomerAddReply *)trade_ask(trader, "customer_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_CUSTOMER,
                   (struct thing){.id = reply->id,
                                  .customer_id = reply->id,
                                  .version = reply->version,
                                  .currency = currency});
    }
}

void trade_customer_edit(struct trader *trader)
{
    const struct thing customer = trade_take(trader, KEPT_CUSTOMER, trader->trade->span);
    if (customer.id == 0) {
        return;
    }
    CustomerEdit request;
    customer_edit__init(&request);
    request.customer_id = customer.id;
    request.version = customer.version + trade_once(trader, 10);
    request.region = arena_print(trader->arena, "区%u", trade_draw(trader, 30));
    request.email = arena_print(trader->arena, "a%u@b.example", trade_draw(trader, 1000));
    struct thing edited = customer;
    const CustomerEditReply *reply =
        (const CustomerEditReply *)trade_ask(trader, "customer_edit", &request.base);
    edited.version = reply != NULL ? reply->version : customer.version;
    trade_keep(trader, KEPT_CUSTOMER, edited);
}

void trade_rate_set(struct trader *trader)
{
    RateSet request;
    rate_set__init(&request);
    const char *currency = ABROAD[trade_draw(trader, COUNT_OF(ABROAD))];
    request.currency = arena_print(trader->arena, "%s", currency);
    // Any two of them are within the tenth that needs no second person.
    request.rate_micro = is_yen(currency)
                             ? 4 * MICRO + MICRO / 2 + (int64_t)trade_draw(trader, MICRO * 4 / 10)
                             : 7 * MICRO + (int64_t)trade_draw(trader, MICRO * 6 / 10);
    request.per = is_yen(currency) ? 100 : 0;
    request.date_day = trader->today_day;
    (void)trade_ask(trader, "rate_set", &request.base);
}

static const uint32_t RATES[] = {1300, 600, 900, 100, 0};

static int64_t draw_price(struct trader *trader)
{
    return (int64_t)(1 + trade_draw(trader, 90000)) * CENT_MICRO;
}

// Every second one costs something, so that what is sold and returned moves stock.
void trade_item_add(struct trader *trader)
{
    ItemAdd request;
    item_add__init(&request);
    request.code = arena_print(trader->arena, "SKU-%u", trader->trade->items++);
    request.name = arena_print(trader->arena, "品 %u", trade_draw(trader, 100));
    request.price_micro = draw_price(trader);
    request.cost_micro = trade_once(trader, 2) ? request.price_micro / 3 : 0;
    request.tax_bp = RATES[trade_draw(trader, COUNT_OF(RATES))];
    request.inclusive = trade_once(trader, 5);
    const ItemReply *reply = (const ItemReply *)trade_ask(trader, "item_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_ITEM, (struct thing){.id = reply->id});
    }
}

void trade_item_edit(struct trader *trader)
{
    ItemEdit request;
    item_edit__init(&request);
    request.item_id = trade_any(trader, KEPT_ITEM).id;
    request.price_micro = draw_price(trader);
    request.cost_micro = request.price_micro / 2;
    (void)trade_ask(trader, "item_edit", &request.base);
}

static int64_t draw_quantity(struct trader *trader)
{
    return trade_once(trader, 5) ? 1 + (int64_t)trade_draw(trader, 20 * MICRO)
                                 : (int64_t)(1 + trade_draw(trader, 20)) * MICRO;
}

// Lines of all rates, of the catalogue or not, a few with a discount of their own or with tax in
// the price.
InvoiceLine **trade_lines(struct trader *trader, size_t *count)
{
    *count = 1 + trade_draw(trader, LINES_MAX);
    InvoiceLine **list = arena_alloc(trader->arena, *count * sizeof *list);
    for (size_t i = 0; i < *count; i++) {
        InvoiceLine *line = arena_alloc(trader->arena, sizeof *line);
        invoice_line__init(line);
        line->quantity_micro = draw_quantity(trader);
        line->discount_bp = trade_once(trader, 8) ? 100 * (1 + trade_draw(trader, 20)) : 0;
        if (trade_once(trader, 3)) {
            line->catalogue_id = trade_any(trader, KEPT_ITEM).id;
        } else {
            line->description = arena_print(trader->arena, "货 %u", trade_draw(trader, 50));
            line->price_micro = draw_price(trader);
            line->tax_bp = RATES[trade_draw(trader, COUNT_OF(RATES))];
            line->inclusive = trade_once(trader, 6);
        }
        list[i] = line;
    }
    return list;
}

// At the edges of a rounding there is little to see of amounts that are all round.
static int64_t draw_amount(struct trader *trader)
{
    return trade_once(trader, 3) ? 10000 * (1 + (int64_t)trade_draw(trader, 9))
                                 : 1 + (int64_t)trade_draw(trader, 300000);
}

void trade_invoice_draft(struct trader *trader)
{
    InvoiceDraft request;
    invoice_draft__init(&request);
    const struct thing customer = trade_any(trader, KEPT_CUSTOMER);
    request.customer_id = customer.id;
    request.date_day = trade_day(trader);
    const char *currency = trade_currency(trader, customer, 8);
    request.currency = trade_code(trader, customer, currency);
    request.line = trade_lines(trader, &request.n_line);
    const InvoiceDraftReply *reply =
        (const InvoiceDraftReply *)trade_ask(trader, "invoice_draft", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_DRAFT,
                   (struct thing){.id = reply->id,
                                  .customer_id = request.customer_id,
                                  .amount_minor = reply->gross_minor,
                                  .version = reply->version,
                                  .lines = (uint32_t)request.n_line,
                                  .currency = currency});
    }
}

static void issue(struct trader *trader, InvoiceIssue *request, struct thing about)
{
    const InvoiceIssueReply *reply =
        (const InvoiceIssueReply *)trade_ask(trader, "invoice_issue", &request->base);
    if (reply != NULL) {
        about.id = reply->id;
        about.amount_minor = reply->gross_minor;
        trade_keep(trader, KEPT_INVOICE, about);
        if (request->disputed) {
            trade_keep(trader, KEPT_DISPUTED, about);
        }
    }
}

void trade_draft_issue(struct trader *trader)
{
    const struct thing draft = trade_take(trader, KEPT_DRAFT, RECENT);
    InvoiceIssue request;
    invoice_issue__init(&request);
    request.invoice_id = draft.id;
    issue(trader, &request, draft);
    if (trader->status != STATUS_OK && draft.id != 0) {
        // Its month was closed meanwhile; there it would stand in the way of the seal.
        const enum status refused = trader->status;
        trade_discard(trader, draft);
        trader->status = refused;
    }
}

void trade_invoice_issue(struct trader *trader)
{
    InvoiceIssue request;
    invoice_issue__init(&request);
    const struct thing customer = trade_any(trader, KEPT_CUSTOMER);
    request.customer_id = customer.id;
    request.date_day = trade_day(trader);
    if (trade_once(trader, 3)) {
        request.terms = draw_terms(trader);
    }
    if (trade_once(trader, 4)) {
        request.amount_minor = draw_amount(trader);
    } else {
        request.line = trade_lines(trader, &request.n_line);
        request.discount_minor = trade_once(trader, 6) ? 1 + (int64_t)trade_draw(trader, 200) : 0;
        request.round_minor = trade_once(trader, 10) ? ROUND_MINOR : 0;
    }
    request.disputed = trade_once(trader, 40);
    const char *currency = trade_currency(trader, customer, 8);
    request.currency = trade_code(trader, customer, currency);
    issue(trader, &request,
          (struct thing){.customer_id = request.customer_id,
                         .lines = (uint32_t)request.n_line,
                         .currency = currency});
}

static void credit(struct trader *trader, InvoiceCredit *request, struct thing invoice)
{
    request->invoice_id = invoice.id;
    request->currency = trade_code(trader, invoice, invoice.currency);
    request->reason = trade_reason(trader);
    request->date_day = trade_once(trader, 4) ? 0 : trader->today_day;
    request->keep_open = trade_once(trader, 3);
    const InvoiceIssueReply *reply =
        (const InvoiceIssueReply *)trade_ask(trader, "invoice_credit", &request->base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_NOTE,
                   (struct thing){.id = reply->id,
                                  .customer_id = invoice.customer_id,
                                  .amount_minor = -reply->gross_minor,
                                  .currency = invoice.currency});
    }
}

// A part of one line comes back: so many of it, or that much of its worth.
void trade_invoice_return(struct trader *trader)
{
    const struct thing invoice = trade_any(trader, KEPT_INVOICE);
    InvoiceCredit request;
    invoice_credit__init(&request);
    CreditLine line;
    credit_line__init(&line);
    CreditLine *lines[] = {&line};
    line.line = invoice.lines == 0 ? 1 : 1 + trade_draw(trader, invoice.lines);
    if (trade_once(trader, 2)) {
        line.quantity_micro = MICRO;
    } else {
        line.amount_minor = 1 + (int64_t)trade_draw(trader, 5000);
    }
    request.line = lines;
    request.n_line = 1;
    credit(trader, &request, invoice);
}

void trade_invoice_credit(struct trader *trader)
{
    InvoiceCredit request;
    invoice_credit__init(&request);
    request.amount_minor = trade_once(trader, 2) ? 1 + (int64_t)trade_draw(trader, 50000) : 0;
    credit(trader, &request, trade_any(trader, KEPT_INVOICE));
}

void trade_invoice_reverse(struct trader *trader)
{
    InvoiceReverse request;
    invoice_reverse__init(&request);
    request.invoice_id = trade_any(trader, KEPT_INVOICE).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "invoice_reverse", &request.base);
}

void trade_invoice_dispute(struct trader *trader)
{
    const struct thing invoice = trade_any(trader, KEPT_INVOICE);
    InvoiceDispute request;
    invoice_dispute__init(&request);
    request.invoice_id = invoice.id;
    request.reason = trade_reason(trader);
    if (trade_ask(trader, "invoice_dispute", &request.base) != NULL) {
        trade_keep(trader, KEPT_DISPUTED, invoice);
    }
}

void trade_invoice_undispute(struct trader *trader)
{
    InvoiceUndispute request;
    invoice_undispute__init(&request);
    request.invoice_id = trade_take(trader, KEPT_DISPUTED, trader->trade->span).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "invoice_undispute", &request.base);
}

void trade_invoice_reschedule(struct trader *trader)
{
    InvoiceReschedule request;
    invoice_reschedule__init(&request);
    request.invoice_id = trade_any(trader, KEPT_INVOICE).id;
    request.terms = draw_terms(trader);
    request.date_day = trader->today_day;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "invoice_reschedule", &request.base);
}

void trade_invoice_apply(struct trader *trader)
{
    InvoiceApply request;
    invoice_apply__init(&request);
    request.invoice_id = trade_any(trader, KEPT_NOTE).id;
    request.date_day = trader->today_day;
    (void)trade_ask(trader, "invoice_apply", &request.base);
}

void trade_invoice_unapply(struct trader *trader)
{
    InvoiceUnapply request;
    invoice_unapply__init(&request);
    request.invoice_id = trade_any(trader, KEPT_NOTE).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "invoice_unapply", &request.base);
}
