// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/trade.h"

#include "shared/wire.h"

#define RATES_FIRST 30

static const struct trade_act ACTS[] = {
    {"customer add", trade_customer_add, 20, 0, false},
    {"customer edit", trade_customer_edit, 20, 0, false},
    {"rate set", trade_rate_set, 12, 2, false},
    {"item add", trade_item_add, 6, 0, false},
    {"item edit", trade_item_edit, 6, 2, false},
    {"invoice draft", trade_invoice_draft, 60, 0, false},
    {"invoice issue (draft)", trade_draft_issue, 50, 0, true},
    {"invoice issue", trade_invoice_issue, 330, 30, true},
    {"invoice credit (return)", trade_invoice_return, 40, 5, true},
    {"invoice credit", trade_invoice_credit, 30, 8, true},
    {"invoice reverse", trade_invoice_reverse, 30, 8, true},
    {"invoice dispute", trade_invoice_dispute, 14, 3, false},
    {"invoice undispute", trade_invoice_undispute, 14, 3, false},
    {"invoice reschedule", trade_invoice_reschedule, 12, 3, false},
    {"invoice apply", trade_invoice_apply, 20, 6, false},
    {"invoice unapply", trade_invoice_unapply, 14, 5, false},
    {"payment add (exact)", trade_payment_exact, 170, 15, true},
    {"payment add", trade_payment_any, 80, 15, true},
    {"payment add (over)", trade_payment_over, 30, 5, true},
    {"payment add (write off)", trade_payment_short, 15, 3, true},
    {"payment allocate", trade_payment_allocate, 50, 15, false},
    {"payment unallocate", trade_payment_unallocate, 20, 12, false},
    {"payment reverse", trade_payment_reverse, 20, 10, true},
    {"customer net", trade_customer_net, 15, 5, false},
    {"refund add", trade_refund_add, 30, 6, true},
    {"refund reverse", trade_refund_reverse, 14, 4, true},
    {"writeoff add", trade_writeoff_add, 25, 6, true},
    {"writeoff recover", trade_writeoff_recover, 14, 4, true},
    {"writeoff reverse", trade_writeoff_reverse, 14, 4, true},
    {"provision set", trade_provision_set, 14, 2, true},
    {"entry add", trade_entry_add, 110, 10, true},
    {"entry reverse", trade_entry_reverse, 25, 6, true},
    {"dunning run", trade_dunning_run, 15, 3, false},
    {"dunning issue", trade_dunning_issue, 25, 8, true},
    {"dunning discard", trade_dunning_discard, 10, 3, false},
    {"dunning waive", trade_dunning_waive, 8, 3, true},
    {"promise add", trade_promise_add, 15, 3, false},
    {"promise cancel", trade_promise_cancel, 5, 2, false},
    {"campaign add", trade_campaign_add, 4, 0, false},
    {"cost add", trade_cost_add, 60, 8, true},
    {"cost reverse", trade_cost_reverse, 10, 5, true},
    {"cost share", trade_cost_share, 15, 4, false},
    {"cost unshare", trade_cost_unshare, 6, 2, false},
    {"order add", trade_order_add, 40, 6, false},
    {"order edit", trade_order_edit, 8, 4, false},
    {"order confirm", trade_order_confirm, 40, 6, false},
    {"order deliver", trade_order_deliver, 25, 5, false},
    {"order invoice", trade_order_invoice, 40, 8, true},
    {"order cancel", trade_order_cancel, 5, 3, false},
    {"recurring add", trade_recurring_add, 6, 2, false},
    {"recurring run", trade_recurring_run, 10, 5, true},
    {"recurring pause", trade_recurring_pause, 4, 2, false},
    {"recurring resume", trade_recurring_resume, 6, 2, false},
    {"recurring end", trade_recurring_end, 2, 1, false},
    {"bank statement", trade_bank_statement, 25, 5, true},
    {"reconcile take", trade_reconcile_take, 25, 5, false},
    {"reconcile match", trade_reconcile_match, 60, 10, false},
    {"reconcile unmatch", trade_reconcile_unmatch, 12, 5, false},
    {"reconcile ignore", trade_reconcile_ignore, 8, 3, false},
    {"reconcile split", trade_reconcile_split, 8, 3, false},
    {"reconcile finish", trade_reconcile_finish, 4, 3, false},
    {"opening add", trade_opening_add, 12, 2, true},
    {"opening account", trade_opening_account, 10, 2, true},
    {"revaluation run", trade_revaluation_run, 10, 3, true},
    {"period close", trade_period_close, 0, 5, false},
    {"period reopen", trade_period_reopen, 0, 5, false},
};

