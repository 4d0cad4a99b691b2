// SPDX-License-Identifier: Apache-2.0
// Rights that are kept: a changed role holds for the very next decision, wherever it is changed,
// and whoever looks cannot tell whether they were kept.
#include "server/store/rights_cache.h"
#include "tests/unit/shelf.h"
#include "tests/unit/unit.h"

#define ROLE_ID 70

static int set_up(void **state)
{
    struct shelf *shelf = calloc(1, sizeof *shelf);
    assert_non_null(shelf);
    shelf_make(shelf);
    *state = shelf;
    return 0;
}

static int tear_down(void **state)
{
    shelf_free(*state);
    free(*state);
    return 0;
}

static void put_role(struct txn *txn, uint64_t id, enum scope scope)
{
    uint32_t permission[] = {permission_number(PERMISSION_CUSTOMER_SHOW)};
    uint32_t scopes[] = {scope};
    int64_t limit_minor[] = {0};
    RoleRecord role;
    role_record__init(&role);
    role.id = id;
    role.permission = permission;
    role.scope = scopes;
    role.limit_minor = limit_minor;
    role.n_permission = role.n_scope = role.n_limit_minor = 1;
    shelf_put(txn, TABLE_role, id, &role.base);
}

static enum scope scope_in(struct txn *txn, uint32_t role_id)
{
    uint32_t roles[] = {role_id, 999};
    UserRecord user;
    user_record__init(&user);
    user.role = roles;
    user.n_role = COUNT_OF(roles);
    struct rights rights;
    assert_int_equal(rights_load(txn, &user, &rights), STATUS_OK);
    return rights_scope(&rights, PERMISSION_CUSTOMER_SHOW);
}

static void commit_role(struct shelf *shelf, enum scope scope)
{
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    put_role(txn, ROLE_ID, scope);
    assert_int_equal(txn_commit(txn), STATUS_OK);
}

static enum scope scope_now(struct shelf *shelf)
{
    struct txn *txn CLEANUP(txn_abort_at) = shelf_begin(shelf, TXN_READ);
    const enum scope scope = scope_in(txn, ROLE_ID);
    assert_int_equal(scope_in(txn, ROLE_ID), scope); // and from what is kept
    return scope;
}

static void a_changed_role_holds_for_the_next_decision(void **state)
{
    struct shelf *shelf = *state;
    assert_int_equal(scope_now(shelf), SCOPE_NONE);
    commit_role(shelf, SCOPE_OWN);
    assert_int_equal(scope_now(shelf), SCOPE_OWN);
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    assert_int_equal(scope_in(txn, ROLE_ID), SCOPE_OWN);
    put_role(txn, ROLE_ID, SCOPE_ALL);
    assert_int_equal(scope_in(txn, ROLE_ID), SCOPE_ALL);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    assert_int_equal(scope_now(shelf), SCOPE_ALL);
}

// The number of a row's version comes again after a transaction that was not committed.
static void what_was_not_committed_is_not_kept(void **state)
{
    struct shelf *shelf = *state;
    commit_role(shelf, SCOPE_OWN);
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    put_role(txn, ROLE_ID, SCOPE_ALL);
    assert_int_equal(scope_in(txn, ROLE_ID), SCOPE_ALL);
    txn_abort(txn);
    assert_int_equal(scope_now(shelf), SCOPE_OWN);
    commit_role(shelf, SCOPE_TEAM);
    assert_int_equal(scope_now(shelf), SCOPE_TEAM);
}

static void a_preview_sees_what_it_changes_and_nobody_else(void **state)
{
    struct shelf *shelf = *state;
    commit_role(shelf, SCOPE_OWN);
    struct txn *txn = shelf_begin(shelf, TXN_PREVIEW);
    assert_int_equal(scope_in(txn, ROLE_ID), SCOPE_OWN);
    put_role(txn, ROLE_ID, SCOPE_ALL);
    assert_int_equal(scope_in(txn, ROLE_ID), SCOPE_ALL);
    txn_abort(txn);
    assert_int_equal(scope_now(shelf), SCOPE_OWN);
    commit_role(shelf, SCOPE_TEAM);
    assert_int_equal(scope_now(shelf), SCOPE_TEAM);
}

static void more_sets_than_are_kept_are_told_apart(void **state)
{
    struct shelf *shelf = *state;
    struct txn *txn = shelf_begin(shelf, TXN_WRITE);
    for (uint64_t i = 0; i < 3 * RIGHTS_CACHED_USERS; i++) {
        put_role(txn, ROLE_ID + i, (enum scope)(SCOPE_OWN + i % 4));
    }
    assert_int_equal(txn_commit(txn), STATUS_OK);
    txn = shelf_begin(shelf, TXN_READ);
    for (size_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < 3 * RIGHTS_CACHED_USERS; i++) {
            assert_int_equal(scope_in(txn, ROLE_ID + i), SCOPE_OWN + i % 4);
        }
    }
    txn_abort(txn);
}

static void a_plan_is_the_same_from_rows_and_from_what_is_kept(void **state)
{
    struct shelf *shelf = *state;
    uint8_t plan[2][16];
    commit_role(shelf, SCOPE_OWN);
    for (size_t i = 0; i < 2; i++) {
        struct txn *txn CLEANUP(txn_abort_at) = shelf_begin(shelf, TXN_PREVIEW);
        assert_int_equal(scope_in(txn, ROLE_ID), SCOPE_OWN);
        txn_plan(txn, bytes_of(NULL, 0), plan[i]);
    }
    assert_memory_equal(plan[0], plan[1], sizeof plan[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_changed_role_holds_for_the_next_decision, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_not_committed_is_not_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_preview_sees_what_it_changes_and_nobody_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(more_sets_than_are_kept_are_told_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_plan_is_the_same_from_rows_and_from_what_is_kept, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
