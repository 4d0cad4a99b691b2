// SPDX-License-Identifier: Apache-2.0
#pragma once

// An empty store in a directory of its own, and rows put into it without a machine: what suites of
// store, rows and views stand on. Ends the test when the machine refuses.

#include "server/store/store.h"
#include "tests/unit/temporary.h"

struct shelf {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    struct store *store;
    struct arena *arena; // of the running transaction
};

void shelf_make(struct shelf *shelf);
void shelf_free(struct shelf *shelf);
struct txn *shelf_begin(struct shelf *shelf, enum txn_mode mode);
void shelf_put(struct txn *txn, enum table table, uint64_t id, const ProtobufCMessage *record);

struct shelf_customer {
    uint64_t id;
    uint32_t sequence;
    CustomerKind kind;
    uint64_t owner_id;
    const char *name, *company, *phone, *email, *tax_id, *reference, *region, *class, *tag;
    bool archived;
};

// With a vault of its own (the id of the customer) and its texts sealed under it.
void shelf_customer(struct txn *txn, const struct shelf_customer *customer);
void shelf_user(struct txn *txn, uint64_t id, const char *login, const char *team);
