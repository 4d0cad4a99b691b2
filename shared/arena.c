// SPDX-License-Identifier: Apache-2.0
#include "shared/arena.h"

#include <stdalign.h>
#include <stdarg.h>

#define FIRST_BLOCK_BYTES ((size_t)16 * 1024)
#define BLOCK_BYTES_MAX   ((size_t)1024 * 1024)

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) uint8_t data[];
};

struct arena {
    struct block *first;
    struct block *last;
    size_t limit;
    size_t used;
};

static struct block *block_make(size_t size)
{
    struct block *block = malloc(sizeof *block + size);
    if (block != NULL) {
        block->next = NULL;
        block->size = size;
        block->used = 0;
    }
    return block;
}

static void block_wipe(struct block *block)
{
    explicit_bzero(block->data, block->used);
    block->used = 0;
}

struct arena *arena_make(size_t limit)
{
    assert(limit > 0);
    struct arena *arena = malloc(sizeof *arena);
    if (arena == NULL) {
        return NULL;
    }
    struct block *block = block_make(FIRST_BLOCK_BYTES);
    if (block == NULL) {
        free(arena);
        return NULL;
    }
    *arena = (struct arena){.first = block, .last = block, .limit = limit};
    return arena;
}

// A new last block: twice the previous one, or as large as the one thing that did not fit.
static struct block *grow(struct arena *arena, size_t size)
{
    size_t next_size = arena->last->size * 2;
    if (next_size > BLOCK_BYTES_MAX) {
        next_size = BLOCK_BYTES_MAX;
    }
    struct block *block = block_make(size > next_size ? size : next_size);
    if (block != NULL) {
        arena->last->next = block;
        arena->last = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t align = alignof(max_align_t);
    if (size > arena->limit) {
        return NULL;
    }
    const size_t rounded = (size + align - 1) / align * align;
    if (rounded > arena->limit - arena->used) {
        return NULL;
    }
    struct block *block = arena->last;
    if (block->size - block->used < rounded) {
        block = grow(arena, rounded);
        if (block == NULL) {
            return NULL;
        }
    }
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->used += rounded;
    memset(memory, 0, rounded);
    return memory;
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
    if (size >= arena->limit) {
        return NULL;
    }
    uint8_t *copy = arena_alloc(arena, size + 1);
    if (copy != NULL && size > 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length >= 0 ? arena_alloc(arena, (size_t)length + 1) : NULL;
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    return text;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){
        .block = arena->last, .block_used = arena->last->used, .used = arena->used};
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
    assert(mark.used <= arena->used);
    struct block *block = mark.block->next;
    while (block != NULL) {
        struct block *next = block->next;
        block_wipe(block);
        free(block);
        block = next;
    }
    assert(mark.block_used <= mark.block->used);
    explicit_bzero(mark.block->data + mark.block_used, mark.block->used - mark.block_used);
    mark.block->used = mark.block_used;
    mark.block->next = NULL;
    arena->last = mark.block;
    arena->used = mark.used;
}

void arena_reset(struct arena *arena)
{
    arena_rewind(arena, (struct arena_mark){.block = arena->first});
}

void arena_free(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    arena_reset(arena);
    free(arena->first);
    free(arena);
}

void arena_free_at(struct arena **arena)
{
    arena_free(*arena);
    *arena = NULL;
}
