// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sessions as other files need them: ending those of a user or device, and what every session is
// told at its beginning.

#include "server/ledger/call.h"

// Removes the sessions of the user, of the device, or of both (0: any; not both 0).
MUST_CHECK enum status session_end_all(struct txn *txn, uint64_t user_id, uint64_t device_id);
// Those of the user but one: after a change of password or factor.
MUST_CHECK enum status session_end_others(struct txn *txn, uint64_t user_id, uint64_t kept_id);

// What a client needs to read and print amounts and days.
MUST_CHECK enum status session_book(struct txn *txn, const struct call *call, Book **out);
// The device's key in words, to be compared by people.
char *session_words(struct arena *arena, const DeviceRecord *device);
