// SPDX-License-Identifier: Apache-2.0
// Rows, scans, previews and changes.
#include "tests/unit/small_book.h"

// ---- rows ----

static void a_committed_row_is_there_after_opening_again(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 77);
    txn_head(txn)->number = 5;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    small_book_reopen(book);
    txn = small_book_begin(book, TXN_READ);
    uint32_t version = 0;
    assert_int_equal(small_book_get_counter(txn, 1, &version), 77);
    assert_int_equal(version, 1);
    assert_int_equal(txn_head(txn)->number, 5);
    txn_abort(txn);
}

static void an_aborted_row_is_gone(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 77);
    txn_abort(txn);
    txn = small_book_begin(book, TXN_READ);
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_counter, key_u64(1), &message, NULL), STATUS_NOT_FOUND);
    txn_abort(txn);
}

static void the_row_version_counts_up(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    small_book_put_counter(txn, 1, 2);
    uint32_t version = 0;
    assert_int_equal(small_book_get_counter(txn, 1, &version), 2);
    assert_int_equal(version, 2);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 3);
    assert_int_equal(small_book_get_counter(txn, 1, &version), 3);
    assert_int_equal(version, 3);
    txn_abort(txn);
}

static void a_reader_keeps_its_snapshot_and_its_head(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    txn_head(txn)->number = 1;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    struct txn *reader = small_book_begin(book, TXN_READ);
    txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 2);
    txn_head(txn)->number = 2;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    assert_int_equal(small_book_get_counter(reader, 1, NULL), 1);
    assert_int_equal(txn_head(reader)->number, 1);
    txn_abort(reader);
    reader = small_book_begin(book, TXN_READ);
    assert_int_equal(small_book_get_counter(reader, 1, NULL), 2);
    assert_int_equal(txn_head(reader)->number, 2);
    txn_abort(reader);
}

static void a_batch_that_writes_nothing_commits_nothing(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_WRITE);
    txn_head(txn)->number = 99;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    small_book_reopen(book);
    txn = small_book_begin(book, TXN_READ);
    assert_int_equal(txn_head(txn)->number, 0);
    txn_abort(txn);
}

// The digest is over the rows, whatever order and whatever way they came to be.
static void the_digest_is_that_of_the_rows(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    const struct digest empty = txn_head(txn)->digest;
    small_book_put_counter(txn, 1, 10);
    const struct digest one = txn_head(txn)->digest;
    small_book_put_id(txn, 3, 4, 5);
    small_book_put_user(txn, 9, (char *)(uintptr_t) "lin");
    assert_memory_not_equal(&one, &txn_head(txn)->digest, sizeof one);
    assert_int_equal(table_del(txn, TABLE_open_item, key_u64_u64(3, 4)), STATUS_OK);
    assert_int_equal(table_del(txn, TABLE_user, key_u64(9)), STATUS_OK);
    assert_memory_equal(&one, &txn_head(txn)->digest, sizeof one);
    assert_int_equal(table_del(txn, TABLE_counter, key_u64(1)), STATUS_OK);
    assert_memory_equal(&empty, &txn_head(txn)->digest, sizeof empty);
    assert_int_equal(table_del(txn, TABLE_counter, key_u64(1)), STATUS_NOT_FOUND);
    txn_abort(txn);
}

// Of all counters in key order, as a scan and table_count see them.
static void assert_counters(struct txn *txn, const uint64_t *expected, size_t count)
{
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    assert_int_equal(scan_open(txn, TABLE_counter, key_u64(0), 0, false, &scan), STATUS_OK);
    struct row_key key;
    ProtobufCMessage *message = NULL;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(scan_next(scan, &key, &message), STATUS_OK);
        assert_int_equal(((const CounterRecord *)message)->next, expected[i]);
    }
    assert_int_equal(scan_next(scan, &key, &message), STATUS_END);
    uint64_t counted = 0;
    assert_int_equal(table_count(txn, TABLE_counter, &counted), STATUS_OK);
    assert_int_equal(counted, count);
}

