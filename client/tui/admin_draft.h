// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changes of roles that were made on the screen and not applied: a list of cells with what they
// would become. Pure: roles in, changes out. A cell that comes back to what it is leaves the list.

#include "shared/arena.h"

#include "proto/envelope.pb-c.h"

#define DRAFT_CHANGES_MAX    64
#define PERMISSION_BYTES_MAX 48

// What a role says of a permission.
struct right {
    Scope scope; // SCOPE__SCOPE_NONE: nothing
    bool denied;
    int64_t limit_minor; // 0: none
};

struct draft_change {
    uint64_t role_id;
    char permission[PERMISSION_BYTES_MAX];
    struct right right;
};

struct draft {
    struct draft_change change[DRAFT_CHANGES_MAX];
    size_t count;
    unsigned version; // rises with every change
};

struct right right_of(const RoleCard *role, const char *permission);
bool rights_equal(const struct right *a, const struct right *b);
// The next one when cells are cycled: nothing, own, team, region, all, denied, nothing.
struct right right_next(const struct right *right);
// "all", "deny", "·"; the words of the command line.
const char *right_word(const struct right *right);

// The change of a cell; NULL when there is none.
const struct draft_change *draft_find(const struct draft *draft, uint64_t role_id,
                                      const char *permission);
// Sets what a cell would become; false when the draft is full.
bool draft_set(struct draft *draft, const RoleCard *role, const char *permission,
               const struct right *right);
void draft_undo(struct draft *draft); // the last change
void draft_clear(struct draft *draft);
// Takes out what has become so meanwhile, and roles that are gone.
void draft_settle(struct draft *draft, const RoleListReply *roles);

// The draft as a command; NULL when the arena is exhausted.
RoleApply *draft_request(const struct draft *draft, const RoleListReply *roles,
                         struct arena *arena);
const RoleCard *role_by_id(const RoleListReply *roles, uint64_t id); // NULL when there is none
