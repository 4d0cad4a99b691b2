// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a test tells the power cut of shim.c, which it links, where its child processes end.

#include "tests/unit/unit.h"

#include <stdlib.h>

static inline void crash_at(const char *point, int count)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", count);
    assert_int_equal(setenv("KONTOR_CRASH_POINT", point, 1), 0);
    assert_int_equal(setenv("KONTOR_CRASH_AFTER", text, 1), 0);
}

static inline void crash_never(void)
{
    assert_int_equal(unsetenv("KONTOR_CRASH_POINT"), 0);
    assert_int_equal(unsetenv("KONTOR_CRASH_AFTER"), 0);
}
