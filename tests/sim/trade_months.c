// SPDX-License-Identifier: Apache-2.0

// Months that are closed, opened again and sealed, and the end of a year.
#include "shared/day.h"
#include "tests/sim/trade.h"

const char *trade_period(struct trader *trader, int32_t day)
{
    const struct date date = day_date(day);
    return arena_print(trader->arena, "%d-%02d", (int)date.year, (int)date.month);
}

bool trade_close(struct trader *trader, const char *period)
{
    PeriodClose request;
    period_close__init(&request);
    request.period = arena_print(trader->arena, "%s", period);
    request.reason = trade_reason(trader);
    return trade_ask(trader, "period_close", &request.base) != NULL;
}

bool trade_reopen(struct trader *trader, const char *period)
{
    PeriodReopen request;
    period_reopen__init(&request);
    request.period = arena_print(trader->arena, "%s", period);
    request.reason = trade_reason(trader);
    return trade_ask(trader, "period_reopen", &request.base) != NULL;
}

bool trade_seal(struct trader *trader, const char *period)
{
    PeriodSeal request;
    period_seal__init(&request);
    request.period = arena_print(trader->arena, "%s", period);
    return trade_ask(trader, "period_seal", &request.base) != NULL;
}

bool trade_year_end(struct trader *trader, uint32_t year)
{
    PeriodYearEnd request;
    period_year_end__init(&request);
    request.year = year;
    return trade_ask(trader, "period_year_end", &request.base) != NULL;
}

// One of the last three months.
static const char *some_period(struct trader *trader)
{
    return trade_period(trader, day_add_months(trader->today_day, -(int32_t)trade_draw(trader, 3)));
}

void trade_period_close(struct trader *trader)
{
    (void)trade_close(trader, some_period(trader));
}

void trade_period_reopen(struct trader *trader)
{
    (void)trade_reopen(trader, some_period(trader));
}

void trade_discard(struct trader *trader, struct thing draft)
{
    InvoiceEdit request;
    invoice_edit__init(&request);
    request.invoice_id = draft.id;
    request.version = draft.version;
    request.discard = true;
    (void)trade_ask(trader, "invoice_edit", &request.base);
}

void trade_discard_drafts(struct trader *trader)
{
    struct thing draft = trade_take(trader, KEPT_DRAFT, 1);
    while (draft.id != 0) {
        trade_discard(trader, draft);
        arena_reset(trader->arena);
        draft = trade_take(trader, KEPT_DRAFT, 1);
    }
}
