// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pages over rows in order of their ids: the cursor is the id to go on with, as text. Lists that
// have an order of their own go through the views.

#include "server/ledger/call.h"

uint32_t cursor_limit(uint32_t limit); // the default for 0, the maximum for more
char *cursor_print(struct arena *arena, uint64_t id);
// "" is 0. False when it is not a cursor.
bool cursor_parse(const char *text, uint64_t *id);

// A page of a reply; `next_id` 0: the last one.
Page *cursor_page(struct arena *arena, uint64_t count, uint64_t next_id);
