// SPDX-License-Identifier: Apache-2.0
#pragma once

// A few threads of our own for work that must not run on the loop: reads with their own
// transaction, password hashes. Work is done in order of arrival by whoever is free; `done` is
// called on the loop. libuv's pool is left alone: it is shared with the library's own file and name
// calls.

#include "shared/status.h"

#include <uv.h>

struct workers;

struct work {
    void (*run)(struct work *work);  // on a worker thread
    void (*done)(struct work *work); // on the loop
    void *subject;                   // the caller's
    struct work *next;
};

// At most `waiting_max` pieces wait beside those that run.
MUST_CHECK enum status workers_make(uv_loop_t *loop, size_t thread_count, size_t waiting_max,
                                    struct workers **out);
// STATUS_BUSY when too much waits. `work` belongs to the workers until `done`.
MUST_CHECK enum status workers_submit(struct workers *workers, struct work *work);
// Finishes what waits, ends the threads, then calls back on the loop; then workers_free.
void workers_stop(struct workers *workers, void (*stopped)(void *context), void *context);
void workers_free(struct workers *workers); // NULL accepted
