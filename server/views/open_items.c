// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// What one customer had open on a day (domain.md d.1), from its own items and allocations; of a
// statement that was issued, from those alone that the books had then.

static int compare_indexes(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static int64_t *residual_at(const struct residuals *residuals, uint32_t item)
{
    const uint32_t *found =
        bsearch(&item, residuals->item, residuals->count, sizeof *residuals->item, compare_indexes);
    assert(found != NULL);
    return &residuals->minor[found - residuals->item];
}

static bool is_asked(const struct items *items, uint32_t item, const struct view_basis *basis)
{
    return (basis->before_id == 0 || items->id[item] < basis->before_id) &&
           item_in(items, item, basis->currency);
}

static int64_t settled_minor(const struct allocations *allocations, uint32_t i, uint32_t currency)
{
    const uint32_t foreign = allocations->foreign[i];
    return currency == VIEW_EVERYTHING || foreign == NONE
               ? allocations->amount[i]
               : allocations->foreigns.foreign[foreign].amount_minor;
}

// Both items of an allocation are of one currency.
static void take_settled(const struct views *views, uint32_t customer,
                         const struct view_basis *basis, struct residuals *out)
{
    const struct allocations *allocations = &views->allocations;
    for (uint32_t i = views->customers.last_allocation[customer]; i != NONE;
         i = allocations->older[i]) {
        const bool counts = allocations->effective_day[i] <= basis->day &&
                            (basis->before_id == 0 || allocations->id[i] < basis->before_id) &&
                            item_in(&views->items, allocations->debit[i], basis->currency);
        if (counts) {
            const int64_t minor = settled_minor(allocations, i, basis->currency);
            *residual_at(out, allocations->debit[i]) -= minor;
            *residual_at(out, allocations->credit[i]) -= minor;
        }
    }
}

enum status residuals_of(const struct views *views, uint32_t customer,
                         const struct view_basis *basis, struct arena *arena, struct residuals *out)
{
    const struct items *items = &views->items;
    *out = (struct residuals){0};
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        out->count += is_asked(items, i, basis);
    }
    out->item = arena_alloc(arena, (out->count + 1) * sizeof *out->item);
    out->minor = arena_alloc(arena, (out->count + 1) * sizeof *out->minor);
    if (out->item == NULL || out->minor == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t at = out->count;
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        if (is_asked(items, i, basis)) {
            out->item[--at] = i;
            out->minor[at] =
                items->date_day[i] <= basis->day ? item_amount(items, i, basis->currency) : 0;
        }
    }
    take_settled(views, customer, basis, out);
    return STATUS_OK;
}

static struct open_row row_of(const struct views *views, uint32_t item, uint32_t currency,
                              int64_t residual_minor)
{
    const struct items *items = &views->items;
    struct open_row row = {
        .debit = (items->flags[item] & ITEM_DEBIT) != 0,
        .date_day = items->date_day[item],
        .due_day = items->due_day[item],
        .amount_minor = item_amount(items, item, currency),
        .residual_minor = residual_minor,
        .series = items->series[item],
        .reference = "",
    };
    enum table table = TABLE_NONE;
    const struct documents *documents = documents_of_series(views, row.series, &table);
    uint32_t document = items->document[item];
    if (documents != NULL && document != NONE) {
        row.year = documents->year[document];
        row.sequence = documents->sequence[document];
        row.reference = document_reference(documents, document, &row.reference_size);
    }
    return row;
}

// By due day, day and number; items of one document that are due together in order of entry.
static int compare_rows(const void *a, const void *b)
{
    const struct open_row *left = a;
    const struct open_row *right = b;
    const int64_t keys[][2] = {
        {left->due_day, right->due_day},   {left->date_day, right->date_day},
        {left->series, right->series},     {left->year, right->year},
        {left->sequence, right->sequence}, {left->residual_minor, right->residual_minor},
    };
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return 0;
}

enum status views_open_items(const struct views *views, const struct filter *filter,
                             const struct open_query *query, struct arena *arena,
                             struct open_row **row, size_t *count)
{
    struct sight sight = sight_of(views, filter);
    uint32_t customer =
        column_find(views->customers.id, views->customers.count, query->customer_id);
    *count = 0;
    if (customer == NONE || !sight_sees(&sight, customer)) {
        return STATUS_OK;
    }
    const struct view_basis basis = {query->day, query->before_id, query->currency};
    struct residuals residuals;
    enum status status = residuals_of(views, customer, &basis, arena, &residuals);
    if (status != STATUS_OK) {
        return status;
    }
    *row = arena_alloc(arena, (residuals.count + 1) * sizeof **row);
    if (*row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < residuals.count; i++) {
        if (residuals.minor[i] != 0) {
            (*row)[(*count)++] =
                row_of(views, residuals.item[i], query->currency, residuals.minor[i]);
        }
    }
    qsort(*row, *count, sizeof **row, compare_rows);
    return STATUS_OK;
}

// ---- by currency ----

// The currencies of the customer's items, ascending; false when there are too many to tell.
static bool find_currencies(const struct views *views, uint32_t customer,
                            const struct open_query *query, struct currency_sum *sums,
                            size_t *count)
{
    const struct items *items = &views->items;
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        const uint32_t foreign = items->foreign[i];
        const uint32_t currency =
            foreign == NONE ? (uint32_t)VIEW_BOOK : items->foreigns.foreign[foreign].currency;
        size_t at = 0;
        while (at < *count && sums[at].currency < currency) {
            at++;
        }
        if ((query->before_id != 0 && items->id[i] >= query->before_id) ||
            (at < *count && sums[at].currency == currency)) {
            continue;
        }
        if (*count == CURRENCIES_MAX) {
            return false;
        }
        memmove(&sums[at + 1], &sums[at], (*count - at) * sizeof *sums);
        sums[at] = (struct currency_sum){.currency = currency};
        (*count)++;
    }
    return true;
}

enum status views_currencies(const struct views *views, const struct filter *filter,
                             const struct open_query *query, struct arena *arena,
                             struct currency_sum **row, size_t *count)
{
    struct sight sight = sight_of(views, filter);
    uint32_t customer =
        column_find(views->customers.id, views->customers.count, query->customer_id);
    *count = 0;
    if (customer == NONE || !sight_sees(&sight, customer)) {
        return STATUS_OK;
    }
    struct currency_sum *sums = arena_alloc(arena, (CURRENCIES_MAX + 1) * sizeof *sums);
    if (sums == NULL || !find_currencies(views, customer, query, sums, count)) {
        return STATUS_TOO_LARGE;
    }
    *row = sums;
    if (*count == 1 && sums[0].currency == VIEW_BOOK) {
        *count = 0;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < *count && status == STATUS_OK; i++) {
        const struct view_basis basis = {query->day, query->before_id, sums[i].currency};
        struct residuals residuals = {0};
        status = residuals_of(views, customer, &basis, arena, &residuals);
        for (size_t k = 0; k < residuals.count; k++) {
            const bool debit = (views->items.flags[residuals.item[k]] & ITEM_DEBIT) != 0;
            *(debit ? &sums[i].open_minor : &sums[i].on_account_minor) += residuals.minor[k];
        }
    }
    return status;
}
