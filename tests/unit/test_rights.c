// SPDX-License-Identifier: Apache-2.0
// What roles give together: the union of their grants, scope by scope, minus every denial.
#include "server/store/rights.h"
#include "tests/unit/unit.h"

#define ROOM 8

struct made {
    RoleRecord record;
    uint32_t permission[ROOM];
    uint32_t scope[ROOM];
    int64_t limit_minor[ROOM];
    uint32_t denied[ROOM];
    uint32_t view[CLASS_COUNT];
    uint32_t writable[CLASS_COUNT];
};

static void make(struct made *made, enum view contact, bool writable)
{
    *made = (struct made){0};
    role_record__init(&made->record);
    made->record.permission = made->permission;
    made->record.scope = made->scope;
    made->record.limit_minor = made->limit_minor;
    made->record.denied = made->denied;
    made->record.view = made->view;
    made->record.n_view = CLASS_COUNT;
    made->record.writable = made->writable;
    made->record.n_writable = CLASS_COUNT;
    made->view[CLASS_PUBLIC] = VIEW_FULL;
    made->view[CLASS_CONTACT] = contact;
    made->writable[CLASS_CONTACT] = writable;
}

static void grant(struct made *made, enum permission permission, enum scope scope,
                  int64_t limit_minor)
{
    const size_t at = made->record.n_permission;
    assert_true(at < ROOM);
    made->permission[at] = permission_number(permission);
    made->scope[at] = scope;
    made->limit_minor[at] = limit_minor;
    made->record.n_permission = at + 1;
    made->record.n_scope = at + 1;
    made->record.n_limit_minor = at + 1;
}

static void deny(struct made *made, enum permission permission)
{
    made->denied[made->record.n_denied++] = permission_number(permission);
}

// Until the next call: they are too large for the stack.
static const struct rights *both(const struct made *a, const struct made *b)
{
    static struct rights rights;
    const RoleRecord *roles[] = {&a->record, &b->record};
    rights_of(roles, COUNT_OF(roles), &rights);
    return &rights;
}

static void what_no_row_grants_is_denied(void **state)
{
    (void)state;
    struct rights rights;
    rights_of(NULL, 0, &rights);
    for (int p = PERMISSION_FIRST; p < PERMISSION_COUNT; p++) {
        assert_int_equal(rights_scope(&rights, (enum permission)p), SCOPE_NONE);
        assert_int_equal(rights_most(&rights, (enum permission)p, UINT32_MAX), 0);
    }
}

static void scopes_of_several_roles_join(void **state)
{
    (void)state;
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_FULL, true);
    grant(&a, PERMISSION_CUSTOMER_LIST, SCOPE_OWN, 0);
    grant(&b, PERMISSION_CUSTOMER_LIST, SCOPE_TEAM, 0);
    grant(&a, PERMISSION_INVOICE_LIST, SCOPE_ALL, 0);
    const struct rights *rights = both(&a, &b);
    assert_int_equal(rights_scope(rights, PERMISSION_CUSTOMER_LIST), SCOPE_TEAM);
    assert_int_equal(rights_scope(rights, PERMISSION_INVOICE_LIST), SCOPE_ALL);
    assert_int_equal(rights_scope(rights, PERMISSION_PAYMENT_ADD), SCOPE_NONE);
}

static void a_denial_in_any_role_wins(void **state)
{
    (void)state;
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_FULL, true);
    grant(&a, PERMISSION_PAYMENT_ADD, SCOPE_ALL, 0);
    grant(&a, PERMISSION_PAYMENT_LIST, SCOPE_ALL, 0);
    deny(&b, PERMISSION_PAYMENT_ADD);
    for (int turn = 0; turn < 2; turn++) {
        const struct rights *rights = turn == 0 ? both(&a, &b) : both(&b, &a);
        assert_int_equal(rights_scope(rights, PERMISSION_PAYMENT_ADD), SCOPE_NONE);
        assert_int_equal(rights_most(rights, PERMISSION_PAYMENT_ADD, UINT32_MAX), 0);
        assert_int_equal(rights_scope(rights, PERMISSION_PAYMENT_LIST), SCOPE_ALL);
    }
}

