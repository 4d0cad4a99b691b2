// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/business.h"

WRAPS static uint64_t draw(struct sim *sim, uint64_t below)
{
    sim->random ^= sim->random << 13;
    sim->random ^= sim->random >> 7;
    sim->random ^= sim->random << 17;
    return sim->random % below;
}

static int32_t some_day(struct sim *sim, int32_t ahead)
{
    return FIRST_DAY + (int32_t)draw(sim, (uint64_t)(sim->house.book_day - FIRST_DAY + 1 + ahead));
}

static int64_t some_amount(struct sim *sim)
{
    // Few amounts, so that exact matches happen.
    return draw(sim, 3) == 0 ? 10000 : 1 + (int64_t)draw(sim, 20000);
}

static uint64_t some_of(struct sim *sim, const uint64_t *list, size_t count)
{
    return count == 0 ? 0 : list[draw(sim, count)];
}

static void keep(uint64_t list[KEPT_MAX], size_t *count, enum status status, uint64_t id)
{
    if (status == STATUS_OK && *count < KEPT_MAX) {
        list[*count] = id;
        (*count)++;
    }
}

static char REASON[] = "sim";
static char TERMS[][32] = {"", "30%@5,70%@25", "20; discount 2%@10"};

static enum status issue(struct sim *sim)
{
    struct house *house = &sim->house;
    InvoiceIssue request;
    invoice_issue__init(&request);
    InvoiceIssueReply reply;
    invoice_issue_reply__init(&reply);
    InvoiceLine line;
    invoice_line__init(&line);
    InvoiceLine *lines[] = {&line, &line};
    request.customer_id = some_of(sim, sim->customer, CUSTOMERS);
    request.date_day = some_day(sim, 3);
    request.terms = TERMS[draw(sim, COUNT_OF(TERMS))];
    request.disputed = draw(sim, 10) == 0;
    if (draw(sim, 2) == 0) {
        line.quantity_micro = 1000000 * (1 + (int64_t)draw(sim, 5));
        line.price_micro = 10000 * (1 + (int64_t)draw(sim, 3000));
        line.tax_bp = 1300;
        request.line = lines;
        request.n_line = 2;
    } else {
        request.amount_minor = some_amount(sim);
    }
    house_command(house, "invoice_issue");
    enum status status = invoice_issue(house->txn, &house->call, &request, &reply);
    keep(sim->invoice, &sim->invoice_count, status, reply.id);
    return status;
}

static enum status pay(struct sim *sim)
{
    struct house *house = &sim->house;
    PaymentAdd request;
    payment_add__init(&request);
    PaymentAddReply reply;
    payment_add_reply__init(&reply);
    Allocate named;
    allocate__init(&named);
    Allocate *list[] = {&named};
    request.customer_id = some_of(sim, sim->customer, CUSTOMERS);
    request.amount_minor = some_amount(sim);
    request.date_day = some_day(sim, 0);
    request.fee_minor = draw(sim, 4) == 0 ? request.amount_minor / 100 : 0;
    request.no_allocate = draw(sim, 4) == 0;
    request.rest = draw(sim, 5) == 0 ? REST_MODE__REST_MODE_REFUSE : REST_MODE__REST_MODE_UNSET;
    if (!request.no_allocate && draw(sim, 3) == 0 && sim->invoice_count > 0) {
        named.invoice_id = some_of(sim, sim->invoice, sim->invoice_count);
        named.amount_minor = draw(sim, 2) == 0 ? 0 : 1 + (int64_t)draw(sim, 8000);
        request.allocate = list;
        request.n_allocate = 1;
    }
    request.write_off = !request.no_allocate && draw(sim, 6) == 0;
    house_command(house, "payment_add");
    enum status status = payment_add(house->txn, &house->call, &request, &reply);
    keep(sim->payment, &sim->payment_count, status, reply.id);
    return status;
}

static enum status allocate(struct sim *sim)
{
    struct house *house = &sim->house;
    PaymentAllocate request;
    payment_allocate__init(&request);
    PaymentAllocateReply reply;
    payment_allocate_reply__init(&reply);
    Allocate named;
    allocate__init(&named);
    Allocate *list[] = {&named};
    request.payment_id = some_of(sim, sim->payment, sim->payment_count);
    request.date_day = draw(sim, 4) == 0 ? some_day(sim, 0) : 0;
    if (draw(sim, 2) == 0 && sim->invoice_count > 0) {
        named.invoice_id = some_of(sim, sim->invoice, sim->invoice_count);
        named.amount_minor = draw(sim, 2) == 0 ? 0 : 1 + (int64_t)draw(sim, 5000);
        request.allocate = list;
        request.n_allocate = 1;
    }
    house_command(house, "payment_allocate");
    return payment_allocate(house->txn, &house->call, &request, &reply);
}

enum status sim_unallocate(struct sim *sim, uint64_t id, uint64_t invoice_id, int32_t day)
{
    PaymentUnallocate request;
    payment_unallocate__init(&request);
    PaymentAllocateReply reply;
    payment_allocate_reply__init(&reply);
    request.payment_id = id;
    request.invoice_id = invoice_id;
    request.date_day = day;
    request.reason = REASON;
    return payment_unallocate(sim->house.txn, &sim->house.call, &request, &reply);
}

