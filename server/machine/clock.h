// SPDX-License-Identifier: Apache-2.0
#pragma once

// The wall clock and the book's days. What is stamped here is handed to the machine, which asks no
// clock itself.

#include "shared/base.h"

// Makes `time_zone` ("Asia/Shanghai") the process's; before any thread is started. False when the
// machine does not know it.
bool clock_set_zone(const char *time_zone);

int64_t clock_now_us(void);               // UTC
int32_t clock_day(int64_t instant_us);    // of the instant in the zone
int32_t clock_minute(int64_t instant_us); // of that day: 0 to 1439
void clock_boot(uint8_t out[static 16]);  // which start of the machine; zeros if it does not say
int64_t clock_forward_us(void);           // runs forward only, also through a suspended machine
