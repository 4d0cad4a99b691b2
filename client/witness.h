// SPDX-License-Identifier: Apache-2.0
#pragma once

// A witness: the last signed checkpoint as a text that can be printed and put into a drawer. Years
// later it says whether the journal is still the one that it was. What counts in it is the signed
// note at its end; the lines above say the same to people.

#include "client/client.h"
#include "shared/checkpoint.h"

// The last checkpoint of the server at the end of client->link, whose journal was proven: its note,
// checked. TAMPERED when it is not what the anchor says.
MUST_CHECK enum status witness_take(struct client *client, struct bytes *note,
                                    struct checkpoint *out);
MUST_CHECK enum status witness_print(struct client *client, struct bytes note,
                                     const struct checkpoint *checkpoint, FILE *out);

// Reads a file that witness_print wrote, or the note alone, and has the server show the key that
// signed it, by the chain from the house key. UNREADABLE when there is no note in the file.
MUST_CHECK enum status witness_read(struct client *client, const char *path,
                                    struct checkpoint *out);
