// SPDX-License-Identifier: Apache-2.0
#include "server/views/corpus.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define COMPACT_FROM ((size_t)1024 * 1024)

void corpus_free(struct corpus *corpus)
{
    if (corpus->bytes != NULL) {
        explicit_bzero(corpus->bytes, corpus->size);
    }
    free(corpus->bytes);
    free(corpus->segment);
    free(corpus->current);
    *corpus = (struct corpus){0};
}

static enum status reserve(struct corpus *corpus, uint32_t owner, size_t size)
{
    bool whole = true;
    if (owner >= corpus->owner_capacity) {
        size_t capacity = column_capacity(corpus->owner_capacity, (size_t)owner + 1);
        corpus->current =
            column_grow(corpus->current, corpus->owners, capacity, sizeof *corpus->current, &whole);
        corpus->owner_capacity = whole ? capacity : corpus->owner_capacity;
    }
    if (corpus->count == corpus->segment_capacity) {
        size_t capacity = column_capacity(corpus->segment_capacity, corpus->count + 1);
        corpus->segment =
            column_grow(corpus->segment, corpus->count, capacity, sizeof *corpus->segment, &whole);
        corpus->segment_capacity = whole ? capacity : corpus->segment_capacity;
    }
    // One byte more than the texts: the zero behind the last one.
    if (corpus->size + size + 1 > corpus->capacity) {
        size_t capacity = column_capacity(corpus->capacity, corpus->size + size + 1);
        corpus->bytes = column_grow(corpus->bytes, corpus->size, capacity, 1, &whole);
        corpus->capacity = whole ? capacity : corpus->capacity;
    }
    return whole ? STATUS_OK : STATUS_ENVIRONMENT;
}

// In order of offset, so that texts only move towards the front.
static void compact(struct corpus *corpus)
{
    size_t kept = 0;
    size_t size = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        struct segment segment = corpus->segment[i];
        size_t end = i + 1 < corpus->count ? corpus->segment[i + 1].offset : corpus->size;
        if (corpus->current[segment.owner] != i) {
            continue;
        }
        size_t length = end - segment.offset;
        memmove(corpus->bytes + size, corpus->bytes + segment.offset, length);
        corpus->segment[kept] = (struct segment){.offset = (uint32_t)size, .owner = segment.owner};
        corpus->current[segment.owner] = (uint32_t)kept;
        size += length;
        kept++;
    }
    explicit_bzero(corpus->bytes + size, corpus->size - size);
    corpus->size = size;
    corpus->count = kept;
    corpus->dead = 0;
}

enum status corpus_set(struct corpus *corpus, uint32_t owner, const char *text, size_t size)
{
    assert(owner != NONE);
    assert(size == 0 || text[0] < MARK_LIMIT);
    size_t old_size = 0;
    const char *old = corpus_text(corpus, owner, &old_size);
    if (old_size == size && memcmp(old, text, size) == 0) {
        return STATUS_OK;
    }
    if (corpus->size + size + 1 > UINT32_MAX) {
        return STATUS_TOO_LARGE;
    }
    const size_t old_place = old_size > 0 ? (size_t)(old - corpus->bytes) : 0;
    enum status status = reserve(corpus, owner, size);
    if (status != STATUS_OK) {
        return status;
    }
    for (; corpus->owners <= owner; corpus->owners++) {
        corpus->current[corpus->owners] = NONE;
    }
    // What was replaced may have been erased for good: it does not wait for the next compaction.
    if (old_size > 0) {
        explicit_bzero(corpus->bytes + old_place, old_size);
    }
    corpus->current[owner] = NONE;
    corpus->dead += old_size;
    if (size > 0) {
        memcpy(corpus->bytes + corpus->size, text, size);
        corpus->segment[corpus->count] =
            (struct segment){.offset = (uint32_t)corpus->size, .owner = owner};
        corpus->current[owner] = (uint32_t)corpus->count++;
        corpus->size += size;
        corpus->bytes[corpus->size] = '\0';
    }
    if (corpus->dead > COMPACT_FROM && corpus->dead > corpus->size / 2) {
        compact(corpus);
    }
    return STATUS_OK;
}

static size_t segment_end(const struct corpus *corpus, size_t segment)
{
    return segment + 1 < corpus->count ? corpus->segment[segment + 1].offset : corpus->size;
}

const char *corpus_text(const struct corpus *corpus, uint32_t owner, size_t *size)
{
    *size = 0;
    if (owner >= corpus->owners || corpus->current[owner] == NONE) {
        return "";
    }
    uint32_t segment = corpus->current[owner];
    *size = segment_end(corpus, segment) - corpus->segment[segment].offset;
    return corpus->bytes + corpus->segment[segment].offset;
}

static bool is_mark(char byte)
{
    return (unsigned char)byte < MARK_LIMIT;
}

const char *corpus_field(const struct corpus *corpus, uint32_t owner, enum mark mark, size_t *size)
{
    size_t text_size = 0;
    const char *text = corpus_text(corpus, owner, &text_size);
    const char *found = text_size == 0 ? NULL : memchr(text, (int)mark, text_size);
    *size = 0;
    if (found == NULL) {
        return "";
    }
    found++;
    const char *end = text + text_size;
    while (found + *size < end && !is_mark(found[*size])) {
        ++*size;
    }
    return found;
}

// Where `needle` stands next from `from` on; `end` when it does not. Sixteen places at a time are
// looked at for its first and last byte: words of two letters are common, and memmem is slowest for
// them.
static size_t find_next(const struct corpus *corpus, size_t from, const char *needle, size_t size)
{
    const char *bytes = corpus->bytes;
    size_t end = corpus->size;
    if (size > end) {
        return end;
    }
    size_t at = from;
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8(needle[0]);
    const __m128i last = _mm_set1_epi8(needle[size - 1]);
    for (; at + size - 1 + 16 <= end; at += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(bytes + at + size - 1));
        __m128i both = _mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last));
        for (unsigned mask = (unsigned)_mm_movemask_epi8(both); mask != 0; mask &= mask - 1) {
            size_t place = at + (size_t)__builtin_ctz(mask);
            if (memcmp(bytes + place, needle, size) == 0) {
                return place;
            }
        }
    }
#endif
    const char *found = at + size > end ? NULL : memmem(bytes + at, end - at, needle, size);
    return found == NULL ? end : (size_t)(found - bytes);
}

void corpus_match(const struct corpus *corpus, const char *needle, bool whole, uint64_t *bits)
{
    size_t size = strlen(needle);
    size_t segment = 0;
    size_t at = size == 0 ? corpus->size : find_next(corpus, 0, needle, size);
    while (at < corpus->size) {
        while (segment_end(corpus, segment) <= at) {
            segment++;
        }
        uint32_t owner = corpus->segment[segment].owner;
        bool ends = !whole || is_mark(corpus->bytes[at + size]);
        if (ends && corpus->current[owner] == segment) {
            bit_set(bits, owner);
        }
        at = find_next(corpus, ends ? segment_end(corpus, segment) : at + 1, needle, size);
    }
}
