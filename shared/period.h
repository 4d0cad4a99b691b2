// SPDX-License-Identifier: Apache-2.0
#pragma once

// Accounting periods (domain.md d.12): calendar months, as one number that sorts by time,
// year << 8 | month. 0 is none.

#include "shared/day.h"

uint32_t period_of_day(int32_t day);
int32_t period_first_day(uint32_t period);
int32_t period_last_day(uint32_t period);
uint32_t period_after(uint32_t period);
uint32_t period_before(uint32_t period);
uint32_t period_year(uint32_t period);
// January or December of a year.
uint32_t period_begin(uint32_t year);
uint32_t period_end(uint32_t year);

// "2026-10", or "2026" for all months of the year. False when it is neither.
MUST_CHECK bool period_parse(const char *text, uint32_t *first, uint32_t *last);
char *period_print(struct arena *arena, uint32_t period); // "2026-10"
