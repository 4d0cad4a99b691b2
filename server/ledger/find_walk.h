// SPDX-License-Identifier: Apache-2.0
#pragma once

// Objects that no view knows: roles, approvals, findings, bank accounts and their lines. Their rows
// are walked, and each is compared by its number or its whole name.

#include "server/ledger/call.h"

// Fills `reply` for a table of this kind; `folded` is what a person typed. False when the table is
// searched in the views (find.c).
bool find_walks(enum table table);
MUST_CHECK enum status find_walk(struct txn *txn, struct call *call, enum table table,
                                 const char *folded, FindReply *reply);
