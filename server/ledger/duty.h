// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a change of roles or users does to people, judged on the book as it would be: who may do
// more or less, who would hold two duties that exclude each other (CONFLICT of permissions.def),
// and whether somebody who may change roles is left. Every command that could break one of these
// asks here, before it writes.

#include "server/ledger/role.h"

// The book as it would be.
struct would_be {
    const struct role_set *before;
    const struct role_set *after;  // the same set when no role changes
    const UserRecord *user;        // as he would be, instead of the row of his id; NULL: nobody
    const UserRecord *user_before; // as he is; NULL: he is new, or nobody
    uint64_t without_device_id;    // that would be revoked; 0: none
};

struct effect {
    Consequence **consequence;
    size_t consequence_count;
    RoleConflict **conflict;
    size_t conflict_count;
    uint32_t people; // affected
    bool is_refused; // there is a conflict that is not allowed and was not there before
};

// Who is affected and how, and the conflicts of those people, in the call's arena.
MUST_CHECK enum status duty_effect(struct txn *txn, struct call *call,
                                   const struct would_be *would_be, struct effect *out);

// Refuses with E-CONFLICT, one problem for each new conflict.
MUST_CHECK enum status duty_refuse_conflicts(struct txn *txn, struct call *call,
                                             const struct effect *effect, const char *field);

// Refuses with E-LAST-ADMIN when nobody would be left who is active, may change every role and has
// an active device, and somebody is now. Where roles change by two persons only (the rule for
// roles), two must be left, each of whom may decide.
MUST_CHECK enum status duty_need_admin(struct txn *txn, struct call *call,
                                       const struct would_be *would_be, const char *field);

// Who gives somebody rights, takes them or has him join anew, could act as that person, or put a
// puppet in his place. So what an owner is, only owners touch; and who may change roles, only who
// may change roles. Refuses when the caller is below `user`.
MUST_CHECK enum status duty_need_rank(struct txn *txn, struct call *call,
                                      const struct role_set *set, const UserRecord *user,
                                      const char *field);

// Could the caller do more as `user` than he can as himself?
MUST_CHECK enum status duty_would_gain(struct txn *txn, struct call *call,
                                       const struct role_set *set, const UserRecord *user,
                                       bool *gains);

// Are there two who could change roles where that takes two?
MUST_CHECK enum status duty_has_two_admins(struct txn *txn, struct call *call, bool *has);

// The three of them for one user who changes: `before` is NULL when he is new or was disabled.
MUST_CHECK enum status duty_judge_user(struct txn *txn, struct call *call,
                                       const struct role_set *set, const UserRecord *before,
                                       const UserRecord *after, struct effect *effect);

// Does this user, with these rights, hold both duties of rule `index`? The owner may.
size_t duty_rule_count(void);
const char *duty_rule_word(size_t index);
const char *duty_rule_text(size_t index);
bool duty_collides(const struct rights *rights, size_t index);
