// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes the scheduled reports (server/ledger/schedule.h) into a directory: a file for each period
// that is over, and beside it a note that names its hash, signed by the key of the audit log's
// epoch. A file that is gone is written again, byte for byte the same; when the books of its period
// are others by now it stays away, and the schedule says so. One at a time, on the loop; the report
// itself is read like any other read.
//
// Trap: a file is on the disk before its note is in the rows. A server that dies between the two
// writes the same bytes once more.

#include "server/admit/admit.h"
#include "server/log.h"
#include "server/ops/signer.h"

struct reports_options {
    struct store *store;
    const struct logger *logger;
    struct signer *signer;
    const char *dir; // "": nothing is written
};

struct reports;

MUST_CHECK enum status reports_make(const struct reports_options *options, struct reports **out);
void reports_free(struct reports *reports); // NULL accepted

// Every second or so: begins what is due.
void reports_tick(struct reports *reports, struct admit *admit, int64_t now_us);
