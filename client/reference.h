// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a person typed for an object -> its id. The server finds; here it is decided whether a loose
// match is good enough: for reading, if it is the only one; for writing, if the person confirms it
// (or --yes). Numbers, references and whole names always are.

#include "client/client.h"

struct reference {
    struct client *client;
    bool for_write;
};

// The callback of args.h; `context` is a struct reference. NOT_FOUND, AMBIGUOUS with the candidates
// as hints, CANCELLED.
MUST_CHECK enum status reference_find(void *context, FindNoun noun, const char *text, uint64_t *id);
