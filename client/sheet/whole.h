// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a workbook back after it was written: libxlsxwriter does not hear of a disk that is full
// while it writes its scratch files, and packs what came through.

#include "shared/base.h"

#define WHOLE_SHEETS_MAX 32

// Is every part of the file there from its first to its last tag, unharmed, and are there so many
// rows on each sheet?
bool whole_is(const char *path, const uint32_t *rows, size_t sheet_count);
