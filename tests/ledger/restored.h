// SPDX-License-Identifier: Apache-2.0
#pragma once

// The backup of a scene's book: is there something of everything in it, and is what comes back the
// same book?

#include "tests/ledger/scene.h"

// The first table of the state that has no row; NULL when each has one.
const char *restored_empty_table(struct scene *scene);
// Backs the book up, restores it beside, and goes on with what came back. NULL, or a sentence about
// what is not as it was, in the scene's arena.
const char *restored_book(struct scene *scene);
