// SPDX-License-Identifier: Apache-2.0
#pragma once

// Requests of the wire tests, and one call with its outcome.

#include "client/link.h"

// An inner message of that type in a Request, both in the arena.
Request *ask_request(struct arena *arena, const char *command);
Request *ask_whoami(struct arena *arena);
Request *ask_list(struct arena *arena);
Request *ask_login(struct arena *arena, char *password);
// A write with a note of `size` bytes.
Request *ask_add(struct arena *arena, size_t size);
// `rows` import rows with `size` bytes of text each.
Request *ask_import(struct arena *arena, size_t rows, size_t size);
Request *ask_watch(struct arena *arena, const uint8_t *from, size_t from_size);

// The status of the reply; asserts that the link itself is well.
enum status ask(struct link *link, const Request *request, struct arena *arena);
struct bytes ask_packed(struct arena *arena, const Request *request);
