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
void picks_offer(struct picks *picks, int64_t key, uint32_t index);
void picks_sort(struct picks *picks); // best first
