// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a bench stands on: customers and documents, through import, several groups in flight.

#include "tests/load/load.h"

struct ground_import {
    struct link *link; // that carries it
    struct arena *arena;
    struct arena *inbox; // what is received
    ImportKind kind;
    size_t rows;
    size_t customers; // that the documents are shared out to
    bool unpaid;      // all of them stay open
};

// Customers named B-0, B-1, …; documents of 400 days from 2024-10-04 on for them, every second one
// settled 20 days later, unless all are of one customer or stay open. Returns rows a second.
double ground_import(const struct ground_import *what);
uint64_t ground_customer(struct link *link, struct arena *arena, const char *number);
