// SPDX-License-Identifier: Apache-2.0
#pragma once

// What reports and statements share: an aging row as it is answered.

#include "server/ledger/reading.h"

void report_aging_row(const struct aging_row *from, AgingRow *row);
