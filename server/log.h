// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the server says about itself: one line of key=value pairs on standard error for each
// decision. Never a secret, never business data: no names, amounts, texts or keys; ids, numbers,
// codes and addresses only. shared, ledger, views and store never log.

#include "shared/status.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

struct logger {
    enum log_level level; // what is less urgent is not said
};

// "error", "warn", "info", "debug".
MUST_CHECK bool logger_level(const char *word, enum log_level *level);

// NULL is silent.  time=… level=… event="…" and the formatted pairs behind it; `pairs` may be "".
void logger_say(const struct logger *logger, enum log_level level, const char *event,
                const char *pairs, ...) PRINTF(4, 5);
