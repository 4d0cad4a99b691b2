// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a request that waits for a second person is about: the object, its customer, and who counts
// as its creator beside the one who asked.

#include "server/ledger/call.h"

// The first reference of a request says what it is about, and so whose row scope holds for it.
MUST_CHECK enum status control_about(struct txn *txn, struct call *call, ApprovalRecord *approval);
