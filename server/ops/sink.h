// SPDX-License-Identifier: Apache-2.0
#pragma once

// Second places for what the journal says: a file and the system's log, so that who takes the book
// over does not hold all that tells of it. Each sink has a thread of its own which reads the
// journal behind the commits and writes the open part of each record (sink_line.h). The journal
// itself is the queue: memory is bounded, nothing is dropped, and a sink that is full, stuck or
// gone stops nobody but itself. It catches up by itself; its lag is measured and, over an hour, an
// alarm.
//
// What a sink has is kept as a number in DIR/sink.NAME. After a power cut some lines may come
// twice; their numbers say so. A sink that is new begins with what happens from now on.

#include "server/log.h"
#include "server/ops/sink_line.h"
#include "server/store/store.h"

#define SINKS_MAX     2
#define SINK_ALARM_US ((int64_t)3600 * 1000000)

struct sinks;

struct sinks_options {
    struct store *store;
    const char *dir;    // of the book
    const char *file;   // path of the file sink; "": none
    const char *syslog; // path of the log's datagram socket ("/dev/log"); "": none
    enum sink_form form;
    const struct logger *logger;
    // Last committed number; asked by the threads.
    uint64_t (*number)(void *context);
    void *number_context;
    uint32_t look_ms;  // how often the journal is looked at; 0: 200
    uint32_t check_ms; // how often the file's existence and inode are; 0: a minute
    int64_t alarm_us;  // lag that is an alarm; 0: SINK_ALARM_US
};

MUST_CHECK enum status sinks_start(const struct sinks_options *options, struct sinks **out);

enum sink_state { SINK_OK, SINK_BEHIND, SINK_FAILED };

struct sink_report {
    const char *name; // "file", "syslog"
    enum sink_state state;
    int64_t lag_us; // since the oldest record that it does not have; 0: it has all
    uint64_t number;
    uint32_t alarms; // said in the log since the start
};

size_t sinks_report(struct sinks *sinks, struct sink_report out[static SINKS_MAX]);

// Gives each thread a moment to finish what it writes; one that hangs is left behind, since the
// process ends.
void sinks_stop(struct sinks *sinks); // NULL accepted
