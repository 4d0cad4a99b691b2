// SPDX-License-Identifier: Apache-2.0
// Keys, damage, want of room, and how a store comes to be.
#include "server/store/pages.h"
#include "tests/unit/small_book.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// ---- keys ----

static void a_wrong_or_missing_key_opens_nothing(void **state)
{
    struct small_book *book = *state;
    store_close(book->store);
    book->store = NULL;
    struct store *store = NULL;
    char away[200];
    (void)snprintf(away, sizeof away, "%s.away", book->key_file);
    assert_int_equal(rename(book->key_file, away), 0);
    assert_int_equal(store_open(&book->options, &store), STATUS_KEY_MISSING);
    const int fd = open(book->key_file, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
    assert_int_equal(close(fd), 0);
    assert_int_equal(store_open(&book->options, &store), STATUS_KEY_MISSING);
    assert_int_equal(rename(away, book->key_file), 0);
    assert_int_equal(chmod(book->key_file, 0644), 0);
    assert_int_equal(store_open(&book->options, &store), STATUS_KEY_MISSING);
    assert_int_equal(chmod(book->key_file, 0600), 0);
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
}

static void a_second_opener_is_refused(void **state)
{
    struct small_book *book = *state;
    struct store *store = NULL;
    assert_int_equal(store_open(&book->options, &store), STATUS_STORE_LOCKED);
    assert_null(store);
}

static void the_keyring_opens_by_passphrase_too(void **state)
{
    struct small_book *book = *state;
    store_close(book->store);
    book->store = NULL;
    assert_int_equal(store_set_passphrase(&book->options, "one two three four"), STATUS_OK);
    assert_int_equal(store_set_passphrase(&book->options, "five six seven eight"), STATUS_OK);
    struct store_options options = book->options;
    options.key_file = NULL;
    options.passphrase = "one two three four";
    struct store *store = NULL;
    assert_int_equal(store_open(&options, &store), STATUS_KEY_MISSING);
    options.passphrase = "five six seven eight";
    assert_int_equal(store_open(&options, &store), STATUS_OK);
    store_close(store);
    char path[256];
    for (int generation = 1; generation <= 2; generation++) {
        (void)snprintf(path, sizeof path, "%s/keyring.%d", book->dir, generation);
        assert_int_equal(access(path, R_OK), 0);
    }
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
}

static void every_byte_of_the_keyring_counts(void **state)
{
    struct small_book *book = *state;
    store_close(book->store);
    book->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/keyring", book->dir);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    for (off_t at = 0; at < file.st_size; at++) {
        temporary_flip(path, at, 1);
        struct store *store = NULL;
        assert_int_not_equal(store_open(&book->options, &store), STATUS_OK);
        assert_null(store);
        temporary_flip(path, at, 1);
    }
    assert_int_equal(truncate(path, file.st_size - 1), 0);
    struct store *store = NULL;
    assert_int_not_equal(store_open(&book->options, &store), STATUS_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_open(&book->options, &store), STATUS_INCOMPLETE);
}

static void a_keyed_hash_depends_on_domain_and_value(void **state)
{
    const struct small_book *book = *state;
    uint8_t a[16];
    uint8_t b[16];
    store_hash(book->store, "tax_id", bytes_of("1", 1), a);
    store_hash(book->store, "tax_id", bytes_of("1", 1), b);
    assert_memory_equal(a, b, sizeof a);
    store_hash(book->store, "login", bytes_of("1", 1), b);
    assert_memory_not_equal(a, b, sizeof a);
    store_hash(book->store, "tax_id1", bytes_of("", 0), b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void a_box_opens_in_its_place_only_and_not_without_its_key(void **state)
{
    struct small_book *book = *state;
    CLEANUP(key_wipe) struct key key = key_random();
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    VaultRecord record;
    vault_record__init(&record);
    record.key = (ProtobufCBinaryData){.len = KEY_BYTES, .data = key.bytes};
    assert_int_equal(table_put(txn, TABLE_vault, key_u64(7), &record.base), STATUS_OK);
    ProtobufCBinaryData box;
    assert_int_equal(vault_seal(&key, 7, 2, 0, "恒通", book->arena, &box), STATUS_OK);
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
    struct small_book *book = *state;
    store_close(book->store);
    book->store = NULL;
    book->options.map_bytes = (uint64_t)1024 * 1024;
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = small_book_begin(book, TXN_WRITE);
    IdRecord record;
    id_record__init(&record);
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < 100000 && status == STATUS_OK; i++) {
        status = table_put(txn, TABLE_open_item, key_u64_u64(1, i), &record.base);
    }
    assert_int_equal(status, STATUS_STORE_FULL);
    txn_abort(txn);
    txn = small_book_begin(book, TXN_WRITE);
    assert_int_equal(small_book_get_counter(txn, 1, NULL), 1);
    small_book_put_counter(txn, 1, 2);
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static void soft_limits_of_map_and_disk_are_seen(void **state)
{
    struct small_book *book = *state;
    assert_int_equal(store_room(book->store), STATUS_OK);
    store_close(book->store);
    book->options.disk_soft_bytes = UINT64_MAX;
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
    assert_int_equal(store_room(book->store), STATUS_STORE_FULL);
    store_close(book->store);
    book->options.disk_soft_bytes = 0;
    book->options.map_bytes = (uint64_t)256 * 1024;
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < 2000 && status == STATUS_OK; i++) {
        struct txn *txn = small_book_begin(book, TXN_WRITE);
        small_book_put_id(txn, 1, i, 1);
        assert_int_equal(txn_commit(txn), STATUS_OK);
        status = store_room(book->store);
    }
    assert_int_equal(status, STATUS_STORE_FULL);
}

// Walks every row of every table.
static enum status read_all(struct small_book *book)
{
    struct txn *txn = NULL;
    enum status status = txn_begin(book->store, TXN_READ, book->arena, &txn);
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
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    assert_int_equal(read_all(book), STATUS_OK);
    store_close(book->store);
    book->store = NULL;
    // The value is found by its header: format 1, epoch 1, version 1, under its key.
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", book->dir);
    const uint8_t mark[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1};
    const off_t at = temporary_find(path, mark, sizeof mark);
    assert_true(at > 0);
    for (off_t offset = 8; offset < 8 + 64; offset++) {
        temporary_flip(path, at + offset, (int)(offset % 8));
        assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
        assert_int_equal(read_all(book), STATUS_TAMPERED);
        store_close(book->store);
        book->store = NULL;
        arena_reset(book->arena);
        temporary_flip(path, at + offset, (int)(offset % 8));
    }
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
    assert_int_equal(read_all(book), STATUS_OK);
}

static void a_cut_or_emptied_file_gives_a_status(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    for (uint64_t i = 0; i < 3000; i++) {
        small_book_put_id(txn, 1, i, 1);
    }
    assert_int_equal(txn_commit(txn), STATUS_OK);
    store_close(book->store);
    book->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", book->dir);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    for (off_t size = file.st_size / 2; size > 0; size /= 2) {
        assert_int_equal(truncate(path, size), 0);
        struct store *store = NULL;
        enum status status = store_open(&book->options, &store);
        if (status == STATUS_OK) {
            book->store = store;
            status = read_all(book);
            store_close(store);
            book->store = NULL;
        }
        assert_int_not_equal(status, STATUS_OK);
        arena_reset(book->arena);
    }
}

