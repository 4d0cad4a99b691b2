// SPDX-License-Identifier: Apache-2.0
#include "server/store/inside.h"

enum status key_from_val(enum table table, const MDB_val *val, struct row_key *out)
{
    if (val->mv_size != table_facts(table)->key_size) {
        return STATUS_TAMPERED;
    }
    out->size = (uint8_t)val->mv_size;
    memcpy(out->bytes, val->mv_data, val->mv_size);
    return STATUS_OK;
}

enum status record_unpack(struct arena *arena, enum table table, struct bytes packed,
                          ProtobufCMessage **out)
{
    const enum status status = wire_unpack(arena, table_record(table), packed, out);
    return status == STATUS_MALFORMED ? STATUS_TAMPERED : status;
}

enum status stored_get(const struct txn *txn, enum table table, const struct row_key *key,
                       struct bytes *out)
{
    assert(txn->lmdb != NULL);
    assert(key->size == table_facts(table)->key_size);
    MDB_val name = val_of_key(key);
    MDB_val value;
    const int code = mdb_get(txn->lmdb, txn->store->dbi[table], &name, &value);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    *out = bytes_of(value.mv_data, value.mv_size);
    return STATUS_OK;
}

// ---- get ----

static enum status overlay_get(const struct overlay_row *row, struct bytes *out, uint32_t *version)
{
    *out = row->packed;
    *version = row->version;
    return row->deleted ? STATUS_NOT_FOUND : STATUS_OK;
}

static enum status bytes_get(struct txn *txn, enum table table, const struct row_key *key,
                             struct bytes *out, uint32_t *version)
{
    if (txn->mode == TXN_WRITE && table_is_hot(table)) {
        struct overlay_row *row = NULL;
        const enum status status = hot_find(txn, table, key, &row);
        if (status != STATUS_OK || row == NULL) {
            return status != STATUS_OK ? status : STATUS_NOT_FOUND;
        }
        return overlay_get(row, out, version);
    }
    if (txn->mode == TXN_PREVIEW) {
        const struct overlay_row *row = overlay_find(&txn->overlay, table, key);
        if (row != NULL) {
            return overlay_get(row, out, version);
        }
    }
    struct bytes sealed = bytes_of(NULL, 0);
    const enum status status = stored_get(txn, table, key, &sealed);
    if (status != STATUS_OK) {
        return status;
    }
    return row_open(txn->store->secrets, table, key, sealed, txn->arena, out, version);
}

enum status table_get_bytes(struct txn *txn, enum table table, struct row_key key,
                            struct bytes *out, uint32_t *version)
{
    uint32_t found = 0;
    const enum status status = bytes_get(txn, table, &key, out, &found);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        plan_note(txn, table, &key, status == STATUS_OK ? found : 0);
    }
    if (status == STATUS_OK && version != NULL) {
        *version = found;
    }
    return status;
}

enum status table_get(struct txn *txn, enum table table, struct row_key key, ProtobufCMessage **out,
                      uint32_t *version)
{
    struct bytes packed;
    const enum status status = table_get_bytes(txn, table, key, &packed, version);
    return status == STATUS_OK ? record_unpack(txn->arena, table, packed, out) : status;
}

enum status row_stamp(struct txn *txn, enum table table, struct row_key key,
                      uint8_t out[static STAMP_BYTES], bool *is_stamped)
{
    assert(!table_is_hot(table));
    struct bytes sealed = bytes_of(NULL, 0);
    *is_stamped = txn->mode != TXN_PREVIEW || overlay_find(&txn->overlay, table, &key) == NULL;
    if (!*is_stamped) {
        return STATUS_OK;
    }
    const enum status status = stored_get(txn, table, &key, &sealed);
    if (status == STATUS_OK && sealed.size < STAMP_BYTES) {
        return STATUS_TAMPERED;
    }
    if (status == STATUS_OK) {
        memcpy(out, sealed.data, STAMP_BYTES);
    }
    return status;
}

