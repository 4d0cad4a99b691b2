// SPDX-License-Identifier: Apache-2.0
#pragma once

// A page of an ordering that is not kept: the best `room` of all candidates in one pass, then
// sorted. Ties go to the lower index in both directions, so that pages never overlap.

#include "shared/arena.h"
#include "shared/status.h"

struct pick {
    int64_t key;
    uint32_t index;
};

struct picks {
    struct pick *heap; // the worst one first
    size_t count, room;
    bool descending;
};

MUST_CHECK enum status picks_make(struct arena *arena, size_t room, bool descending,
                                  struct picks *out);

// Would an offer of this key be kept for sure not? Spares most calls of picks_offer; equal keys are
// asked there.
static inline bool picks_reject(const struct picks *picks, int64_t key)
{
    if (picks->count < picks->room || picks->room == 0) {
        return picks->room == 0;
    }
    return picks->descending ? key < picks->heap[0].key : key > picks->heap[0].key;
}

void picks_offer(struct picks *picks, int64_t key, uint32_t index);
void picks_sort(struct picks *picks); // best first
