// SPDX-License-Identifier: Apache-2.0
#include "server/views/pick.h"

enum status picks_make(struct arena *arena, size_t room, bool descending, struct picks *out)
{
    assert(out != NULL);
    struct pick *heap = arena_alloc(arena, (room + 1) * sizeof *heap);
    if (heap == NULL) {
        return STATUS_TOO_LARGE;
    }
    *out = (struct picks){.heap = heap, .room = room, .descending = descending};
    return STATUS_OK;
}

static bool is_better(bool descending, struct pick a, struct pick b)
{
    if (a.key != b.key) {
        return descending ? a.key > b.key : a.key < b.key;
    }
    return a.index < b.index;
}

// Lets the pick at `at` sink until no worse one stands below it.
static void sink(struct picks *picks, size_t at, size_t count)
{
    struct pick sinking = picks->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= count) {
            break;
        }
        if (child + 1 < count &&
            is_better(picks->descending, picks->heap[child], picks->heap[child + 1])) {
            child++;
        }
        if (!is_better(picks->descending, sinking, picks->heap[child])) {
            break;
        }
        picks->heap[at] = picks->heap[child];
        at = child;
    }
    picks->heap[at] = sinking;
}

void picks_offer(struct picks *picks, int64_t key, uint32_t index)
{
    struct pick offered = {.key = key, .index = index};
    if (picks->count < picks->room) {
        size_t at = picks->count++;
        while (at > 0 && is_better(picks->descending, picks->heap[(at - 1) / 2], offered)) {
            picks->heap[at] = picks->heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        picks->heap[at] = offered;
        return;
    }
    if (picks->room > 0 && is_better(picks->descending, offered, picks->heap[0])) {
        picks->heap[0] = offered;
        sink(picks, 0, picks->count);
    }
}

void picks_sort(struct picks *picks)
{
    for (size_t left = picks->count; left > 1; left--) {
        struct pick worst = picks->heap[0];
        picks->heap[0] = picks->heap[left - 1];
        picks->heap[left - 1] = worst;
        sink(picks, 0, left - 1);
    }
}
