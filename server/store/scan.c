// SPDX-License-Identifier: Apache-2.0
#include "server/store/inside.h"

// A scan merges two sorted sources: the rows of LMDB, and the overlay above them in a preview or of
// a hot table.
// Inside a batch each step seeks its place again, because a put or del between two steps may move
// the pages under a cursor.

struct scan {
    struct txn *txn;
    enum table table;
    bool backwards;
    struct row_key from;
    size_t prefix_size;
    MDB_cursor *cursor;
    bool cursor_started;
    bool peeked; // `stored` holds a row that was not yet given
    bool stored_ended;
    bool ended; // nothing more under the prefix
    struct row_key stored_key;
    struct bytes stored; // sealed, in the map
    struct row_key last; // the last row given; size 0: none yet
};

enum status scan_open(struct txn *txn, enum table table, struct row_key from, size_t prefix_size,
                      bool backwards, struct scan **out)
{
    assert(txn->lmdb != NULL);
    assert(prefix_size <= from.size && from.size <= table_facts(table)->key_size);
    struct scan *scan = arena_alloc(txn->arena, sizeof *scan);
    if (scan == NULL) {
        return STATUS_TOO_LARGE;
    }
    *scan = (struct scan){.txn = txn,
                          .table = table,
                          .backwards = backwards,
                          .from = from,
                          .prefix_size = prefix_size};
    const int code = mdb_cursor_open(txn->lmdb, txn->store->dbi[table], &scan->cursor);
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    *out = scan;
    return STATUS_OK;
}

void scan_close(struct scan *scan)
{
    if (scan != NULL && scan->cursor != NULL) {
        mdb_cursor_close(scan->cursor);
        scan->cursor = NULL;
    }
}

void scan_close_at(struct scan **scan)
{
    scan_close(*scan);
    *scan = NULL;
}

static bool val_equals_key(const MDB_val *val, const struct row_key *key)
{
    return val->mv_size == key->size && memcmp(val->mv_data, key->bytes, key->size) == 0;
}

// Moves the cursor to `key` or the first row behind it in the direction of the scan; `beyond`: not
// `key` itself.
static int cursor_seek(struct scan *scan, const struct row_key *key, bool beyond, MDB_val *name,
                       MDB_val *value)
{
    if (key->size == 0) {
        return mdb_cursor_get(scan->cursor, name, value, scan->backwards ? MDB_LAST : MDB_FIRST);
    }
    *name = val_of_key(key);
    const int code = mdb_cursor_get(scan->cursor, name, value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND && scan->backwards) {
        return mdb_cursor_get(scan->cursor, name, value, MDB_LAST);
    }
    if (code != MDB_SUCCESS) {
        return code;
    }
    const bool exact = val_equals_key(name, key);
    if (scan->backwards) {
        return exact && !beyond ? code : mdb_cursor_get(scan->cursor, name, value, MDB_PREV);
    }
    return exact && beyond ? mdb_cursor_get(scan->cursor, name, value, MDB_NEXT) : code;
}

static int cursor_step(struct scan *scan, MDB_val *name, MDB_val *value)
{
    const bool pages_may_move = scan->txn->mode == TXN_WRITE;
    if (scan->cursor_started && !pages_may_move) {
        return mdb_cursor_get(scan->cursor, name, value, scan->backwards ? MDB_PREV : MDB_NEXT);
    }
    scan->cursor_started = true;
    const bool given = scan->last.size > 0;
    return cursor_seek(scan, given ? &scan->last : &scan->from, given, name, value);
}

// Looks at the next stored row without giving it.
static enum status stored_peek(struct scan *scan)
{
    if (scan->peeked || scan->stored_ended) {
        return STATUS_OK;
    }
    MDB_val name;
    MDB_val value;
    const int code = cursor_step(scan, &name, &value);
    if (code == MDB_NOTFOUND) {
        scan->stored_ended = true;
        return STATUS_OK;
    }
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    const enum status status = key_from_val(scan->table, &name, &scan->stored_key);
    if (status == STATUS_OK) {
        scan->stored = bytes_of(value.mv_data, value.mv_size);
        scan->peeked = true;
    }
    return status;
}

