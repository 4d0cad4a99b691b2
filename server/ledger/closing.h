// SPDX-License-Identifier: Apache-2.0
#pragma once

// What must hold before a month is sealed (domain.md d.12): no drafts, numbers without gaps, a
// trial balance of 0, open items that tie to the control accounts, nothing unsealed before it, bank
// accounts that are signed off to its last business day, no required item of the checklist that is
// open, and for the last month of a year its year end. Each point is told whether it holds or not.
// Reads and writes ask the same.

#include "server/ledger/period.h"
#include "server/ledger/seal.h"

struct closing {
    PeriodCheck **check;
    size_t count;
    uint32_t earlier;                  // the first month that must be sealed before; 0: none
    uint8_t trial_balance[SEAL_BYTES]; // what a seal would commit to
    uint8_t open_items[SEAL_BYTES];
};

// `sealed`: as if everything were sealed up to and including this month; 0: as it is.
MUST_CHECK enum status closing_check(struct books *books, uint32_t period, uint32_t sealed,
                                     struct closing *out);
bool closing_holds(const struct closing *closing);
