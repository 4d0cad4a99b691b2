// SPDX-License-Identifier: Apache-2.0
#pragma once

// Business days: weekends rest and other days work, except for the days of table calendar. They are
// announced year by year, so a due day is moved by what is known when its document is issued, and
// stays.

#include "server/ledger/call.h"
#include "server/store/rows.h"
#include "shared/terms.h"

// Moves `day` to a business day, within a year; where there is none it stays.
MUST_CHECK enum status calendar_shift(struct txn *txn, enum terms_shift shift, int32_t *day);
