// SPDX-License-Identifier: Apache-2.0
#pragma once

// The attributes and prohibitions that every file of kontor lives under. Included first by every
// header of ours. Trap: the poison below strikes every header included after this one, so the
// system headers that use a banned name are included here.

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef NDEBUG
#error "assertions stay on: kontor is never built with NDEBUG"
#endif

#define MUST_CHECK        __attribute__((warn_unused_result))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define PRINTF(text, arg) __attribute__((format(printf, text, arg)))
#define NONNULL           __attribute__((nonnull))

// Hash code that wraps on purpose; the integer sanitizer is told so, function by function.
#if defined(__clang__)
#define WRAPS __attribute__((no_sanitize("unsigned-integer-overflow", "unsigned-shift-base")))
#else
#define WRAPS
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#pragma GCC poison strcpy strncpy strcat strncat sprintf vsprintf strtok gets atoi atol atoll strtol
#pragma GCC poison rand srand localtime gmtime asctime ctime
