// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small book that changes at random, kept beside the store as plain arrays: the views must say
// what the arrays say.

#include "server/views/views.h"
#include "tests/unit/shelf.h"
#include "tests/unit/unit.h"

#define USERS         4
#define CUSTOMERS_MAX 60
#define ITEMS_MAX     400
#define FIRST_DAY     20000
#define LAST_DAY      20400

struct model_item {
    uint64_t id, customer_id, document_id;
    bool debit;
    int32_t date_day, due_day;
    int32_t dispute_day, settled_day; // in dispute from, until; 0: never, not ended
    int64_t amount, open;
    uint32_t sequence;
};

struct model_allocation {
    size_t debit, credit;
    int64_t amount; // signed
    int32_t day;
};

struct model {
    struct shelf shelf;
    struct views *views;
    uint64_t random;
    uint64_t number;
    uint32_t ordinal;
    struct shelf_customer customer[CUSTOMERS_MAX];
    char text[CUSTOMERS_MAX][3][64];
    size_t customers;
    struct model_item item[ITEMS_MAX];
    size_t items;
    struct model_allocation allocation[ITEMS_MAX];
    size_t allocations;
    uint32_t next_invoice, next_payment;
};

// For cmocka: a new book, its views, and nothing in them.
int model_set_up(void **state);
int model_tear_down(void **state);
WRAPS uint64_t model_draw(struct model *model, uint64_t below);
uint64_t model_new_id(struct model *model);
// A batch of one journal number, which the views take when it ends.
struct txn *model_begin(struct model *model);
void model_end(struct model *model, struct txn *txn);
void model_put_customer(struct model *model, struct txn *txn, size_t at);
void model_put_item(struct txn *txn, const struct model_item *item);
void model_put_invoice(struct txn *txn, const struct model_item *item);
// So many random changes in one batch; and as many batches as make a book to look at.
void model_run(struct model *model, size_t steps);
void model_fill(struct model *model);

// What a person asks with, whether that shows customers of this owner, and the plain array's row.
struct filter model_filter(uint64_t user_id, enum scope scope, const char *team, enum view contact);
bool model_sees(const struct filter *filter, uint64_t owner_id);
const struct shelf_customer *model_customer(const struct model *model, uint64_t id);
