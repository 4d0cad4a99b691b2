// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin_draft.h"
#include "tests/unit/unit.h"

#define ARENA_BYTES ((size_t)1024 * 1024)

// Finance may add payments up to a limit and never reverse one; cashier may nothing.
struct firm {
    struct arena *arena;
    RoleGrantRow grant[2];
    RoleGrantRow *grants[2];
    RoleCard card[2];
    RoleCard *cards[2];
    RoleListReply reply;
};

static int firm_up(void **state)
{
    struct firm *firm = calloc(1, sizeof *firm);
    assert_non_null(firm);
    firm->arena = arena_make(ARENA_BYTES);
    static char words[][20] = {"payment.add", "payment.reverse", "finance", "cashier"};
    for (size_t i = 0; i < 2; i++) {
        role_grant_row__init(&firm->grant[i]);
        role_card__init(&firm->card[i]);
        firm->grant[i].permission = words[i];
        firm->grants[i] = &firm->grant[i];
        firm->card[i].id = (uint32_t)(i + 2);
        firm->card[i].word = words[2 + i];
        firm->cards[i] = &firm->card[i];
    }
    firm->grant[0].scope = SCOPE__SCOPE_ALL;
    firm->grant[0].limit_minor = 500;
    firm->grant[1].denied = true;
    firm->card[0].grant = firm->grants;
    firm->card[0].n_grant = 2;
    role_list_reply__init(&firm->reply);
    firm->reply.row = firm->cards;
    firm->reply.n_row = 2;
    *state = firm;
    return firm->arena == NULL ? -1 : 0;
}

static int firm_down(void **state)
{
    struct firm *firm = *state;
    arena_free(firm->arena);
    free(firm);
    return 0;
}

static void a_right_is_read_with_its_limit_and_denial(void **state)
{
    const struct firm *firm = *state;
    const struct right add = right_of(&firm->card[0], "payment.add");
    const struct right reverse = right_of(&firm->card[0], "payment.reverse");
    const struct right none = right_of(&firm->card[1], "payment.add");
    assert_int_equal(add.scope, SCOPE__SCOPE_ALL);
    assert_int_equal(add.limit_minor, 500);
    assert_true(reverse.denied);
    assert_string_equal(right_word(&reverse), "deny");
    assert_string_equal(right_word(&none), "·");
}

static void cycling_goes_through_all_scopes_and_back(void **state)
{
    static const char *const WANTED[] = {"own", "team", "region", "all", "deny", "·"};
    (void)state;
    struct right right = {.scope = SCOPE__SCOPE_NONE};
    for (size_t i = 0; i < COUNT_OF(WANTED); i++) {
        right = right_next(&right);
        assert_string_equal(right_word(&right), WANTED[i]);
    }
}

static void a_cell_that_comes_back_leaves_the_draft(void **state)
{
    const struct firm *firm = *state;
    struct draft draft = {0};
    struct right right = {.scope = SCOPE__SCOPE_NONE};
    for (size_t i = 0; i < 6; i++) {
        right = right_next(&right);
        assert_true(draft_set(&draft, &firm->card[1], "payment.add", &right));
        assert_int_equal(draft.count, i < 5 ? 1 : 0);
    }
    assert_null(draft_find(&draft, 3, "payment.add"));
}

static void undo_takes_back_the_last_cell(void **state)
{
    const struct firm *firm = *state;
    struct draft draft = {0};
    const struct right own = {.scope = SCOPE__SCOPE_OWN};
    assert_true(draft_set(&draft, &firm->card[1], "payment.add", &own));
    assert_true(draft_set(&draft, &firm->card[1], "payment.reverse", &own));
    const unsigned version = draft.version;
    draft_undo(&draft);
    assert_int_equal(draft.count, 1);
    assert_true(draft.version > version);
    assert_non_null(draft_find(&draft, 3, "payment.add"));
    draft_undo(&draft);
    draft_undo(&draft);
    assert_int_equal(draft.count, 0);
}

static void a_full_draft_takes_no_more(void **state)
{
    const struct firm *firm = *state;
    struct draft draft = {0};
    const struct right own = {.scope = SCOPE__SCOPE_OWN};
    char permission[PERMISSION_BYTES_MAX];
    for (size_t i = 0; i < DRAFT_CHANGES_MAX; i++) {
        (void)snprintf(permission, sizeof permission, "p.%zu", i);
        assert_true(draft_set(&draft, &firm->card[1], permission, &own));
    }
    assert_false(draft_set(&draft, &firm->card[1], "one.more", &own));
    assert_true(draft_set(&draft, &firm->card[1], "p.3", &own));
}

static void what_has_become_so_meanwhile_is_settled(void **state)
{
    struct firm *firm = *state;
    struct draft draft = {0};
    const struct right own = {.scope = SCOPE__SCOPE_OWN};
    assert_true(draft_set(&draft, &firm->card[0], "payment.list", &own));
    assert_true(draft_set(&draft, &firm->card[1], "payment.list", &own));
    firm->grant[1].permission = (char[]){"payment.list"};
    firm->grant[1].denied = false;
    firm->grant[1].scope = SCOPE__SCOPE_OWN;
    firm->reply.n_row = 1; // the other role is gone
    draft_settle(&draft, &firm->reply);
    assert_int_equal(draft.count, 0);
}

static void a_draft_becomes_scopes_and_denials(void **state)
{
    const struct firm *firm = *state;
    struct draft draft = {0};
    const struct right all = {.scope = SCOPE__SCOPE_ALL};
    const struct right denied = {.scope = SCOPE__SCOPE_NONE, .denied = true};
    assert_true(draft_set(&draft, &firm->card[0], "payment.add", &denied));
    assert_true(draft_set(&draft, &firm->card[0], "payment.reverse", &all));
    assert_true(draft_set(&draft, &firm->card[1], "payment.reverse", &denied));
    const RoleApply *apply = draft_request(&draft, &firm->reply, firm->arena);
    assert_non_null(apply);
    assert_int_equal(apply->n_change, 5);
    assert_true(apply->change[0]->deny);
    assert_int_equal(apply->change[1]->scope, SCOPE__SCOPE_NONE);
    assert_string_equal(apply->change[1]->permission, "payment.add");
    assert_true(apply->change[2]->allow);
    assert_int_equal(apply->change[3]->scope, SCOPE__SCOPE_ALL);
    assert_int_equal(apply->change[4]->role_id, 3);
    assert_true(apply->change[4]->deny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_right_is_read_with_its_limit_and_denial, firm_up,
                                        firm_down),
        cmocka_unit_test(cycling_goes_through_all_scopes_and_back),
        cmocka_unit_test_setup_teardown(a_cell_that_comes_back_leaves_the_draft, firm_up,
                                        firm_down),
        cmocka_unit_test_setup_teardown(undo_takes_back_the_last_cell, firm_up, firm_down),
        cmocka_unit_test_setup_teardown(a_full_draft_takes_no_more, firm_up, firm_down),
        cmocka_unit_test_setup_teardown(what_has_become_so_meanwhile_is_settled, firm_up,
                                        firm_down),
        cmocka_unit_test_setup_teardown(a_draft_becomes_scopes_and_denials, firm_up, firm_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
