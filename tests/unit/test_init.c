// SPDX-License-Identifier: Apache-2.0
#include "server/ops/init.h"
#include "shared/invite.h"
#include "tests/crash/shim.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOMENT ((int64_t)1795000000 * 1000000)

struct place {
    struct temporary temporary;
    char dir[160];
    char invitation[160];
    char key_file[160];
    struct init_options options;
};

static int set_up(void **state)
{
    struct place *place = malloc(sizeof *place);
    assert_non_null(place);
    memset(place, 0, sizeof *place);
    temporary_make(&place->temporary);
    temporary_path(&place->temporary, "book", place->dir, sizeof place->dir);
    temporary_path(&place->temporary, "book.key", place->key_file, sizeof place->key_file);
    temporary_path(&place->temporary, "owner", place->invitation, sizeof place->invitation);
    place->options = (struct init_options){.dir = place->dir,
                                           .company = "示例商贸",
                                           .currency = "CNY",
                                           .chart = "cn-small",
                                           .time_zone = "Asia/Shanghai",
                                           .owner = "zhang",
                                           .invitation = place->invitation,
                                           .instant_us = MOMENT};
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    temporary_remove(&place->temporary);
    free(place);
    return 0;
}

static void read_invitation(const struct place *place, struct invitation *out)
{
    char text[1024] = {0};
    FILE *file = fopen(place->invitation, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    (void)fclose(file);
    assert_int_equal(invitation_parse(text, out), STATUS_OK);
}

static unsigned mode_of(const char *path)
{
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    return file.st_mode & 0777;
}

// The book is whole: its first record, the owner, and an invitation that fits both the rows and the
// server's key.
static void check_book(const struct place *place)
{
    struct store *store CLEANUP(store_close_at) = NULL;
    struct arena *arena CLEANUP(arena_free_at) = arena_make((size_t)8 * 1024 * 1024);
    struct server_keys keys CLEANUP(server_keys_wipe);
    const struct store_options options = {.dir = place->dir, .key_file = place->key_file};
    assert_int_equal(store_open(&options, &store), STATUS_OK);
    assert_int_equal(server_keys_load(store, place->dir, &keys), STATUS_OK);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    assert_int_equal(txn_begin(store, TXN_READ, arena, &txn), STATUS_OK);
    assert_int_equal(txn_head(txn)->number, 1);
    assert_int_equal(txn_head(txn)->instant_us, MOMENT);

    ProtobufCMessage *message = NULL;
    assert_int_equal(table_get(txn, TABLE_book, key_u64(1), &message, NULL), STATUS_OK);
    assert_string_equal(((const BookRecord *)message)->company, "示例商贸");
    uint8_t hash[16];
    store_hash(store, "login", bytes_of("zhang", 5), hash);
    assert_int_equal(table_get(txn, TABLE_login, key_hash16(hash), &message, NULL), STATUS_OK);

    struct invitation invitation;
    read_invitation(place, &invitation);
    assert_memory_equal(invitation.server_key, keys.server.public_bytes, KEY_BYTES);
    assert_memory_equal(invitation.house_key, keys.house_key, KEY_BYTES);
    assert_int_equal(table_get(txn, TABLE_psk, key_hash16(invitation.id), &message, NULL),
                     STATUS_OK);
    const struct key psk = invitation_psk(invitation.secret);
    assert_memory_equal(((const PskRecord *)message)->psk.data, psk.bytes, KEY_BYTES);
    assert_int_equal(table_get(txn, TABLE_invitation, key_hash16(invitation.id), &message, NULL),
                     STATUS_OK);
}

static void init_makes_a_whole_book(void **state)
{
    const struct place *place = *state;
    struct init_report report;
    assert_int_equal(init_run(&place->options, &report), STATUS_OK);
    assert_int_equal(mode_of(place->invitation), 0600);
    assert_int_equal(mode_of(report.key_file), 0600);
    assert_int_equal(mode_of(report.house_file), 0600);
    assert_int_equal(mode_of(place->dir), 0700);
    check_book(place);
}

static void init_never_writes_over_anything(void **state)
{
    struct place *place = *state;
    struct init_report report;
    assert_int_equal(init_run(&place->options, &report), STATUS_OK);
    assert_int_equal(init_run(&place->options, &report), STATUS_STORE_EXISTS);
    assert_string_equal(report.field, "dir");
    char other[200];
    temporary_path(&place->temporary, "other", other, sizeof other);
    place->options.dir = other;
    assert_int_equal(init_run(&place->options, &report), STATUS_STORE_EXISTS);
    assert_string_equal(report.field, "invitation");
    assert_int_equal(access(other, F_OK), -1);
    check_book(place);
}

static void what_is_wrong_is_named(void **state)
{
    const struct place *place = *state;
    struct init_report report;
    struct init_options options = place->options;
    options.currency = "XXY";
    assert_int_equal(init_run(&options, &report), STATUS_FIELD_NOT_CHOICE);
    assert_string_equal(report.field, "currency");
    options = place->options;
    options.chart = "cn-tiny";
    assert_int_equal(init_run(&options, &report), STATUS_FIELD_NOT_CHOICE);
    assert_string_equal(report.field, "chart");
    options = place->options;
    options.time_zone = "../Shanghai";
    assert_int_equal(init_run(&options, &report), STATUS_FIELD_NOT_CHOICE);
    assert_string_equal(report.field, "time_zone");
    options = place->options;
    options.owner = "Zhang San";
    assert_int_equal(init_run(&options, &report), STATUS_FIELD_NOT_CHOICE);
    assert_string_equal(report.field, "owner");
    options = place->options;
    options.company = "";
    assert_int_equal(init_run(&options, &report), STATUS_FIELD_MISSING);
    assert_string_equal(report.field, "company");
    assert_int_equal(access(place->dir, F_OK), -1);
    assert_int_equal(access(place->key_file, F_OK), -1);
}

static void init_can_be_repeated_after_every_step(void **state)
{
    const struct place *place = *state;
    bool killed = true;
    int steps = 0;
    while (killed) {
        crash_at("step", steps + 1);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct init_report report;
            const enum status status = init_run(&place->options, &report);
            // A kill after the last step leaves a whole book behind.
            _exit(status == STATUS_OK || status == STATUS_STORE_EXISTS ? 0 : (int)status);
        }
        int result = 0;
        assert_int_equal(waitpid(child, &result, 0), child);
        killed = WIFSIGNALED(result);
        assert_int_equal(killed ? 0 : WEXITSTATUS(result), 0);
        steps++;
    }
    crash_never();
    assert_true(steps > 7);
    check_book(place);
}

