// SPDX-License-Identifier: Apache-2.0
#include "server/store/pages.h"
#include "server/store/store.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SMALL_MAP ((uint64_t)64 * 1024 * 1024)

struct house {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    struct store_options options;
    struct store *store;
    struct arena *arena;
};

static int set_up(void **state)
{
    struct house *house = malloc(sizeof *house);
    assert_non_null(house);
    memset(house, 0, sizeof *house);
    temporary_make(&house->temporary);
    temporary_path(&house->temporary, "book", house->dir, sizeof house->dir);
    temporary_path(&house->temporary, "book.key", house->key_file, sizeof house->key_file);
    house->options = (struct store_options){
        .dir = house->dir, .key_file = house->key_file, .map_bytes = SMALL_MAP};
    house->arena = arena_make((size_t)64 * 1024 * 1024);
    assert_non_null(house->arena);
    assert_int_equal(keys_start(), STATUS_OK);
    assert_int_equal(store_create(&house->options), STATUS_OK);
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    arena_free(house->arena);
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

static void reopen(struct house *house)
{
    store_close(house->store);
    house->store = NULL;
    arena_reset(house->arena);
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
}

static struct txn *begin(struct house *house, enum txn_mode mode)
{
    struct txn *txn = NULL;
    assert_int_equal(txn_begin(house->store, mode, house->arena, &txn), STATUS_OK);
    return txn;
}

static void put_counter(struct txn *txn, uint64_t key, uint64_t next)
{
    CounterRecord record;
    counter_record__init(&record);
    record.next = next;
    assert_int_equal(table_put(txn, TABLE_counter, key_u64(key), &record.base), STATUS_OK);
}

static uint64_t get_counter(struct txn *txn, uint64_t key, uint32_t *version)
{
    ProtobufCMessage *message = NULL;
    if (table_get(txn, TABLE_counter, key_u64(key), &message, version) != STATUS_OK) {
        return 0;
    }
    return ((const CounterRecord *)message)->next;
}

static void put_id(struct txn *txn, uint64_t a, uint64_t b, uint64_t id)
{
    IdRecord record;
    id_record__init(&record);
    record.id = id;
    assert_int_equal(table_put(txn, TABLE_open_item, key_u64_u64(a, b), &record.base), STATUS_OK);
}

static void put_user(struct txn *txn, uint64_t id, char *login)
{
    UserRecord record;
    user_record__init(&record);
    record.id = id;
    record.login = login;
    assert_int_equal(table_put(txn, TABLE_user, key_u64(id), &record.base), STATUS_OK);
}

static void del_counter(struct txn *txn, uint64_t key)
{
    assert_int_equal(table_del(txn, TABLE_counter, key_u64(key)), STATUS_OK);
}

// ---- rows ----

static void a_committed_row_is_there_after_opening_again(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 77);
    txn_head(txn)->number = 5;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    reopen(house);
    txn = begin(house, TXN_READ);
    uint32_t version = 0;
    assert_int_equal(get_counter(txn, 1, &version), 77);
    assert_int_equal(version, 1);
    assert_int_equal(txn_head(txn)->number, 5);
    txn_abort(txn);
}

static void an_aborted_row_is_gone(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 77);
    txn_abort(txn);
    txn = begin(house, TXN_READ);
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_counter, key_u64(1), &message, NULL), STATUS_NOT_FOUND);
    txn_abort(txn);
}

static void the_row_version_counts_up(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    put_counter(txn, 1, 2);
    uint32_t version = 0;
    assert_int_equal(get_counter(txn, 1, &version), 2);
    assert_int_equal(version, 2);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 3);
    assert_int_equal(get_counter(txn, 1, &version), 3);
    assert_int_equal(version, 3);
    txn_abort(txn);
}

static void a_reader_keeps_its_snapshot_and_its_head(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    txn_head(txn)->number = 1;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    struct txn *reader = begin(house, TXN_READ);
    txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 2);
    txn_head(txn)->number = 2;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    assert_int_equal(get_counter(reader, 1, NULL), 1);
    assert_int_equal(txn_head(reader)->number, 1);
    txn_abort(reader);
    reader = begin(house, TXN_READ);
    assert_int_equal(get_counter(reader, 1, NULL), 2);
    assert_int_equal(txn_head(reader)->number, 2);
    txn_abort(reader);
}

