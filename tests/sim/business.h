// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random business of a few customers, dated forwards and backwards: each act asks the ledger for
// something that may be refused.

#include "tests/ledger/house.h"

#define CUSTOMERS 3
#define KEPT_MAX  300
#define FIRST_DAY 20454 // 2026-01-01

struct sim {
    struct house house;
    uint64_t random;
    uint64_t customer[CUSTOMERS];
    uint64_t invoice[KEPT_MAX];
    size_t invoice_count;
    uint64_t note[KEPT_MAX]; // credit notes
    size_t note_count;
    uint64_t payment[KEPT_MAX];
    size_t payment_count;
    uint64_t writeoff[KEPT_MAX]; // and recoveries
    size_t writeoff_count;
    uint64_t refund[KEPT_MAX];
    size_t refund_count;
};

struct act {
    const char *name;
    enum status (*run)(struct sim *sim);
    uint64_t weight;
    bool settles; // changes only what settles what, and can be undone
};

#define ACTS_MAX 20
size_t sim_act_count(void);
const struct act *sim_act_at(size_t index);

// An empty book of the chart with its customers, and a tolerance for small differences.
void sim_open(struct sim *sim, uint64_t seed, const char *chart, int64_t tolerance_minor);
void sim_close(struct sim *sim);
// Draws an act by its weight; `settling`: one of those that settle.
size_t sim_choose(struct sim *sim, bool settling);

// The way back of one document, as of today.
enum status sim_undo_writeoff(struct sim *sim, uint64_t id);
enum status sim_undo_refund(struct sim *sim, uint64_t id);
enum status sim_reverse_payment(struct sim *sim, uint64_t id, int32_t day);
enum status sim_unallocate(struct sim *sim, uint64_t id, uint64_t invoice_id, int32_t day);
enum status sim_unapply(struct sim *sim, uint64_t id);
