// SPDX-License-Identifier: Apache-2.0
#pragma once

// Has the checklist of each month made once it has ended (requirements R56): looks at what the rows
// say was made, and orders the first month that is missing. Who asks twice gets it once
// (ledger/checklist), so nothing is kept here but when to look again.

#include "server/admit/admit.h"
#include "server/store/store.h"

struct monthly {
    struct store *store;
    int64_t next_us;
};

void monthly_tick(struct monthly *monthly, struct admit *admit, int64_t now_us);