static enum status unallocate(struct sim *sim)
{
    const uint64_t invoice_id =
        draw(sim, 3) == 0 ? some_of(sim, sim->invoice, sim->invoice_count) : 0;
    return sim_unallocate(sim, some_of(sim, sim->payment, sim->payment_count), invoice_id,
                          draw(sim, 2) == 0 ? some_day(sim, 0) : 0);
}

enum status sim_reverse_payment(struct sim *sim, uint64_t id, int32_t day)
{
    PaymentReverse request;
    payment_reverse__init(&request);
    PaymentReverseReply reply;
    payment_reverse_reply__init(&reply);
    request.payment_id = id;
    request.date_day = day;
    request.reason = REASON;
    house_command(&sim->house, "payment_reverse");
    return payment_reverse(sim->house.txn, &sim->house.call, &request, &reply);
}

static enum status reverse_payment(struct sim *sim)
{
    return sim_reverse_payment(sim, some_of(sim, sim->payment, sim->payment_count),
                               draw(sim, 2) == 0 ? some_day(sim, 0) : 0);
}

enum status sim_undo_writeoff(struct sim *sim, uint64_t id)
{
    WriteoffReverse request;
    writeoff_reverse__init(&request);
    ClearingReply reply;
    clearing_reply__init(&reply);
    request.writeoff_id = id;
    request.reason = REASON;
    house_command(&sim->house, "writeoff_reverse");
    return writeoff_reverse(sim->house.txn, &sim->house.call, &request, &reply);
}

enum status sim_undo_refund(struct sim *sim, uint64_t id)
{
    RefundReverse request;
    refund_reverse__init(&request);
    ClearingReply reply;
    clearing_reply__init(&reply);
    request.refund_id = id;
    request.reason = REASON;
    house_command(&sim->house, "refund_reverse");
    return refund_reverse(sim->house.txn, &sim->house.call, &request, &reply);
}

enum status sim_unapply(struct sim *sim, uint64_t id)
{
    InvoiceUnapply request;
    invoice_unapply__init(&request);
    PaymentAllocateReply reply;
    payment_allocate_reply__init(&reply);
    request.invoice_id = id;
    request.reason = REASON;
    return invoice_unapply(sim->house.txn, &sim->house.call, &request, &reply);
}

static enum status credit(struct sim *sim)
{
    struct house *house = &sim->house;
    InvoiceCredit request;
    invoice_credit__init(&request);
    InvoiceIssueReply reply;
    invoice_issue_reply__init(&reply);
    request.invoice_id = some_of(sim, sim->invoice, sim->invoice_count);
    request.date_day = draw(sim, 2) == 0 ? some_day(sim, 0) : 0;
    request.amount_minor = draw(sim, 3) == 0 ? 0 : 1 + (int64_t)draw(sim, 8000);
    request.keep_open = draw(sim, 4) == 0;
    request.reason = REASON;
    house_command(house, "invoice_credit");
    const enum status status = invoice_credit(house->txn, &house->call, &request, &reply);
    keep(sim->note, &sim->note_count, status, reply.id);
    return status;
}

static enum status reverse_invoice(struct sim *sim)
{
    struct house *house = &sim->house;
    InvoiceReverse request;
    invoice_reverse__init(&request);
    InvoiceIssueReply reply;
    invoice_issue_reply__init(&reply);
    request.invoice_id = some_of(sim, sim->invoice, sim->invoice_count);
    request.date_day = draw(sim, 2) == 0 ? some_day(sim, 0) : 0;
    request.reason = REASON;
    house_command(house, "invoice_reverse");
    return invoice_reverse(house->txn, &house->call, &request, &reply);
}

static enum status write_off(struct sim *sim)
{
    struct house *house = &sim->house;
    WriteoffAdd request;
    writeoff_add__init(&request);
    ClearingReply reply;
    clearing_reply__init(&reply);
    request.invoice_id = some_of(sim, sim->invoice, sim->invoice_count);
    request.amount_minor = draw(sim, 2) == 0 ? 0 : 1 + (int64_t)draw(sim, 5000);
    request.date_day = draw(sim, 2) == 0 ? some_day(sim, 0) : 0;
    request.reason = REASON;
    house_command(house, "writeoff_add");
    const enum status status = writeoff_add(house->txn, &house->call, &request, &reply);
    keep(sim->writeoff, &sim->writeoff_count, status, reply.id);
    return status;
}

static enum status recover(struct sim *sim)
{
    struct house *house = &sim->house;
    WriteoffRecover request;
    writeoff_recover__init(&request);
    ClearingReply reply;
    clearing_reply__init(&reply);
    request.writeoff_id = some_of(sim, sim->writeoff, sim->writeoff_count);
    request.amount_minor = draw(sim, 2) == 0 ? 0 : 1 + (int64_t)draw(sim, 2000);
    house_command(&sim->house, "writeoff_recover");
    const enum status status = writeoff_recover(house->txn, &house->call, &request, &reply);
    keep(sim->writeoff, &sim->writeoff_count, status, reply.id);
    return status;
}