// A batch seals them once, at its end; nobody who reads in the batch or behind it can tell.
static void hot_rows_are_as_if_each_put_had_been_stored(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    const struct digest empty = txn_head(txn)->digest;
    small_book_put_counter(txn, 1, 10);
    small_book_put_counter(txn, 2, 20);
    assert_int_equal(txn_commit(txn), STATUS_OK);

    txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 11);
    small_book_put_counter(txn, 3, 30);
    small_book_put_counter(txn, 4, 40);
    small_book_put_counter(txn, 1, 12);
    small_book_del_counter(txn, 2);
    small_book_del_counter(txn, 4);
    assert_int_equal(table_del(txn, TABLE_counter, key_u64(2)), STATUS_NOT_FOUND);
    const uint64_t inside[] = {12, 30};
    assert_counters(txn, inside, 2);
    assert_int_equal(txn_settle(txn), STATUS_OK);
    assert_counters(txn, inside, 2);
    small_book_put_counter(txn, 1, 13);
    small_book_put_counter(txn, 4, 44);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    small_book_reopen(book);

    txn = small_book_begin(book, TXN_WRITE);
    const uint64_t behind[] = {13, 30, 44};
    assert_counters(txn, behind, 3);
    uint32_t version = 0;
    assert_int_equal(small_book_get_counter(txn, 1, &version), 13);
    assert_int_equal(version, 4);
    assert_int_equal(small_book_get_counter(txn, 4, &version), 44);
    assert_int_equal(version, 1);
    small_book_del_counter(txn, 1);
    small_book_del_counter(txn, 3);
    small_book_del_counter(txn, 4);
    assert_int_equal(txn_settle(txn), STATUS_OK);
    assert_memory_equal(&empty, &txn_head(txn)->digest, sizeof empty);
    txn_abort(txn);
}

static void a_table_aside_leaves_the_digest_alone(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    const struct digest before = txn_head(txn)->digest;
    VaultRecord record;
    vault_record__init(&record);
    uint8_t key[KEY_BYTES] = {1};
    record.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
    assert_int_equal(table_put(txn, TABLE_vault, key_u64(7), &record.base), STATUS_OK);
    assert_memory_equal(&before, &txn_head(txn)->digest, sizeof before);
    txn_abort(txn);
}

// ---- scans ----

static size_t walk(struct txn *txn, struct row_key from, size_t prefix, bool backwards,
                   uint64_t *out)
{
    CLEANUP(scan_close_at) struct scan *scan = NULL;
    assert_int_equal(scan_open(txn, TABLE_open_item, from, prefix, backwards, &scan), STATUS_OK);
    struct row_key key;
    ProtobufCMessage *message = NULL;
    size_t count = 0;
    enum status status = scan_next(scan, &key, &message);
    while (status == STATUS_OK) {
        out[count++] = row_key_second(&key);
        status = scan_next(scan, &key, &message);
    }
    assert_int_equal(status, STATUS_END);
    assert_int_equal(scan_next(scan, &key, &message), STATUS_END);
    return count;
}

static void fill_items(struct txn *txn)
{
    const uint64_t rows[][2] = {{1, 5}, {2, 10}, {2, 20}, {2, 30}, {3, 1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        small_book_put_id(txn, rows[i][0], rows[i][1], 1);
    }
}

static void check_walks(struct txn *txn)
{
    uint64_t seen[8];
    assert_int_equal(walk(txn, key_u64_u64(2, 0), 8, false, seen), 3);
    assert_int_equal(seen[0], 10);
    assert_int_equal(seen[2], 30);
    assert_int_equal(walk(txn, key_u64_u64(2, 20), 8, false, seen), 2);
    assert_int_equal(seen[0], 20);
    assert_int_equal(walk(txn, key_u64_u64(2, UINT64_MAX), 8, true, seen), 3);
    assert_int_equal(seen[0], 30);
    assert_int_equal(seen[2], 10);
    assert_int_equal(walk(txn, key_u64_u64(2, 20), 8, true, seen), 2);
    assert_int_equal(walk(txn, (struct row_key){.size = 0}, 0, false, seen), 5);
    assert_int_equal(seen[0], 5);
    assert_int_equal(walk(txn, (struct row_key){.size = 0}, 0, true, seen), 5);
    assert_int_equal(seen[0], 1);
    assert_int_equal(walk(txn, key_u64_u64(4, 0), 8, false, seen), 0);
    assert_int_equal(walk(txn, key_u64_u64(UINT64_MAX, 0), 0, true, seen), 5);
}

static void scans_keep_order_and_prefix_in_every_mode(void **state)
{
    struct small_book *book = *state;
    struct txn *preview = small_book_begin(book, TXN_PREVIEW);
    fill_items(preview);
    check_walks(preview);
    txn_abort(preview);
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    fill_items(txn);
    check_walks(txn);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_READ);
    check_walks(txn);
    txn_abort(txn);
}

