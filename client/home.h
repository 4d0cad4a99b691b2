// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the files of this user lie, and how they are written: whole or not at all, readable by
// nobody else. With KONTOR_HOME all of them are under it, so that two users live on one machine;
// else XDG directories.

#include "shared/arena.h"
#include "shared/bytes.h"
#include "shared/status.h"

#define HOME_FILE_MAX ((size_t)256 * 1024)

struct home {
    const char *config; // chosen context, language
    const char *data;   // contexts: server keys, device key, token
    const char *state;  // pending writes
};

// Makes the directories (0700). CONFIGURATION when there is no home, FILE_ERROR when they cannot be
// made.
MUST_CHECK enum status home_open(struct arena *arena, struct home *out);

// Reads a whole file. NOT_FOUND, FILE_ERROR, TOO_LARGE over HOME_FILE_MAX.
MUST_CHECK enum status home_read(struct arena *arena, const char *path, struct bytes *out);

// Writes beside, flushes, renames: a reader sees the old or the new content, also after a power
// cut.
MUST_CHECK enum status home_write(const char *path, struct bytes content);

// The same without the flush: for what may be lost in a power cut.
MUST_CHECK enum status home_replace(const char *path, struct bytes content);

// Removes a file; it is fine when it is gone already.
MUST_CHECK enum status home_remove(const char *path);

// Makes one directory (0700) if it is missing.
MUST_CHECK enum status home_make_dir(const char *path);

// A lock between processes of this user, held until the descriptor is closed. Waits; FILE_ERROR
// when it cannot be had.
MUST_CHECK enum status home_lock(const struct home *home, int *fd);
// For CLEANUP; -1 is accepted.
void home_close_at(const int *fd);
