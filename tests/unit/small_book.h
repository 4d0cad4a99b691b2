// SPDX-License-Identifier: Apache-2.0
#pragma once

// A store of its own for each case, with a few rows put and read by hand.

#include "server/store/store.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#define SMALL_MAP ((uint64_t)64 * 1024 * 1024)

struct small_book {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    struct store_options options;
    struct store *store;
    struct arena *arena;
};

// For cmocka: made and opened; closed and removed.
int small_book_set_up(void **state);
int small_book_tear_down(void **state);
void small_book_reopen(struct small_book *book);
struct txn *small_book_begin(struct small_book *book, enum txn_mode mode);
void small_book_put_counter(struct txn *txn, uint64_t key, uint64_t next);
uint64_t small_book_get_counter(struct txn *txn, uint64_t key, uint32_t *version);
void small_book_put_id(struct txn *txn, uint64_t a, uint64_t b, uint64_t id);
void small_book_put_user(struct txn *txn, uint64_t id, char *login);
void small_book_del_counter(struct txn *txn, uint64_t key);