static void a_batch_that_writes_nothing_commits_nothing(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_WRITE);
    txn_head(txn)->number = 99;
    assert_int_equal(txn_commit(txn), STATUS_OK);
    reopen(house);
    txn = begin(house, TXN_READ);
    assert_int_equal(txn_head(txn)->number, 0);
    txn_abort(txn);
}

// The digest is over the rows, whatever order and whatever way they came to be.
static void the_digest_is_that_of_the_rows(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    const struct digest empty = txn_head(txn)->digest;
    put_counter(txn, 1, 10);
    const struct digest one = txn_head(txn)->digest;
    put_id(txn, 3, 4, 5);
    put_user(txn, 9, (char *)(uintptr_t) "lin");
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
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    const struct digest empty = txn_head(txn)->digest;
    put_counter(txn, 1, 10);
    put_counter(txn, 2, 20);
    assert_int_equal(txn_commit(txn), STATUS_OK);

    txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 11);
    put_counter(txn, 3, 30);
    put_counter(txn, 4, 40);
    put_counter(txn, 1, 12);
    del_counter(txn, 2);
    del_counter(txn, 4);
    assert_int_equal(table_del(txn, TABLE_counter, key_u64(2)), STATUS_NOT_FOUND);
    const uint64_t inside[] = {12, 30};
    assert_counters(txn, inside, 2);
    assert_int_equal(txn_settle(txn), STATUS_OK);
    assert_counters(txn, inside, 2);
    put_counter(txn, 1, 13);
    put_counter(txn, 4, 44);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    reopen(house);

    txn = begin(house, TXN_WRITE);
    const uint64_t behind[] = {13, 30, 44};
    assert_counters(txn, behind, 3);
    uint32_t version = 0;
    assert_int_equal(get_counter(txn, 1, &version), 13);
    assert_int_equal(version, 4);
    assert_int_equal(get_counter(txn, 4, &version), 44);
    assert_int_equal(version, 1);
    del_counter(txn, 1);
    del_counter(txn, 3);
    del_counter(txn, 4);
    assert_int_equal(txn_settle(txn), STATUS_OK);
    assert_memory_equal(&empty, &txn_head(txn)->digest, sizeof empty);
    txn_abort(txn);
}

static void a_table_aside_leaves_the_digest_alone(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
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
        put_id(txn, rows[i][0], rows[i][1], 1);
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
    struct house *house = *state;
    struct txn *preview = begin(house, TXN_PREVIEW);
    fill_items(preview);
    check_walks(preview);
    txn_abort(preview);
    struct txn *txn = begin(house, TXN_WRITE);
    fill_items(txn);
    check_walks(txn);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_READ);
    check_walks(txn);
    txn_abort(txn);
}

static void a_preview_shows_its_own_rows_over_the_stored_ones(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_id(txn, 2, 10, 1);
    put_id(txn, 2, 30, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_PREVIEW);
    put_id(txn, 2, 20, 1);
    put_id(txn, 2, 5, 1);
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
    txn = begin(house, TXN_READ);
    assert_int_equal(table_count(txn, TABLE_open_item, &count), STATUS_OK);
    assert_int_equal(count, 2);
    txn_abort(txn);
}

static void a_batch_may_delete_what_it_scans(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    for (uint64_t i = 1; i <= 500; i++) {
        put_id(txn, 1, i, i);
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
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    uint64_t next[2];
    uint32_t version[2];

    const enum txn_mode modes[] = {TXN_PREVIEW, TXN_WRITE};

    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        txn = begin(house, modes[i]);
        put_counter(txn, 1, get_counter(txn, 1, NULL) + 41);
        next[i] = get_counter(txn, 1, &version[i]);
        txn_abort(txn);
    }
    assert_int_equal(next[0], 42);
    assert_int_equal(next[1], 42);
    assert_int_equal(version[0], version[1]);
}

static void read_and_plan(struct txn *txn, uint8_t token[static 16])
{
    (void)get_counter(txn, 1, NULL);
    (void)get_counter(txn, 2, NULL);
    txn_plan(txn, bytes_of("request", 7), token);
}

