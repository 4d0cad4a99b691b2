// SPDX-License-Identifier: Apache-2.0
#include "server/ops/backup.h"
#include "server/store/file.h"
#include "server/store/keyring.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#define MAP       ((uint64_t)64 * 1024 * 1024)
#define CUSTOMERS 700

struct house {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    char file[160];
    char restored[160];
    struct store_options options;
    struct store_options into;
    struct head head;
};

// One customer with its key, an open item, and the journal record of it all.
static enum status add_customer(struct txn *txn, uint64_t number)
{
    struct head *head = txn_head(txn);
    struct key key = key_random();
    VaultRecord vault;
    vault_record__init(&vault);
    vault.key = (ProtobufCBinaryData){.len = KEY_BYTES, .data = key.bytes};
    enum status status = table_put(txn, TABLE_vault, key_u64(number + 1000), &vault.base);
    IdRecord id;
    id_record__init(&id);
    id.id = number;
    if (status == STATUS_OK) {
        status = table_put(txn, TABLE_open_item, key_u64_u64(number % 9, number), &id.base);
    }
    CustomerRecord customer;
    customer_record__init(&customer);
    customer.id = number;
    customer.region = (char *)(uintptr_t) "Suzhou";
    if (status == STATUS_OK) {
        status = table_put(txn, TABLE_customer, key_u64(number), &customer.base);
    }
    if (status == STATUS_OK && number % 3 == 0) {
        status = table_put(txn, TABLE_customer, key_u64(number), &customer.base);
    }
    JournalRecord record;
    journal_record__init(&record);
    record.number = number;
    if (status == STATUS_OK) {
        status = table_put(txn, TABLE_journal, key_u64(number), &record.base);
    }
    struct bytes packed = {NULL, 0};
    if (status == STATUS_OK) {
        status = table_get_bytes(txn, TABLE_journal, key_u64(number), &packed, NULL);
    }
    if (status == STATUS_OK) {
        uint8_t leaf[LEAF_BYTES];
        tree_leaf(packed, leaf);
        tree_append(&head->tree, leaf);
        tree_root(&head->tree, head->tree_root);
        head->number = number;
        head->instant_us = (int64_t)number * 1000;
        head->book_id[0] = 7;
    }
    return status;
}

static void fill(struct house *house)
{
    struct store *store CLEANUP(store_close_at) = NULL;
    struct arena *arena CLEANUP(arena_free_at) = arena_make((size_t)32 * 1024 * 1024);
    assert_int_equal(store_open(&house->options, &store), STATUS_OK);
    uint64_t number = 1;
    while (number <= CUSTOMERS) {
        struct txn *txn CLEANUP(txn_abort_at) = NULL;
        assert_int_equal(txn_begin(store, TXN_WRITE, arena, &txn), STATUS_OK);
        for (int i = 0; i < 50; i++) {
            assert_int_equal(add_customer(txn, number++), STATUS_OK);
        }
        assert_int_equal(txn_commit(txn), STATUS_OK);
        house->head = *txn_head(txn);
    }
    arena_reset(arena);
    char path[PATH_BYTES_MAX];
    assert_true(file_path(house->dir, "server.key", path));
    assert_int_equal(file_write_new(path, 0400, bytes_of("sealed", 6)), STATUS_OK);
}

static int set_up(void **state)
{
    struct house *house = malloc(sizeof *house);
    assert_non_null(house);
    memset(house, 0, sizeof *house);
    temporary_make(&house->temporary);
    temporary_path(&house->temporary, "book", house->dir, sizeof house->dir);
    temporary_path(&house->temporary, "book.key", house->key_file, sizeof house->key_file);
    temporary_path(&house->temporary, "book.backup", house->file, sizeof house->file);
    temporary_path(&house->temporary, "again", house->restored, sizeof house->restored);
    house->options =
        (struct store_options){.dir = house->dir, .key_file = house->key_file, .map_bytes = MAP};
    house->into = house->options;
    house->into.dir = house->restored;
    assert_int_equal(keys_start(), STATUS_OK);
    assert_int_equal(store_create(&house->options), STATUS_OK);
    fill(house);
    *state = house;
    return 0;
}

static int tear_down(void **state)
{
    struct house *house = *state;
    temporary_remove(&house->temporary);
    free(house);
    return 0;
}

static void a_restored_store_has_digest_root_rows_and_files(void **state)
{
    const struct house *house = *state;
    struct backup_report written;
    struct backup_report report;
    assert_int_equal(backup_write(&house->options, house->file, 5, &written), STATUS_OK);
    assert_int_equal(written.number, CUSTOMERS);
    assert_int_equal(written.key_count, CUSTOMERS);
    assert_int_equal(written.row_count, 3 * CUSTOMERS);
    assert_int_equal(backup_restore(house->file, &house->into, &report), STATUS_OK);
    assert_int_equal(report.row_count, written.row_count);

    struct store *store CLEANUP(store_close_at) = NULL;
    struct arena *arena CLEANUP(arena_free_at) = arena_make((size_t)32 * 1024 * 1024);
    assert_int_equal(store_open(&house->into, &store), STATUS_OK);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    assert_int_equal(txn_begin(store, TXN_READ, arena, &txn), STATUS_OK);
    const struct head *head = txn_head(txn);
    assert_int_equal(head->number, house->head.number);
    assert_int_equal(head->instant_us, house->head.instant_us);
    assert_int_equal(head->book_id[0], 7);
    assert_memory_equal(&head->digest, &house->head.digest, sizeof head->digest);
    assert_memory_equal(head->tree_root, house->head.tree_root, LEAF_BYTES);
    uint8_t root[LEAF_BYTES];
    tree_root(&head->tree, root);
    assert_memory_equal(root, house->head.tree_root, LEAF_BYTES);
    ProtobufCMessage *message = NULL;
    uint32_t version = 0;
    assert_int_equal(table_get(txn, TABLE_customer, key_u64(300), &message, &version), STATUS_OK);
    assert_int_equal(version, 2);
    assert_string_equal(((const CustomerRecord *)message)->region, "Suzhou");
    CLEANUP(key_wipe) struct key key;
    assert_int_equal(vault_key(txn, 1300, &key), STATUS_OK);
    char path[PATH_BYTES_MAX];
    assert_true(file_path(house->restored, "server.key", path));
    assert_true(file_is_private(path));
}

