// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/people.h"

const struct peer OWNER = {.device_id = DEVICE_OWNER, .session_id = SESSION_OWNER};
const struct peer SALES = {.device_id = DEVICE_SALES, .session_id = SESSION_SALES};

static void put(struct txn *txn, enum table table, uint64_t id, ProtobufCMessage *record)
{
    assert_int_equal(table_put(txn, table, key_u64(id), record), STATUS_OK);
}

static void put_person(struct txn *txn, uint64_t user_id, uint64_t device_id, uint64_t session_id,
                       uint32_t role)
{
    UserRecord user;
    user_record__init(&user);
    user.id = user_id;
    user.role = &role;
    user.n_role = 1;
    user.state = USER_STATE__USER_STATE_ACTIVE;
    put(txn, TABLE_user, user_id, &user.base);
    DeviceRecord device;
    device_record__init(&device);
    device.id = device_id;
    device.user_id = user_id;
    device.state = DEVICE_STATE__DEVICE_STATE_ACTIVE;
    put(txn, TABLE_device, device_id, &device.base);
    SessionRecord session;
    session_record__init(&session);
    session.id = session_id;
    session.user_id = user_id;
    session.device_id = device_id;
    session.expires_us = EXPIRY_US;
    put(txn, TABLE_session, session_id, &session.base);
}

// The built-in roles, as a new book has them.
static void put_roles(struct txn *txn, struct arena *arena)
{
    for (int role = ROLE_NONE + 1; role < ROLE_LIMIT; role++) {
        RoleRecord *record = NULL;
        assert_int_equal(rights_seed((enum role)role, arena, &record), STATUS_OK);
        put(txn, TABLE_role, record->id, &record->base);
    }
}

struct store *people_store(const struct temporary *temporary, const char *name)
{
    char dir[160];
    char key_file[160];
    temporary_path(temporary, name, dir, sizeof dir);
    temporary_path(temporary, "book.key", key_file, sizeof key_file);
    const struct store_options options = {
        .dir = dir, .key_file = key_file, .map_bytes = (uint64_t)64 * 1024 * 1024};
    struct store *store = NULL;
    assert_int_equal(store_create(&options), STATUS_OK);
    assert_int_equal(store_open(&options, &store), STATUS_OK);
    return store;
}

void people_put(struct store *store)
{
    struct arena *arena = arena_make((size_t)16 * 1024 * 1024);
    struct txn *txn = NULL;
    assert_non_null(arena);
    assert_int_equal(txn_begin(store, TXN_WRITE, arena, &txn), STATUS_OK);
    put_roles(txn, arena);
    put_person(txn, USER_OWNER, DEVICE_OWNER, SESSION_OWNER, ROLE_OWNER);
    put_person(txn, USER_SALES, DEVICE_SALES, SESSION_SALES, ROLE_SALES);
    assert_int_equal(txn_commit(txn), STATUS_OK);
    arena_free(arena);
}
