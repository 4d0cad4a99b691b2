// SPDX-License-Identifier: Apache-2.0
#include "shared/arena.h"
#include "tests/unit/unit.h"

// What was handed out before a mark stays, what came behind is gone, however many blocks it took.
static void rewinding_gives_back_what_came_behind_the_mark(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)8 * 1024 * 1024);
    char *kept = arena_print(arena, "%s", "kept");
    const struct arena_mark mark = arena_mark(arena);
    const size_t used = arena_used(arena);
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < 700; i++) {
            assert_non_null(arena_alloc(arena, 10000));
        }
        arena_rewind(arena, mark);
        assert_int_equal(arena_used(arena), used);
    }
    assert_string_equal(kept, "kept");
}

static void what_is_handed_out_behind_a_rewind_is_empty(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)64 * 1024);
    const struct arena_mark mark = arena_mark(arena);
    char *secret = arena_print(arena, "%s", "secret");
    assert_non_null(secret);
    arena_rewind(arena, mark);
    const char *again = arena_alloc(arena, 7);
    assert_ptr_equal(again, secret);
    assert_string_equal(again, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rewinding_gives_back_what_came_behind_the_mark),
        cmocka_unit_test(what_is_handed_out_behind_a_rewind_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