static void nothing_is_written_over(void **state)
{
    const struct house *house = *state;
    struct backup_report report;
    assert_int_equal(backup_write(&house->options, house->file, 5, &report), STATUS_OK);
    assert_int_equal(backup_write(&house->options, house->file, 5, &report), STATUS_STORE_EXISTS);
    assert_int_equal(backup_restore(house->file, &house->options, &report), STATUS_STORE_EXISTS);
    assert_int_equal(mkdir(house->restored, 0700), 0);
    assert_int_equal(backup_restore(house->file, &house->into, &report), STATUS_STORE_EXISTS);
}

// A stick or a share may be writable to others: what they left at the name that a backup is written
// through is neither written into nor kept.
static void a_file_left_beside_is_not_written_into(void **state)
{
    const struct house *house = *state;
    char beside[200];
    char victim[200];
    struct backup_report report;
    uint8_t content[8];
    size_t size = 0;
    (void)snprintf(beside, sizeof beside, "%s.part", house->file);
    (void)snprintf(victim, sizeof victim, "%s.victim", house->file);
    assert_int_equal(file_write_new(victim, 0600, bytes_of("mine", 4)), STATUS_OK);
    assert_int_equal(link(victim, beside), 0);
    assert_int_equal(backup_write(&house->options, house->file, 5, &report), STATUS_OK);
    assert_int_equal(file_read(victim, content, sizeof content, &size), STATUS_OK);
    assert_int_equal(size, 4);
}

static void another_key_file_opens_no_backup(void **state)
{
    struct house *house = *state;
    struct backup_report report;
    assert_int_equal(backup_write(&house->options, house->file, 5, &report), STATUS_OK);
    temporary_flip(house->key_file, 3, 1);
    assert_int_equal(backup_restore(house->file, &house->into, &report), STATUS_KEY_MISSING);
    assert_false(file_exists(house->restored));
}

static void every_flipped_byte_is_refused(void **state)
{
    struct house *house = *state;
    struct backup_report report;
    CLEANUP(key_wipe) struct key key;
    assert_int_equal(backup_write(&house->options, house->file, 5, &report), STATUS_OK);
    assert_int_equal(key_file_read(house->key_file, &key), STATUS_OK);
    const struct backup_sink sink = {.context = NULL};
    const off_t size = (off_t)report.file_bytes;
    assert_int_equal(backup_read(house->file, &key, &sink, &report), STATUS_OK);
    for (off_t at = 0; at < size; at += at < 200 ? 1 : 997) {
        temporary_flip(house->file, at, (int)(at % 8));
        assert_int_not_equal(backup_read(house->file, &key, &sink, &report), STATUS_OK);
        temporary_flip(house->file, at, (int)(at % 8));
    }
    temporary_flip(house->file, size / 2, 0);
    assert_int_equal(backup_restore(house->file, &house->into, &report), STATUS_TAMPERED);
    assert_false(file_exists(house->restored));
}

static void a_cut_or_lengthened_backup_is_refused(void **state)
{
    struct house *house = *state;
    struct backup_report report;
    CLEANUP(key_wipe) struct key key;
    assert_int_equal(backup_write(&house->options, house->file, 5, &report), STATUS_OK);
    assert_int_equal(key_file_read(house->key_file, &key), STATUS_OK);
    const struct backup_sink sink = {.context = NULL};
    const off_t size = (off_t)report.file_bytes;
    assert_int_equal(truncate(house->file, size + 1), 0);
    assert_int_not_equal(backup_read(house->file, &key, &sink, &report), STATUS_OK);
    for (off_t cut = size - 1; cut >= 0; cut -= cut < 300 || cut > size - 100 ? 1 : 1009) {
        assert_int_equal(truncate(house->file, cut), 0);
        const enum status status = backup_read(house->file, &key, &sink, &report);
        assert_true(status == STATUS_INCOMPLETE);
    }
}

static void a_damaged_store_gives_no_backup(void **state)
{
    struct house *house = *state;
    struct backup_report report;
    char path[PATH_BYTES_MAX];
    assert_true(file_path(house->dir, "data.mdb", path));
    // The first sealed value of customer 1: its key, then format 1, epoch 1, version 1.
    const uint8_t mark[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1};
    enum status status = STATUS_OK;
    // Where a page is free the value is an old one, which nobody reads: then the next one is
    // damaged.
    while (status == STATUS_OK) {
        const off_t at = temporary_find(path, mark, sizeof mark);
        assert_true(at > 0);
        temporary_flip(path, at + 30, 2);
        status = backup_write(&house->options, house->file, 5, &report);
        if (status == STATUS_OK) {
            temporary_flip(path, at, 0);
            assert_int_equal(unlink(house->file), 0);
        }
    }
    assert_int_equal(status, STATUS_TAMPERED);
    assert_false(file_exists(house->file));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_restored_store_has_digest_root_rows_and_files),
        CASE(nothing_is_written_over),
        CASE(a_file_left_beside_is_not_written_into),
        CASE(another_key_file_opens_no_backup),
        CASE(every_flipped_byte_is_refused),
        CASE(a_cut_or_lengthened_backup_is_refused),
        CASE(a_damaged_store_gives_no_backup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
