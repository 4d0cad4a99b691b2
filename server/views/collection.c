// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "server/views/pick.h"

// How money comes in (domain.md d.6): what was overdue, what the figures are made of, and when what
// is open is expected. One pass over the items, one over the allocations.

#define TOP_CUSTOMERS 10
#define MONTHS_MAX    1200
#define HABIT_DAYS    365

// The items of a day that may be seen, of one customer or of all.
struct walk {
    const struct views *views;
    struct sight sight;
    uint32_t customer; // index; NONE: all
    bool nobody;       // the customer is not there
    const int64_t *residual;
    int64_t *residual_own;
};

static void walk_end(struct walk *walk)
{
    free(walk->residual_own);
}

static enum status walk_begin(const struct views *views, const struct filter *filter, int32_t day,
                              uint64_t customer_id, struct walk *out)
{
    *out = (struct walk){.views = views, .sight = sight_of(views, filter), .customer = NONE};
    if (customer_id != 0) {
        out->customer = column_find(views->customers.id, views->customers.count, customer_id);
        out->nobody = out->customer == NONE;
    }
    return items_residuals(views, day, &out->residual, &out->residual_own);
}

static bool walk_takes(const struct walk *walk, uint32_t customer)
{
    return !walk->nobody && customer < walk->views->customers.count &&
           (walk->customer == NONE || walk->customer == customer) &&
           sight_sees(&walk->sight, customer);
}

static bool is_debit(const struct items *items, uint32_t i)
{
    return (items->flags[i] & ITEM_DEBIT) != 0;
}

// ---- overdue ----

static bool is_overdue(const struct walk *walk, uint32_t i, const struct overdue_query *query)
{
    const struct items *items = &walk->views->items;
    return walk->residual[i] > 0 && is_debit(items, i) && items->grace_day[i] < query->day &&
           (int64_t)query->day - items->due_day[i] >= query->days &&
           walk_takes(walk, items->customer[i]);
}

