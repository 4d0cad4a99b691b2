// SPDX-License-Identifier: Apache-2.0
#pragma once

// What went wrong, said to a person or to a program: what failed, why with the values, what to do,
// the code. Always on stderr; as JSON when --json was given.

#include "client/client.h"

// Prints what `status` means for this run.
void complaint_print(const struct client *client, enum status status);
