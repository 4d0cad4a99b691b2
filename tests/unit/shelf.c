// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/shelf.h"

#include "tests/unit/unit.h"

void shelf_make(struct shelf *shelf)
{
    *shelf = (struct shelf){0};
    temporary_make(&shelf->temporary);
    temporary_path(&shelf->temporary, "book", shelf->dir, sizeof shelf->dir);
    temporary_path(&shelf->temporary, "book.key", shelf->key_file, sizeof shelf->key_file);
    const struct store_options options = {
        .dir = shelf->dir, .key_file = shelf->key_file, .map_bytes = (uint64_t)256 * 1024 * 1024};
    shelf->arena = arena_make((size_t)256 * 1024 * 1024);
    assert_non_null(shelf->arena);
    assert_int_equal(keys_start(), STATUS_OK);
    assert_int_equal(store_create(&options), STATUS_OK);
    assert_int_equal(store_open(&options, &shelf->store), STATUS_OK);
}

void shelf_free(struct shelf *shelf)
{
    store_close(shelf->store);
    arena_free(shelf->arena);
    temporary_remove(&shelf->temporary);
}

struct txn *shelf_begin(struct shelf *shelf, enum txn_mode mode)
{
    struct txn *txn = NULL;
    arena_reset(shelf->arena);
    assert_int_equal(txn_begin(shelf->store, mode, shelf->arena, &txn), STATUS_OK);
    return txn;
}

void shelf_put(struct txn *txn, enum table table, uint64_t id, const ProtobufCMessage *record)
{
    assert_int_equal(table_put(txn, table, key_u64(id), record), STATUS_OK);
}

static char *copy(struct txn *txn, const char *text)
{
    char *copied =
        arena_copy(txn_arena(txn), text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
    assert_non_null(copied);
    return copied;
}

void shelf_user(struct txn *txn, uint64_t id, const char *login, const char *team)
{
    UserRecord record;
    user_record__init(&record);
    record.id = id;
    record.login = copy(txn, login);
    record.team = copy(txn, team);
    record.state = USER_STATE__USER_STATE_ACTIVE;
    shelf_put(txn, TABLE_user, id, &record.base);
}

static void seal(struct txn *txn, CustomerRecord *record, const struct key *key, uint32_t field,
                 const char *text)
{
    if (text == NULL) {
        return;
    }
    Sealed *sealed = arena_alloc(txn_arena(txn), sizeof *sealed);
    assert_non_null(sealed);
    sealed__init(sealed);
    sealed->field = field;
    assert_int_equal(
        vault_seal(key, record->vault_id, field, 0, text, txn_arena(txn), &sealed->box), STATUS_OK);
    record->sealed[record->n_sealed++] = sealed;
}

void shelf_customer(struct txn *txn, const struct shelf_customer *customer)
{
    CustomerRecord record;
    customer_record__init(&record);
    struct key key = {.bytes = {1, 2, 3}};
    put_u64(key.bytes + 8, customer->id);
    VaultRecord vault;
    vault_record__init(&vault);
    vault.key = (ProtobufCBinaryData){.data = key.bytes, .len = KEY_BYTES};
    shelf_put(txn, TABLE_vault, customer->id, &vault.base);

    Sealed *sealed[8];
    char *tags[1] = {copy(txn, customer->tag)};
    record.id = customer->id;
    record.sequence = customer->sequence;
    record.kind = customer->kind;
    record.owner_id = customer->owner_id;
    record.vault_id = customer->id;
    record.sealed = sealed;
    record.region = copy(txn, customer->region);
    record.class_ = copy(txn, customer->class);
    record.tag = tags;
    record.n_tag = customer->tag == NULL ? 0 : 1;
    record.state = customer->archived ? CUSTOMER_STATE__CUSTOMER_STATE_ARCHIVED
                                      : CUSTOMER_STATE__CUSTOMER_STATE_ACTIVE;
    seal(txn, &record, &key, 2, customer->name);
    seal(txn, &record, &key, 3, customer->company);
    seal(txn, &record, &key, 4, customer->phone);
    seal(txn, &record, &key, 5, customer->email);
    seal(txn, &record, &key, 7, customer->tax_id);
    seal(txn, &record, &key, 20, customer->reference);
    shelf_put(txn, TABLE_customer, customer->id, &record.base);
}
