// SPDX-License-Identifier: Apache-2.0
#pragma once

// Random requests of the shape that commands have: whatever its descriptor and fields.def say, with
// values out of pools, so that many of them find something. The same seed gives the same requests
// on every machine.

#include "shared/arena.h"
#include "shared/command.h"

#define RANDOM_POOL_MAX 512

struct random_pool {
    uint64_t id[RANDOM_POOL_MAX];
    size_t count;
};

struct random {
    uint64_t state;
    struct arena *arena;
    struct random_pool customers, invoices, payments, entries, users, devices, roles, others;
    const char *text[RANDOM_POOL_MAX]; // names, numbers, words of queries
    size_t text_count;
    int32_t today;
};

uint32_t random_below(struct random *random, uint32_t below);
void random_keep(struct random_pool *pool, uint64_t id);
const char *random_text(struct random *random);

// A message of that type with its needed fields and some of the others; fields of admission and
// those of replies stay empty.
ProtobufCMessage *random_message(struct random *random,
                                 const ProtobufCMessageDescriptor *descriptor);