static_assert(COUNT_OF(ACTS) <= TRADE_ACTS_MAX, "every act has a place where they are counted");

size_t trade_act_count(void)
{
    return COUNT_OF(ACTS);
}

const struct trade_act *trade_act_at(size_t index)
{
    assert(index < COUNT_OF(ACTS));
    return &ACTS[index];
}

// ---- drawing ----

// xorshift64*: the same seed draws the same on every machine.
WRAPS uint32_t trade_draw(struct trader *trader, uint32_t below)
{
    assert(trader->random != 0 && below > 0);
    trader->random ^= trader->random >> 12;
    trader->random ^= trader->random << 25;
    trader->random ^= trader->random >> 27;
    return (uint32_t)((trader->random * 2685821657736338717ull) >> 33) % below;
}

bool trade_once(struct trader *trader, uint32_t times)
{
    return trade_draw(trader, times) == 0;
}

int32_t trade_day(struct trader *trader)
{
    const uint32_t back = trade_once(trader, 12) ? trade_draw(trader, 45) : trade_draw(trader, 4);
    const int32_t day = trader->today_day - (int32_t)back;
    return day < trader->trade->first_day ? trader->trade->first_day : day;
}

char *trade_reason(struct trader *trader)
{
    return arena_print(trader->arena, "改 %u", trade_draw(trader, 100));
}

// ---- what there is ----

void trade_keep(struct trader *trader, enum kept kind, struct thing thing)
{
    assert(thing.id != 0);
    struct trade_kept *kept = &trader->trade->kept[kind];
    pthread_mutex_lock(&trader->trade->lock);
    kept->thing[kept->count % TRADE_KEPT_MAX] = thing;
    kept->count++;
    pthread_mutex_unlock(&trader->trade->lock);
}

static struct thing draw_thing(struct trader *trader, enum kept kind, size_t span, bool takes)
{
    assert(span > 0 && span <= TRADE_KEPT_MAX);
    struct trade_kept *kept = &trader->trade->kept[kind];
    struct thing thing = {0};
    const uint32_t drawn = trade_draw(trader, (uint32_t)span);
    pthread_mutex_lock(&trader->trade->lock);
    const size_t there = kept->count < span ? kept->count : span;
    if (there > 0) {
        struct thing *newest = &kept->thing[(kept->count - 1) % TRADE_KEPT_MAX];
        struct thing *place = &kept->thing[(kept->count - 1 - drawn % there) % TRADE_KEPT_MAX];
        thing = *place;
        if (takes) {
            *place = *newest;
            *newest = (struct thing){0};
            kept->count--;
        }
    }
    pthread_mutex_unlock(&trader->trade->lock);
    return thing;
}

struct thing trade_any(struct trader *trader, enum kept kind)
{
    return draw_thing(trader, kind, trader->trade->span, false);
}

struct thing trade_take(struct trader *trader, enum kept kind, size_t span)
{
    return draw_thing(trader, kind, span, true);
}

// ---- asking ----

static const Reply *call(struct trader *trader, const Request *request)
{
    Reply *reply = NULL;
    if (link_call(trader->seat->link, request, trader->arena, &reply) != STATUS_OK) {
        (void)fprintf(stderr, "trade: the link failed: %s\n",
                      status_sentence(link_status(trader->seat->link)));
        abort();
    }
    return reply;
}

// A fault of the machine, not an answer to a question.
static bool is_fault(enum status status)
{
    return status == STATUS_ENVIRONMENT || status == STATUS_TAMPERED || status == STATUS_STORE_FULL;
}