static void the_plan_token_follows_what_was_read(void **state)
{
    struct house *house = *state;
    uint8_t first[16];
    uint8_t second[16];
    struct txn *txn = begin(house, TXN_PREVIEW);
    read_and_plan(txn, first);
    put_counter(txn, 5, 1);
    (void)get_counter(txn, 9, NULL);
    txn_plan(txn, bytes_of("request", 7), second);
    assert_memory_equal(first, second, sizeof first);
    txn_plan(txn, bytes_of("requesT", 7), second);
    assert_memory_not_equal(first, second, sizeof first);
    txn_abort(txn);

    txn = begin(house, TXN_WRITE);
    read_and_plan(txn, second);
    assert_memory_equal(first, second, sizeof first);
    put_counter(txn, 2, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_PREVIEW);
    read_and_plan(txn, second);
    assert_memory_not_equal(first, second, sizeof first);
    txn_abort(txn);
}

static void the_first_write_refuses_another_plan(void **state)
{
    struct house *house = *state;
    uint8_t token[16];
    struct txn *txn = begin(house, TXN_PREVIEW);
    read_and_plan(txn, token);
    txn_abort(txn);
    CounterRecord record;
    counter_record__init(&record);
    txn = begin(house, TXN_WRITE);
    txn_plan_expect(txn, bytes_of("request", 7), token);
    (void)get_counter(txn, 3, NULL);
    assert_int_equal(table_put(txn, TABLE_counter, key_u64(1), &record.base), STATUS_PLAN_CHANGED);
    assert_false(txn_call_has_written(txn));
    txn_call_begin(txn, house->arena, NULL);
    txn_plan_expect(txn, bytes_of("request", 7), token);
    uint8_t again[16];
    read_and_plan(txn, again);
    assert_int_equal(table_put(txn, TABLE_counter, key_u64(1), &record.base), STATUS_OK);
    assert_true(txn_call_has_written(txn));
    txn_abort(txn);
}

static void changes_name_each_viewed_row_once_as_it_was_left(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_user(txn, 9, (char *)(uintptr_t) "lin");
    put_user(txn, 8, (char *)(uintptr_t) "wang");
    put_user(txn, 9, (char *)(uintptr_t) "li");
    put_counter(txn, 1, 1);
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

// ---- keys ----

static void a_row_that_was_only_read_is_no_change(void **state)
{
    struct house *house = *state;
    AccountRecord account;
    account_record__init(&account);
    struct txn *txn = begin(house, TXN_WRITE);
    assert_int_equal(table_put(txn, TABLE_account, key_u64(1122), &account.base), STATUS_OK);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_WRITE);
    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_account, key_u64(1122), &message, NULL), STATUS_OK);
    char login[] = "zhang";
    put_user(txn, 7, login);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    size_t count = 0;
    const struct change *change = txn_changes(txn, &count);
    assert_int_equal(count, 1);
    assert_int_equal(change[0].table, TABLE_user);
}

static void a_wrong_or_missing_key_opens_nothing(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    house->store = NULL;
    struct store *store = NULL;
    char away[200];
    (void)snprintf(away, sizeof away, "%s.away", house->key_file);
    assert_int_equal(rename(house->key_file, away), 0);
    assert_int_equal(store_open(&house->options, &store), STATUS_KEY_MISSING);
    const int fd = open(house->key_file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
    assert_int_equal(close(fd), 0);
    assert_int_equal(store_open(&house->options, &store), STATUS_KEY_MISSING);
    assert_int_equal(rename(away, house->key_file), 0);
    assert_int_equal(chmod(house->key_file, 0644), 0);
    assert_int_equal(store_open(&house->options, &store), STATUS_KEY_MISSING);
    assert_int_equal(chmod(house->key_file, 0600), 0);
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
}

static void a_second_opener_is_refused(void **state)
{
    struct house *house = *state;
    struct store *store = NULL;
    assert_int_equal(store_open(&house->options, &store), STATUS_STORE_LOCKED);
    assert_null(store);
}

static void the_keyring_opens_by_passphrase_too(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    house->store = NULL;
    assert_int_equal(store_set_passphrase(&house->options, "one two three four"), STATUS_OK);
    assert_int_equal(store_set_passphrase(&house->options, "five six seven eight"), STATUS_OK);
    struct store_options options = house->options;
    options.key_file = NULL;
    options.passphrase = "one two three four";
    struct store *store = NULL;
    assert_int_equal(store_open(&options, &store), STATUS_KEY_MISSING);
    options.passphrase = "five six seven eight";
    assert_int_equal(store_open(&options, &store), STATUS_OK);
    store_close(store);
    char path[256];
    for (int generation = 1; generation <= 2; generation++) {
        (void)snprintf(path, sizeof path, "%s/keyring.%d", house->dir, generation);
        assert_int_equal(access(path, R_OK), 0);
    }
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
}

static void every_byte_of_the_keyring_counts(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    house->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/keyring", house->dir);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    for (off_t at = 0; at < file.st_size; at++) {
        temporary_flip(path, at, 1);
        struct store *store = NULL;
        assert_int_not_equal(store_open(&house->options, &store), STATUS_OK);
        assert_null(store);
        temporary_flip(path, at, 1);
    }
    assert_int_equal(truncate(path, file.st_size - 1), 0);
    struct store *store = NULL;
    assert_int_not_equal(store_open(&house->options, &store), STATUS_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(&house->options, &store), STATUS_INCOMPLETE);
}

