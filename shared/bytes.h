// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run of bytes that somebody else owns, and big-endian integers in it. Nothing here allocates.

#include "shared/base.h"

struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = data, .size = size};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline void put_u16(uint8_t out[static 2], uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)(value & 0xff);
}

static inline uint16_t get_u16(const uint8_t in[static 2])
{
    return (uint16_t)((uint16_t)(in[0] << 8) | in[1]);
}

static inline void put_u32(uint8_t out[static 4], uint32_t value)
{
    put_u16(out, (uint16_t)(value >> 16));
    put_u16(out + 2, (uint16_t)(value & 0xffff));
}

static inline uint32_t get_u32(const uint8_t in[static 4])
{
    return (uint32_t)get_u16(in) << 16 | get_u16(in + 2);
}

static inline void put_u64(uint8_t out[static 8], uint64_t value)
{
    put_u32(out, (uint32_t)(value >> 32));
    put_u32(out + 4, (uint32_t)(value & 0xffffffff));
}

static inline uint64_t get_u64(const uint8_t in[static 8])
{
    return (uint64_t)get_u32(in) << 32 | get_u32(in + 4);
}
