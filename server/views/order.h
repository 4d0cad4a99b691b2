// SPDX-License-Identifier: Apache-2.0
#pragma once

// An ordering: indexes of rows in the order of a rule. What a batch adds waits in `pending` and is
// merged in one pass at its end, so that an import of old documents does not move the whole
// ordering once per row.

#include "server/views/column.h"

// Rows are ordered by key, then by `second_key` and `compare` (NULL when keys never tie), then by
// index.
struct order_rule {
    uint64_t (*key)(const void *context, uint32_t index);
    uint64_t (*second_key)(const void *context, uint32_t index);
    int (*compare)(const void *context, uint32_t a, uint32_t b);
    const void *context;
};

struct order {
    uint32_t *index;
    size_t count, capacity;
    uint32_t *pending;
    size_t pending_count, pending_capacity;
};

void order_free(struct order *order);

// `index` will be in the ordering after the next order_settle.
MUST_CHECK enum status order_insert(struct order *order, uint32_t index);

// Takes `index` out. The rule must still see it as it was when it went in; nothing may be pending.
void order_take(struct order *order, const struct order_rule *rule, uint32_t index);

// Sorts what is pending and merges it.
MUST_CHECK enum status order_settle(struct order *order, const struct order_rule *rule);
