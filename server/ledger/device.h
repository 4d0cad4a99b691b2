// SPDX-License-Identifier: Apache-2.0
#pragma once

// Devices as other files of the ledger need them.

#include "server/ledger/call.h"

// Revokes every device of the user that is active or pending, and ends its sessions.
MUST_CHECK enum status device_revoke_all(struct txn *txn, struct call *call, uint64_t user_id);

// Is there somebody active, with an active device, who may approve devices?
MUST_CHECK enum status device_has_approver(struct txn *txn, struct arena *arena,
                                           uint64_t without_user_id, bool *has);
