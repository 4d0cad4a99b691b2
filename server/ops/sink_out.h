// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a sink writes to: a file that is appended to, or the datagram socket of the system's log.
// Never waits: what does not go now is tried again by the caller.

#include "shared/bytes.h"
#include "shared/status.h"

#include <sys/types.h>

enum sink_kind { SINK_FILE, SINK_SYSLOG };

struct sink_out {
    enum sink_kind kind;
    const char *path;
    int fd; // -1: not open
    dev_t device;
    ino_t inode;
};

// Opens it if it is not open. FILE_ERROR: not now.
MUST_CHECK enum status sink_out_open(struct sink_out *out);
void sink_out_close(struct sink_out *out);
// Writes as much of whole lines as goes; *done gets the bytes that went. FILE_ERROR: closed again.
MUST_CHECK enum status sink_out_write(struct sink_out *out, struct bytes lines, size_t *done);
// Is what is open still what the path names? A log that was deleted or replaced is not.
bool sink_out_is_there(const struct sink_out *out);
