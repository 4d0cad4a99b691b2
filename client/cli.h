// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table cli.def, asked by command. Nothing here decides; it is what a command looks like to a
// person.

#include "shared/command.h"

struct cli_noun {
    const char *word;
    const char *short_word;
    const char *sentence; // msgid
};

struct cli_example {
    const char *command;
    const char *line;
    const char *why; // msgid
};

struct cli_empty {
    const char *sentence; // msgid
    const char *line;
};

size_t cli_noun_count(void);
const struct cli_noun *cli_noun_at(size_t index);
size_t cli_example_count(void);
const struct cli_example *cli_example_at(size_t index);
const char *cli_columns(const struct command *command); // NULL: all
const char *cli_done(const struct command *command);    // msgid; NULL: as a record
bool cli_empty(const struct command *command, struct cli_empty *out);
