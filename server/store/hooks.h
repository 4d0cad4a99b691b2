// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named points at which the crash suite ends the process, and the mutants that the suite must
// catch. What happens at a point is defined by tests/crash/hooks.c, which the product does not
// link: there the weak names are empty and nothing happens.

#include "shared/base.h"

void hook_reached(const char *point) __attribute__((weak));
bool hook_mutates(const char *mutant) __attribute__((weak));

static inline void hook_at(const char *point)
{
    if (hook_reached != NULL) {
        hook_reached(point);
    }
}

// Is the program asked to be wrong in this way?
static inline bool hook_mutant(const char *mutant)
{
    return hook_mutates != NULL && hook_mutates(mutant);
}
