// SPDX-License-Identifier: Apache-2.0
#pragma once

// Users as other files of the ledger need them: making an invited one, their sessions, and whether
// an owner is left.

#include "server/ledger/call.h"

struct user_invited {
    const char *login;
    ProtobufCBinaryData login_hash; // 16 bytes, from admission
    const char *name;               // "" takes the login
    const uint32_t *role;           // numbers of enum role
    size_t role_count;
    const char *team;
    ProtobufCBinaryData invitation_id; // 16 bytes, from admission
    int64_t expires_us;
};

// Writes the user (state INVITED), the login row and the invitation; refusals are the caller's
// business.
MUST_CHECK enum status user_create_invited(struct txn *txn, struct call *call,
                                           const struct user_invited *invited, UserRecord **out);

// Is there an active owner with an active device, leaving out this user and this device (0: none
// left out)? Asked about the state as it would be.
MUST_CHECK enum status user_owner_is_left(struct txn *txn, uint64_t without_user_id,
                                          uint64_t without_device_id, bool *is_left);

// The words of the user's roles, for replies.
MUST_CHECK enum status user_role_words(struct arena *arena, const UserRecord *user, char ***word,
                                       size_t *count);
bool user_has_role(const UserRecord *user, enum role role);
