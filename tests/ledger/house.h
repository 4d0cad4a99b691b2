// SPDX-License-Identifier: Apache-2.0
#pragma once

// A book in a temporary directory, with the ledger's functions called directly: no machine, no
// network. For suites that ask what the rows are after each call.

#include "server/ledger/books.h"
#include "tests/unit/temporary.h"

struct house {
    struct temporary temporary;
    struct store *store;
    struct arena *arena;
    struct txn *txn; // of the running call
    struct call call;
    uint64_t number;
    int32_t book_day;
};

// Ends the program when the machine refuses: a suite without its book says nothing.
void house_make(struct house *house, const char *chart, int32_t book_day);
void house_free(struct house *house);

// A call in its own transaction; house_end commits what was done, and proves that a refusal wrote
// nothing.
void house_begin(struct house *house);
void house_end(struct house *house, enum status status);
// The command whose function is called next; those that know a second person ask for its row.
void house_command(struct house *house, const char *name);

uint64_t house_customer(struct house *house);