// ---- put and del ----

// The first write of a call: from here on nothing may be refused, so an agreed plan is compared
// here.
static enum status first_write(struct txn *txn)
{
    assert(txn->mode != TXN_READ);
    if (txn->call_has_written) {
        return STATUS_OK;
    }
    if (txn->plan_expected) {
        uint8_t token[sizeof txn->plan_token];
        txn_plan(txn, txn->plan_request, token);
        if (!keys_equal(token, txn->plan_token, sizeof token)) {
            return STATUS_PLAN_CHANGED;
        }
    }
    txn->call_has_written = true;
    return STATUS_OK;
}

struct old_row {
    bool exists;
    uint32_t version;    // 0 when it does not exist
    struct bytes packed; // of tables in the digest
};

// What stands there now. Only rows that count in the digest have to be opened.
static enum status old_load(struct txn *txn, enum table table, const struct row_key *key,
                            struct old_row *old)
{
    *old = (struct old_row){.exists = false};
    enum status status;
    if (table_is_state(table) || txn->mode == TXN_PREVIEW) {
        status = bytes_get(txn, table, key, &old->packed, &old->version);
    } else {
        struct bytes sealed = bytes_of(NULL, 0);
        status = stored_get(txn, table, key, &sealed);
        old->version = status == STATUS_OK ? row_version(sealed) : 0;
    }
    old->exists = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The sum has no order: taking the old row and adding the new one is the row's change.
static void digest_change(struct txn *txn, enum table table, const struct row_key *key,
                          const struct old_row *old, uint32_t version, const struct bytes *packed)
{
    if (!table_is_state(table)) {
        return;
    }
    const struct key *digest_key = &txn->store->secrets->subkey[SUBKEY_DIGEST];
    const struct bytes name = bytes_of(key->bytes, key->size);
    if (old->exists) {
        digest_take(&txn->head.digest, digest_key, table, name, old->version, old->packed);
    }
    if (packed != NULL) {
        digest_add(&txn->head.digest, digest_key, table, name, version, *packed);
    }
}

// Remembers the row for the preview, or for the views.
static enum status overlay_note(struct txn *txn, enum table table, const struct row_key *key,
                                const struct old_row *old, uint32_t version,
                                const struct bytes *packed)
{
    if (txn->mode == TXN_WRITE && !table_facts(table)->view) {
        return STATUS_OK;
    }
    const size_t count = txn->overlay.count;
    struct overlay_row *row = overlay_touch(&txn->overlay, txn->batch_arena, table, key);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (txn->overlay.count > count) {
        row->existed = old->exists;
    }
    row->deleted = packed == NULL;
    row->written = true;
    row->version = version;
    row->packed = packed != NULL ? *packed : bytes_of(NULL, 0);
    return STATUS_OK;
}

// Rows whose keys ascend are appended, so that LMDB fills their pages to the end and not to the
// half.
enum status stored_put(struct txn *txn, enum table table, const struct row_key *key, bool exists,
                       uint32_t version, uint8_t *plain, size_t size)
{
    MDB_val name = val_of_key(key);
    MDB_val value = {.mv_size = row_sealed_size(size)};
    const MDB_dbi dbi = txn->store->dbi[table];
    int code = MDB_KEYEXIST;
    if (!exists) {
        code = mdb_put(txn->lmdb, dbi, &name, &value, MDB_RESERVE | MDB_APPEND);
    }
    if (code == MDB_KEYEXIST) {
        code = mdb_put(txn->lmdb, dbi, &name, &value, MDB_RESERVE);
    }
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    row_seal(txn->store->secrets, table, key, version, plain, size, value.mv_data);
    return STATUS_OK;
}

enum status table_put(struct txn *txn, enum table table, struct row_key key,
                      const ProtobufCMessage *record)
{
    assert(record->descriptor == table_record(table));
    assert(key.size == table_facts(table)->key_size);
    const size_t size = protobuf_c_message_get_packed_size(record);
    if (size > STORE_VALUE_BYTES_MAX) {
        return STATUS_TOO_LARGE;
    }
    enum status status = first_write(txn);
    if (status == STATUS_OK && txn->mode == TXN_WRITE && table_is_hot(table)) {
        return hot_put(txn, table, &key, record, size);
    }
    uint8_t *plain = arena_alloc(txn->arena, row_padded_size(size));
    struct old_row old = {0};
    if (status == STATUS_OK) {
        status = plain != NULL ? old_load(txn, table, &key, &old) : STATUS_TOO_LARGE;
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)protobuf_c_message_pack(record, plain);
    const struct bytes packed = bytes_of(plain, size);
    const uint32_t version = old.version + 1;
    status = overlay_note(txn, table, &key, &old, version, &packed);
    if (status == STATUS_OK && txn->mode == TXN_WRITE) {
        txn->has_written = true;
        digest_change(txn, table, &key, &old, version, &packed);
        status = stored_put(txn, table, &key, old.exists, version, plain, size);
    }
    return status;
}

enum status table_put_bytes(struct txn *txn, enum table table, struct row_key key,
                            struct bytes packed, uint32_t version)
{
    assert(txn->mode == TXN_WRITE);
    if (key.size != table_facts(table)->key_size || version == 0 ||
        packed.size > STORE_VALUE_BYTES_MAX) {
        return STATUS_TAMPERED;
    }
    uint8_t *plain = arena_alloc(txn->arena, row_padded_size(packed.size));
    struct old_row old = {0};
    if (plain == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = first_write(txn);
    if (status == STATUS_OK) {
        status = old_load(txn, table, &key, &old);
    }
    if (status != STATUS_OK || old.exists) {
        return status != STATUS_OK ? status : STATUS_TAMPERED;
    }
    if (packed.size > 0) {
        memcpy(plain, packed.data, packed.size);
    }
    txn->has_written = true;
    digest_change(txn, table, &key, &old, version, &packed);
    return stored_put(txn, table, &key, false, version, plain, packed.size);
}

enum status stored_del(struct txn *txn, enum table table, const struct row_key *key)
{
    MDB_val name = val_of_key(key);
    return status_from_lmdb(mdb_del(txn->lmdb, txn->store->dbi[table], &name, NULL));
}

enum status table_del(struct txn *txn, enum table table, struct row_key key)
{
    assert(key.size == table_facts(table)->key_size);
    struct old_row old = {0};
    enum status status = first_write(txn);
    if (status == STATUS_OK && txn->mode == TXN_WRITE && table_is_hot(table)) {
        return hot_del(txn, table, &key);
    }
    if (status == STATUS_OK) {
        status = old_load(txn, table, &key, &old);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!old.exists) {
        return STATUS_NOT_FOUND;
    }
    status = overlay_note(txn, table, &key, &old, 0, NULL);
    if (status != STATUS_OK || txn->mode == TXN_PREVIEW) {
        return status;
    }
    txn->has_written = true;
    digest_change(txn, table, &key, &old, 0, NULL);
    return stored_del(txn, table, &key);
}

enum status table_count(struct txn *txn, enum table table, uint64_t *count)
{
    MDB_stat stat;
    const int code = mdb_stat(txn->lmdb, txn->store->dbi[table], &stat);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    uint64_t total = stat.ms_entries;
    const struct overlay_table *rows = &txn->overlay.table[table];
    for (size_t i = 0; is_overlaid(txn, table) && i < rows->count; i++) {
        const struct overlay_row *row = &rows->row[i];
        total += !row->existed && !row->deleted ? 1 : 0;
        total -= row->existed && row->deleted ? 1 : 0;
    }
    *count = total;
    return STATUS_OK;
}
