// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two persons of an approval. approval_approve runs what another one asked for: here both are
// looked up in the rows of the running transaction, each with the rights for the command that
// waits, so that a right that was lost meanwhile is lost.

#include "server/machine/machine.h"

// Sets call->second when the call is an approval of something that is there; the ledger refuses.
MUST_CHECK enum status second_load(struct txn *txn, struct call *call, const Request *request);

// What was declined or withdrawn, or has lapsed, will never make its customer: the key that was
// drawn for it goes, and with it what its boxes said. For a call that succeeded; a replay has no
// such key.
MUST_CHECK enum status second_forget(struct txn *txn, const struct call *call,
                                     const Request *request);
