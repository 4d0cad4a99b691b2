// SPDX-License-Identifier: Apache-2.0
#pragma once

// A log that forgets: the back end behind server/machine/log.h for suites that ask tens of
// thousands of questions of one book. A group is applied in a real write transaction, on the
// caller's thread, and then given up, so that each question finds the same rows; while keeping, it
// is committed. Linked in place of server/machine/log.c.

#include "server/machine/log.h"

void undo_keep(bool keeps); // at the start it keeps
