// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "server/views/pick.h"

// Aging (domain.md d.2): one pass over the item columns gives the totals and each customer's sums;
// the rows of a page are then filled from the customers' own chains. From latest_day on what is
// open now is what was open; before it the residuals are the amounts less what was effective by the
// day (d.1).

static const int32_t BUCKET_ENDS[AGING_BUCKETS - 1] = {0, 30, 60, 90, 180, 365};

size_t aging_bucket(int32_t age_days)
{
    size_t bucket = 0;
    for (size_t i = 0; i < COUNT_OF(BUCKET_ENDS); i++) {
        bucket += age_days > BUCKET_ENDS[i];
    }
    return bucket;
}

// The day on which a year is full belongs to it (domain.md d.2).
size_t aging_year(int32_t document_day, int32_t day)
{
    size_t year = 0;
    while (year < AGING_YEARS - 1 && day > day_add_months(document_day, 12 * ((int32_t)year + 1))) {
        year++;
    }
    return year;
}

int64_t aging_open(const struct aging_row *row)
{
    int64_t open = 0;
    for (size_t i = 0; i < AGING_BUCKETS; i++) {
        open += row->bucket_minor[i];
    }
    for (size_t i = 0; i < AGING_YEARS; i++) {
        open += row->year_minor[i];
    }
    return open;
}

uint32_t aging_count(const struct aging_row *row)
{
    uint32_t count = 0;
    for (size_t i = 0; i < AGING_BUCKETS; i++) {
        count += row->bucket_count[i];
    }
    for (size_t i = 0; i < AGING_YEARS; i++) {
        count += row->year_count[i];
    }
    return count;
}

// What the customers' rows are ordered and chosen by; on the heap, since it grows with the
// customers.
struct sums {
    int64_t open, on_account;
    uint32_t debits, credits;
};

struct aging {
    const struct views *views;
    const struct aging_query *query;
    struct sight sight;
    const int64_t *residual; // per item
    int64_t *residual_own;   // when it is not the open column
    struct sums *sums;       // per customer
};

static void aging_free(struct aging *aging)
{
    free(aging->residual_own);
    free(aging->sums);
}

enum status items_residuals(const struct views *views, int32_t day, const int64_t **out,
                            int64_t **own)
{
    const struct items *items = &views->items;
    const struct allocations *allocations = &views->allocations;
    *own = NULL;
    if (day >= views->latest_day) {
        *out = items->open;
        return STATUS_OK;
    }
    int64_t *residual = malloc((items->count + 1) * sizeof *residual);
    if (residual == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < items->count; i++) {
        residual[i] = items->date_day[i] <= day ? items->amount[i] : 0;
    }
    for (size_t i = 0; i < allocations->count; i++) {
        int64_t amount = allocations->effective_day[i] <= day ? allocations->amount[i] : 0;
        residual[allocations->debit[i]] -= amount;
        residual[allocations->credit[i]] -= amount;
    }
    *own = residual;
    *out = residual;
    return STATUS_OK;
}

static void add_item(const struct aging *aging, uint32_t item, int64_t residual,
                     struct aging_row *row)
{
    const struct items *items = &aging->views->items;
    if ((items->flags[item] & ITEM_DEBIT) == 0) {
        row->on_account_minor += residual;
        row->on_account_count++;
        return;
    }
    if (aging->query->by_document_day) {
        const size_t year = aging_year(items->origin_day[item], aging->query->day);
        row->year_minor[year] += residual;
        row->year_count[year]++;
    } else {
        const size_t bucket = aging_bucket(aging->query->day - items->due_day[item]);
        row->bucket_minor[bucket] += residual;
        row->bucket_count[bucket]++;
    }
    row->overdue_minor += items->grace_day[item] < aging->query->day ? residual : 0;
    if (item_is_disputed(items, item, aging->query->day, aging->query->before_id)) {
        row->disputed_minor += residual;
        row->disputed_count++;
    }
}

static void sum_items(struct aging *aging, struct aging_matches *out)
{
    const struct items *items = &aging->views->items;
    for (uint32_t i = 0; i < items->count; i++) {
        uint32_t customer = items->customer[i];
        if (aging->residual[i] == 0 || !sight_sees(&aging->sight, customer)) {
            continue;
        }
        add_item(aging, i, aging->residual[i], &out->total);
        struct sums *sums = &aging->sums[customer];
        if ((items->flags[i] & ITEM_DEBIT) != 0) {
            sums->open += aging->residual[i];
            sums->debits++;
        } else {
            sums->on_account += aging->residual[i];
            sums->credits++;
        }
    }
}

// All items of one customer, from the chain.
static struct aging_row row_of(const struct aging *aging, uint32_t customer)
{
    const struct views *views = aging->views;
    struct aging_row row = {
        .customer_id = views->customers.id[customer],
        .sequence = views->customers.sequence[customer],
    };
    bool now = aging->residual_own == NULL;
    uint32_t i = now ? views->customers.first_open[customer] : views->customers.last_item[customer];
    while (i != NONE) {
        if (aging->residual[i] != 0) {
            add_item(aging, i, aging->residual[i], &row);
        }
        i = now ? views->items.next_open[i] : views->items.older[i];
    }
    return row;
}

