// SPDX-License-Identifier: Apache-2.0
#include "server/views/order.h"

// Sorting compares keys beside the indexes; the rows themselves are touched only where keys tie.
struct keyed {
    uint64_t key, second_key;
    uint32_t index;
};

void order_free(struct order *order)
{
    free(order->index);
    free(order->pending);
    *order = (struct order){0};
}

enum status order_insert(struct order *order, uint32_t index)
{
    assert(index != NONE);
    if (order->pending_count == order->pending_capacity) {
        bool whole = true;
        size_t capacity = column_capacity(order->pending_capacity, order->pending_count + 1);
        order->pending = column_grow(order->pending, order->pending_count, capacity,
                                     sizeof *order->pending, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        order->pending_capacity = capacity;
    }
    order->pending[order->pending_count++] = index;
    return STATUS_OK;
}

static int compare(const struct order_rule *rule, struct keyed a, struct keyed b)
{
    if (a.key != b.key) {
        return a.key < b.key ? -1 : 1;
    }
    if (a.second_key != b.second_key) {
        return a.second_key < b.second_key ? -1 : 1;
    }
    int by_rule = rule->compare == NULL ? 0 : rule->compare(rule->context, a.index, b.index);
    if (by_rule != 0) {
        return by_rule;
    }
    return a.index < b.index ? -1 : a.index > b.index;
}

static int compare_keyed(const void *a, const void *b, void *rule)
{
    return compare(rule, *(const struct keyed *)a, *(const struct keyed *)b);
}

static struct keyed keyed(const struct order_rule *rule, uint32_t index)
{
    return (struct keyed){
        .key = rule->key(rule->context, index),
        .second_key = rule->second_key == NULL ? 0 : rule->second_key(rule->context, index),
        .index = index,
    };
}

// How many of the first `count` stand before `wanted`.
static size_t position(const struct order *order, const struct order_rule *rule, size_t count,
                       struct keyed wanted)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(rule, keyed(rule, order->index[middle]), wanted) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void order_take(struct order *order, const struct order_rule *rule, uint32_t index)
{
    assert(order->pending_count == 0);
    size_t at = position(order, rule, order->count, keyed(rule, index));
    assert(at < order->count && order->index[at] == index);
    memmove(order->index + at, order->index + at + 1,
            (order->count - at - 1) * sizeof *order->index);
    order->count--;
}

enum status order_settle(struct order *order, const struct order_rule *rule)
{
    size_t added = order->pending_count;
    if (added == 0) {
        return STATUS_OK;
    }
    bool whole = true;
    size_t need = order->count + added;
    if (need > order->capacity) {
        size_t capacity = column_capacity(order->capacity, need);
        order->index =
            column_grow(order->index, order->count, capacity, sizeof *order->index, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        order->capacity = capacity;
    }
    struct keyed *sorted = column_grow(NULL, 0, added, sizeof *sorted, &whole);
    if (!whole) {
        return STATUS_ENVIRONMENT;
    }
    for (size_t i = 0; i < added; i++) {
        sorted[i] = keyed(rule, order->pending[i]);
    }
    struct order_rule copy = *rule;
    qsort_r(sorted, added, sizeof *sorted, compare_keyed, &copy);

    size_t left = order->count;
    for (size_t todo = added; todo > 0; todo--) {
        size_t i = todo - 1;
        size_t at = position(order, rule, left, sorted[i]);
        memmove(order->index + at + i + 1, order->index + at, (left - at) * sizeof *order->index);
        order->index[at + i] = sorted[i].index;
        left = at;
    }
    order->count = need;
    order->pending_count = 0;
    if (order->pending_capacity > 4096) {
        free(order->pending);
        order->pending = NULL;
        order->pending_capacity = 0;
    }
    free(sorted);
    return STATUS_OK;
}
