// SPDX-License-Identifier: Apache-2.0
#pragma once

// --all: walks a list from page to page and makes one reply of them.

#include "client/client.h"

// The first answer with the rows of all pages and without a next page; sums and count are the
// server's. USAGE when the command answers with no list.
MUST_CHECK enum status gather_call(struct client *client, const struct command *command,
                                   ProtobufCMessage *inner, Reply **out);
