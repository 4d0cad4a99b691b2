// SPDX-License-Identifier: Apache-2.0
#pragma once

// The back door: a Unix socket inside the book's directory for who stands at the machine as root
// or as the service's user, told by the kernel (SO_PEERCRED). It shares no limit with the door for
// everybody, so that a flood there does not keep the operator out. One line asks, one line answers:
//
//   recover-admin LOGIN  ->  ok KTI1-…   or   no E-CODE

#include "server/admit/admit.h"

#include <uv.h>

#define LOCAL_NAME     "local.sock"
#define LOCAL_LINE_MAX 128
#define LOCAL_ASK      "recover-admin "

struct local;

// STATUS_FILE_ERROR when the path cannot be bound: it is longer than a socket's name may be, for
// one.
MUST_CHECK enum status local_start(uv_loop_t *loop, struct admit *admit, const char *path,
                                   struct local **out);
// Takes no more visits, ends those that are here, then calls back once; then local_free.
void local_stop(struct local *local, void (*stopped)(void *context), void *context);
void local_free(struct local *local); // NULL accepted
