// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rows of tables.def as facts that code can ask for.

#include "server/store/store.h"

struct table_facts {
    const char *name;
    const ProtobufCMessageDescriptor *record;
    uint8_t key_size;
    bool state;
    bool view;
};

// The facts of a table; for a number without a table the name is NULL.
const struct table_facts *table_facts(enum table table);

// The order of keys in every table: bytes, then length.
int row_key_compare(const struct row_key *a, const struct row_key *b);
