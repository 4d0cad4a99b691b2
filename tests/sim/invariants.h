// SPDX-License-Identifier: Apache-2.0
#pragma once

// The invariants of domain.md d.15 over the rows of a book, recomputed from nothing but its records.

#include "tests/ledger/house.h"

// Checks all of them on every day between the first and the last event. Returns a sentence about the first that fails, in
// the house's arena; NULL when all hold.
const char *invariants_check(struct house *house);
