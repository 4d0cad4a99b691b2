// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every change of a role has in common: changes are made in a copy of the set; what the copy
// would do to people decides, and then it is put (role.h). For role_edit.c and role_add.c.

#include "server/ledger/books.h"
#include "server/ledger/duty.h"

#include "proto/role.pb-c.h"

struct editing {
    struct txn *txn;
    struct call *call;
    struct role_set before;
    struct role_set after;
    struct effect effect;
    RoleRecord *role; // that the reply is about
};

MUST_CHECK enum status editing_load(struct editing *editing);
// A copy whose arrays have room for every permission and class; NULL when the arena is exhausted.
RoleRecord *editing_copy(struct arena *arena, const RoleRecord *role);
MUST_CHECK enum status editing_refuse(struct editing *editing, enum status status,
                                      const char *field, const char *asked, const char *allowed);
// The role that is to be changed: the owner's never is, nor one that the caller holds.
MUST_CHECK enum status editing_role(struct editing *editing, uint64_t id, RoleRecord **out);
void editing_mark(struct editing *editing, const RoleRecord *role);
void editing_widen(RoleRecord *role);
MUST_CHECK enum status editing_judge(struct editing *editing);
MUST_CHECK enum status editing_put(struct editing *editing);
void editing_answer(const struct editing *editing, RoleReply *reply);
