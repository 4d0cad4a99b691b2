// SPDX-License-Identifier: Apache-2.0
#pragma once

// The invariants of domain.md d.15 over the rows of a book, recomputed from nothing but its
// records.

#include "server/store/store.h"

// Checks all of them on every day between the first and the last event. Returns a sentence about
// the first that fails, in `arena`; NULL when all hold.
const char *invariants_check(struct store *store, struct arena *arena);
