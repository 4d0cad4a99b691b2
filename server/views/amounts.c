// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// What could be meant by a sum of money: open debit items and payments in order of their amounts.
// Made for one reader and thrown away with his arena, since nobody else asks by amount.

struct amount {
    int64_t minor;
    uint32_t index; // of an item, or of a payment
    bool is_payment;
};

struct amounts {
    const struct views *views;
    struct sight sight;
    struct amount *row;
    size_t count;
};

static int by_minor(const void *a, const void *b)
{
    const struct amount *left = a;
    const struct amount *right = b;
    if (left->minor != right->minor) {
        return left->minor < right->minor ? -1 : 1;
    }
    if (left->is_payment != right->is_payment) {
        return left->is_payment ? 1 : -1;
    }
    return (left->index > right->index) - (left->index < right->index);
}

static bool is_open_debit(const struct items *items, size_t index)
{
    const uint8_t flags = items->flags[index];
    return (flags & ITEM_DEBIT) != 0 && items->open[index] > 0 && items->document[index] != NONE &&
           (items->series[index] == SERIES_INVOICE || items->series[index] == SERIES_CREDIT_NOTE ||
            items->series[index] == SERIES_DEBIT_NOTE);
}

enum status views_amounts(const struct views *views, const struct filter *filter,
                          struct arena *arena, struct amounts **out)
{
    const struct items *items = &views->items;
    const struct documents *payments = &views->payments;
    size_t open = 0;
    for (size_t i = 0; i < items->count; i++) {
        open += is_open_debit(items, i) ? 1 : 0;
    }
    struct amounts *amounts = arena_alloc(arena, sizeof *amounts);
    struct amount *row = arena_alloc(arena, (open + payments->count + 1) * sizeof *row);
    if (amounts == NULL || row == NULL) {
        return STATUS_TOO_LARGE;
    }
    *amounts = (struct amounts){.views = views, .sight = sight_of(views, filter), .row = row};
    for (size_t i = 0; i < items->count; i++) {
        if (is_open_debit(items, i)) {
            row[amounts->count++] = (struct amount){.minor = items->open[i], .index = (uint32_t)i};
        }
    }
    for (size_t i = 0; i < payments->count; i++) {
        if (payments->state[i] == (uint8_t)PAYMENT_STATE__PAYMENT_STATE_POSTED) {
            row[amounts->count++] = (struct amount){
                .minor = payments->amount[i], .index = (uint32_t)i, .is_payment = true};
        }
    }
    if (amounts->count > 1) {
        qsort(row, amounts->count, sizeof *row, by_minor);
    }
    *out = amounts;
    return STATUS_OK;
}

static struct view_amount what(const struct views *views, const struct amount *amount)
{
    const struct items *items = &views->items;
    if (amount->is_payment) {
        return (struct view_amount){
            .table = TABLE_payment,
            .document_id = views->payments.id[amount->index],
            .customer_id = views->customers.id[views->payments.customer[amount->index]],
            .day = views->payments.date_day[amount->index],
        };
    }
    enum table table;
    const struct documents *documents =
        documents_of_series(views, (enum series)items->series[amount->index], &table);
    assert(documents != NULL);
    return (struct view_amount){
        .table = table,
        .document_id = documents->id[items->document[amount->index]],
        .customer_id = views->customers.id[items->customer[amount->index]],
        .day = items->due_day[amount->index],
    };
}

static uint32_t customer_of(const struct views *views, const struct amount *amount)
{
    return amount->is_payment ? views->payments.customer[amount->index]
                              : views->items.customer[amount->index];
}

size_t views_of_amount(const struct amounts *amounts, int64_t minor, struct view_amount *out,
                       size_t max)
{
    size_t low = 0;
    size_t high = amounts->count;
    size_t count = 0;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (amounts->row[middle].minor < minor) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < amounts->count && amounts->row[low].minor == minor && count < max; low++) {
        if (sight_sees(&amounts->sight, customer_of(amounts->views, &amounts->row[low]))) {
            out[count++] = what(amounts->views, &amounts->row[low]);
        }
    }
    return count;
}
