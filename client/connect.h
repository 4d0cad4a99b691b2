// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sockets with deadlines: connecting to an address, waiting for a descriptor. The bytes are
// link.c's business.

#include "shared/status.h"

// Milliseconds of the monotonic clock; deadlines below are such instants.
int64_t clock_ms(void);

// "host:port", "[v6]:port" or "unix:/path"; every address of a name is tried. `source`: local
// address to bind to, or NULL. The descriptor does not block. STATUS_UNREACHABLE; STATUS_USAGE when
// the address is not one.
MUST_CHECK enum status connect_open(const char *address, const char *source, int64_t deadline_ms,
                                    int *descriptor);
// Waits for POLLIN or POLLOUT in `events`; false when the deadline came first. Never longer than
// the deadline.
bool connect_wait(int descriptor, short events, int64_t deadline_ms, short *seen);
