// SPDX-License-Identifier: Apache-2.0
#pragma once

// `kontord audit verify --report`: is a report the one that the server wrote and signed? Its note,
// beside it, must be signed by the key of the epoch that it names, and name the file's hash.

#include "server/store/store.h"

// STATUS_FILE_ERROR when report or note cannot be read; STATUS_TAMPERED when either is another.
MUST_CHECK enum status signed_check(const struct store_options *options, const char *path);
