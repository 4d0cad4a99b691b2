// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reports that the server writes by itself, one file for each period (requirements, d.18): which
// period comes next, when it is due, and what its file is called. The rows say what was written, so
// that a restart neither repeats nor forgets.

#include "server/ledger/books.h"

struct schedule_days {
    int32_t from_day, to_day;
};

// The period that a day lies in.
struct schedule_days schedule_days(ReportEvery every, int32_t day);
// The day on which the next period is written.
int32_t schedule_due(const ScheduleRecord *schedule);
// "month-end-2026-10-31.json". NULL when the arena is exhausted.
char *schedule_file(struct arena *arena, const char *word, int32_t to_day);
