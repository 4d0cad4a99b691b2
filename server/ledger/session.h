// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sessions as other files need them: ending those of a user or device, and how long wrong passwords
// make one wait (security.md b: by pair of user and device, and by device over all users; never a
// lock on the account).

#include "server/ledger/call.h"

// Removes the sessions of the user, of the device, or of both (0: any; not both 0).
MUST_CHECK enum status session_end_all(struct txn *txn, uint64_t user_id, uint64_t device_id);

// Microseconds until the next try is heard; 0: now. `pair` is the row (user, device), `device` the
// row (0, device); either may be NULL.
int64_t session_wait_us(const ThrottleRecord *pair, const ThrottleRecord *device,
                        int64_t instant_us);
