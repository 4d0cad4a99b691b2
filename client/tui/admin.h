// SPDX-License-Identifier: Apache-2.0
#pragma once

// The pages of `kontor admin`: who may do what, who is there, what happened. Each is a struct of
// operations over the console (console.h); none of them knows a terminal.

#include "client/tui/console.h"

enum admin_action {
    ADMIN_OPEN = ACTION_PAGES,
    ADMIN_INVITE,
    ADMIN_EDIT,
    ADMIN_DISABLE,
    ADMIN_ENABLE,
    ADMIN_REVOKE,
    ADMIN_TRUST,
    ADMIN_PAUSE,
    ADMIN_ONLY_ACTOR,
    ADMIN_VERIFY,
    ADMIN_CYCLE,
    ADMIN_UNDO,
    ADMIN_APPLY,
    ADMIN_WHY,
    ADMIN_DIFF,
    ADMIN_RESET,
    ADMIN_APPROVE,
    ADMIN_DECLINE,
    ADMIN_WITHDRAW,
    ADMIN_END,
    ADMIN_END_OTHERS,
};

extern const struct page_kind ADMIN_ROLES;
extern const struct page_kind ADMIN_USERS;
extern const struct page_kind ADMIN_DEVICES;
extern const struct page_kind ADMIN_APPROVALS;
extern const struct page_kind ADMIN_AUDIT;
extern const struct page_kind ADMIN_SERVER;
extern const struct page_kind ADMIN_SESSIONS;

// Hears the answer to an act: says it is done, and lets every page ask anew.
void admin_done(void *context, const struct answer *answer);
// The last field of a form that takes something away: a word, typed.
void admin_confirm(struct dialog *dialog, const char *word);

// "2026-11-21 19:03" on the book's clock, in the frame; "" for none.
const char *admin_moment(const struct console *console, int64_t instant_us);
// "19:03:12", or "11-20 19:03" of another day.
const char *admin_clock(const struct console *console, int64_t instant_us);
const char *admin_amount(const struct console *console, int64_t minor); // in the frame
// "owner, finance" in the person's language, in the frame.
const char *admin_roles(struct console *console, char *const *role, size_t count);
