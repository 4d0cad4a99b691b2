// SPDX-License-Identifier: Apache-2.0
#include "client/outbox.h"
#include "client/profile.h"
#include "tests/unit/temporary.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

#define ARENA_BYTES (8u * 1024 * 1024)

struct desk {
    struct temporary temporary;
    struct arena *arena;
    struct home home;
    struct key secret;
    struct outbox outbox;
};

static int desk_up(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    if (desk == NULL || keys_start() != STATUS_OK) {
        return -1;
    }
    temporary_make(&desk->temporary);
    desk->arena = arena_make(ARENA_BYTES);
    (void)setenv("KONTOR_HOME", desk->temporary.dir, 1);
    desk->secret = key_random();
    *state = desk;
    if (home_open(desk->arena, &desk->home) != STATUS_OK) {
        return -1;
    }
    return outbox_open(desk->arena, &desk->home, "ledger", &desk->secret, &desk->outbox) ==
                   STATUS_OK
               ? 0
               : -1;
}

static int desk_down(void **state)
{
    struct desk *desk = *state;
    temporary_remove(&desk->temporary);
    arena_free(desk->arena);
    free(desk);
    return 0;
}

static void a_write_is_kept_until_it_is_taken_away(void **state)
{
    struct desk *desk = *state;
    static const char REQUEST[] = "pay 500.00 to nobody";
    uint8_t key[REQUEST_KEY_BYTES];
    outbox_draw(1700000000000, key);
    assert_int_equal(
        outbox_add(desk->arena, &desk->outbox, key, bytes_of(REQUEST, sizeof(REQUEST))), STATUS_OK);
    struct pending *list = NULL;
    size_t count = 0;
    assert_int_equal(outbox_list(desk->arena, &desk->outbox, &list, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].made_ms, 1700000000000);
    struct bytes read = {0};
    assert_int_equal(outbox_read(desk->arena, &desk->outbox, list[0].key, &read), STATUS_OK);
    assert_int_equal(read.size, sizeof(REQUEST));
    assert_memory_equal(read.data, REQUEST, sizeof(REQUEST));
    assert_int_equal(outbox_remove(desk->arena, &desk->outbox, key), STATUS_OK);
    assert_int_equal(outbox_list(desk->arena, &desk->outbox, &list, &count), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(outbox_remove(desk->arena, &desk->outbox, key), STATUS_OK);
}

static void writes_are_listed_in_the_order_they_were_made(void **state)
{
    struct desk *desk = *state;
    for (int64_t ms = 5; ms > 0; ms--) {
        uint8_t key[REQUEST_KEY_BYTES];
        outbox_draw(1700000000000 + ms, key);
        assert_int_equal(outbox_add(desk->arena, &desk->outbox, key, bytes_of("x", 1)), STATUS_OK);
    }
    struct pending *list = NULL;
    size_t count = 0;
    assert_int_equal(outbox_list(desk->arena, &desk->outbox, &list, &count), STATUS_OK);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list[i].made_ms, 1700000000001 + (int64_t)i);
    }
}

static void what_is_kept_is_sealed_and_private(void **state)
{
    struct desk *desk = *state;
    static const char REQUEST[] = "深圳市恒通贸易有限公司 13812342046";
    uint8_t key[REQUEST_KEY_BYTES] = {1, 2, 3};
    assert_int_equal(
        outbox_add(desk->arena, &desk->outbox, key, bytes_of(REQUEST, sizeof(REQUEST))), STATUS_OK);
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/01020300000000000000000000000000", desk->outbox.dir);
    assert_int_equal(temporary_find(path, (const uint8_t *)REQUEST, 9), -1);
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    temporary_flip(path, 40, 3);
    struct bytes read = {0};
    assert_int_equal(outbox_read(desk->arena, &desk->outbox, key, &read), STATUS_TAMPERED);
}

