// SPDX-License-Identifier: Apache-2.0

// A year of random business through a real server, and the January behind it: documents of all
// kinds, months that are closed, opened again and sealed behind them, the end of the year. Ends
// with 0 when every kind of act was done, unless there are few.
//   year BUILD-DIRECTORY PLACE DOCUMENTS SEED [CHART]
// The book is left in PLACE/book, with an invitation of an owner "zhang" beside it.
#include "shared/day.h"
#include "tests/sim/trade.h"

#include <inttypes.h>

#define FIRST_DAY  20089 // 2025-01-01
#define SPAN_DAYS  396   // until 2026-01-31
#define YEAR       2025
#define CUSTOMERS  40
#define EVENTS_MAX 64
#define MUCH       5000 // so many documents are of every kind

enum step { STEP_YEAR_END, STEP_CLOSE, STEP_REOPEN, STEP_SEAL };

// What is done with a month, some days behind its end.
struct event {
    int32_t on_day;
    enum step step;
    int32_t month_day; // its first
};

struct plan {
    struct event event[EVENTS_MAX];
    size_t count;
    size_t done;
    size_t refused;
};

static void add(struct plan *plan, int32_t month_day, int32_t days_behind, enum step step)
{
    assert(plan->count < EVENTS_MAX);
    plan->event[plan->count++] = (struct event){
        .on_day = day_month_end(month_day) + days_behind, .step = step, .month_day = month_day};
}

// In the order of their days.
static void make_plan(struct plan *plan)
{
    for (int32_t month = 0; month < 12; month++) {
        const int32_t month_day = day_add_months(FIRST_DAY, month);
        const bool is_last = month == 11;
        if (is_last) {
            add(plan, month_day, 4, STEP_YEAR_END);
        }
        add(plan, month_day, 6, STEP_CLOSE);
        if (month % 2 == 1) {
            add(plan, month_day, 12, STEP_REOPEN);
            // On the day of the closing: what is posted between them would be left in the year, and
            // December is not sealed then.
            if (is_last) {
                add(plan, month_day, 18, STEP_YEAR_END);
            }
            add(plan, month_day, 18, STEP_CLOSE);
        }
        for (int32_t of = month - 2; month % 3 == 2 && of <= month; of++) {
            add(plan, day_add_months(FIRST_DAY, of), 24, STEP_SEAL);
            plan->event[plan->count - 1].on_day = day_month_end(month_day) + 24;
        }
    }
}

static bool carry_out(struct trader *trader, const struct event *event)
{
    const char *period = trade_period(trader, event->month_day);
    switch (event->step) {
    case STEP_YEAR_END:
        // The second time there may be nothing left to move.
        return trade_year_end(trader, YEAR) || trader->status == STATUS_NOTHING_TO_DO;
    case STEP_CLOSE:
        return trade_close(trader, period);
    case STEP_REOPEN:
        return trade_reopen(trader, period);
    case STEP_SEAL:
        // A draft of the month stands in the way, and so does what the bank says and nobody
        // decided.
        trade_discard_drafts(trader);
        return trade_bank_settle(trader) &&
               trade_seal(trader, trade_period(trader, event->month_day));
    }
    return false;
}

static void keep_calendar(struct trader *trader, struct plan *plan)
{
    while (plan->done < plan->count && plan->event[plan->done].on_day <= trader->today_day) {
        const struct event *event = &plan->event[plan->done];
        if (!carry_out(trader, event)) {
            (void)fprintf(stderr, "year: step %d of %s: %s\n", (int)event->step,
                          trade_period(trader, event->month_day), status_code(trader->status));
            plan->refused++;
        }
        plan->done++;
        arena_reset(trader->arena);
    }
}

static void live(struct trader *trader, struct plan *plan, size_t documents)
{
    while (trader->documents < documents) {
        trader->today_day = FIRST_DAY + (int32_t)(trader->documents * SPAN_DAYS / documents);
        keep_calendar(trader, plan);
        trade_step(trader, TRADE_DESK);
    }
    trader->today_day = FIRST_DAY + SPAN_DAYS;
    keep_calendar(trader, plan);
}

// Prints what was done; false when something was never done, or little beside what was refused.
static bool is_whole(const struct trader *trader, const struct plan *plan)
{
    size_t done = 0, refused = 0;
    const bool is_much = trader->documents >= MUCH;
    bool holds = plan->done == plan->count && plan->refused == 0;
    for (size_t i = 0; i < trade_act_count(); i++) {
        const struct trade_act *act = trade_act_at(i);
        if (act->desk == 0) {
            continue;
        }
        (void)printf("%-26s %6zu done %6zu refused\n", act->name, trader->done[i],
                     trader->refused[i]);
        const bool is_there = trader->done[i] > 0 || !is_much ||
                              (act->run == trade_provision_set && !trader->trade->has_allowance);
        if (!is_there) {
            (void)fprintf(stderr, "year: nobody ever did: %s\n", act->name);
        }
        holds = holds && is_there;
        done += trader->done[i];
        refused += trader->refused[i];
    }
    (void)printf("%zu documents; %zu acts done, %zu refused; %zu steps of closing\n",
                 trader->documents, done, refused, plan->done);
    return holds && done > refused;
}

int main(int count, char **words)
{
    if (count != 5 && count != 6) {
        (void)fprintf(stderr, "usage: year BUILD-DIRECTORY PLACE DOCUMENTS SEED [CHART]\n");
        return 2;
    }
    const char *chart = count == 6 ? words[5] : "cn-enterprise";
    const bool is_chinese = strncmp(chart, "cn-", 3) == 0;
    const struct load_options options = {.programs = words[1],
                                         .place = words[2],
                                         .currency = is_chinese ? "CNY" : "USD",
                                         .chart = chart};
    static struct trade trade;
    static struct plan plan;
    trade_open(&trade, chart, FIRST_DAY, TRADE_KEPT_MAX);
    make_plan(&plan);
    struct load *load = load_start(&options);
    struct seat seat;
    load_sit(load, &seat);
    struct trader trader = {.load = load,
                            .seat = &seat,
                            .trade = &trade,
                            .arena = arena_make(CALL_ARENA_MAX),
                            .random = strtoull(words[4], NULL, 10) * 2 + 1,
                            .today_day = FIRST_DAY};
    trade_begin(&trader, CUSTOMERS);
    live(&trader, &plan, strtoul(words[3], NULL, 10));
    const bool holds = is_whole(&trader, &plan);

    char login[] = "zhang", role[] = "owner";
    load_sit_again(load, &seat);
    load_invite(load, seat.link, login, role, "zhang.invitation");
    load_rise(&seat);
    arena_free(trader.arena);
    return load_stop(load) && holds ? 0 : 1;
}