static void the_server_says_where_it_listens(void **state)
{
    const struct place *place = *state;
    struct init_report report;
    assert_int_equal(init_run(&place->options, &report), STATUS_OK);
    struct store *store = NULL;
    struct server_keys keys CLEANUP(server_keys_wipe);
    const struct store_options options = {.dir = place->dir, .key_file = place->key_file};
    assert_int_equal(store_open(&options, &store), STATUS_OK);
    assert_int_equal(server_keys_load(store, place->dir, &keys), STATUS_OK);
    store_close(store);
    struct invitation before;
    struct invitation after;
    read_invitation(place, &before);
    assert_string_equal(before.address, INIT_ADDRESS);
    assert_int_equal(init_tell_address(place->dir, &keys, "127.0.0.1:4711"), STATUS_OK);
    read_invitation(place, &after);
    assert_string_equal(after.address, "127.0.0.1:4711");
    assert_memory_equal(after.secret, before.secret, KEY_BYTES);
    assert_int_equal(mode_of(place->invitation), 0600);
    assert_int_equal(unlink(place->invitation), 0);
    assert_int_equal(init_tell_address(place->dir, &keys, "127.0.0.1:4712"), STATUS_OK);
    assert_int_equal(access(place->invitation, F_OK), -1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    if (keys_start() != STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        CASE(init_makes_a_whole_book),          CASE(init_never_writes_over_anything),
        CASE(what_is_wrong_is_named),           CASE(init_can_be_repeated_after_every_step),
        CASE(the_server_says_where_it_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