// A file that was copied under another request id must not be sent as that request.
static void a_write_cannot_take_another_ones_place(void **state)
{
    struct desk *desk = *state;
    uint8_t key[REQUEST_KEY_BYTES] = {1};
    const uint8_t other[REQUEST_KEY_BYTES] = {2};
    assert_int_equal(outbox_add(desk->arena, &desk->outbox, key, bytes_of("abc", 3)), STATUS_OK);
    char from[256];
    char to[256];
    (void)snprintf(from, sizeof(from), "%s/01000000000000000000000000000000", desk->outbox.dir);
    (void)snprintf(to, sizeof(to), "%s/02000000000000000000000000000000", desk->outbox.dir);
    assert_int_equal(rename(from, to), 0);
    struct bytes read = {0};
    assert_int_equal(outbox_read(desk->arena, &desk->outbox, other, &read), STATUS_TAMPERED);
}

static struct context context_sample(void)
{
    struct context context = {
        .name = "ledger", .server_count = 2, .joined = true, .has_token = true, .decimals = 2};
    (void)snprintf(context.server[0], sizeof(context.server[0]), "ledger.example.lan:7443");
    (void)snprintf(context.server[1], sizeof(context.server[1]), "[::1]:7443");
    (void)snprintf(context.login, sizeof(context.login), "zhang");
    (void)snprintf(context.currency, sizeof(context.currency), "CNY");
    (void)snprintf(context.time_zone, sizeof(context.time_zone), "Asia/Shanghai");
    random_fill(context.server_key, sizeof(context.server_key));
    random_fill(context.house_key, sizeof(context.house_key));
    random_fill(context.invitation_id, sizeof(context.invitation_id));
    random_fill(context.token, sizeof(context.token));
    return context;
}

