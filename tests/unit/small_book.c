// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/small_book.h"

int small_book_set_up(void **state)
{
    struct small_book *book = malloc(sizeof *book);
    assert_non_null(book);
    memset(book, 0, sizeof *book);
    temporary_make(&book->temporary);
    temporary_path(&book->temporary, "book", book->dir, sizeof book->dir);
    temporary_path(&book->temporary, "book.key", book->key_file, sizeof book->key_file);
    book->options = (struct store_options){
        .dir = book->dir, .key_file = book->key_file, .map_bytes = SMALL_MAP};
    book->arena = arena_make((size_t)64 * 1024 * 1024);
    assert_non_null(book->arena);
    assert_int_equal(keys_start(), STATUS_OK);
    assert_int_equal(store_create(&book->options), STATUS_OK);
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
    *state = book;
    return 0;
}

int small_book_tear_down(void **state)
{
    struct small_book *book = *state;
    store_close(book->store);
    arena_free(book->arena);
    temporary_remove(&book->temporary);
    free(book);
    return 0;
}

void small_book_reopen(struct small_book *book)
{
    store_close(book->store);
    book->store = NULL;
    arena_reset(book->arena);
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
}

struct txn *small_book_begin(struct small_book *book, enum txn_mode mode)
{
    struct txn *txn = NULL;
    assert_int_equal(txn_begin(book->store, mode, book->arena, &txn), STATUS_OK);
    return txn;
}

void small_book_put_counter(struct txn *txn, uint64_t key, uint64_t next)
{
    CounterRecord record;
    counter_record__init(&record);
    record.next = next;
    assert_int_equal(table_put(txn, TABLE_counter, key_u64(key), &record.base), STATUS_OK);
}

uint64_t small_book_get_counter(struct txn *txn, uint64_t key, uint32_t *version)
{
    ProtobufCMessage *message = NULL;
    if (table_get(txn, TABLE_counter, key_u64(key), &message, version) != STATUS_OK) {
        return 0;
    }
    return ((const CounterRecord *)message)->next;
}

void small_book_put_id(struct txn *txn, uint64_t a, uint64_t b, uint64_t id)
{
    IdRecord record;
    id_record__init(&record);
    record.id = id;
    assert_int_equal(table_put(txn, TABLE_open_item, key_u64_u64(a, b), &record.base), STATUS_OK);
}

void small_book_put_user(struct txn *txn, uint64_t id, char *login)
{
    UserRecord record;
    user_record__init(&record);
    record.id = id;
    record.login = login;
    assert_int_equal(table_put(txn, TABLE_user, key_u64(id), &record.base), STATUS_OK);
}

void small_book_del_counter(struct txn *txn, uint64_t key)
{
    assert_int_equal(table_del(txn, TABLE_counter, key_u64(key)), STATUS_OK);
}
