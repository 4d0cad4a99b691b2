// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a user's roles give together: the union of their grants, minus every denial (security.md e,
// steps 7 and 8). Worked out from the rows of the roles inside the transaction that decides, so
// that a changed role holds for the very next call. Machine and ledger ask here; nobody else reads
// a role.

#include "server/store/store.h"

#define LIMIT_NONE INT64_MAX

// By permission and scope: a right of scope s acts on the rows that s reaches.
struct rights {
    // The most for one document: 0 when no role grants it in this scope, LIMIT_NONE without limit.
    int64_t most_minor[PERMISSION_COUNT][SCOPE_COUNT];
    // What the roles that grant it in this scope show and let change.
    uint8_t view[PERMISSION_COUNT][SCOPE_COUNT][CLASS_COUNT];
    bool writable[PERMISSION_COUNT][SCOPE_COUNT][CLASS_COUNT];
    bool denied[PERMISSION_COUNT];
};

// The record of a built-in role as permissions.def seeds it; its arrays live in `arena`.
MUST_CHECK enum status rights_seed(enum role role, struct arena *arena, RoleRecord **out);

// The rights of these roles.
void rights_of(const RoleRecord *const *role, size_t count, struct rights *out);
// Those of a user by the rows of the book; an id without a row gives nothing.
MUST_CHECK enum status rights_load(struct txn *txn, const UserRecord *user, struct rights *out);

// The widest scope; SCOPE_NONE when it is denied or not granted.
enum scope rights_scope(const struct rights *rights, enum permission permission);
// The most for one document about a row that these scopes reach (bits, rows_cover); 0: nothing at
// all, LIMIT_NONE: no limit.
int64_t rights_most(const struct rights *rights, enum permission permission, uint32_t scopes);
// May fields of this class change in a row that these scopes reach? A role that reaches further
// lends nothing to what another one lets change near by.
bool rights_may_change(const struct rights *rights, enum permission permission, uint32_t scopes,
                       enum field_class field_class);
// The filter that these rights are for one permission, in `arena`; NULL when it is exhausted.
struct filter *rights_filter(const struct rights *rights, const UserRecord *user,
                             enum permission permission, struct arena *arena);
// The same user's filter for another permission than that of the running command.
struct filter *rights_narrow(const struct rights *rights, const struct filter *filter,
                             enum permission permission, struct arena *arena);

// One grant of a role; false when it has none of this permission.
bool role_grant_of(const RoleRecord *role, enum permission permission, enum scope *scope,
                   int64_t *limit_minor);
bool role_denies(const RoleRecord *role, enum permission permission);
enum view role_view(const RoleRecord *role, enum field_class field_class);
bool role_may_change(const RoleRecord *role, enum field_class field_class);
