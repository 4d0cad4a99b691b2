// SPDX-License-Identifier: Apache-2.0
#include "shared/statement.h"
#include "tests/unit/unit.h"

static struct statement example(void)
{
    struct statement statement = {.serial = 7, .timeline = 2, .valid_count = 2, .revoked_count = 1};
    memset(statement.book_id, 1, sizeof statement.book_id);
    memset(statement.valid[0], 2, KEY_BYTES);
    memset(statement.valid[1], 3, KEY_BYTES);
    memset(statement.revoked[0], 4, KEY_ID_BYTES);
    memset(statement.audit_key, 5, KEY_BYTES);
    return statement;
}

static struct key_pair house(uint8_t seed)
{
    uint8_t bytes[KEY_BYTES];
    struct key_pair pair;
    memset(bytes, seed, sizeof bytes);
    memset(&pair, 0, sizeof pair);
    key_sign_pair(&pair, bytes);
    return pair;
}

static void what_is_printed_is_read_again(void **state)
{
    struct arena *arena = *state;
    const struct statement statement = example();
    const char *text = statement_print(arena, &statement);
    struct statement read;
    assert_int_equal(statement_parse(text, &read), STATUS_OK);
    assert_memory_equal(&read, &statement, sizeof read);
    assert_string_equal(statement_print(arena, &read), text);
}

static void only_the_house_key_makes_a_statement(void **state)
{
    struct arena *arena = *state;
    const struct statement statement = example();
    const struct key_pair right = house(1);
    const struct key_pair wrong = house(2);
    const char *text = statement_print(arena, &statement);
    char *made = NULL;
    struct statement read;
    assert_int_equal(statement_sign(arena, text, &right, &made), STATUS_OK);
    assert_int_equal(statement_check(made, right.public_bytes, &read), STATUS_OK);
    assert_memory_equal(&read, &statement, sizeof read);
    assert_int_equal(statement_check(made, wrong.public_bytes, &read), STATUS_STATEMENT_WRONG);
    assert_int_equal(statement_check(text, right.public_bytes, &read), STATUS_STATEMENT_WRONG);
    for (size_t i = 0; i < strlen(text); i++) {
        made[i] = (char)(made[i] ^ 1);
        assert_int_equal(statement_check(made, right.public_bytes, &read), STATUS_STATEMENT_WRONG);
        made[i] = (char)(made[i] ^ 1);
    }
}

static void what_is_no_statement_is_refused(void **state)
{
    struct arena *arena = *state;
    const struct statement statement = example();
    const char *text = statement_print(arena, &statement);
    struct statement read;
    for (size_t size = 0; size + 1 < strlen(text); size++) {
        assert_int_equal(statement_parse(arena_copy(arena, text, size), &read), STATUS_MALFORMED);
    }
    static const char *const BAD[] = {"", "kontor.statement/v2\n",
                                      "kontor.statement/v1\nserial 1\n", "hello"};
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        assert_int_equal(statement_parse(BAD[i], &read), STATUS_MALFORMED);
    }
    const char *more = arena_print(arena, "%svalid 00\n", text);
    assert_int_equal(statement_parse(more, &read), STATUS_MALFORMED);
}

static void it_knows_its_keys(void **state)
{
    (void)state;
    struct statement statement = example();
    uint8_t key[KEY_BYTES];
    memset(key, 3, sizeof key);
    assert_true(statement_has(&statement, key));
    assert_false(statement_revokes(&statement, key));
    memset(key, 9, sizeof key);
    assert_false(statement_has(&statement, key));
    server_key_id(key, statement.revoked[0]);
    assert_true(statement_revokes(&statement, key));
}

static int arena_up(void **state)
{
    *state = arena_make((size_t)4 * 1024 * 1024);
    return *state != NULL && keys_start() == STATUS_OK ? 0 : -1;
}

static int arena_down(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(only_the_house_key_makes_a_statement),
        cmocka_unit_test(what_is_no_statement_is_refused),
        cmocka_unit_test(it_knows_its_keys),
    };
    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
