// SPDX-License-Identifier: Apache-2.0
#pragma once

// The fence around a process that reads foreign bytes or hands them to a foreign library: after it,
// the process can read its open descriptors, write to them, ask for memory and end; nothing else.
// One that writes files can also make, read and remove files in its own directory. Limits of
// resources always hold; the system call filter and Landlock are used where the kernel has them.
// What must be opened (character set tables, libraries) is opened before.

#include "shared/status.h"

// ENVIRONMENT when not even the limits can be set.
MUST_CHECK enum status fence_close(void);
// The same around a process whose current directory is its own workshop. Without Landlock the
// filter cannot tell that directory from others.
MUST_CHECK enum status fence_close_here(void);

// Is this build's fence complete? Sanitized builds keep CPU and file limits only.
bool fence_is_full(void);
// Has this kernel Landlock?
bool fence_has_landlock(void);