static enum status choose_page(const struct aging *aging, const struct filter *filter,
                               struct arena *arena, struct aging_matches *out, struct page_of *page)
{
    const struct customers *customers = &aging->views->customers;
    const struct aging_query *query = aging->query;
    bool by_money = query->order == AGING_BY_OPEN || query->order == AGING_BY_BALANCE;
    uint64_t *bits = arena_alloc(arena, (customers->count / 64 + 1) * sizeof *bits);
    uint64_t room = page->skip + page->limit;
    struct picks picks;
    enum status status =
        picks_make(arena, room < customers->count ? (size_t)room : customers->count,
                   query->descending, &picks);
    if (bits == NULL || status != STATUS_OK) {
        return STATUS_TOO_LARGE;
    }
    for (uint32_t i = 0; i < customers->count; i++) {
        const struct sums *sums = &aging->sums[i];
        if (sums->debits == 0 && sums->credits == 0) {
            continue;
        }
        out->total_count++;
        out->customers += sums->debits > 0;
        if (query->order == AGING_BY_NAME) {
            bit_set(bits, i);
        } else {
            int64_t balance =
                sums->open - (query->order == AGING_BY_BALANCE ? sums->on_account : 0);
            picks_offer(&picks, by_money ? balance : i, i);
        }
    }
    if (query->order == AGING_BY_NAME) {
        return customers_page_by_name(aging->views, filter, bits, query->descending, page);
    }
    picks_sort(&picks);
    for (size_t k = (size_t)page->skip; k < picks.count; k++) {
        page->index[page->count++] = picks.heap[k].index;
    }
    return STATUS_OK;
}

static enum status age_all(struct aging *aging, const struct filter *filter, uint64_t skip,
                           size_t limit, struct arena *arena, struct aging_matches *out)
{
    size_t customers = aging->views->customers.count;
    limit = limit < customers ? limit : customers;
    struct page_of page;
    enum status status = page_make(arena, skip, limit, &page);
    aging->sums = calloc(customers + 1, sizeof *aging->sums);
    if (status != STATUS_OK || aging->sums == NULL) {
        return STATUS_TOO_LARGE;
    }
    sum_items(aging, out);
    status = choose_page(aging, filter, arena, out, &page);
    if (status != STATUS_OK) {
        return status;
    }
    out->row = arena_alloc(arena, (page.count + 1) * sizeof *out->row);
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < page.count; i++) {
        out->row[out->count++] = row_of(aging, page.index[i]);
    }
    out->more = skip + out->count < out->total_count;
    return STATUS_OK;
}

// One customer on a past day: from its own items and allocations, without touching those of others.
static enum status age_past(const struct aging *aging, uint32_t customer, struct arena *arena,
                            struct aging_row *row)
{
    struct residuals residuals;
    const struct view_basis basis = {aging->query->day, aging->query->before_id,
                                     aging->query->currency};
    enum status status = residuals_of(aging->views, customer, &basis, arena, &residuals);
    for (size_t i = 0; i < residuals.count && status == STATUS_OK; i++) {
        if (residuals.minor[i] != 0) {
            add_item(aging, residuals.item[i], residuals.minor[i], row);
        }
    }
    return status;
}

static enum status age_one(struct aging *aging, uint64_t skip, size_t limit, struct arena *arena,
                           struct aging_matches *out)
{
    const struct views *views = aging->views;
    uint32_t customer =
        column_find(views->customers.id, views->customers.count, aging->query->customer_id);
    if (customer == NONE || !sight_sees(&aging->sight, customer)) {
        return STATUS_OK;
    }
    struct aging_row row = {.customer_id = aging->query->customer_id,
                            .sequence = views->customers.sequence[customer]};
    const bool is_now = aging->query->day >= views->latest_day && aging->query->before_id == 0;
    if (is_now && aging->query->currency == VIEW_EVERYTHING) {
        aging->residual = views->items.open;
        row = row_of(aging, customer);
    } else {
        enum status status = age_past(aging, customer, arena, &row);
        if (status != STATUS_OK) {
            return status;
        }
    }
    out->total = row;
    out->total.customer_id = 0;
    out->total_count = aging_count(&row) + row.on_account_count > 0;
    out->customers = aging_count(&row) > 0;
    out->row = arena_copy(arena, &row, sizeof row);
    out->count = skip == 0 && limit > 0 ? (size_t)out->total_count : 0;
    return out->row == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}

enum status views_aging(const struct views *views, const struct filter *filter,
                        const struct aging_query *query, uint64_t skip, size_t limit,
                        struct arena *arena, struct aging_matches *out)
{
    assert(query->day >= DAY_MIN && query->day <= DAY_MAX);
    assert((query->before_id == 0 && query->currency == VIEW_EVERYTHING) ||
           query->customer_id != 0);
    CLEANUP(aging_free)
    struct aging aging = {.views = views, .query = query, .sight = sight_of(views, filter)};
    *out = (struct aging_matches){0};
    if (query->customer_id != 0) {
        return age_one(&aging, skip, limit, arena, out);
    }
    enum status status =
        items_residuals(views, aging.query->day, &aging.residual, &aging.residual_own);
    return status == STATUS_OK ? age_all(&aging, filter, skip, limit, arena, out) : status;
}