// The next row of the overlay behind what was given; NULL when there is none.
static const struct overlay_row *overlay_peek(const struct scan *scan)
{
    if (!is_overlaid(scan->txn, scan->table)) {
        return NULL;
    }
    const struct overlay_table *rows = &scan->txn->overlay.table[scan->table];
    const bool given = scan->last.size > 0;
    const struct row_key *key = given ? &scan->last : &scan->from;
    if (key->size == 0) {
        return rows->count == 0 ? NULL : &rows->row[scan->backwards ? rows->count - 1 : 0];
    }
    size_t index = overlay_seek(rows, key);
    const bool exact = index < rows->count && row_key_compare(&rows->row[index].key, key) == 0;
    if (exact && !given) {
        return &rows->row[index];
    }
    if (scan->backwards) {
        return index == 0 ? NULL : &rows->row[index - 1];
    }
    index += exact ? 1 : 0;
    return index < rows->count ? &rows->row[index] : NULL;
}

static bool in_prefix(const struct scan *scan, const struct row_key *key)
{
    return memcmp(key->bytes, scan->from.bytes, scan->prefix_size) == 0;
}

struct found {
    struct row_key key;
    const struct overlay_row *overlay; // NULL: the stored row
    struct bytes stored;
};

// The nearer of both sources; where both have the row, the overlay hides the stored one.
static enum status merge(struct scan *scan, struct found *out)
{
    if (scan->ended) {
        return STATUS_END;
    }
    const enum status status = stored_peek(scan);
    if (status != STATUS_OK) {
        return status;
    }
    const struct overlay_row *overlay = overlay_peek(scan);
    if (overlay == NULL && !scan->peeked) {
        return STATUS_END;
    }
    int order = 0; // below 0: the overlay's row comes first
    if (overlay == NULL || !scan->peeked) {
        order = overlay == NULL ? 1 : -1;
    } else {
        order = row_key_compare(&overlay->key, &scan->stored_key);
        order = scan->backwards ? -order : order;
    }
    *out = (struct found){.key = order <= 0 ? overlay->key : scan->stored_key,
                          .overlay = order <= 0 ? overlay : NULL,
                          .stored = scan->stored};
    if (order >= 0) {
        scan->peeked = false;
    }
    scan->last = out->key;
    scan->ended = !in_prefix(scan, &out->key);
    return scan->ended ? STATUS_END : STATUS_OK;
}

enum status scan_skip(struct scan *scan, size_t count, struct row_key *last)
{
    assert(scan->txn->mode == TXN_READ);
    assert(count > 0);
    struct found found;
    enum status status = STATUS_OK;
    size_t passed = 0;
    while (passed < count && status == STATUS_OK) {
        status = merge(scan, &found);
        if (status == STATUS_OK) {
            *last = found.key;
            passed++;
        }
    }
    return status == STATUS_END && passed > 0 ? STATUS_OK : status;
}

enum status scan_next_bytes(struct scan *scan, struct row_key *key, struct bytes *out,
                            uint32_t *version)
{
    assert(scan->cursor != NULL);
    assert(scan->txn->lmdb != NULL);
    struct found found;
    enum status status;
    do {
        status = merge(scan, &found);
    } while (status == STATUS_OK && found.overlay != NULL && found.overlay->deleted);
    if (status != STATUS_OK) {
        return status;
    }
    struct txn *txn = scan->txn;
    uint32_t row = 0;
    *key = found.key; // also of a row that does not open: verify says which one it is
    if (found.overlay != NULL) {
        *out = found.overlay->packed;
        row = found.overlay->version;
    } else {
        status = row_open(txn->store->secrets, scan->table, &found.key, found.stored, txn->arena,
                          out, &row);
    }
    if (status != STATUS_OK) {
        return status;
    }
    plan_note(txn, scan->table, &found.key, row);
    if (version != NULL) {
        *version = row;
    }
    return STATUS_OK;
}

enum status scan_next(struct scan *scan, struct row_key *key, ProtobufCMessage **out)
{
    struct bytes packed;
    const enum status status = scan_next_bytes(scan, key, &packed, NULL);
    return status == STATUS_OK ? record_unpack(scan->txn->arena, scan->table, packed, out) : status;
}
