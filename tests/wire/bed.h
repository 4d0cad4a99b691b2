// SPDX-License-Identifier: Apache-2.0
#pragma once

// The test bed of most suites: a server, an arena and one logged-in link.

#include "tests/unit/unit.h"
#include "tests/wire/ask.h"
#include "tests/wire/server.h"

struct bed {
    struct server server;
    struct arena *arena;
    struct link *link; // NULL once a test has closed it
};

// A bed with other limits calls bed_make, changes bed->server.limits and then bed_start.
struct bed *bed_make(void);
void bed_start(struct bed *bed);

int bed_set_up(void **state);
int bed_tear_down(void **state);

#define BED_TEST(name) cmocka_unit_test_setup_teardown(name, bed_set_up, bed_tear_down)

// Values of the double, written and read on the loop.
void bed_set(struct bed *bed, size_t *value, size_t to);
size_t bed_get(struct bed *bed, const size_t *value);
size_t bed_handled(struct bed *bed);
// Waits until `value` is at least `at_least`.
void bed_await(struct bed *bed, const size_t *value, size_t at_least);

// A bare peer of the enrolled device; with the live session's token.
void bed_peer(struct bed *bed, struct peer_link *peer);
void bed_peer_logged_out(struct bed *bed, struct peer_link *peer);
// Sends a packed request.
void bed_send(struct bed *bed, struct peer_link *peer, uint64_t id, uint8_t flags,
              const Request *request);
