// SPDX-License-Identifier: Apache-2.0

// Sixteen clients of one firm at once, each with acts of its own drawn by the seed: they issue,
// credit, pay, allocate, take back, reverse, write off, reconcile, remind, close months and open
// them again, all on the few documents that the others have just made. After each interleaving
// every invariant of the books is computed anew by the server. Ends with 0 when all held.
//   interleave BUILD-DIRECTORY [INTERLEAVINGS [SEED]]
#include "shared/day.h"
#include "shared/wire.h"
#include "tests/sim/trade.h"

#include <inttypes.h>
#include <unistd.h>

#define ALL_ACTS_FROM 100
#define CLIENTS       16
#define ACTS_EACH     8
#define CUSTOMERS     4
#define SPAN          24    // documents that they meet at
#define FIRST_DAY     20089 // 2025-01-01

struct desk {
    pthread_t thread;
    pthread_barrier_t *start;
    struct seat seat;
    struct trader trader;
};

static void sit_down(struct load *load, struct trade *trade, struct desk desks[static CLIENTS],
                     uint64_t seed)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        char login[16], role[] = "owner";
        (void)snprintf(login, sizeof login, "desk%zu", i);
        load_sit_person(load, login, role, &desks[i].seat);
        desks[i].trader = (struct trader){.load = load,
                                          .seat = &desks[i].seat,
                                          .trade = trade,
                                          .arena = arena_make(CALL_ARENA_MAX),
                                          .random = seed * CLIENTS * 2 + i * 2 + 1};
        for (size_t warm = 0; warm < 16; warm++) {
            (void)trade_draw(&desks[i].trader, 2); // seeds that are near draw alike at first
        }
    }
}

static void *work(void *context)
{
    struct desk *desk = context;
    (void)pthread_barrier_wait(desk->start);
    for (size_t i = 0; i < ACTS_EACH; i++) {
        trade_step(&desk->trader, TRADE_RACE);
    }
    return NULL;
}

static void interleave(struct desk desks[static CLIENTS], int32_t today_day)
{
    pthread_barrier_t start;
    (void)pthread_barrier_init(&start, NULL, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        desks[i].start = &start;
        desks[i].trader.today_day = today_day;
        if (pthread_create(&desks[i].thread, NULL, work, &desks[i]) != 0) {
            abort();
        }
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)pthread_join(desks[i].thread, NULL);
    }
    (void)pthread_barrier_destroy(&start);
}

// What the server finds when it computes every invariant from the rows.
static bool books_hold(struct trader *trader, uint64_t *looked_at)
{
    const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};
    CheckBooks begin;
    check_books__init(&begin);
    const CheckBooksReply *reply =
        (const CheckBooksReply *)trade_ask(trader, "check_books", &begin.base);
    while (reply != NULL && reply->state == CHECK_STATE__CHECK_STATE_RUNNING) {
        arena_reset(trader->arena);
        (void)nanosleep(&pause, NULL);
        CheckStatus ask;
        check_status__init(&ask);
        reply = (const CheckBooksReply *)trade_ask(trader, "check_status", &ask.base);
    }
    *looked_at = 0;
    for (size_t i = 0; reply != NULL && i < reply->n_row; i++) {
        *looked_at += reply->row[i]->checked;
    }
    for (size_t i = 0; reply != NULL && i < reply->n_fault; i++) {
        (void)fprintf(stderr, "NOT SO  %" PRIu32 ": %s\n", reply->fault[i]->invariant,
                      reply->fault[i]->text);
    }
    const bool holds = reply != NULL && reply->state == CHECK_STATE__CHECK_STATE_HOLDS;
    if (!holds) {
        (void)fprintf(stderr, "NOT SO  the check answered %s, its state is %d\n",
                      status_code(trader->status), reply != NULL ? (int)reply->state : 0);
    }
    arena_reset(trader->arena);
    return holds;
}

// Was every kind of act done? Asked of long runs only: in a short one, who comes first decides
// that. Prints how often.
static bool is_whole(const struct desk desks[static CLIENTS], size_t interleavings)
{
    bool holds = true;
    for (size_t act = 0; act < trade_act_count(); act++) {
        size_t done = 0, refused = 0;
        for (size_t i = 0; i < CLIENTS; i++) {
            done += desks[i].trader.done[act];
            refused += desks[i].trader.refused[act];
        }
        if (trade_act_at(act)->race > 0) {
            (void)printf("%-26s %6zu done %6zu refused\n", trade_act_at(act)->name, done, refused);
            holds = holds && (done > 0 || interleavings < ALL_ACTS_FROM);
        }
    }
    return holds;
}

int main(int count, char **words)
{
    if (count < 2 || count > 4) {
        (void)fprintf(stderr, "usage: interleave BUILD-DIRECTORY [INTERLEAVINGS [SEED]]\n");
        return 2;
    }
    const size_t interleavings = count > 2 ? strtoul(words[2], NULL, 10) : 10;
    const uint64_t seed = count > 3 ? strtoull(words[3], NULL, 10) : 1;
    char place[] = "/tmp/kontor-race.XXXXXX";
    if (mkdtemp(place) == NULL) {
        return 1;
    }
    const struct load_options options = {
        .programs = words[1], .place = place, .currency = "CNY", .chart = "cn-enterprise"};
    static struct trade trade;
    static struct desk desks[CLIENTS];
    trade_open(&trade, options.chart, FIRST_DAY, SPAN);
    struct load *load = load_start(&options);
    sit_down(load, &trade, desks, seed);
    desks[0].trader.today_day = FIRST_DAY;
    trade_begin(&desks[0].trader, CUSTOMERS);

    bool holds = true;
    uint64_t looked_at = 0;
    size_t at = 0;
    for (; holds && at < interleavings; at++) {
        interleave(desks, FIRST_DAY + (int32_t)(at * 365 / interleavings));
        holds = books_hold(&desks[0].trader, &looked_at);
    }
    const bool is_all = is_whole(desks, interleavings);
    (void)printf("%s  seed %" PRIu64 ": %zu interleavings of %d clients, %" PRIu64
                 " facts looked at after the last\n",
                 holds ? "holds " : "NOT SO", seed, at, CLIENTS, looked_at);
    for (size_t i = 0; i < CLIENTS; i++) {
        load_rise(&desks[i].seat);
        arena_free(desks[i].trader.arena);
    }
    const bool ended = load_stop(load);
    (void)printf("%s\n", place);
    return ended && holds && is_all ? 0 : 1;
}
