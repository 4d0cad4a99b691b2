// SPDX-License-Identifier: Apache-2.0
#include "server/store/store.h"
#include "tests/crash/shim.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMITS 40
#define MAP     ((uint64_t)16 * 1024 * 1024)

struct place {
    struct temporary temporary;
    char dir[160];
    char key_file[160];
    struct store_options options;
};

static int set_up(void **state)
{
    struct place *place = malloc(sizeof *place);
    assert_non_null(place);
    memset(place, 0, sizeof *place);
    temporary_make(&place->temporary);
    temporary_path(&place->temporary, "book", place->dir, sizeof place->dir);
    temporary_path(&place->temporary, "book.key", place->key_file, sizeof place->key_file);
    place->options =
        (struct store_options){.dir = place->dir, .key_file = place->key_file, .map_bytes = MAP};
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

static enum status set_counter(struct store *store, struct arena *arena, uint64_t next)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(store, TXN_WRITE, arena, &txn);
    CounterRecord record;
    counter_record__init(&record);
    record.next = next;
    for (uint64_t key = 1; key <= 300 && status == STATUS_OK; key++) {
        status = table_put(txn, TABLE_counter, key_u64(key), &record.base);
    }
    return status == STATUS_OK ? txn_commit(txn) : status;
}

// The child: commits 1, 2, 3 … and says each aloud once it is committed.
static void commit_and_tell(const struct place *place, int out)
{
    struct store *store = NULL;
    struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    if (arena == NULL || store_open(&place->options, &store) != STATUS_OK) {
        _exit(2);
    }
    for (uint64_t i = 1; i <= COMMITS; i++) {
        if (set_counter(store, arena, i) != STATUS_OK || write(out, &i, sizeof i) != sizeof i) {
            _exit(3);
        }
        arena_reset(arena);
    }
    _exit(0);
}

static uint64_t get_counter(const struct place *place)
{
    CLEANUP(store_close_at) struct store *store = NULL;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    assert_int_equal(store_open(&place->options, &store), STATUS_OK);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    assert_int_equal(txn_begin(store, TXN_READ, arena, &txn), STATUS_OK);
    ProtobufCMessage *message = NULL;
    uint64_t found = 0;
    for (uint64_t key = 1; key <= 300; key++) {
        const enum status status = table_get(txn, TABLE_counter, key_u64(key), &message, NULL);
        const uint64_t next = status == STATUS_OK ? ((const CounterRecord *)message)->next : 0;
        assert_true(key == 1 || next == found);
        found = next;
    }
    return found;
}

// Runs the child until the power goes; true when it went. The last number said aloud goes to *told.
static bool run_until(const struct place *place, const char *point, int count, uint64_t *told)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    crash_at(point, count);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        commit_and_tell(place, ends[1]);
    }
    crash_never();
    (void)close(ends[1]);
    uint64_t number = 0;
    *told = 0;
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        *told = number;
    }
    (void)close(ends[0]);
    int result = 0;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFSIGNALED(result) || WEXITSTATUS(result) == 0);
    return WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL;
}

static void what_was_told_is_never_lost(void **state)
{
    const struct place *place = *state;
    const char *points[] = {"before-commit", "inside-commit", "after-commit"};
    assert_int_equal(store_create(&place->options), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(points); i++) {
        for (int count = 1; count <= 25; count += 3) {
            const uint64_t before = get_counter(place);
            uint64_t told = 0;
            assert_true(run_until(place, points[i], count, &told));
            const uint64_t kept = get_counter(place);
            // When nothing was told, the first commit either came about or left what stood before.
            assert_true(kept == told + 1 || kept == (told == 0 ? before : told));
        }
    }
}

static void a_commit_without_sync_is_caught(void **state)
{
    const struct place *place = *state;
    assert_int_equal(store_create(&place->options), STATUS_OK);
    assert_int_equal(setenv("KONTOR_CRASH_FAULT", "no-sync", 1), 0);
    uint64_t told = 0;
    assert_true(run_until(place, "before-commit", 20, &told));
    assert_int_equal(unsetenv("KONTOR_CRASH_FAULT"), 0);
    assert_int_equal(told, 19);
    assert_true(get_counter(place) < told);
}

static void a_full_disk_is_surely_not_done(void **state)
{
    const struct place *place = *state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    assert_int_equal(store_create(&place->options), STATUS_OK);
    struct store *store = NULL;
    assert_int_equal(store_open(&place->options, &store), STATUS_OK);
    assert_int_equal(set_counter(store, arena, 1), STATUS_OK);
    assert_int_equal(setenv("KONTOR_CRASH_FAULT", "no-space", 1), 0);
    assert_int_equal(set_counter(store, arena, 2), STATUS_STORE_FULL);
    assert_int_equal(set_counter(store, arena, 3), STATUS_STORE_FULL);
    assert_int_equal(unsetenv("KONTOR_CRASH_FAULT"), 0);
    store_close(store);
    assert_int_equal(get_counter(place), 1);
    assert_int_equal(store_open(&place->options, &store), STATUS_OK);
    assert_int_equal(setenv("KONTOR_CRASH_FAULT", "no-space", 1), 0);
    assert_int_equal(set_counter(store, arena, 4), STATUS_STORE_FULL);
    assert_int_equal(unsetenv("KONTOR_CRASH_FAULT"), 0);
    assert_int_equal(set_counter(store, arena, 5), STATUS_OK);
    store_close(store);
    assert_int_equal(get_counter(place), 5);
}

// No second try of a sync that failed: nobody knows what the kernel has dropped.
static void a_failed_sync_is_unknown_and_the_last_word(void **state)
{
    const struct place *place = *state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    assert_int_equal(store_create(&place->options), STATUS_OK);
    struct store *store = NULL;
    assert_int_equal(store_open(&place->options, &store), STATUS_OK);
    assert_int_equal(set_counter(store, arena, 1), STATUS_OK);
    assert_int_equal(setenv("KONTOR_CRASH_FAULT", "bad-sync", 1), 0);
    assert_int_equal(set_counter(store, arena, 2), STATUS_ENVIRONMENT);
    assert_int_equal(unsetenv("KONTOR_CRASH_FAULT"), 0);
    store_close(store);
    const uint64_t kept = get_counter(place);
    assert_true(kept == 1 || kept == 2);
}

static void creation_can_be_repeated_after_every_step(void **state)
{
    const struct place *place = *state;
    bool killed = true;
    int steps = 0;
    while (killed) {
        crash_at("step", steps + 1);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            const enum status status = store_create(&place->options);
            // A kill after the last step leaves a whole store behind.
            _exit(status == STATUS_OK || status == STATUS_STORE_EXISTS ? 0 : 1);
        }
        int result = 0;
        assert_int_equal(waitpid(child, &result, 0), child);
        killed = WIFSIGNALED(result);
        assert_true(killed || WEXITSTATUS(result) == 0);
        steps++;
    }
    crash_never();
    assert_true(steps > 5);
    assert_int_equal(get_counter(place), 0);
}

int main(void)
{
    if (keys_start() != STATUS_OK) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_told_is_never_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_commit_without_sync_is_caught, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_surely_not_done, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_sync_is_unknown_and_the_last_word, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(creation_can_be_repeated_after_every_step, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
