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

static bool is_before(uint64_t id, uint64_t before_id)
{
    return before_id == 0 || id < before_id;
}

enum status residuals_of(const struct views *views, uint32_t customer, int32_t day,
                         uint64_t before_id, struct arena *arena, struct residuals *out)
{
    const struct items *items = &views->items;
    *out = (struct residuals){0};
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        out->count += is_before(items->id[i], before_id);
    }
    out->item = arena_alloc(arena, (out->count + 1) * sizeof *out->item);
    out->minor = arena_alloc(arena, (out->count + 1) * sizeof *out->minor);
    if (out->item == NULL || out->minor == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t at = out->count;
    for (uint32_t i = views->customers.last_item[customer]; i != NONE; i = items->older[i]) {
        if (is_before(items->id[i], before_id)) {
            out->item[--at] = i;
            out->minor[at] = items->date_day[i] <= day ? items->amount[i] : 0;
        }
    }
    const struct allocations *allocations = &views->allocations;
    for (uint32_t i = views->customers.last_allocation[customer]; i != NONE;
         i = allocations->older[i]) {
        if (allocations->effective_day[i] <= day && is_before(allocations->id[i], before_id)) {
            *residual_at(out, allocations->debit[i]) -= allocations->amount[i];
            *residual_at(out, allocations->credit[i]) -= allocations->amount[i];
        }
    }
    return STATUS_OK;
}

static struct open_row row_of(const struct views *views, uint32_t item, int64_t residual_minor)
{
    const struct items *items = &views->items;
    struct open_row row = {
        .debit = (items->flags[item] & ITEM_DEBIT) != 0,
        .date_day = items->date_day[item],
        .due_day = items->due_day[item],
        .amount_minor = items->amount[item],
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
                             uint64_t customer_id, int32_t day, uint64_t before_id,
                             struct arena *arena, struct open_row **row, size_t *count)
{
    struct sight sight = sight_of(views, filter);
    uint32_t customer = column_find(views->customers.id, views->customers.count, customer_id);
    *count = 0;
    if (customer == NONE || !sight_sees(&sight, customer)) {
        return STATUS_OK;
    }
    struct residuals residuals;
    enum status status = residuals_of(views, customer, day, before_id, arena, &residuals);
    if (status != STATUS_OK) {
        return status;
    }
    *row = arena_alloc(arena, (residuals.count + 1) * sizeof **row);
    if (*row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < residuals.count; i++) {
        if (residuals.minor[i] != 0) {
            (*row)[(*count)++] = row_of(views, residuals.item[i], residuals.minor[i]);
        }
    }
    qsort(*row, *count, sizeof **row, compare_rows);
    return STATUS_OK;
}
