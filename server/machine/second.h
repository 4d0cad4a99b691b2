// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two persons of an approval. approval_approve runs what another one asked for: here both are
// looked up in the rows of the running transaction, each with the rights for the command that
// waits, so that a right that was lost meanwhile is lost.

#include "server/machine/machine.h"

// Sets call->second when the call is an approval of something that is there; the ledger refuses.
MUST_CHECK enum status second_load(struct txn *txn, struct call *call, const Request *request);