// A book with rows of every size, some of them deleted, so that there are long values and free
// pages.
static void fill_book(struct small_book *book)
{
    char text[6001];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    for (uint64_t i = 1; i <= 400; i++) {
        struct txn *txn = small_book_begin(book, TXN_WRITE);
        small_book_put_user(txn, i, text + (i * 37) % 6000);
        small_book_put_id(txn, i % 7, i, 1);
        if (i % 3 == 0) {
            assert_int_equal(table_del(txn, TABLE_user, key_u64(i / 2)), STATUS_OK);
        }
        assert_int_equal(txn_commit(txn), STATUS_OK);
        arena_reset(book->arena);
    }
}

static void sound_pages_pass(void **state)
{
    struct small_book *book = *state;
    fill_book(book);
    struct page_report report;
    assert_int_equal(pages_check(book->dir, &report), STATUS_OK);
    assert_null(report.fault);
    assert_true(report.free_pages > 0);
    struct txn *txn = small_book_begin(book, TXN_READ);
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
    struct small_book *book = *state;
    fill_book(book);
    store_close(book->store);
    book->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", book->dir);
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
        enum status status = pages_check(book->dir, &report);
        struct store *store = NULL;
        if (status == STATUS_OK) {
            status = store_open(&book->options, &store);
        }
        if (status == STATUS_OK) {
            book->store = store;
            status = read_all(book);
            store_close(store);
            book->store = NULL;
        }
        found += status != STATUS_OK ? 1 : 0;
        arena_reset(book->arena);
        temporary_flip(path, at, i % 8);
    }
    assert_true(found > 300);
}

// The size of pages stands in both meta pages, and LMDB believes the newer one.
static void a_meta_page_with_another_page_size_is_found(void **state)
{
    struct small_book *book = *state;
    store_close(book->store);
    book->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", book->dir);
    for (off_t meta = 0; meta < 2; meta++) {
        const off_t high_byte_of_the_size = meta * 4096 + 16 + 24 + 2;
        temporary_flip(path, high_byte_of_the_size, 1);
        struct page_report report;
        assert_int_equal(pages_check(book->dir, &report), STATUS_TAMPERED);
        temporary_flip(path, high_byte_of_the_size, 1);
    }
}

// LMDB has two meta pages and takes the one with the higher transaction number. Without the newer
// one it would silently go back by a commit.
static void a_lost_meta_page_is_found(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_counter(txn, 1, 1);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    store_close(book->store);
    book->store = NULL;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", book->dir);
    temporary_zero(path, 0, 4096);
    struct store *store = NULL;
    assert_int_not_equal(store_open(&book->options, &store), STATUS_OK);
    assert_null(store);
}

// ---- creation ----

static void a_store_is_never_made_over_another(void **state)
{
    const struct small_book *book = *state;
    assert_int_equal(store_create(&book->options), STATUS_STORE_EXISTS);
}

static void an_unfinished_creation_is_discarded(void **state)
{
    struct small_book *book = *state;
    store_close(book->store);
    book->store = NULL;
    char creating[256];
    char inside[300];
    (void)snprintf(creating, sizeof creating, "%s.creating", book->dir);
    (void)snprintf(inside, sizeof inside, "%s/keyring", creating);
    assert_int_equal(mkdir(creating, 0700), 0);
    const int fd = open(inside, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(store_open(&book->options, &book->store), STATUS_OK);
    assert_int_equal(access(creating, F_OK), -1);
}

static void nothing_of_a_row_is_readable_on_the_disk(void **state)
{
    struct small_book *book = *state;
    struct txn *txn = small_book_begin(book, TXN_WRITE);
    small_book_put_user(txn, 9, (char *)(uintptr_t) "canary-of-the-disk");
    assert_int_equal(txn_commit(txn), STATUS_OK);
    char path[256];
    (void)snprintf(path, sizeof path, "%s/data.mdb", book->dir);
    assert_true(temporary_find(path, (const uint8_t *)"canary-of-the-disk", 18) < 0);
    assert_true(temporary_find(path, (const uint8_t *)"open_item", 9) >= 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, small_book_set_up, small_book_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
