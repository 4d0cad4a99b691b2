// SPDX-License-Identifier: Apache-2.0
#pragma once

// The client's own files as JSON objects: how they are named, read and written. Used by who keeps
// something (profile.h, seen.h), and by nobody else.

#include "client/home.h"

#include <jansson.h>

void json_free_at(json_t **json); // for CLEANUP
void text_free_at(char **text);   // wiped

// DATA/contexts/NAME.ENDING, with its directory made; NOT_FOUND for what is no name.
MUST_CHECK enum status context_path(struct arena *arena, const struct home *home, const char *name,
                                    const char *ending, const char **out);

// CONFIGURATION when the file is no JSON object.
MUST_CHECK enum status json_read(struct arena *arena, const char *path, json_t **out);
MUST_CHECK enum status json_write(const char *path, const json_t *json);

// Bytes as hexadecimal digits, exactly `size` of them; numbers as they are, 0 when there is none.
bool hex_get(const json_t *json, const char *key, uint8_t *out, size_t size);
uint64_t number_get(const json_t *json, const char *key);
// Not 0 when memory was short.
int hex_set(json_t *json, const char *key, const uint8_t *bytes, size_t size);
int number_set(json_t *json, const char *key, uint64_t number);
