// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fence around a process that reads foreign bytes: after it, the process can read its open
// descriptors, write to them, ask for memory and end; nothing else. Limits of resources always
// hold; the system call filter and Landlock are used where the kernel has them. What must be opened
// (character set tables) is opened before.

#include "shared/status.h"

// ENVIRONMENT when not even the limits can be set.
MUST_CHECK enum status fence_close(void);

// Is this build's fence complete? Sanitized builds keep CPU and file limits only.
bool fence_is_full(void);
