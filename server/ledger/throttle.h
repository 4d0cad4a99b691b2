// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long wrong passwords and codes make one wait (security.md b): counted by pair of user and
// device, and by device over all users; never a lock on the account. The counters are rows, so
// they survive a restart; success resets its own pair only.

#include "server/ledger/call.h"

struct throttle {
    ThrottleRecord *pair;   // row (user, device); NULL when there is none
    ThrottleRecord *device; // row (0, device)
};

// Microseconds until the next try is heard; 0: now.
int64_t throttle_wait_us(const struct throttle *throttle, int64_t instant_us);

MUST_CHECK enum status throttle_load(struct txn *txn, uint64_t user_id, uint64_t device_id,
                                     struct throttle *out);
// An answer of no with writes: the counters are the change. The user may be 0.
MUST_CHECK enum status throttle_fail(struct txn *txn, struct call *call, uint64_t user_id,
                                     uint64_t device_id, const struct throttle *throttle,
                                     enum status answer);
MUST_CHECK enum status throttle_forgive(struct txn *txn, uint64_t user_id, uint64_t device_id,
                                        const struct throttle *throttle);
