// SPDX-License-Identifier: Apache-2.0
#pragma once

// What reports and statements share: an aging row as it is answered, the name of an item.

#include "server/ledger/reading.h"

void report_aging_row(const struct aging_row *from, AgingRow *row);
// What an item is called: its number in `key`, its text in `name`.
MUST_CHECK enum status report_item_name(struct txn *txn, const struct revenue_row *from,
                                        RevenueRow *row);
