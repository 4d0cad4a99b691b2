// SPDX-License-Identifier: Apache-2.0
#pragma once

// The directory of a store and LMDB's environment in it: lock, medium, map, descriptors. Used by
// store.c alone.

#include "server/store/store.h"

#include <lmdb.h>

#define LOCK_NAME "kontord.lock"

// The border of LMDB: none of its codes passes.
enum status status_from_lmdb(int code);

// STATUS_CONFIGURATION on a network file system, where locks and shared maps do not hold.
MUST_CHECK enum status medium_check(const char *dir, enum store_medium *out);

// The exclusive lock is held as long as the descriptor is open; a killed process gives it back.
// STATUS_STORE_LOCKED.
MUST_CHECK enum status lock_take(const char *dir, int *fd);

MUST_CHECK enum status env_open(const char *dir, uint64_t map_bytes, bool read_only, MDB_env **out);
void env_close_at(MDB_env **env);

// Makes the file as long as its meta page says, so that a cut file gives a status and no SIGBUS.
MUST_CHECK enum status env_cover_file(MDB_env *env, const char *dir);
