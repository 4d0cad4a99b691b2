// SPDX-License-Identifier: Apache-2.0
#pragma once

// A command that was typed behind ':', run by the same program as a child with a connection of its
// own: what it prints is read without waiting and kept up to CHILD_BYTES_MAX. It is never asked
// anything: what needs a confirmation says which option gives it.

#include "client/client.h"

#define CHILD_BYTES_MAX ((size_t)256 * 1024)

struct child;

// Starts `kontor LINE`; quotes hold words together as in a shell, nothing else is special. USAGE
// when a quote is not closed or there are no words.
MUST_CHECK enum status child_start(const char *context, enum language language, size_t columns,
                                   const char *line, struct child **out);
// Ends it, if it still runs, and forgets it. NULL accepted.
void child_end(struct child *child);
// To be polled for reading.
int child_descriptor(const struct child *child);
// Takes what it printed. True when it has ended: `exit_code` is its own then.
bool child_turn(struct child *child, int *exit_code);
const char *child_text(const struct child *child);
