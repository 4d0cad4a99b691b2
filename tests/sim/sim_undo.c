// SPDX-License-Identifier: Apache-2.0
// Everything that settles can be undone exactly: after random business all is opened again, then
// random settling, then its way back; what is open of every item, what every customer owes and what
// every account holds are as before (domain.md d.1).
#include "tests/sim/business.h"
#include "tests/sim/invariants.h"

#define SEEDS        40
#define BUSINESS     120
#define SETTLING     120
#define SPAN_DAYS    40
#define ITEMS_MAX    4000
#define ACCOUNTS_MAX 64

struct shot {
    struct {
        uint64_t id;
        int64_t open_minor;
    } item[ITEMS_MAX];

    size_t item_count;

    struct {
        uint32_t code;
        int64_t minor;
    } account[ACCOUNTS_MAX];

    size_t account_count;
    int64_t receivable_minor[CUSTOMERS], advance_minor[CUSTOMERS];
};

static void demand(bool done, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "sim_undo: %s\n", what);
        abort();
    }
}

static void take_items(struct sim *sim, struct shot *shot)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    struct row_key key;
    ProtobufCMessage *row = NULL;
    enum status status =
        rows_open(sim->house.txn, TABLE_item, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && (status = rows_next(rows, &key, &row)) == STATUS_OK) {
        const ItemRecord *item = (const ItemRecord *)row;
        demand(shot->item_count < ITEMS_MAX, "too many items");
        shot->item[shot->item_count].id = item->id;
        shot->item[shot->item_count].open_minor = item->open_minor;
        shot->item_count++;
    }
    demand(status == STATUS_END, "items");
}

static void take_accounts(struct sim *sim, struct shot *shot)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    struct row_key key;
    ProtobufCMessage *row = NULL;
    enum status status =
        rows_open(sim->house.txn, TABLE_account, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && (status = rows_next(rows, &key, &row)) == STATUS_OK) {
        const AccountRecord *account = (const AccountRecord *)row;
        demand(shot->account_count < ACCOUNTS_MAX, "too many accounts");
        shot->account[shot->account_count].code = account->code;
        shot->account[shot->account_count].minor = account->debit_minor - account->credit_minor;
        shot->account_count++;
    }
    demand(status == STATUS_END, "accounts");
}

static void take(struct sim *sim, struct shot *shot)
{
    *shot = (struct shot){0};
    house_begin(&sim->house);
    take_items(sim, shot);
    take_accounts(sim, shot);
    for (size_t i = 0; i < CUSTOMERS; i++) {
        BalanceRecord *balance = NULL;
        const enum status status = balance_get(sim->house.txn, key_u64(sim->customer[i]), &balance);
        demand(status == STATUS_OK || status == STATUS_NOT_FOUND, "balance");
        shot->receivable_minor[i] = status == STATUS_OK ? balance->receivable_minor : 0;
        shot->advance_minor[i] = status == STATUS_OK ? balance->advance_minor : 0;
    }
    house_end(&sim->house, STATUS_NOTHING_TO_DO); // it was a look only
}

static bool differ(const char *what, uint64_t id, int64_t before, int64_t after)
{
    if (before == after) {
        return false;
    }
    (void)fprintf(stderr, "%s %llx: %lld before, %lld after\n", what, (unsigned long long)id,
                  (long long)before, (long long)after);
    return true;
}

static bool is_same(const struct shot *before, const struct shot *after)
{
    bool same = before->account_count == after->account_count;
    for (size_t i = 0; same && i < after->item_count; i++) {
        const bool is_old = i < before->item_count;
        same = (!is_old || before->item[i].id == after->item[i].id) &&
               !differ("item", after->item[i].id, is_old ? before->item[i].open_minor : 0,
                       after->item[i].open_minor);
    }
    for (size_t i = 0; same && i < after->account_count; i++) {
        same = !differ("account", after->account[i].code, before->account[i].minor,
                       after->account[i].minor);
    }
    for (size_t i = 0; same && i < CUSTOMERS; i++) {
        same = !differ("receivable", i, before->receivable_minor[i], after->receivable_minor[i]) &&
               !differ("advance", i, before->advance_minor[i], after->advance_minor[i]);
    }
    return same;
}

static void act(struct sim *sim, bool settling)
{
    house_begin(&sim->house);
    house_end(&sim->house, sim_act_at(sim_choose(sim, settling))->run(sim));
}

// What is undone already, or settles nothing, may be refused.
static void undone(struct sim *sim, enum status status)
{
    demand(status == STATUS_OK || status == STATUS_ALREADY_REVERSED ||
               status == STATUS_NOTHING_TO_DO || status == STATUS_REVERSAL_OF_REVERSAL,
           status_code(status));
    house_end(&sim->house, status);
}

static void open_everything(struct sim *sim)
{
    for (size_t i = 0; i < sim->payment_count; i++) {
        house_begin(&sim->house);
        undone(sim, sim_unallocate(sim, sim->payment[i], 0, 0));
    }
    for (size_t i = 0; i < sim->note_count; i++) {
        house_begin(&sim->house);
        undone(sim, sim_unapply(sim, sim->note[i]));
    }
}

// The latest first: a recovery before its write-off, a refund before its payment.
static void undo_everything(struct sim *sim, size_t first_payment)
{
    for (size_t i = sim->refund_count; i > 0; i--) {
        house_begin(&sim->house);
        undone(sim, sim_undo_refund(sim, sim->refund[i - 1]));
    }
    for (size_t i = sim->writeoff_count; i > 0; i--) {
        house_begin(&sim->house);
        undone(sim, sim_undo_writeoff(sim, sim->writeoff[i - 1]));
    }
    for (size_t i = sim->payment_count; i > first_payment; i--) {
        house_begin(&sim->house);
        undone(sim, sim_reverse_payment(sim, sim->payment[i - 1], 0));
    }
    open_everything(sim);
}

static bool run(uint64_t seed, const char *chart)
{
    static struct shot before, after;

    struct sim sim;
    sim_open(&sim, seed, chart, seed % 2 == 0 ? 300 : 0);
    for (size_t i = 0; i < BUSINESS; i++) {
        sim.house.book_day = FIRST_DAY + (int32_t)(i * SPAN_DAYS / BUSINESS);
        act(&sim, false);
    }
    open_everything(&sim);
    sim.refund_count = 0;
    sim.writeoff_count = 0;
    const size_t first_payment = sim.payment_count;
    take(&sim, &before);
    for (size_t i = 0; i < SETTLING; i++) {
        sim.house.book_day++;
        act(&sim, true);
    }
    undo_everything(&sim, first_payment);
    take(&sim, &after);
    const char *broken = invariants_check(sim.house.store, sim.house.arena);
    if (broken != NULL) {
        (void)fprintf(stderr, "%s\n", broken);
    }
    const bool holds = broken == NULL && is_same(&before, &after);
    (void)printf("seed %llu: %zu items before, %zu after, %s\n", (unsigned long long)seed,
                 before.item_count, after.item_count, holds ? "as before" : "NOT as before");
    sim_close(&sim);
    return holds;
}

int main(int count, char **words)
{
    static const char *const CHARTS[] = {"cn-small", "international", "cn-enterprise"};

    uint64_t only = count > 1 ? strtoull(words[1], NULL, 10) : 0;
    bool holds = true;
    for (uint64_t seed = 1; holds && seed <= SEEDS; seed++) {
        if (only == 0 || only == seed) {
            holds = run(seed, CHARTS[seed % COUNT_OF(CHARTS)]);
        }
    }
    return holds ? EXIT_SUCCESS : EXIT_FAILURE;
}
