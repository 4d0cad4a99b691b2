// SPDX-License-Identifier: Apache-2.0

// Reminders of what is overdue, and what they cost.
#include "tests/sim/trade.h"

#define PAGES_MAX 64

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

// One, or all that are drafts.
void trade_dunning_issue(struct trader *trader)
{
    DunningIssue request;
    dunning_issue__init(&request);
    request.every = trade_once(trader, 2);
    request.dunning_id = request.every ? 0 : trade_any(trader, KEPT_DUNNING).id;
    (void)trade_ask(trader, "dunning_issue", &request.base);
}

void trade_dunning_discard(struct trader *trader)
{
    DunningDiscard request;
    dunning_discard__init(&request);
    request.dunning_id = trade_any(trader, KEPT_DUNNING).id;
    request.reason = trade_reason(trader);
    (void)trade_ask(trader, "dunning_discard", &request.base);
}
