// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server's own commands on a book that no server has open: the record, its signature and its
// effects are one commit, as when it serves.

#include "server/machine/machine.h"
#include "server/ops/server_keys.h"
#include "server/ops/signer.h"

struct offline {
    struct store *store;
    struct signer *signer;
    struct server_keys keys;
    struct arena *arena;
    int64_t instant_us;
};

void offline_close(struct offline *offline); // for CLEANUP

// STATUS_STORE_LOCKED while a server is at work.
MUST_CHECK enum status offline_open(const struct store_options *options, int64_t instant_us,
                                    struct offline *out);
// Runs the command and signs the journal behind it; a refusal is returned as its status.
MUST_CHECK enum status offline_run(struct offline *offline, Request *request,
                                   const struct admitted *admitted);
