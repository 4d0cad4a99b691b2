// SPDX-License-Identifier: Apache-2.0
// Random business; after each step every invariant is recomputed from the rows. A failure names
// seed and step: run it again with them.
#include "tests/sim/business.h"
#include "tests/sim/invariants.h"

#define STEPS     250
#define SEEDS     6
#define SPAN_DAYS 60

struct counts {
    size_t done[ACTS_MAX];
    size_t refused[ACTS_MAX];
};

static bool step(struct sim *sim, struct counts *counts, uint64_t seed, size_t at)
{
    const size_t chosen = sim_choose(sim, false);
    const char *name = sim_act_at(chosen)->name;
    house_begin(&sim->house);
    enum status status = sim_act_at(chosen)->run(sim);
    if (status >= STATUS_TAMPERED && status <= STATUS_READER_FAILED) {
        (void)fprintf(stderr, "seed %llu step %zu: %s answered %s\n", (unsigned long long)seed, at,
                      name, status_code(status));
        return false;
    }
    house_end(&sim->house, status);
    counts->done[chosen] += status == STATUS_OK ? 1 : 0;
    counts->refused[chosen] += status == STATUS_OK ? 0 : 1;
    const char *broken =
        status == STATUS_OK ? invariants_check(sim->house.store, sim->house.arena) : NULL;
    if (broken != NULL) {
        (void)fprintf(stderr, "seed %llu step %zu, after %s: %s\n", (unsigned long long)seed, at,
                      name, broken);
        return false;
    }
    return true;
}

static bool run(uint64_t seed, const char *chart, struct counts *counts)
{
    struct sim sim;
    sim_open(&sim, seed, chart, seed % 3 == 0 ? 500 : 0);
    bool holds = true;
    for (size_t i = 0; holds && i < STEPS; i++) {
        sim.house.book_day = FIRST_DAY + (int32_t)(i * SPAN_DAYS / STEPS);
        holds = step(&sim, counts, seed, i);
    }
    sim_close(&sim);
    return holds;
}

int main(int count, char **words)
{
    static const char *const CHARTS[] = {"cn-small", "international", "cn-enterprise"};

    uint64_t only = count > 1 ? strtoull(words[1], NULL, 10) : 0;
    struct counts counts = {0};
    bool holds = true;
    for (uint64_t seed = 1; holds && seed <= SEEDS; seed++) {
        if (only == 0 || only == seed) {
            holds = run(seed, CHARTS[seed % COUNT_OF(CHARTS)], &counts);
        }
    }
    for (size_t i = 0; i < sim_act_count(); i++) {
        (void)printf("%-20s %4zu done %4zu refused\n", sim_act_at(i)->name, counts.done[i],
                     counts.refused[i]);
        // A simulation that never did or never refused an act says nothing about it.
        holds = holds && counts.done[i] > 0 && (only != 0 || i == 0 || counts.refused[i] > 0);
    }
    return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}
