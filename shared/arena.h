// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory that ends together. A call's requests, records and replies live in its arena and go with
// one reset. Arenas are capped: an exhausted arena gives NULL, which the caller turns into
// TOO_LARGE. Not thread-safe; an arena has one user at a time. What was used is wiped at reset,
// since it may have held opened personal data.

#include "shared/base.h"

struct arena;
struct block;

// `limit` bounds the sum of what is handed out between two resets. NULL when the machine has no
// memory.
struct arena *arena_make(size_t limit);

// Zeroed, aligned for every type; NULL when the limit is reached.
void *arena_alloc(struct arena *arena, size_t size);

// A copy with a terminating zero byte behind it (not counted); NULL when the limit is reached.
void *arena_copy(struct arena *arena, const void *data, size_t size);

// Formatted text; NULL when the limit is reached.
char *arena_print(struct arena *arena, const char *format, ...) PRINTF(2, 3);

size_t arena_used(const struct arena *arena);

// A place in the arena, for a long walk that keeps nothing of what it looks at. Rewinding wipes and
// gives back what was handed out since. Trap: nothing that was may be looked at any more, and
// nobody else may have taken anything meanwhile that is to stay.
struct arena_mark {
    struct block *block;
    size_t block_used;
    size_t used;
};

struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

// Gives back all but the first block, wiped.
void arena_reset(struct arena *arena);

// NULL is accepted.
void arena_free(struct arena *arena);

// For CLEANUP.
void arena_free_at(struct arena **arena);
