// SPDX-License-Identifier: Apache-2.0

// Reminders of what is overdue, and what they cost.
#include "tests/sim/trade.h"

#include <time.h>

#define PAGES_MAX    64
#define DAY_S        86400
#define SHANGHAI_S   (8 * 3600)
#define PROMISE_DAYS 60

static DunningLevel *level(struct trader *trader, uint32_t overdue_days, int64_t fee_minor)
{
    DunningLevel *level = arena_alloc(trader->arena, sizeof *level);
    dunning_level__init(level);
    level->overdue_days = overdue_days;
    level->wait_days = 10;
    level->fee_minor = fee_minor;
    level->interest_bp = 1000;
    level->charge = true;
    return level;
}

void trade_dunning_procedure(struct trader *trader)
{
    DunningProcedure request;
    dunning_procedure__init(&request);
    DunningLevel *levels[] = {level(trader, 5, 0), level(trader, 20, 1000),
                              level(trader, 40, 2500)};
    request.from_day = trader->trade->first_day;
    request.minimum_minor = 5000;
    request.level = levels;
    request.n_level = COUNT_OF(levels);
    (void)trade_ask(trader, "dunning_procedure", &request.base);
}

// Of everybody, in as many groups as the server makes.
void trade_dunning_run(struct trader *trader)
{
    const char *cursor = "";
    for (size_t page = 0; page < PAGES_MAX && cursor != NULL; page++) {
        DunningRun request;
        dunning_run__init(&request);
        request.date_day = trader->today_day;
        request.cursor = arena_print(trader->arena, "%s", cursor);
        const DunningRunReply *reply =
            (const DunningRunReply *)trade_ask(trader, "dunning_run", &request.base);
        for (size_t i = 0; reply != NULL && i < reply->n_row; i++) {
            trade_keep(trader, KEPT_DUNNING, (struct thing){.id = reply->row[i]->id});
        }
        cursor = reply != NULL && reply->next[0] != '\0' ? reply->next : NULL;
    }
}

static void keep_charge(struct trader *trader, char *number)
{
    Find request;
    find__init(&request);
    request.noun = FIND_NOUN__FIND_NOUN_INVOICE;
    request.text = number;
    const FindReply *found = (const FindReply *)trade_ask(trader, "find", &request.base);
    if (found != NULL && found->n_row == 1) {
        trade_keep(trader, KEPT_CHARGE, (struct thing){.id = found->row[0]->id});
    }
}

// One, or all that are drafts.
void trade_dunning_issue(struct trader *trader)
{
    DunningIssue request;
    dunning_issue__init(&request);
    request.every = trade_once(trader, 2);
    request.dunning_id = request.every ? 0 : trade_any(trader, KEPT_DUNNING).id;
    const DunningIssueReply *reply =
        (const DunningIssueReply *)trade_ask(trader, "dunning_issue", &request.base);
    for (size_t i = 0; reply != NULL && i < reply->n_row; i++) {
        if (reply->row[i]->invoice[0] != '\0') {
            keep_charge(trader, reply->row[i]->invoice);
        }
    }
    trader->status = reply != NULL ? STATUS_OK : trader->status;
}

void trade_dunning_discard(struct trader *trader)
{
    DunningDiscard request;
    dunning_discard__init(&request);
    request.dunning_id = trade_any(trader, KEPT_DUNNING).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "dunning_discard", &request.base);
}

// Some of what was charged, or all of it.
void trade_dunning_waive(struct trader *trader)
{
    DunningWaive request;
    dunning_waive__init(&request);
    request.invoice_id = trade_any(trader, KEPT_CHARGE).id;
    request.amount_minor = trade_once(trader, 2) ? 1 + (int64_t)trade_draw(trader, 500) : 0;
    request.date_day = trader->today_day;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "dunning_waive", &request.base);
}

// By a day that the server has not seen yet: the business is behind its clock.
void trade_promise_add(struct trader *trader)
{
    const int32_t today = (int32_t)((time(NULL) + SHANGHAI_S) / DAY_S);
    const struct thing invoice = trade_any(trader, KEPT_INVOICE);
    PromiseAdd request;
    promise_add__init(&request);
    request.invoice_id = invoice.id;
    request.amount_minor = trade_once(trader, 2) ? 1 + invoice.amount_minor / 3 : 0;
    request.date_day = today + 1 + (int32_t)trade_draw(trader, PROMISE_DAYS);
    const PromiseReply *reply =
        (const PromiseReply *)trade_ask(trader, "promise_add", &request.base);
    if (reply != NULL) {
        trade_keep(trader, KEPT_PROMISE, (struct thing){.id = reply->id});
    }
}

void trade_promise_cancel(struct trader *trader)
{
    PromiseCancel request;
    promise_cancel__init(&request);
    request.promise_id = trade_take(trader, KEPT_PROMISE, trader->trade->span).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "promise_cancel", &request.base);
}
