// SPDX-License-Identifier: Apache-2.0
#include "server/store/inside.h"

// Rows that nearly every call reads and writes again: the accounts that are posted to, the sums of
// the month, the next number of a series. A batch opens such a row once and seals it once, at its
// end; in between it stands in the overlay. The digest counts a row as it was until then.

bool table_is_hot(enum table table)
{
    return table == TABLE_account || table == TABLE_balance || table == TABLE_book ||
           table == TABLE_counter || table == TABLE_period || table == TABLE_right_use ||
           table == TABLE_turnover;
}

enum status hot_find(struct txn *txn, enum table table, const struct row_key *key,
                     struct overlay_row **out)
{
    assert(txn->mode == TXN_WRITE && table_is_hot(table));
    *out = overlay_find(&txn->overlay, table, key);
    if (*out != NULL) {
        return STATUS_OK;
    }
    struct bytes sealed = bytes_of(NULL, 0);
    struct bytes packed;
    uint32_t version = 0;
    enum status status = stored_get(txn, table, key, &sealed);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    status = row_open(txn->store->secrets, table, key, sealed, txn->batch_arena, &packed, &version);
    if (status != STATUS_OK) {
        return status;
    }
    struct overlay_row *row = overlay_touch(&txn->overlay, txn->batch_arena, table, key);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->existed = true;
    row->deleted = false;
    row->version = version;
    row->packed = packed;
    *out = row;
    return STATUS_OK;
}

// From its first change on the row counts in the digest no more, until it is sealed again.
static void begin_change(struct txn *txn, enum table table, struct overlay_row *row)
{
    if (!row->waits && !row->deleted) {
        digest_take(&txn->head.digest, &txn->store->secrets->subkey[SUBKEY_DIGEST], table,
                    bytes_of(row->key.bytes, row->key.size), row->version, row->packed);
    }
    row->waits = true;
    row->written = true;
    txn->has_written = true;
}

enum status hot_put(struct txn *txn, enum table table, const struct row_key *key,
                    const ProtobufCMessage *record, size_t size)
{
    const size_t room = row_padded_size(size);
    struct overlay_row *row = NULL;
    const enum status status = hot_find(txn, table, key, &row);
    if (status != STATUS_OK) {
        return status;
    }
    if (row == NULL) {
        row = overlay_touch(&txn->overlay, txn->batch_arena, table, key);
    }
    uint8_t *plain =
        row != NULL && row->room >= room ? row->plain : arena_alloc(txn->batch_arena, room);
    if (row == NULL || plain == NULL) {
        return STATUS_TOO_LARGE;
    }
    begin_change(txn, table, row);
    row->room = plain == row->plain ? row->room : room;
    row->plain = plain;
    memset(plain, 0, row->room);
    (void)protobuf_c_message_pack(record, plain);
    row->packed = bytes_of(plain, size);
    row->version++;
    row->deleted = false;
    return STATUS_OK;
}

enum status hot_del(struct txn *txn, enum table table, const struct row_key *key)
{
    struct overlay_row *row = NULL;
    const enum status status = hot_find(txn, table, key, &row);
    if (status != STATUS_OK || row == NULL || row->deleted) {
        return status != STATUS_OK ? status : STATUS_NOT_FOUND;
    }
    begin_change(txn, table, row);
    row->deleted = true;
    row->version = 0;
    row->packed = bytes_of(NULL, 0);
    return STATUS_OK;
}

static enum status settle_row(struct txn *txn, enum table table, struct overlay_row *row)
{
    enum status status = STATUS_OK;
    if (!row->deleted) {
        digest_add(&txn->head.digest, &txn->store->secrets->subkey[SUBKEY_DIGEST], table,
                   bytes_of(row->key.bytes, row->key.size), row->version, row->packed);
        status = stored_put(txn, table, &row->key, row->existed, row->version, row->plain,
                            row->packed.size);
    } else if (row->existed) {
        status = stored_del(txn, table, &row->key);
    }
    row->existed = !row->deleted;
    row->waits = false;
    return status;
}

enum status txn_settle(struct txn *txn)
{
    assert(txn->mode == TXN_WRITE);
    assert(txn->lmdb != NULL);
    enum status status = STATUS_OK;
    for (enum table table = TABLE_NONE + 1; status == STATUS_OK && table < TABLE_LIMIT; table++) {
        struct overlay_table *rows = &txn->overlay.table[table];
        for (size_t i = 0; status == STATUS_OK && i < rows->count; i++) {
            if (rows->row[i].waits) {
                status = settle_row(txn, table, &rows->row[i]);
            }
        }
    }
    return status;
}