ProtobufCMessage *trade_ask(struct trader *trader, const char *name, ProtobufCMessage *inner)
{
    const Request *request = load_request(trader->arena, name, inner);
    const Reply *reply = call(trader, request);
    if (reply->status == STATUS_BUSY || reply->status == STATUS_STEP_UP) {
        // A session is refused only so often a minute, and its proof of who it is wears off.
        load_sit_again(trader->load, trader->seat);
        reply = call(trader, request);
    }
    trader->status = (enum status)reply->status;
    if (is_fault(trader->status)) {
        (void)fprintf(stderr, "trade: %s answered %s: %s\n", name, status_code(trader->status),
                      reply->detail);
        abort();
    }
    // A difference is told beside what was asked for.
    return trader->status == STATUS_OK || trader->status == STATUS_DIFFERENCE
               ? wire_inner(&reply->base, wire_inner_number(&request->base))
               : NULL;
}

// ---- the way of a day ----

static uint32_t weight_of(const struct trade_act *act, enum trade_mix mix)
{
    return mix == TRADE_DESK ? act->desk : act->race;
}

void trade_step(struct trader *trader, enum trade_mix mix)
{
    uint32_t total = 0;
    for (size_t i = 0; i < COUNT_OF(ACTS); i++) {
        total += weight_of(&ACTS[i], mix);
    }
    uint32_t drawn = trade_draw(trader, total);
    size_t chosen = 0;
    while (drawn >= weight_of(&ACTS[chosen], mix)) {
        drawn -= weight_of(&ACTS[chosen], mix);
        chosen++;
    }
    trader->status = STATUS_NOT_FOUND;
    ACTS[chosen].run(trader);
    const bool is_done = trader->status == STATUS_OK;
    trader->done[chosen] += is_done;
    trader->refused[chosen] += !is_done;
    trader->documents += is_done && ACTS[chosen].is_document;
    arena_reset(trader->arena);
}

void trade_open(struct trade *trade, const char *chart, int32_t first_day, size_t span)
{
    static const struct {
        const char *chart;
        struct trade accounts;
    } CHARTS[] = {
        {"cn-small",
         {.bank = 1002,
          .capital = 3001,
          .goods = 1405,
          .payables = 2202,
          .wages = 2211,
          .rent = 5602,
          .advertising = 5601}},
        {"cn-enterprise",
         {.bank = 1002,
          .capital = 4001,
          .goods = 1405,
          .payables = 2202,
          .wages = 2211,
          .rent = 6602,
          .advertising = 6601,
          .has_allowance = true}},
        {"international",
         {.bank = 1010,
          .capital = 3000,
          .goods = 1200,
          .payables = 2000,
          .wages = 2200,
          .rent = 6100,
          .advertising = 6000,
          .has_allowance = true}},
    };

    assert(span > 0 && span <= TRADE_KEPT_MAX);
    *trade = (struct trade){0};
    for (size_t i = 0; i < COUNT_OF(CHARTS); i++) {
        if (strcmp(CHARTS[i].chart, chart) == 0) {
            *trade = CHARTS[i].accounts;
        }
    }
    assert(trade->bank != 0);
    (void)pthread_mutex_init(&trade->lock, NULL);
    (void)pthread_mutex_init(&trade->bank_lock, NULL);
    trade->first_day = first_day;
    trade->span = span;
}

void trade_begin(struct trader *trader, size_t customers)
{
    SettlementSet request;
    settlement_set__init(&request);
    request.tolerance_minor = 500;
    (void)trade_ask(trader, "settlement_set", &request.base);
    assert(trader->status == STATUS_OK);
    trade_dunning_procedure(trader);
    assert(trader->status == STATUS_OK);
    trade_bank_add(trader);
    assert(trader->status == STATUS_OK);
    for (size_t i = 0; i < RATES_FIRST; i++) {
        trade_rate_set(trader); // until each currency has one
    }
    for (size_t i = 0; i < customers; i++) {
        trade_customer_add(trader);
        assert(trader->status == STATUS_OK);
        trade_item_add(trader);
        assert(trader->status == STATUS_OK);
        trade_opening_add(trader);
        assert(trader->status == STATUS_OK);
        arena_reset(trader->arena);
    }
}
