// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sealing at admission: each personal field of a request becomes a box under the customer's own
// key, unique values become keyed hashes, and the clear fields are emptied. After it a request can
// be journalled. Used by admission and by whoever drives the machine without a network.

#include "server/machine/machine.h"

// Changes `request` in place and adds new customers' keys to `admitted`. `txn` is a read
// transaction for the keys and references that an edit, an issue or an import refers to.
// STATUS_NOT_FOUND and STATUS_KEY_DESTROYED are refusals.
MUST_CHECK enum status seal_request(struct txn *txn, const struct command *command,
                                    Request *request, struct arena *arena,
                                    struct admitted *admitted);

// Empties every field of class SECRET.
void seal_forget_secrets(const struct command *command, Request *request);
