// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sixty-four clients that begin at one moment, each with a request of its own, and what they were
// answered.

#include "tests/load/load.h"

#include <pthread.h>

#define CLIENTS 64

struct client {
    pthread_t thread;
    struct link *link;
    struct arena *arena;
    Request *request;
    pthread_barrier_t *start;
    uint32_t status;
    bool replayed;
    char number[32];
    uint64_t id;
};

// Prints the claim, and ends the program when it does not hold.
void must(bool holds, const char *claim);
// Everybody sends its request; comes back when all are answered.
void together(struct client clients[static CLIENTS]);
size_t count_status(const struct client *clients, enum status status);
// The whole program: a server of its own for the build in words[1], the clients and `claims` about
// them. Prints last where the book lies, and returns what main() returns.
int together_run(int count, char **words,
                 void (*claims)(struct load *load, struct client *clients));
