// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server's part of documents that come back: it looks which are due, and orders the machine to
// run their next period. The order names the period, and the machine runs each one once
// (server/ledger/recurring.h): so it may be given twice, or be lost with a crash and given again.

#include "server/admit/admit.h"
#include "server/store/store.h"

struct recurring_watch {
    int64_t next_us; // when to look again
};

// Orders what is due by the day of `now_us`, one period of each. After a stop it makes up for what
// was missed, a period of each every few seconds.
MUST_CHECK enum status recurring_tick(struct recurring_watch *watch, struct store *store,
                                      struct admit *admit, int64_t now_us);
