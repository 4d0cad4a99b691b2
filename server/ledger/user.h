// SPDX-License-Identifier: Apache-2.0
#pragma once

// Users as other files of the ledger need them: making an invited one, and their roles.

#include "server/ledger/call.h"

struct user_invited {
    const char *login;
    ProtobufCBinaryData login_hash; // 16 bytes, from admission
    const char *name;               // "" takes the login
    const uint32_t *role;           // ids of roles
    size_t role_count;
    const char *role_text; // the same as words, for the journal
    const char *team;
    const char *region;
    ProtobufCBinaryData invitation_id; // 16 bytes, from admission
    int64_t expires_us;
};

// Writes the user (state INVITED), the login row and the invitation; refusals are the caller's
// business.
MUST_CHECK enum status user_create_invited(struct txn *txn, struct call *call,
                                           const struct user_invited *invited, UserRecord **out);

// The words of the user's roles, for replies.
MUST_CHECK enum status user_role_words(struct txn *txn, struct arena *arena, const UserRecord *user,
                                       char ***word, size_t *count);
MUST_CHECK enum status user_reply(struct txn *txn, struct call *call, const UserRecord *user,
                                  UserReply *reply);
// Refuses with E-NOT-FOUND.
MUST_CHECK enum status user_load(struct txn *txn, struct call *call, uint64_t id, UserRecord **out);
// A new version of the row, linked to what was noted of it.
MUST_CHECK enum status user_save(struct txn *txn, struct call *call, UserRecord *user);
// NOT_FOUND when nobody has this login.
MUST_CHECK enum status user_by_login(struct txn *txn, ProtobufCBinaryData login_hash,
                                     UserRecord **out);

struct user_invitation {
    ProtobufCBinaryData id; // 16 bytes, from admission
    int64_t expires_us;
    bool recovers;       // made on the server itself: its device needs no approval
    uint64_t invited_by; // who gets it into his hands
};

MUST_CHECK enum status user_put_invitation(struct txn *txn,
                                           const struct user_invitation *invitation,
                                           uint64_t user_id);
bool user_has_role(const UserRecord *user, uint32_t role_id);
