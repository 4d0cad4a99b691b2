// SPDX-License-Identifier: Apache-2.0

// What was spent, for whom, and what of it is shared among customers.
#include "tests/sim/trade.h"

#define RECENT 4 // so that its month is open

void trade_campaign_add(struct trader *trader)
{
    CampaignAdd request;
    campaign_add__init(&request);
    request.name = arena_print(trader->arena, "展会 %u", trade_draw(trader, 1000));
    request.from_day = trader->trade->first_day;
    const CampaignReply *reply =
        (const CampaignReply *)trade_ask(trader, "campaign_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_CAMPAIGN, (struct thing){.id = reply->id});
    }
}

// With input tax or without, of a customer or of nobody, paid at once or owed.
void trade_cost_add(struct trader *trader)
{
    const bool is_owed = trade_once(trader, 3);
    CostAdd request;
    cost_add__init(&request);
    request.kind = (CostKind)(1 + trade_draw(trader, 4));
    request.amount_minor = 100 + (int64_t)trade_draw(trader, 200000);
    request.tax_minor = trade_once(trader, 3) ? request.amount_minor / 20 : 0;
    request.customer_id = trade_once(trader, 2) ? trade_any(trader, KEPT_CUSTOMER).id : 0;
    request.campaign_id = trade_once(trader, 3) ? trade_any(trader, KEPT_CAMPAIGN).id : 0;
    request.hours_micro = trade_once(trader, 3) ? 1500000 : 0;
    request.date_day = trade_day(trader);
    if (is_owed) {
        request.paid_from = arena_print(trader->arena, "%u", trader->trade->payables);
    }
    const CostReply *reply = (const CostReply *)trade_ask(trader, "cost_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_COST,
                   (struct thing){.id = reply->id, .customer_id = request.customer_id});
        if (request.customer_id == 0) {
            trade_keep(trader, KEPT_COMMON_COST, (struct thing){.id = reply->id});
        }
    }
}

void trade_cost_reverse(struct trader *trader)
{
    CostReverse request;
    cost_reverse__init(&request);
    request.cost_id = trade_any(trader, KEPT_COST).id;
    request.date_day = trade_once(trader, 2) ? trader->today_day : 0;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "cost_reverse", &request.base);
}

void trade_cost_share(struct trader *trader)
{
    CostShare request;
    cost_share__init(&request);
    request.cost_id = trade_take(trader, KEPT_COMMON_COST, trader->trade->span).id;
    request.driver = (CostDriver)(1 + trade_draw(trader, 5));
    if (trade_ask(trader, "cost_share", &request.base) != NULL) {
        trade_keep(trader, KEPT_SHARED_COST, (struct thing){.id = request.cost_id});
    }
}

void trade_cost_unshare(struct trader *trader)
{
    const struct thing cost = trade_take(trader, KEPT_SHARED_COST, RECENT);
    CostUnshare request;
    cost_unshare__init(&request);
    request.cost_id = cost.id;
    request.reason = trade_reason(trader);
    if (trade_ask(trader, "cost_unshare", &request.base) != NULL) {
        trade_keep(trader, KEPT_COMMON_COST, cost);
    }
}
