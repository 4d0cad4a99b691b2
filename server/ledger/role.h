// SPDX-License-Identifier: Apache-2.0
#pragma once

// The roles of the book, read at once: there are few. Changes are made in the set, judged there
// (duty.h), and only then put; so that what a change would do to people is known before anything is
// written.

#include "server/ledger/call.h"

struct role_set {
    RoleRecord *role[ROLES_MAX]; // in order of their ids
    bool is_changed[ROLES_MAX];
    size_t count;
};

MUST_CHECK enum status role_set_load(struct txn *txn, struct role_set *out);
RoleRecord *role_set_by_id(const struct role_set *set, uint64_t id); // NULL when there is none
RoleRecord *role_set_by_word(const struct role_set *set, const char *word);

// What the roles of a user give by this set; an id without a role gives nothing.
void role_set_rights(const struct role_set *set, const UserRecord *user, struct rights *out);

// The built-in roles of a new book.
MUST_CHECK enum status role_seed_all(struct txn *txn, struct call *call);
