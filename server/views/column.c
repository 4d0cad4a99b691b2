// SPDX-License-Identifier: Apache-2.0
#include "server/views/column.h"

void *column_grow(void *data, size_t count, size_t capacity, size_t size, bool *whole)
{
    assert(count < capacity);
    assert(size > 0);
    void *grown = *whole ? reallocarray(data, capacity, size) : NULL;
    if (grown == NULL) {
        *whole = false;
        return data;
    }
    memset((char *)grown + count * size, 0, (capacity - count) * size);
    return grown;
}

size_t column_capacity(size_t capacity, size_t need)
{
    assert(need > 0);
    if (need <= capacity) {
        return capacity;
    }
    // By little: what is not used yet is memory too, and large columns grow without being copied.
    size_t grown = capacity + capacity / 8 + 64;
    return grown < need ? need : grown;
}

uint32_t column_find(const uint64_t *ids, size_t count, uint64_t id)
{
    assert(count < NONE);
    if (count == 0 || id > ids[count - 1]) {
        return NONE;
    }
    size_t low = 0;
    size_t size = count;
    while (size > 1) {
        size_t half = size / 2;
        low += ids[low + half] <= id ? half : 0;
        size -= half;
    }
    return ids[low] == id ? (uint32_t)low : NONE;
}