enum status views_overdue(const struct views *views, const struct filter *filter,
                          const struct overdue_query *query, uint64_t skip, size_t limit,
                          struct arena *arena, struct overdue_matches *out)
{
    const struct items *items = &views->items;
    CLEANUP(walk_end) struct walk walk = {0};
    struct picks picks;
    const uint64_t room = skip + limit;
    uint64_t *seen = arena_alloc(arena, (views->customers.count / 64 + 1) * sizeof *seen);
    enum status status = walk_begin(views, filter, query->day, query->customer_id, &walk);
    if (status == STATUS_OK) {
        status =
            picks_make(arena, room < items->count ? (size_t)room : items->count, false, &picks);
    }
    *out = (struct overdue_matches){.row = arena_alloc(arena, (limit + 1) * sizeof *out->row)};
    if (status != STATUS_OK || seen == NULL || out->row == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    memset(seen, 0, (views->customers.count / 64 + 1) * sizeof *seen);
    for (uint32_t i = 0; i < items->count; i++) {
        if (!is_overdue(&walk, i, query)) {
            continue;
        }
        const uint32_t customer = items->customer[i];
        out->customers += (seen[customer / 64] >> (customer % 64) & 1) == 0;
        seen[customer / 64] |= (uint64_t)1 << (customer % 64);
        out->open_minor += walk.residual[i];
        out->total_count++;
        picks_offer(&picks, items->due_day[i], i);
    }
    picks_sort(&picks);
    for (size_t k = (size_t)skip; k < picks.count && out->count < limit; k++) {
        const uint32_t i = picks.heap[k].index;
        out->row[out->count++] = (struct overdue_row){
            .item_id = items->id[i],
            .customer_id = views->customers.id[items->customer[i]],
            .open_minor = walk.residual[i],
        };
    }
    return STATUS_OK;
}

// ---- figures ----

// What is not applied of credit notes lowers what is owed; money on account does not.
static int64_t receivable(const struct items *items, uint32_t i, int64_t residual)
{
    if (is_debit(items, i)) {
        return items->series[i] == SERIES_DEBIT_NOTE ? 0 : residual; // no sale stands against it
    }
    const bool is_note =
        items->series[i] == SERIES_CREDIT_NOTE || items->series[i] == SERIES_INVOICE;
    return is_note ? -residual : 0;
}

static enum status sum_opening(const struct views *views, const struct filter *filter,
                               const struct collection_query *query, struct collection_sums *out)
{
    const struct items *items = &views->items;
    CLEANUP(walk_end) struct walk walk = {0};
    const enum status status =
        walk_begin(views, filter, query->from_day - 1, query->customer_id, &walk);
    for (uint32_t i = 0; status == STATUS_OK && i < items->count; i++) {
        if (walk.residual[i] != 0 && walk_takes(&walk, items->customer[i])) {
            out->opening_minor += receivable(items, i, walk.residual[i]);
        }
    }
    return status;
}

static void sum_largest(const int64_t *owed, size_t count, struct collection_sums *out)
{
    int64_t top[TOP_CUSTOMERS] = {0};
    for (size_t i = 0; i < count; i++) {
        size_t at = TOP_CUSTOMERS;
        while (at > 0 && owed[i] > top[at - 1]) {
            at--;
        }
        if (at < TOP_CUSTOMERS) {
            memmove(&top[at + 1], &top[at], (TOP_CUSTOMERS - 1 - at) * sizeof *top);
            top[at] = owed[i];
        }
    }
    for (size_t i = 0; i < TOP_CUSTOMERS; i++) {
        out->top_minor += top[i];
    }
}

static void owed_free(int64_t **owed)
{
    free(*owed);
}

static enum status sum_closing(const struct walk *walk, const struct collection_query *query,
                               struct collection_sums *out)
{
    const struct items *items = &walk->views->items;
    const size_t customers = walk->views->customers.count;
    CLEANUP(owed_free) int64_t *owed = calloc(customers + 1, sizeof *owed);
    if (owed == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (uint32_t i = 0; i < items->count; i++) {
        const int64_t residual = walk->residual[i];
        if (residual == 0 || !walk_takes(walk, items->customer[i])) {
            continue;
        }
        out->closing_minor += receivable(items, i, residual);
        if (is_debit(items, i) && items->series[i] != SERIES_DEBIT_NOTE) {
            out->open_minor += residual;
            out->not_due_minor += items->due_day[i] >= query->to_day ? residual : 0;
            out->overdue_minor += items->grace_day[i] < query->to_day ? residual : 0;
            owed[items->customer[i]] += residual;
        }
    }
    sum_largest(owed, customers, out);
    return STATUS_OK;
}

static bool pays_sale(const struct views *views, uint32_t allocation)
{
    const struct items *items = &views->items;
    const struct allocations *allocations = &views->allocations;
    return items->series[allocations->credit[allocation]] == SERIES_PAYMENT &&
           items->series[allocations->debit[allocation]] == SERIES_INVOICE;
}

static void sum_paid(const struct walk *walk, const struct collection_query *query,
                     struct collection_sums *out)
{
    const struct items *items = &walk->views->items;
    const struct allocations *allocations = &walk->views->allocations;
    for (uint32_t i = 0; i < allocations->count; i++) {
        const int32_t day = allocations->effective_day[i];
        const uint32_t debit = allocations->debit[i];
        if (day < query->from_day || day > query->to_day || !pays_sale(walk->views, i) ||
            !walk_takes(walk, items->customer[debit])) {
            continue;
        }
        const int64_t amount = allocations->amount[i];
        const int32_t received = items->date_day[allocations->credit[i]];
        const int32_t late = received - items->due_day[debit];
        out->settled_minor += amount;
        out->to_pay += (minor_days)amount * (received - items->origin_day[debit]);
        out->late += (minor_days)amount * late;
        out->late_only += (minor_days)amount * (late > 0 ? late : 0);
    }
}

static struct collection_month *month_of(struct collection_sums *out, int32_t day)
{
    for (size_t i = 0; i < out->months; i++) {
        if (day >= out->month[i].from_day) {
            return &out->month[i];
        }
    }
    return NULL;
}

// Whole months from the one of `to_day` down to that of the first document.
static enum status make_months(const struct documents *invoices,
                               const struct collection_query *query, struct arena *arena,
                               struct collection_sums *out)
{
    int32_t first = query->to_day;
    if (invoices->by_day.count > 0) {
        const int32_t day = invoices->date_day[invoices->by_day.index[0]];
        first = day < first ? day : first;
    }
    out->month = arena_alloc(arena, MONTHS_MAX * sizeof *out->month);
    if (out->month == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (int32_t end = query->to_day; end >= first && out->months < MONTHS_MAX;) {
        const int32_t begin = end - (int32_t)day_date(end).day + 1;
        out->month[out->months++] = (struct collection_month){.from_day = begin, .to_day = end};
        end = begin - 1;
    }
    return STATUS_OK;
}

static enum status sum_sales(const struct walk *walk, const struct collection_query *query,
                             struct arena *arena, struct collection_sums *out)
{
    const struct documents *invoices = &walk->views->invoices;
    const enum status status = make_months(invoices, query, arena, out);
    if (status != STATUS_OK) {
        return status;
    }
    struct collection_month *month = NULL; // documents come by day
    for (size_t k = 0; k < invoices->by_day.count; k++) {
        const uint32_t i = invoices->by_day.index[k];
        const int32_t day = invoices->date_day[i];
        if (!documents_is_sale(invoices, i) || day > query->to_day ||
            !walk_takes(walk, invoices->customer[i])) {
            continue;
        }
        if (month == NULL || day > month->to_day) {
            month = month_of(out, day);
        }
        if (month != NULL) {
            month->sales_minor += invoices->amount[i];
        }
        out->sales_minor += day >= query->from_day ? invoices->amount[i] : 0;
    }
    return STATUS_OK;
}

enum status views_collection(const struct views *views, const struct filter *filter,
                             const struct collection_query *query, struct arena *arena,
                             struct collection_sums *out)
{
    CLEANUP(walk_end) struct walk walk = {0};
    *out = (struct collection_sums){0};
    enum status status = walk_begin(views, filter, query->to_day, query->customer_id, &walk);
    if (status == STATUS_OK) {
        status = sum_opening(views, filter, query, out);
    }
    if (status == STATUS_OK) {
        status = sum_closing(&walk, query, out);
    }
    if (status == STATUS_OK) {
        status = sum_sales(&walk, query, arena, out);
    }
    if (status == STATUS_OK) {
        sum_paid(&walk, query, out);
    }
    return status;
}

// ---- expected ----

// How late a customer's money comes, by amount.
struct habit {
    minor_days late;
    int64_t settled_minor;
};

static void habits_free(struct habit **habits)
{
    free(*habits);
}

static void find_habits(const struct walk *walk, int32_t day, struct habit *habits)
{
    const struct items *items = &walk->views->items;
    const struct allocations *allocations = &walk->views->allocations;
    for (uint32_t i = 0; i < allocations->count; i++) {
        const int32_t effective = allocations->effective_day[i];
        const uint32_t debit = allocations->debit[i];
        if (effective <= day && effective > day - HABIT_DAYS && pays_sale(walk->views, i) &&
            walk_takes(walk, items->customer[debit])) {
            struct habit *habit = &habits[items->customer[debit]];
            const int32_t received = items->date_day[allocations->credit[i]];
            habit->settled_minor += allocations->amount[i];
            habit->late += (minor_days)allocations->amount[i] * (received - items->due_day[debit]);
        }
    }
}

static int32_t likely_day(const struct habit *habit, int32_t due_day)
{
    const bool known = habit->settled_minor > 0;
    return known ? due_day + (int32_t)(habit->late / habit->settled_minor) : due_day;
}

static size_t period_of(int32_t day, int32_t due_day, const int32_t *end, size_t periods)
{
    size_t at = 0;
    while (due_day >= day && at < periods && due_day > end[at]) {
        at++;
    }
    return due_day < day ? 0 : at + 1;
}

enum status views_expected(const struct views *views, const struct filter *filter, int32_t day,
                           uint64_t customer_id, const int32_t *end, size_t periods,
                           struct expected_sum out[])
{
    const struct items *items = &views->items;
    CLEANUP(walk_end) struct walk walk = {0};
    CLEANUP(habits_free)
    struct habit *habits = calloc(views->customers.count + 1, sizeof *habits);
    enum status status = walk_begin(views, filter, day, customer_id, &walk);
    if (status != STATUS_OK || habits == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    memset(out, 0, (periods + 2) * sizeof *out);
    find_habits(&walk, day, habits);
    for (uint32_t i = 0; i < items->count; i++) {
        const uint32_t customer = items->customer[i];
        if (walk.residual[i] <= 0 || !is_debit(items, i) || !walk_takes(&walk, customer)) {
            continue;
        }
        const int32_t due_day = items->due_day[i];
        struct expected_sum *due = &out[period_of(day, due_day, end, periods)];
        struct expected_sum *likely =
            &out[period_of(day, likely_day(&habits[customer], due_day), end, periods)];
        due->due_minor += walk.residual[i];
        due->count++;
        likely->likely_minor += walk.residual[i];
    }
    return STATUS_OK;
}