static enum status undo_writeoff(struct sim *sim)
{
    return sim_undo_writeoff(sim, some_of(sim, sim->writeoff, sim->writeoff_count));
}

static enum status refund(struct sim *sim)
{
    struct house *house = &sim->house;
    RefundAdd request;
    refund_add__init(&request);
    ClearingReply reply;
    clearing_reply__init(&reply);
    request.customer_id = some_of(sim, sim->customer, CUSTOMERS);
    request.amount_minor = draw(sim, 3) == 0 ? 0 : 1 + (int64_t)draw(sim, 5000);
    request.fee_minor = draw(sim, 4) == 0 ? 50 : 0;
    request.date_day = draw(sim, 3) == 0 ? some_day(sim, 0) : 0;
    request.payment_id = draw(sim, 3) == 0 ? some_of(sim, sim->payment, sim->payment_count) : 0;
    request.reason = REASON;
    house_command(house, "refund_add");
    const enum status status = refund_add(house->txn, &house->call, &request, &reply);
    keep(sim->refund, &sim->refund_count, status, reply.id);
    return status;
}

static enum status undo_refund(struct sim *sim)
{
    return sim_undo_refund(sim, some_of(sim, sim->refund, sim->refund_count));
}

static enum status net(struct sim *sim)
{
    CustomerNet request;
    customer_net__init(&request);
    CustomerNetReply reply;
    customer_net_reply__init(&reply);
    request.customer_id = some_of(sim, sim->customer, CUSTOMERS);
    request.date_day = draw(sim, 4) == 0 ? some_day(sim, 0) : 0;
    house_command(&sim->house, "customer_net");
    return customer_net(sim->house.txn, &sim->house.call, &request, &reply);
}

static enum status apply(struct sim *sim)
{
    InvoiceApply request;
    invoice_apply__init(&request);
    PaymentAllocateReply reply;
    payment_allocate_reply__init(&reply);
    request.invoice_id = some_of(sim, sim->note, sim->note_count);
    request.date_day = draw(sim, 4) == 0 ? some_day(sim, 0) : 0;
    house_command(&sim->house, "invoice_apply");
    return invoice_apply(sim->house.txn, &sim->house.call, &request, &reply);
}

static enum status unapply(struct sim *sim)
{
    return sim_unapply(sim, some_of(sim, sim->note, sim->note_count));
}

static const struct act ACTS[] = {
    {"invoice issue", issue, 6, false},
    {"payment add", pay, 6, true},
    {"payment allocate", allocate, 4, true},
    {"payment unallocate", unallocate, 4, true},
    {"payment reverse", reverse_payment, 2, false},
    {"invoice credit", credit, 2, false},
    {"invoice reverse", reverse_invoice, 2, false},
    {"invoice apply", apply, 1, true},
    {"invoice unapply", unapply, 1, true},
    {"customer net", net, 1, true},
    {"writeoff add", write_off, 2, true},
    {"writeoff recover", recover, 2, true},
    {"writeoff reverse", undo_writeoff, 2, true},
    {"refund add", refund, 2, true},
    {"refund reverse", undo_refund, 2, true},
};

static_assert(COUNT_OF(ACTS) <= ACTS_MAX, "every act has a place where they are counted");

size_t sim_act_count(void)
{
    return COUNT_OF(ACTS);
}

const struct act *sim_act_at(size_t index)
{
    assert(index < COUNT_OF(ACTS));
    return &ACTS[index];
}

size_t sim_choose(struct sim *sim, bool settling)
{
    uint64_t total = 0;
    for (size_t i = 0; i < COUNT_OF(ACTS); i++) {
        total += ACTS[i].settles || !settling ? ACTS[i].weight : 0;
    }
    uint64_t drawn = draw(sim, total);
    size_t chosen = 0;
    for (;; chosen++) {
        const uint64_t weight = ACTS[chosen].settles || !settling ? ACTS[chosen].weight : 0;
        if (drawn < weight) {
            return chosen;
        }
        drawn -= weight;
    }
}

void sim_open(struct sim *sim, uint64_t seed, const char *chart, int64_t tolerance_minor)
{
    *sim = (struct sim){.random = (seed << 32) + 0x9e3779b9};
    house_make(&sim->house, chart, FIRST_DAY);
    for (size_t i = 0; i < CUSTOMERS; i++) {
        sim->customer[i] = house_customer(&sim->house);
    }
    if (tolerance_minor != 0) {
        SettlementSet request;
        settlement_set__init(&request);
        SettlementCard reply;
        settlement_card__init(&reply);
        request.tolerance_minor = tolerance_minor;
        house_begin(&sim->house);
        const enum status status =
            settlement_set(sim->house.txn, &sim->house.call, &request, &reply);
        house_end(&sim->house, status);
    }
}

void sim_close(struct sim *sim)
{
    house_free(&sim->house);
}