static void a_context_comes_back_as_it_was_saved(void **state)
{
    struct desk *desk = *state;
    struct context saved = context_sample();
    struct context loaded = {0};
    assert_int_equal(profile_load(&desk->home, desk->arena, "ledger", &loaded), STATUS_NOT_FOUND);
    assert_int_equal(profile_save(&desk->home, desk->arena, &saved), STATUS_OK);
    assert_int_equal(profile_load(&desk->home, desk->arena, "ledger", &loaded), STATUS_OK);
    assert_memory_equal(&saved, &loaded, sizeof(saved));
    const char *names[CONTEXT_NAMES_MAX];
    size_t count = 0;
    assert_int_equal(profile_names(&desk->home, desk->arena, names, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_string_equal(names[0], "ledger");
    char current[CONTEXT_NAME_MAX + 1];
    assert_int_equal(profile_current(&desk->home, desk->arena, current), STATUS_OK);
    assert_string_equal(current, "");
    assert_int_equal(profile_use(&desk->home, desk->arena, "ledger"), STATUS_OK);
    assert_int_equal(profile_current(&desk->home, desk->arena, current), STATUS_OK);
    assert_string_equal(current, "ledger");
    assert_int_equal(profile_remove(&desk->home, desk->arena, "ledger"), STATUS_OK);
    assert_int_equal(profile_load(&desk->home, desk->arena, "ledger", &loaded), STATUS_NOT_FOUND);
}

static void a_damaged_context_is_said_to_be_damaged(void **state)
{
    struct desk *desk = *state;
    struct context context = context_sample();
    assert_int_equal(profile_save(&desk->home, desk->arena, &context), STATUS_OK);
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/contexts/ledger.json", desk->home.data);
    temporary_zero(path, 0, 4);
    assert_int_equal(profile_load(&desk->home, desk->arena, "ledger", &context),
                     STATUS_CONFIGURATION);
}

// More decimals than money is counted in would end the program at the first amount.
static void a_context_with_too_many_decimals_is_refused(void **state)
{
    struct desk *desk = *state;
    struct context context = context_sample();
    struct context loaded = {0};
    context.decimals = DECIMALS_MAX;
    assert_int_equal(profile_save(&desk->home, desk->arena, &context), STATUS_OK);
    assert_int_equal(profile_load(&desk->home, desk->arena, "ledger", &loaded), STATUS_OK);
    context.decimals = DECIMALS_MAX + 1;
    assert_int_equal(profile_save(&desk->home, desk->arena, &context), STATUS_OK);
    assert_int_equal(profile_load(&desk->home, desk->arena, "ledger", &loaded),
                     STATUS_CONFIGURATION);
}

// Somebody who may write where our files lie could lay links for us or read what we put there.
static void a_home_that_others_may_write_to_is_refused(void **state)
{
    struct desk *desk = *state;
    struct home home;
    assert_int_equal(chmod(desk->temporary.dir, 0777), 0);
    assert_int_equal(home_open(desk->arena, &home), STATUS_CONFIGURATION);
    assert_int_equal(chmod(desk->temporary.dir, 0770), 0);
    assert_int_equal(home_open(desk->arena, &home), STATUS_CONFIGURATION);
    assert_int_equal(chmod(desk->temporary.dir, 0755), 0);
    assert_int_equal(home_open(desk->arena, &home), STATUS_OK);
}

static void a_link_laid_for_a_file_is_not_followed(void **state)
{
    struct desk *desk = *state;
    char victim[160];
    char path[160];
    char beside[200];
    struct bytes content = {0};
    temporary_path(&desk->temporary, "victim", victim, sizeof(victim));
    temporary_path(&desk->temporary, "file", path, sizeof(path));
    (void)snprintf(beside, sizeof(beside), "%s.%ld.new", path, (long)getpid());
    assert_int_equal(home_write(victim, bytes_of("mine", 4)), STATUS_OK);
    assert_int_equal(symlink(victim, beside), 0);
    assert_int_equal(home_write(path, bytes_of("new", 3)), STATUS_OK);
    assert_int_equal(home_read(desk->arena, victim, &content), STATUS_OK);
    assert_int_equal(content.size, 4);
    assert_int_equal(home_read(desk->arena, path, &content), STATUS_OK);
    assert_int_equal(content.size, 3);
}

static void a_context_name_cannot_leave_its_directory(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", ".", "..", "../x", "a/b", ".hidden", "a b", "名"};
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        assert_false(profile_name_is_valid(BAD[i]));
    }
    assert_true(profile_name_is_valid("ledger-2.test_A"));
}

static void the_device_key_opens_with_its_passphrase_only(void **state)
{
    struct desk *desk = *state;
    struct key loaded = {0};
    assert_int_equal(profile_key_load(&desk->home, desk->arena, "ledger", NULL, &loaded),
                     STATUS_NOT_FOUND);
    assert_int_equal(
        profile_key_save(&desk->home, desk->arena, "ledger", &desk->secret, "a long passphrase"),
        STATUS_OK);
    assert_int_equal(profile_key_load(&desk->home, desk->arena, "ledger", NULL, &loaded),
                     STATUS_KEY_MISSING);
    assert_int_equal(
        profile_key_load(&desk->home, desk->arena, "ledger", "another passphrase", &loaded),
        STATUS_KEY_MISSING);
    assert_int_equal(
        profile_key_load(&desk->home, desk->arena, "ledger", "a long passphrase", &loaded),
        STATUS_OK);
    assert_memory_equal(&loaded, &desk->secret, sizeof(loaded));
    assert_int_equal(profile_key_save(&desk->home, desk->arena, "plain", &desk->secret, NULL),
                     STATUS_OK);
    assert_int_equal(profile_key_load(&desk->home, desk->arena, "plain", NULL, &loaded), STATUS_OK);
    assert_memory_equal(&loaded, &desk->secret, sizeof(loaded));
}

int main(void)
{
#define DESK(test) cmocka_unit_test_setup_teardown(test, desk_up, desk_down)
    const struct CMUnitTest tests[] = {
        DESK(a_write_is_kept_until_it_is_taken_away),
        DESK(writes_are_listed_in_the_order_they_were_made),
        DESK(what_is_kept_is_sealed_and_private),
        DESK(a_write_cannot_take_another_ones_place),
        DESK(a_context_comes_back_as_it_was_saved),
        DESK(a_damaged_context_is_said_to_be_damaged),
        DESK(a_context_with_too_many_decimals_is_refused),
        DESK(a_home_that_others_may_write_to_is_refused),
        DESK(a_link_laid_for_a_file_is_not_followed),
        DESK(a_context_name_cannot_leave_its_directory),
        DESK(the_device_key_opens_with_its_passphrase_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
