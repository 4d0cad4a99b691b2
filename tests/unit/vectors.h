// SPDX-License-Identifier: Apache-2.0
#pragma once

// Published vectors: the place where they lie, the exit code of a suite that does not find them,
// and hex.

#include "shared/arena.h"
#include "shared/bytes.h"
#include "tests/unit/unit.h"

#define VECTORS_ABSENT 77 // exit code of a suite that could not run
#define VECTORS        KONTOR_SOURCE_DIR "/../shared/vectors/"

static inline unsigned hex_digit(char digit)
{
    return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a') + 10;
}

// Lower-case hex digits as bytes in the arena.
static inline struct bytes hex_parse(struct arena *arena, const char *hex, size_t digits)
{
    assert_int_equal(digits % 2, 0);
    uint8_t *data = arena_alloc(arena, digits / 2 + 1);
    assert_non_null(data);
    for (size_t i = 0; i < digits / 2; i++) {
        data[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return bytes_of(data, digits / 2);
}

static inline struct bytes hex_text(struct arena *arena, const char *hex)
{
    return hex_parse(arena, hex, strlen(hex));
}

static inline void assert_bytes_equal(struct bytes a, struct bytes b)
{
    assert_int_equal(a.size, b.size);
    if (a.size > 0) {
        assert_memory_equal(a.data, b.data, a.size);
    }
}