static void a_limit_goes_with_the_scope_that_grants_it(void **state)
{
    (void)state;
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_FULL, true);
    grant(&a, PERMISSION_INVOICE_ISSUE, SCOPE_OWN, 0);
    grant(&b, PERMISSION_INVOICE_ISSUE, SCOPE_ALL, 1000);
    const struct rights *rights = both(&a, &b);
    const uint32_t all = 1u << SCOPE_ALL;
    assert_int_equal(rights_most(rights, PERMISSION_INVOICE_ISSUE, all), 1000);
    assert_true(rights_most(rights, PERMISSION_INVOICE_ISSUE, all | 1u << SCOPE_OWN) == LIMIT_NONE);
    assert_int_equal(rights_most(rights, PERMISSION_INVOICE_ISSUE, 1u << SCOPE_TEAM), 0);
}

static void the_region_lends_no_sight_to_the_team(void **state)
{
    (void)state;
    struct arena *arena = arena_make(65536);
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_MASKED, false);
    grant(&a, PERMISSION_CUSTOMER_SHOW, SCOPE_REGION, 0);
    grant(&b, PERMISSION_CUSTOMER_SHOW, SCOPE_TEAM, 0);
    const struct rights *rights = both(&a, &b);
    UserRecord user;
    user_record__init(&user);
    const struct filter *show = rights_filter(rights, &user, PERMISSION_CUSTOMER_SHOW, arena);
    assert_int_equal(show->scope, SCOPE_REGION);
    assert_true(show->also_team && show->is_mixed);
    assert_int_equal(show->views[CLASS_CONTACT], VIEW_MASKED);
    assert_int_equal(show->near[SCOPE_REGION][CLASS_CONTACT], VIEW_FULL);
    assert_int_equal(show->near[SCOPE_TEAM][CLASS_CONTACT], VIEW_MASKED);
    arena_free(arena);
}

static void masks_go_with_the_roles_that_grant_the_command(void **state)
{
    (void)state;
    struct arena *arena = arena_make(65536);
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_MASKED, false);
    grant(&a, PERMISSION_CUSTOMER_LIST, SCOPE_OWN, 0);
    grant(&b, PERMISSION_CUSTOMER_LIST, SCOPE_ALL, 0);
    grant(&b, PERMISSION_CUSTOMER_SHOW, SCOPE_ALL, 0);
    grant(&a, PERMISSION_CUSTOMER_EDIT, SCOPE_OWN, 0);
    const struct rights *rights = both(&a, &b);
    UserRecord user;
    user_record__init(&user);
    user.id = 7;
    const struct filter *list = rights_filter(rights, &user, PERMISSION_CUSTOMER_LIST, arena);
    assert_int_equal(list->scope, SCOPE_ALL);
    assert_int_equal(list->views[CLASS_CONTACT], VIEW_MASKED);
    assert_true(list->is_mixed);
    assert_int_equal(list->near[SCOPE_OWN][CLASS_CONTACT], VIEW_FULL);
    // The other role grants nothing here and shows nothing.
    const struct filter *show = rights_narrow(rights, list, PERMISSION_CUSTOMER_SHOW, arena);
    assert_int_equal(show->views[CLASS_CONTACT], VIEW_MASKED);
    assert_false(show->is_mixed);
    assert_int_equal(show->near[SCOPE_OWN][CLASS_CONTACT], VIEW_HIDDEN);
    assert_int_equal(show->user_id, 7);
    const uint32_t own = 1u << SCOPE_OWN;
    assert_true(rights_may_change(rights, PERMISSION_CUSTOMER_EDIT, own, CLASS_CONTACT));
    assert_false(rights_may_change(rights, PERMISSION_CUSTOMER_EDIT, own, CLASS_FINANCE));
    // Nor does it lend what it lets change to rows further away.
    assert_false(
        rights_may_change(rights, PERMISSION_CUSTOMER_EDIT, 1u << SCOPE_ALL, CLASS_CONTACT));
    arena_free(arena);
}

