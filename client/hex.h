// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bytes as lower-case hexadecimal digits, for the client's own files and for request ids.

#include "shared/base.h"

// `out` has room for 2 * size + 1.
void hex_print(const uint8_t *bytes, size_t size, char *out);
// Exactly `size` bytes, nothing before or behind.
bool hex_parse(const char *text, uint8_t *out, size_t size);
