// SPDX-License-Identifier: Apache-2.0
// Whether somebody is left who may change roles, when several commands of one batch take people
// away: each is judged on what the ones before it left, and no two can win together.
#include "shared/wire.h"
#include "tests/ledger/scene.h"
#include "tests/unit/unit.h"

#define TODAY  20778
#define DAY_US (86400ll * 1000 * 1000)

enum { OWNER, CLERK, ADMIN = 5 };

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    scene_open(scene, "CNY", "cn-small", TODAY);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    scene_close(*state);
    free(*state);
    return 0;
}

static Request *envelope(struct scene *scene, const char *name, ProtobufCMessage *inner)
{
    Request *request = (Request *)(void *)wire_make(scene->arena, &request__descriptor);
    assert_non_null(request);
    wire_set_inner(&request->base, command_by_name(name)->number, inner);
    return request;
}

// One command of a batch that goes on.
static enum status act(struct scene *scene, struct txn *txn, size_t person, const char *name,
                       ProtobufCMessage *inner)
{
    const uint8_t hash[32] = {0};
    struct call *call = arena_alloc(scene->arena, sizeof *call);
    Reply *reply = (Reply *)(void *)wire_make(scene->arena, &reply__descriptor);
    assert_non_null(call);
    assert_non_null(reply);
    call->arena = scene->arena;
    const struct stamp stamp = {.number = txn_head(txn)->number + 1,
                                .instant_us = TODAY * DAY_US + DAY_US / 12,
                                .book_day = TODAY};
    assert_int_equal(machine_write(txn, &scene->person[person], &stamp,
                                   envelope(scene, name, inner), hash, NULL, call, reply),
                     STATUS_OK);
    return (enum status)reply->status;
}

static char *text(struct scene *scene, const char *from)
{
    char *copy = arena_copy(scene->arena, from, strlen(from));
    assert_non_null(copy);
    return copy;
}

static ProtobufCMessage *disable(struct scene *scene, size_t person)
{
    UserDisable *request =
        (UserDisable *)(void *)wire_make(scene->arena, &user_disable__descriptor);
    assert_non_null(request);
    request->user_id = scene->user_id[person];
    request->reason = text(scene, "left");
    return &request->base;
}

static ProtobufCMessage *revoke_device(struct scene *scene, size_t person)
{
    DeviceRevoke *request =
        (DeviceRevoke *)(void *)wire_make(scene->arena, &device_revoke__descriptor);
    assert_non_null(request);
    request->device_id = scene->person[person].device_id;
    request->reason = text(scene, "lost");
    return &request->base;
}

static ProtobufCMessage *deny(struct scene *scene, uint64_t role_id, const char *permission)
{
    RoleDeny *request = (RoleDeny *)(void *)wire_make(scene->arena, &role_deny__descriptor);
    assert_non_null(request);
    request->role_id = role_id;
    request->permission = text(scene, permission);
    return &request->base;
}

static ProtobufCMessage *give_role(struct scene *scene, size_t person, const char *role)
{
    UserEdit *request = (UserEdit *)(void *)wire_make(scene->arena, &user_edit__descriptor);
    assert_non_null(request);
    request->user_id = scene->user_id[person];
    request->role = arena_alloc(scene->arena, sizeof(char *));
    assert_non_null(request->role);
    request->role[0] = text(scene, role);
    request->n_role = 1;
    return &request->base;
}

// The clerk may take people away, but not change roles: he is nobody's last admin.
static struct txn *begin_with_clerk_in_charge(struct scene *scene)
{
    struct txn *txn = NULL;
    RoleAdd *add = (RoleAdd *)(void *)wire_make(scene->arena, &role_add__descriptor);
    RoleGrant *grant = (RoleGrant *)(void *)wire_make(scene->arena, &role_grant__descriptor);
    assert_non_null(add);
    assert_non_null(grant);
    add->word = text(scene, "keeper");
    assert_int_equal(txn_begin(scene->store, TXN_WRITE, scene->arena, &txn), STATUS_OK);
    assert_int_equal(act(scene, txn, OWNER, "role_add", &add->base), STATUS_OK);
    static const char *const GRANTS[] = {"user.disable", "device.revoke", "user.edit"};
    for (size_t i = 0; i < COUNT_OF(GRANTS); i++) {
        grant->role_id = ROLE_CUSTOM_FIRST;
        grant->permission = text(scene, GRANTS[i]);
        grant->scope = SCOPE__SCOPE_ALL;
        assert_int_equal(act(scene, txn, OWNER, "role_grant", &grant->base), STATUS_OK);
    }
    assert_int_equal(act(scene, txn, OWNER, "user_edit", give_role(scene, CLERK, "keeper")),
                     STATUS_OK);
    return txn;
}

static void two_cannot_be_disabled_in_one_batch(void **state)
{
    struct scene *scene = *state;
    struct txn *txn CLEANUP(txn_abort_at) = begin_with_clerk_in_charge(scene);
    assert_int_equal(act(scene, txn, CLERK, "user_disable", disable(scene, ADMIN)), STATUS_OK);
    assert_int_equal(act(scene, txn, CLERK, "user_disable", disable(scene, OWNER)),
                     STATUS_LAST_ADMIN);
}

static void nor_one_disabled_and_the_other_cut_off(void **state)
{
    struct scene *scene = *state;
    struct txn *txn CLEANUP(txn_abort_at) = begin_with_clerk_in_charge(scene);
    assert_int_equal(act(scene, txn, CLERK, "device_revoke", revoke_device(scene, OWNER)),
                     STATUS_OK);
    assert_int_equal(act(scene, txn, CLERK, "user_disable", disable(scene, ADMIN)),
                     STATUS_LAST_ADMIN);
    assert_int_equal(act(scene, txn, CLERK, "device_revoke", revoke_device(scene, ADMIN)),
                     STATUS_LAST_ADMIN);
    // Nor are an admin's roles his to change.
    assert_int_equal(act(scene, txn, CLERK, "user_edit", give_role(scene, ADMIN, "auditor")),
                     STATUS_PERMISSION_DENIED);
}

static void nor_one_disabled_and_the_others_role_denied(void **state)
{
    struct scene *scene = *state;
    struct txn *txn CLEANUP(txn_abort_at) = begin_with_clerk_in_charge(scene);
    assert_int_equal(act(scene, txn, OWNER, "role_deny", deny(scene, ROLE_ADMIN, "role.grant")),
                     STATUS_OK);
    assert_int_equal(act(scene, txn, CLERK, "user_disable", disable(scene, OWNER)),
                     STATUS_LAST_ADMIN);
    assert_int_equal(act(scene, txn, CLERK, "user_disable", disable(scene, ADMIN)), STATUS_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_cannot_be_disabled_in_one_batch),
        CASE(nor_one_disabled_and_the_other_cut_off),
        CASE(nor_one_disabled_and_the_others_role_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
