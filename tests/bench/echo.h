// SPDX-License-Identifier: Apache-2.0
#pragma once

// An encrypted echo: answers every request with an empty Reply through the real handshake and
// records, a blocking thread a connection, no loop, no admission, no machine. What the real server
// can at best come near to.

#include "client/link.h"

struct echo;

struct echo *echo_start(void);
struct link *echo_link(struct echo *echo);
void echo_stop(struct echo *echo); // after its links are closed
