// SPDX-License-Identifier: Apache-2.0
#pragma once

// Columns: arrays that grow and are found by ascending ids. Memory of the views is made here and in
// corpus.c and order.c only.

#include "shared/status.h"

#define NONE UINT32_MAX // no index

// Room for `capacity` elements of `size` bytes, zeroed behind the first `count`. On failure *whole
// becomes false and `data` stays.
void *column_grow(void *data, size_t count, size_t capacity, size_t size, bool *whole);

// The next capacity that holds `need`: grows by a quarter, so that a million rows waste little.
size_t column_capacity(size_t capacity, size_t need);

// Index of `id` among ascending `ids`; NONE when it is not there.
uint32_t column_find(const uint64_t *ids, size_t count, uint64_t id);