static void region_does_not_lose_the_team(void **state)
{
    (void)state;
    struct arena *arena = arena_make(65536);
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_FULL, true);
    grant(&a, PERMISSION_CUSTOMER_LIST, SCOPE_TEAM, 0);
    grant(&b, PERMISSION_CUSTOMER_LIST, SCOPE_REGION, 0);
    const struct rights *rights = both(&a, &b);
    UserRecord user;
    user_record__init(&user);
    const struct filter *filter = rights_filter(rights, &user, PERMISSION_CUSTOMER_LIST, arena);
    assert_int_equal(filter->scope, SCOPE_REGION);
    assert_true(filter->also_team);
    arena_free(arena);
}

// A number that this program does not know, from a newer one or by damage, gives nothing.
static void unknown_numbers_give_nothing(void **state)
{
    (void)state;
    static struct made a, b;
    make(&a, VIEW_FULL, true);
    make(&b, VIEW_FULL, true);
    grant(&a, PERMISSION_CUSTOMER_LIST, SCOPE_COUNT, 0);
    grant(&a, PERMISSION_CUSTOMER_SHOW, SCOPE_ALL, 0);
    a.permission[1] = 9999;
    a.denied[0] = 9999;
    a.record.n_denied = 1;
    const struct rights *rights = both(&a, &b);
    for (int p = 0; p < PERMISSION_COUNT; p++) {
        assert_int_equal(rights_scope(rights, (enum permission)p), SCOPE_NONE);
        assert_false(rights->denied[p]);
    }
}

static void the_seed_is_what_the_table_says(void **state)
{
    (void)state;
    struct arena *arena = arena_make(65536);
    for (int role = ROLE_NONE + 1; role < ROLE_LIMIT; role++) {
        RoleRecord *record = NULL;
        assert_int_equal(rights_seed((enum role)role, arena, &record), STATUS_OK);
        assert_int_equal(record->id, role);
        assert_true(record->built_in);
        enum scope scope = SCOPE_NONE;
        int64_t limit_minor = 0;
        for (int p = PERMISSION_FIRST; p < PERMISSION_COUNT; p++) {
            const bool whole = permission_is_whole((enum permission)p) &&
                               role_grant_of(record, (enum permission)p, &scope, &limit_minor);
            assert_true(!whole || scope == SCOPE_ALL);
        }
        for (int p = PERMISSION_FIRST; role == ROLE_OWNER && p < PERMISSION_COUNT; p++) {
            assert_true(role_grant_of(record, (enum permission)p, &scope, &limit_minor));
            assert_int_equal(scope, SCOPE_ALL);
        }
        arena_reset(arena);
    }
    RoleRecord *record = NULL;
    assert_int_equal(rights_seed(ROLE_AUDITOR, arena, &record), STATUS_OK);
    assert_int_equal(role_view(record, CLASS_CONTACT), VIEW_MASKED);
    assert_int_equal(role_view(record, CLASS_SECRET), VIEW_HIDDEN);
    assert_false(role_may_change(record, CLASS_PUBLIC));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_row_grants_is_denied),
        cmocka_unit_test(scopes_of_several_roles_join),
        cmocka_unit_test(a_denial_in_any_role_wins),
        cmocka_unit_test(a_limit_goes_with_the_scope_that_grants_it),
        cmocka_unit_test(the_region_lends_no_sight_to_the_team),
        cmocka_unit_test(masks_go_with_the_roles_that_grant_the_command),
        cmocka_unit_test(region_does_not_lose_the_team),
        cmocka_unit_test(unknown_numbers_give_nothing),
        cmocka_unit_test(the_seed_is_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
