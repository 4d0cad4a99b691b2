// SPDX-License-Identifier: Apache-2.0

// What the books begin with, and what is owed in other currencies at the ends of months.
#include "shared/day.h"
#include "tests/sim/trade.h"

// Owed by a customer, or to him.
void trade_opening_add(struct trader *trader)
{
    const struct trade *trade = trader->trade;
    OpeningAdd request;
    opening_add__init(&request);
    request.customer_id = trade_any(trader, KEPT_CUSTOMER).id;
    request.opening_day = trade->first_day;
    request.amount_minor = 1 + (int64_t)trade_draw(trader, 300000);
    if (trade_once(trader, 4)) {
        request.amount_minor = -request.amount_minor;
    } else {
        request.date_day = trade->first_day - 1 - (int32_t)trade_draw(trader, 90);
        request.due_day = trade->first_day + (int32_t)trade_draw(trader, 60);
    }
    const OpeningReply *reply =
        (const OpeningReply *)trade_ask(trader, "opening_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, request.amount_minor > 0 ? KEPT_INVOICE : KEPT_PAYMENT,
                   (struct thing){.id = reply->id,
                                  .customer_id = request.customer_id,
                                  .amount_minor = reply->amount_minor});
    }
}

void trade_opening_account(struct trader *trader)
{
    OpeningAccount request;
    opening_account__init(&request);
    EntryLine debit;
    entry_line__init(&debit);
    EntryLine *lines[] = {&debit};
    debit.account = trader->trade->goods;
    debit.debit_minor = 1 + trade_draw(trader, 900000);
    request.line = lines;
    request.n_line = COUNT_OF(lines);
    request.text = arena_print(trader->arena, "期初");
    request.opening_day = trader->trade->first_day;
    (void)trade_ask(trader, "opening_account", &request.base);
}

// At the end of this month or of the one before.
void trade_revaluation_run(struct trader *trader)
{
    RevaluationRun request;
    revaluation_run__init(&request);
    request.date_day =
        day_month_end(day_add_months(trader->today_day, -(int32_t)trade_draw(trader, 2)));
    (void)trade_ask(trader, "revaluation_run", &request.base);
}
