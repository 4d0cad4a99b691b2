// SPDX-License-Identifier: Apache-2.0
#pragma once

// Beginning anew with a person: password, one-time codes and sessions are void, an invitation
// waits.

#include "server/ledger/user.h"

MUST_CHECK enum status reset_user(struct txn *txn, struct call *call, UserRecord *user,
                                  const struct user_invitation *invitation);
