// SPDX-License-Identifier: Apache-2.0
#pragma once

// The outcomes of kontor, from proto/status.def. Every function that can fail returns one; 0 is
// success.

#include "shared/base.h"

enum status {

#define STATUS(name, number, exit_code, code, sentence) STATUS_##name = (number),
#include "proto/status.def"
#undef STATUS
};

bool status_is_known(uint32_t number);

// Text code ("E-ALLOC-OVER"), exit code of the client, and English sentence (the msgid of the
// catalogues).
const char *status_code(enum status status);
int status_exit(enum status status);
const char *status_sentence(enum status status);
