// SPDX-License-Identifier: Apache-2.0
#pragma once

// One command of the server, from words to output: parse, fill in, check, call, show. Knows no
// command by name but two whose words need a hand: edits (the version that is edited) and
// invitations (--output).

#include "client/client.h"

MUST_CHECK enum status command_run(struct client *client, const struct command *command,
                                   size_t count, const char *const *words);

// Words to the inner message of a command, with references resolved. The message is there also when
// words were refused, for what else is wrong with it.
MUST_CHECK enum status command_parse(struct client *client, const struct command *command,
                                     size_t count, const char *const *words,
                                     ProtobufCMessage **out);