static void a_preview_shows_its_own_rows_over_the_stored_ones(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_id(txn, 2, 10, 1);
    small_book_put_id(txn, 2, 30, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_PREVIEW);
    small_book_put_id(txn, 2, 20, 1);
    small_book_put_id(txn, 2, 5, 1);
    assert_int_equal(table_del(txn, TABLE_open_item, key_u64_u64(2, 30)), STATUS_OK);
    uint64_t seen[8];
    assert_int_equal(walk(txn, key_u64_u64(2, 0), 8, false, seen), 3);
    assert_int_equal(seen[0], 5);
    assert_int_equal(seen[1], 10);
    assert_int_equal(seen[2], 20);
    assert_int_equal(walk(txn, key_u64_u64(2, UINT64_MAX), 8, true, seen), 3);
    assert_int_equal(seen[0], 20);
    uint64_t count = 0;
    assert_int_equal(table_count(txn, TABLE_open_item, &count), STATUS_OK);
    assert_int_equal(count, 3);
    txn_abort(txn);
    txn = small_book_begin(book, TXN_READ);
    assert_int_equal(table_count(txn, TABLE_open_item, &count), STATUS_OK);
    assert_int_equal(count, 2);
    txn_abort(txn);
}

static void a_batch_may_delete_what_it_scans(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    for (uint64_t i = 1; i <= 500; i++) {
        small_book_put_id(txn, 1, i, i);
    }
    struct scan *scan = NULL;
    assert_int_equal(scan_open(txn, TABLE_open_item, key_u64_u64(1, 0), 8, false, &scan),
                     STATUS_OK);
    struct row_key key;
    ProtobufCMessage *message = NULL;
    uint64_t count = 0;
    while (scan_next(scan, &key, &message) == STATUS_OK) {
        count++;
        assert_int_equal(row_key_second(&key), count);
        assert_int_equal(table_del(txn, TABLE_open_item, key), STATUS_OK);
    }
    assert_int_equal(count, 500);
    scan_close(scan);
    assert_int_equal(table_count(txn, TABLE_open_item, &count), STATUS_OK);
    assert_int_equal(count, 0);
    txn_abort(txn);
}

// ---- previews, plans, changes ----

static void a_preview_is_equal_to_the_commit(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    uint64_t next[2];
    uint32_t version[2];

    const enum txn_mode modes[] = {TXN_PREVIEW, TXN_WRITE};

    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        txn = small_book_begin(book, modes[i]);
        small_book_put_counter(txn, 1, small_book_get_counter(txn, 1, NULL) + 41);
        next[i] = small_book_get_counter(txn, 1, &version[i]);
        txn_abort(txn);
    }
    assert_int_equal(next[0], 42);
    assert_int_equal(next[1], 42);
    assert_int_equal(version[0], version[1]);
}

static void read_and_plan(struct txn *txn, uint8_t token[static 16])
{
    (void)small_book_get_counter(txn, 1, NULL);
    (void)small_book_get_counter(txn, 2, NULL);
    txn_plan(txn, bytes_of("request", 7), token);
}

