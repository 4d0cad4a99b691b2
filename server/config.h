// SPDX-License-Identifier: Apache-2.0
#pragma once

// The configuration of the server: defaults of config.def, then the file (libconfuse), then the
// command line. Texts live as long as the configuration. No secret stands in it.

#include "shared/status.h"

struct config {
#define CONFIG(key, value, sentence) char *key;
#include "server/config.def"
#undef CONFIG
};

// Defaults. STATUS_ENVIRONMENT when the machine has no memory.
MUST_CHECK enum status config_init(struct config *config);
void config_wipe(struct config *config);

// `path` NULL: /etc/kontord/kontord.conf, if it is there. STATUS_FILE_ERROR; STATUS_CONFIGURATION,
// having said file and line on standard error.
MUST_CHECK enum status config_read(struct config *config, const char *path);

// Replaces one value ("listen"); false when there is no such key.
MUST_CHECK bool config_set(struct config *config, const char *key, const char *value);
