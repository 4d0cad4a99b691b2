// SPDX-License-Identifier: Apache-2.0
#pragma once

// A directory of one test, and damage done to files in it. Ends the program when the machine
// refuses: a test without its directory says nothing.

#include "shared/base.h"

#include <sys/types.h>

struct temporary {
    char dir[64];
};

void temporary_make(struct temporary *temporary);
void temporary_remove(const struct temporary *temporary);
void temporary_path(const struct temporary *temporary, const char *name, char *out, size_t size);

// Turns over one bit.
void temporary_flip(const char *path, off_t at, int bit);
// Writes `size` zero bytes from `at` on.
void temporary_zero(const char *path, off_t at, size_t size);
// Where the bytes stand first; -1 when they do not.
off_t temporary_find(const char *path, const uint8_t *bytes, size_t size);
