// SPDX-License-Identifier: Apache-2.0
#pragma once

// --all: walks a list from page to page, and makes one reply of them or hands on each.

#include "client/client.h"

// The first answer with the rows of all pages and without a next page; sums and count are the
// server's. USAGE when the command answers with no list.
MUST_CHECK enum status gather_call(struct client *client, const struct command *command,
                                   ProtobufCMessage *inner, Reply **out);

typedef enum status gather_page(void *context, const ProtobufCMessage *answer);
// Calls `page` with the first answer and, when all pages are wanted, with each of the others, which
// are gone afterwards: memory does not grow with the list. The first one stays.
MUST_CHECK enum status gather_each(struct client *client, const struct command *command,
                                   ProtobufCMessage *inner, gather_page *page, void *context,
                                   Reply **first);