static void a_keyed_hash_depends_on_domain_and_value(void **state)
{
    const struct house *house = *state;
    uint8_t a[16];
    uint8_t b[16];
    store_hash(house->store, "tax_id", bytes_of("1", 1), a);
    store_hash(house->store, "tax_id", bytes_of("1", 1), b);
    assert_memory_equal(a, b, sizeof a);
    store_hash(house->store, "login", bytes_of("1", 1), b);
    assert_memory_not_equal(a, b, sizeof a);
    store_hash(house->store, "tax_id1", bytes_of("", 0), b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void a_box_opens_in_its_place_only_and_not_without_its_key(void **state)
{
    struct house *house = *state;
    CLEANUP(key_wipe) struct key key = key_random();
    struct txn *txn = begin(house, TXN_WRITE);
    VaultRecord record;
    vault_record__init(&record);
    record.key = (ProtobufCBinaryData){.len = KEY_BYTES, .data = key.bytes};
    assert_int_equal(table_put(txn, TABLE_vault, key_u64(7), &record.base), STATUS_OK);
    ProtobufCBinaryData box;
    assert_int_equal(vault_seal(&key, 7, 2, 0, "恒通", house->arena, &box), STATUS_OK);
    char *text = NULL;
    assert_int_equal(vault_open(txn, 7, 2, 0, box, &text), STATUS_OK);
    assert_string_equal(text, "恒通");
    assert_int_equal(vault_open(txn, 7, 3, 0, box, &text), STATUS_TAMPERED);
    assert_int_equal(vault_open(txn, 7, 2, 1, box, &text), STATUS_TAMPERED);
    assert_int_equal(table_del(txn, TABLE_vault, key_u64(7)), STATUS_OK);
    assert_int_equal(vault_open(txn, 7, 2, 0, box, &text), STATUS_KEY_DESTROYED);
    txn_abort(txn);
}

// ---- damage and want of room ----

static void a_full_map_refuses_and_changes_nothing(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    house->store = NULL;
    house->options.map_bytes = (uint64_t)1024 * 1024;
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = begin(house, TXN_WRITE);
    IdRecord record;
    id_record__init(&record);
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < 100000 && status == STATUS_OK; i++) {
        status = table_put(txn, TABLE_open_item, key_u64_u64(1, i), &record.base);
    }
    assert_int_equal(status, STATUS_STORE_FULL);
    txn_abort(txn);
    txn = begin(house, TXN_WRITE);
    assert_int_equal(get_counter(txn, 1, NULL), 1);
    put_counter(txn, 1, 2);
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static void soft_limits_of_map_and_disk_are_seen(void **state)
{
    struct house *house = *state;
    assert_int_equal(store_room(house->store), STATUS_OK);
    store_close(house->store);
    house->options.disk_soft_bytes = UINT64_MAX;
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    assert_int_equal(store_room(house->store), STATUS_STORE_FULL);
    store_close(house->store);
    house->options.disk_soft_bytes = 0;
    house->options.map_bytes = (uint64_t)256 * 1024;
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < 2000 && status == STATUS_OK; i++) {
        struct txn *txn = begin(house, TXN_WRITE);
        put_id(txn, 1, i, 1);
        assert_int_equal(txn_commit(txn), STATUS_OK);
        status = store_room(house->store);
    }
    assert_int_equal(status, STATUS_STORE_FULL);
}

// Walks every row of every table.
static enum status read_all(struct house *house)
{
    struct txn *txn = NULL;
    enum status status = txn_begin(house->store, TXN_READ, house->arena, &txn);
    for (enum table table = TABLE_head; table < TABLE_LIMIT && status == STATUS_OK; table++) {
        if (table_name(table) == NULL) {
            continue;
        }
        CLEANUP(scan_close_at) struct scan *scan = NULL;
        status = scan_open(txn, table, (struct row_key){.size = 0}, 0, false, &scan);
        while (status == STATUS_OK) {
            struct row_key key;
            ProtobufCMessage *message = NULL;
            status = scan_next(scan, &key, &message);
        }
        status = status == STATUS_END ? STATUS_OK : status;
    }
    txn_abort(txn);
    return status;
}

static void a_flipped_bit_in_a_value_is_found(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    assert_int_equal(read_all(house), STATUS_OK);
    store_close(house->store);
    house->store = NULL;
    // The value is found by its header: format 1, epoch 1, version 1, under its key.
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    const uint8_t mark[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1};
    const off_t at = temporary_find(path, mark, sizeof mark);
    assert_true(at > 0);
    for (off_t offset = 8; offset < 8 + 64; offset++) {
        temporary_flip(path, at + offset, (int)(offset % 8));
        assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
        assert_int_equal(read_all(house), STATUS_TAMPERED);
        store_close(house->store);
        house->store = NULL;
        arena_reset(house->arena);
        temporary_flip(path, at + offset, (int)(offset % 8));
    }
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    assert_int_equal(read_all(house), STATUS_OK);
}

static void a_cut_or_emptied_file_gives_a_status(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    for (uint64_t i = 0; i < 3000; i++) {
        put_id(txn, 1, i, 1);
    }
    assert_int_equal(txn_commit(txn), STATUS_OK);
    store_close(house->store);
    house->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    for (off_t size = file.st_size / 2; size > 0; size /= 2) {
        assert_int_equal(truncate(path, size), 0);
        struct store *store = NULL;
        enum status status = store_open(&house->options, &store);
        if (status == STATUS_OK) {
            house->store = store;
            status = read_all(house);
            store_close(store);
            house->store = NULL;
        }
        assert_int_not_equal(status, STATUS_OK);
        arena_reset(house->arena);
    }
}

// A book with rows of every size, some of them deleted, so that there are long values and free
// pages.
static void fill_book(struct house *house)
{
    char text[6001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (uint64_t i = 1; i <= 400; i++) {
        struct txn *txn = begin(house, TXN_WRITE);
        put_user(txn, i, text + (i * 37) % 6000);
        put_id(txn, i % 7, i, 1);
        if (i % 3 == 0) {
            assert_int_equal(table_del(txn, TABLE_user, key_u64(i / 2)), STATUS_OK);
        }
        assert_int_equal(txn_commit(txn), STATUS_OK);
        arena_reset(house->arena);
    }
}

static void sound_pages_pass(void **state)
{
    struct house *house = *state;
    fill_book(house);
    struct page_report report;
    assert_int_equal(pages_check(house->dir, &report), STATUS_OK);
    assert_null(report.fault);
    assert_true(report.free_pages > 0);
    struct txn *txn = begin(house, TXN_READ);
    uint64_t rows = 0;
    for (enum table table = TABLE_head; table < TABLE_LIMIT; table++) {
        uint64_t count = 0;
        if (table_name(table) != NULL) {
            assert_int_equal(table_count(txn, table, &count), STATUS_OK);
        }
        rows += count;
    }
    txn_abort(txn);
    assert_int_equal(report.row_count, rows);
}

static WRAPS uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 16;
}

// Whatever bit of the file is turned over: the check of the pages finds it, or opening and reading
// do, or it lies where nothing is. Nothing ends the process.
static void a_flipped_bit_anywhere_ends_no_process(void **state)
{
    struct house *house = *state;
    fill_book(house);
    store_close(house->store);
    house->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    uint64_t seed = 1;
    int found = 0;
    for (int i = 0; i < 1500; i++) {
        // Half of the flips go to the heads of pages, where the structure is.
        const off_t any = (off_t)(next_random(&seed) % (uint64_t)file.st_size);
        const off_t at = i % 2 == 0 ? any : any / 4096 * 4096 + any % 48;
        temporary_flip(path, at, i % 8);
        struct page_report report;
        enum status status = pages_check(house->dir, &report);
        struct store *store = NULL;
        if (status == STATUS_OK) {
            status = store_open(&house->options, &store);
        }
        if (status == STATUS_OK) {
            house->store = store;
            status = read_all(house);
            store_close(store);
            house->store = NULL;
        }
        found += status != STATUS_OK ? 1 : 0;
        arena_reset(house->arena);
        temporary_flip(path, at, i % 8);
    }
    assert_true(found > 300);
}

// The size of pages stands in both meta pages, and LMDB believes the newer one.
static void a_meta_page_with_another_page_size_is_found(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    house->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    for (off_t meta = 0; meta < 2; meta++) {
        const off_t high_byte_of_the_size = meta * 4096 + 16 + 24 + 2;
        temporary_flip(path, high_byte_of_the_size, 1);
        struct page_report report;
        assert_int_equal(pages_check(house->dir, &report), STATUS_TAMPERED);
        temporary_flip(path, high_byte_of_the_size, 1);
    }
}

// LMDB has two meta pages and takes the one with the higher transaction number. Without the newer
// one it would silently go back by a commit.
static void a_lost_meta_page_is_found(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    store_close(house->store);
    house->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    temporary_zero(path, 0, 4096);
    struct store *store = NULL;
    assert_int_not_equal(store_open(&house->options, &store), STATUS_OK);
    assert_null(store);
}

// ---- creation ----

static void a_store_is_never_made_over_another(void **state)
{
    const struct house *house = *state;
    assert_int_equal(store_create(&house->options), STATUS_STORE_EXISTS);
}

static void an_unfinished_creation_is_discarded(void **state)
{
    struct house *house = *state;
    store_close(house->store);
    house->store = NULL;
    char creating[256];
    char inside[300];
    (void)snprintf(creating, sizeof creating, "%s.creating", house->dir);
    (void)snprintf(inside, sizeof inside, "%s/keyring", creating);
    assert_int_equal(mkdir(creating, 0700), 0);
    const int fd = open(inside, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(store_open(&house->options, &house->store), STATUS_OK);
    assert_int_equal(access(creating, F_OK), -1);
}

static void nothing_of_a_row_is_readable_on_the_disk(void **state)
{
    struct house *house = *state;
    struct txn *txn = begin(house, TXN_WRITE);
    put_user(txn, 9, (char *)(uintptr_t) "canary-of-the-disk");
    assert_int_equal(txn_commit(txn), STATUS_OK);
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", house->dir);
    assert_true(temporary_find(path, (const uint8_t *)"canary-of-the-disk", 18) < 0);
    assert_true(temporary_find(path, (const uint8_t *)"open_item", 9) >= 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        CASE(a_wrong_or_missing_key_opens_nothing),
        CASE(a_second_opener_is_refused),
        CASE(the_keyring_opens_by_passphrase_too),
        CASE(every_byte_of_the_keyring_counts),
        CASE(a_keyed_hash_depends_on_domain_and_value),
        CASE(a_box_opens_in_its_place_only_and_not_without_its_key),
        CASE(a_full_map_refuses_and_changes_nothing),
        CASE(soft_limits_of_map_and_disk_are_seen),
        CASE(a_flipped_bit_in_a_value_is_found),
        CASE(a_cut_or_emptied_file_gives_a_status),
        CASE(sound_pages_pass),
        CASE(a_flipped_bit_anywhere_ends_no_process),
        CASE(a_meta_page_with_another_page_size_is_found),
        CASE(a_lost_meta_page_is_found),
        CASE(a_store_is_never_made_over_another),
        CASE(an_unfinished_creation_is_discarded),
        CASE(nothing_of_a_row_is_readable_on_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
