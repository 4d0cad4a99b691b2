// SPDX-License-Identifier: Apache-2.0
#pragma once

// A store with two people in it, an owner and a seller, each with a device and a session: what
// suites of the machine and the queue begin with, before there is a ledger that could make them.

#include "server/machine/machine.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#define USER_OWNER    11
#define USER_SALES    12
#define DEVICE_OWNER  21
#define DEVICE_SALES  22
#define SESSION_OWNER 31
#define SESSION_SALES 32
#define NOON_US       ((int64_t)1795233600 * 1000000)
#define EXPIRY_US     (NOON_US + 8000000)

extern const struct peer OWNER;
extern const struct peer SALES;

// An empty store in the directory; all stores of one directory share a key file.
struct store *people_store(const struct temporary *temporary, const char *name);
void people_put(struct store *store);