static void the_plan_token_follows_what_was_read(void **state)
{
    struct small_book *book = *state;
    uint8_t first[16];
    uint8_t second[16];
    struct txn *txn = small_book_begin(book, TXN_PREVIEW);
    read_and_plan(txn, first);
    small_book_put_counter(txn, 5, 1);
    (void)small_book_get_counter(txn, 9, NULL);
    txn_plan(txn, bytes_of("request", 7), second);
    assert_memory_equal(first, second, sizeof first);
    txn_plan(txn, bytes_of("requesT", 7), second);
    assert_memory_not_equal(first, second, sizeof first);
    txn_abort(txn);

    txn = small_book_begin(book, TXN_WRITE);
    read_and_plan(txn, second);
    assert_memory_equal(first, second, sizeof first);
    small_book_put_counter(txn, 2, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_PREVIEW);
    read_and_plan(txn, second);
    assert_memory_not_equal(first, second, sizeof first);
    txn_abort(txn);
}

static void the_first_write_refuses_another_plan(void **state)
{
    struct small_book *book = *state;
    uint8_t token[16];
    struct txn *txn = small_book_begin(book, TXN_PREVIEW);
    read_and_plan(txn, token);
    txn_abort(txn);
    CounterRecord record;
    counter_record__init(&record);
    txn = small_book_begin(book, TXN_WRITE);
    txn_plan_expect(txn, bytes_of("request", 7), token);
    (void)small_book_get_counter(txn, 3, NULL);
    assert_int_equal(table_put(txn, TABLE_counter, key_u64(1), &record.base), STATUS_PLAN_CHANGED);
    assert_false(txn_call_has_written(txn));
    txn_call_begin(txn, book->arena, NULL);
    txn_plan_expect(txn, bytes_of("request", 7), token);
    uint8_t again[16];
    read_and_plan(txn, again);
    assert_int_equal(table_put(txn, TABLE_counter, key_u64(1), &record.base), STATUS_OK);
    assert_true(txn_call_has_written(txn));
    txn_abort(txn);
}

static void changes_name_each_viewed_row_once_as_it_was_left(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_user(txn, 9, (char *)(uintptr_t) "lin");
    small_book_put_user(txn, 8, (char *)(uintptr_t) "wang");
    small_book_put_user(txn, 9, (char *)(uintptr_t) "li");
    small_book_put_counter(txn, 1, 1);
    assert_int_equal(table_del(txn, TABLE_user, key_u64(8)), STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    size_t count = 0;
    const struct change *change = txn_changes(txn, &count);
    assert_non_null(change);
    assert_int_equal(count, 2);
    assert_null(change[0].record);
    assert_int_equal(row_key_first(&change[0].key), 8);
    assert_int_equal(change[1].table, TABLE_user);
    assert_string_equal(((const UserRecord *)change[1].record)->login, "li");
    txn_abort(txn);
}

static void a_row_that_was_only_read_is_no_change(void **state)
{
    struct small_book *book = *state;
    AccountRecord account;
    account_record__init(&account);
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    assert_int_equal(table_put(txn, TABLE_account, key_u64(1122), &account.base), STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_WRITE);
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_account, key_u64(1122), &message, NULL), STATUS_OK);
    char login[] = "zhang";
    small_book_put_user(txn, 7, login);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    size_t count = 0;
    const struct change *change = txn_changes(txn, &count);
    assert_int_equal(count, 1);
    assert_int_equal(change[0].table, TABLE_user);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, small_book_set_up, small_book_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_committed_row_is_there_after_opening_again),
        CASE(an_aborted_row_is_gone),
        CASE(the_row_version_counts_up),
        CASE(a_reader_keeps_its_snapshot_and_its_head),
        CASE(a_batch_that_writes_nothing_commits_nothing),
        CASE(the_digest_is_that_of_the_rows),
        CASE(hot_rows_are_as_if_each_put_had_been_stored),
        CASE(a_table_aside_leaves_the_digest_alone),
        CASE(scans_keep_order_and_prefix_in_every_mode),
        CASE(a_preview_shows_its_own_rows_over_the_stored_ones),
        CASE(a_batch_may_delete_what_it_scans),
        CASE(a_preview_is_equal_to_the_commit),
        CASE(the_plan_token_follows_what_was_read),
        CASE(the_first_write_refuses_another_plan),
        CASE(changes_name_each_viewed_row_once_as_it_was_left),
        CASE(a_row_that_was_only_read_is_no_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
