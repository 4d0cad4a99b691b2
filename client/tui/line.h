// SPDX-License-Identifier: Apache-2.0
#pragma once

// The same pages for people who hear them, or on a slow line: numbered menus, one question at a
// time, plain lines on stdout, answers from stdin. No pictures, nothing is drawn over.

#include "client/tui/console_own.h"

MUST_CHECK enum status line_run(struct console *console);
