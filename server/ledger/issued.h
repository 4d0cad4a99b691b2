// SPDX-License-Identifier: Apache-2.0
#pragma once

// Statements of account that were issued (domain.md d.10), as other files of the ledger need them:
// their number, and what they rest on. Their figures are worked out anew whenever one is shown,
// from the rows that the books had then.

#include "server/ledger/call.h"

#define REMIND_DAYS_DEFAULT 14

// "ST-2026-0001", in `arena`; NULL when it is exhausted.
char *issued_number(struct arena *arena, const IssuedRecord *issued);

// Rows with a smaller id are those that the first `records` records of the journal have made.
uint64_t issued_before_id(uint64_t records);
