// SPDX-License-Identifier: Apache-2.0
#pragma once

// A body of folded texts, one per owner (an index), laid end to end so that one pass finds every
// owner of a substring. A changed text is appended and its old place is dead until the next
// compaction. Fields of a text begin with a control character (enum mark), which no folded text and
// no word contains: a word never matches across fields or owners.

#include "server/views/column.h"

enum mark {
    MARK_NAME = 1, // first in its text: names are ordered by it
    MARK_NUMBER,
    MARK_COMPANY,
    MARK_REFERENCE,
    MARK_REGION,
    MARK_CLASS,
    MARK_TAG,
    MARK_INDUSTRY,
    MARK_PHONE,
    MARK_EMAIL,
    MARK_CONTACT,
    MARK_TAX_ID,
    MARK_TEXT,
    MARK_ORIGINAL, // the reference as it was written, when folding changed it
    MARK_LIMIT
};

struct segment {
    uint32_t offset;
    uint32_t owner;
};

struct corpus {
    char *bytes;
    size_t size, capacity, dead;
    struct segment *segment; // by offset
    size_t count, segment_capacity;
    uint32_t *current; // owner -> its segment, NONE
    size_t owners, owner_capacity;
};

void corpus_free(struct corpus *corpus);

// An empty text takes the owner out.
MUST_CHECK enum status corpus_set(struct corpus *corpus, uint32_t owner, const char *text,
                                  size_t size);

// "" of size 0 when there is none.
const char *corpus_text(const struct corpus *corpus, uint32_t owner, size_t *size);

// The first field `mark` of a text; "" of size 0 when there is none.
const char *corpus_field(const struct corpus *corpus, uint32_t owner, enum mark mark, size_t *size);

// Sets the bit of every owner whose text holds `needle`. `whole`: up to the end of a field (the
// needle begins with its mark).
void corpus_match(const struct corpus *corpus, const char *needle, bool whole, uint64_t *bits);

static inline bool bit_is_set(const uint64_t *bits, size_t index)
{
    assert(bits != NULL);
    return bits[index / 64] >> (index % 64) & 1;
}

static inline void bit_set(uint64_t *bits, size_t index)
{
    bits[index / 64] |= (uint64_t)1 << (index % 64);
}
