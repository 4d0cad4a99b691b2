// SPDX-License-Identifier: Apache-2.0
#pragma once

// Named points at which the crash suite ends the process. Only the library variant
// kontor_store_hooks has them; in the product the call is empty.

#include "shared/base.h"

#ifdef KONTOR_TEST_HOOKS
void hook_at(const char *point);
#else
static inline void hook_at(const char *point)
{
    (void)point;
}
#endif
