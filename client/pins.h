// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which key the server is asked for, and how that changes: only by a statement that the pinned
// house key has signed, with a serial that rises. There is never a question and no way around it.

#include "client/client.h"

// Opens a link to the pinned key, or to another one that the newest statement calls valid.
MUST_CHECK enum status pins_open(struct client *client, struct link_options *options,
                                 struct link **out);
// On an open link: the server names a key that is not known yet, so its statement is fetched,
// checked and kept.
MUST_CHECK enum status pins_learn(struct client *client);
