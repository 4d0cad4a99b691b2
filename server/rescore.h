// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server's part of the nightly scores (domain.md d.8, requirements R60): it looks how far the
// rows say that this night came, and orders the machine to go on with the next group. The order
// names where the group begins, and the machine does each once: so it may be given twice, or be
// lost with a crash and given again.

#include "server/admit/admit.h"
#include "server/store/store.h"

struct rescore_watch {
    int64_t next_us; // when to look again
    int32_t asked_day;
    uint64_t asked_id; // the first customer of the group that was ordered last
    int64_t asked_us;
};

// Orders a group when a night's scores are due from `minute` of the day on, or not through yet.
MUST_CHECK enum status rescore_tick(struct rescore_watch *watch, struct store *store,
                                    int32_t minute, struct admit *admit, int64_t now_us);
