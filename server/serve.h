// SPDX-License-Identifier: Apache-2.0
#pragma once

// The server at work: opens the book, builds the views, wires queue, admission and listener
// together on one loop, and lets them down in the opposite order when it is told to stop.

#include "server/admit/policy.h"
#include "server/config.h"
#include "server/log.h"
#include "server/ops/sink_line.h"
#include "server/store/store.h"
#include "server/upkeep.h"

struct serve_options {
    struct store_options store;
    const char *listen;       // host:port; port 0 takes a free one
    const char *address;      // that invitations name; "": the one listened on
    const char *socket_path;  // "": none
    const char *address_file; // gets the address once it is listened on; NULL: none
    struct totp_policy totp;
    bool new_device_needs_approval;
    const char *sink_file; // second places of the journal; "": none
    const char *sink_syslog;
    enum sink_form sink_form;
    int32_t check_minute;    // upkeep.h
    const char *reports_dir; // reports.h
    bool accepts_clock;      // that stands more than a day before the last commit
    const struct logger *logger;
};

// Returns when SIGTERM or SIGINT came and everything is let down. STATUS_ENVIRONMENT when the
// outcome of a commit is unknown: then the process must end at once.
MUST_CHECK enum status serve(const struct serve_options *options);
