// SPDX-License-Identifier: Apache-2.0
#include "server/store/inside.h"

#include <stdalign.h>

// ---- begin ----

// A read transaction from the pool, or a new one.
static enum status read_begin(struct store *store, MDB_txn **out)
{
    MDB_txn *lmdb = NULL;
    (void)pthread_mutex_lock(&store->mutex);
    if (store->pool_count > 0) {
        lmdb = store->pool[--store->pool_count];
    }
    (void)pthread_mutex_unlock(&store->mutex);
    int code = MDB_SUCCESS;
    if (lmdb == NULL) {
        code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &lmdb);
    } else {
        code = mdb_txn_renew(lmdb);
        if (code != MDB_SUCCESS) {
            mdb_txn_abort(lmdb);
        }
    }
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code);
    }
    *out = lmdb;
    return STATUS_OK;
}

static void read_end(struct store *store, MDB_txn *lmdb)
{
    mdb_txn_reset(lmdb);
    (void)pthread_mutex_lock(&store->mutex);
    const bool kept = store->pool_count < READ_POOL_MAX;
    if (kept) {
        store->pool[store->pool_count++] = lmdb;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    if (!kept) {
        mdb_txn_abort(lmdb);
    }
}

// The head of the snapshot: mostly the one of the last commit, which is kept opened. A write
// transaction carries the number of the commit it will be; its snapshot is the one before.
static enum status head_of_snapshot(struct txn *txn)
{
    struct store *store = txn->store;
    const size_t snapshot = txn->mode == TXN_WRITE ? txn->lmdb_id - 1 : txn->lmdb_id;
    (void)pthread_mutex_lock(&store->mutex);
    const bool known = store->head_lmdb_txn == snapshot;
    if (known) {
        txn->head = store->head;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    if (known) {
        return STATUS_OK;
    }
    size_t head_txn = 0;
    uint32_t schema = 0;
    const enum status status =
        head_load(store, txn->lmdb, txn->batch_arena, &txn->head, &head_txn, &schema);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_TAMPERED : status;
    }
    return head_txn == snapshot ? STATUS_OK : STATUS_TAMPERED;
}

// The state of a running hash wants more alignment than an arena gives.
static bool plan_make(struct txn *txn)
{
    const size_t align = alignof(crypto_generichash_state);
    uint8_t *memory = arena_alloc(txn->batch_arena, sizeof *txn->plan + align);
    if (memory == NULL) {
        return false;
    }
    memory += align - (uintptr_t)memory % align;
    txn->plan = (crypto_generichash_state *)(void *)memory;
    return true;
}

enum status txn_begin(struct store *store, enum txn_mode mode, struct arena *arena,
                      struct txn **out)
{
    if (mode == TXN_WRITE && store->read_only) {
        return STATUS_DEGRADED;
    }
    struct txn *txn = arena_alloc(arena, sizeof *txn);
    if (txn == NULL) {
        return STATUS_TOO_LARGE;
    }
    txn->store = store;
    txn->mode = mode;
    txn->batch_arena = arena;
    if (!plan_make(txn)) {
        return STATUS_TOO_LARGE;
    }
    enum status status = mode == TXN_WRITE
                             ? status_from_lmdb(mdb_txn_begin(store->env, NULL, 0, &txn->lmdb))
                             : read_begin(store, &txn->lmdb);
    if (status != STATUS_OK) {
        return status;
    }
    txn->lmdb_id = mdb_txn_id(txn->lmdb);
    txn_call_begin(txn, arena, NULL);
    status = head_of_snapshot(txn);
    if (status != STATUS_OK) {
        txn_abort(txn);
        return status;
    }
    *out = txn;
    return STATUS_OK;
}

void txn_call_begin(struct txn *txn, struct arena *arena, const struct filter *filter)
{
    assert(txn->lmdb != NULL);
    txn->arena = arena;
    txn->filter = filter;
    txn->call_has_written = false;
    txn->plan_expected = false;
    (void)crypto_generichash_init(txn->plan, NULL, 0, sizeof txn->plan_token);
}

// ---- end ----

void txn_abort(struct txn *txn)
{
    if (txn == NULL || txn->lmdb == NULL) {
        return;
    }
    if (txn->mode == TXN_WRITE) {
        mdb_txn_abort(txn->lmdb);
    } else {
        read_end(txn->store, txn->lmdb);
    }
    txn->lmdb = NULL;
}

void txn_abort_at(struct txn **txn)
{
    txn_abort(*txn);
    *txn = NULL;
}

// A full disk is "surely not done" only if LMDB has not marked the environment as broken and the
// last commit is still the one before.
static enum status full_or_unknown(struct store *store, size_t lmdb_id)
{
    MDB_txn *probe = NULL;
    MDB_envinfo info;
    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &probe) != MDB_SUCCESS) {
        return STATUS_ENVIRONMENT;
    }
    mdb_txn_abort(probe);
    if (mdb_env_info(store->env, &info) != MDB_SUCCESS || info.me_last_txnid >= lmdb_id) {
        return STATUS_ENVIRONMENT;
    }
    return STATUS_STORE_FULL;
}

static void head_keep(struct store *store, const struct txn *txn)
{
    (void)pthread_mutex_lock(&store->mutex);
    store->head = txn->head;
    store->head_lmdb_txn = txn->lmdb_id;
    (void)pthread_mutex_unlock(&store->mutex);
}

// The journal has grown: root and header of this commit, in the chain of the ones before.
static enum status header_put(struct txn *txn)
{
    struct head *head = &txn->head;
    tree_root(&head->tree, head->tree_root);
    HeaderRecord record;
    header_record__init(&record);
    record.commit = head->commit + 1;
    record.previous = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = head->header};
    record.instant_us = head->instant_us;
    record.boot = (ProtobufCBinaryData){.len = sizeof txn->moment.boot, .data = txn->moment.boot};
    record.forward_us = txn->moment.forward_us;
    record.size = head->tree.size;
    record.root = (ProtobufCBinaryData){.len = LEAF_BYTES, .data = head->tree_root};
    record.digest = (ProtobufCBinaryData){.len = DIGEST_BYTES, .data = head->digest.sum};
    record.commands = txn->appended;
    struct bytes packed;
    enum status status = wire_pack(txn->batch_arena, (const ProtobufCMessage *)&record, &packed);
    if (status == STATUS_OK) {
        txn_call_begin(txn, txn->batch_arena, NULL);
        status = table_put_bytes(txn, TABLE_header, key_u64(record.commit), packed, 1);
    }
    if (status == STATUS_OK) {
        header_hash(packed, head->header);
        head->commit = record.commit;
    }
    return status;
}

void txn_set_moment(struct txn *txn, const struct moment *moment)
{
    assert(txn->mode == TXN_WRITE);
    txn->moment = *moment;
}

enum status txn_end_journal(struct txn *txn)
{
    assert(txn->mode == TXN_WRITE);
    enum status status = txn_settle(txn);
    if (status == STATUS_OK && txn->appended > 0) {
        status = header_put(txn);
    }
    txn->appended = 0;
    return status;
}

enum status txn_commit(struct txn *txn)
{
    assert(txn->mode == TXN_WRITE);
    assert(txn->lmdb != NULL);
    if (!txn->has_written) {
        txn_abort(txn);
        return STATUS_OK;
    }
    enum status status = txn_end_journal(txn);
    if (status == STATUS_OK) {
        status = head_save(txn->store, txn->lmdb, txn->batch_arena, &txn->head);
    }
    if (status != STATUS_OK) {
        txn_abort(txn);
        return status;
    }
    const int code = mdb_txn_commit(txn->lmdb);
    txn->lmdb = NULL;
    if (code != MDB_SUCCESS) {
        return status_from_lmdb(code) == STATUS_STORE_FULL
                   ? full_or_unknown(txn->store, txn->lmdb_id)
                   : STATUS_ENVIRONMENT;
    }
    head_keep(txn->store, txn);
    return STATUS_OK;
}

// ---- what a transaction says of itself ----

enum txn_mode txn_mode(const struct txn *txn)
{
    return txn->mode;
}

struct store *txn_store(const struct txn *txn)
{
    return txn->store;
}

struct head *txn_head(struct txn *txn)
{
    return &txn->head;
}

void txn_head_changed(struct txn *txn)
{
    assert(txn->mode == TXN_WRITE);
    txn->has_written = true;
}

struct arena *txn_arena(const struct txn *txn)
{
    return txn->arena;
}

const struct filter *txn_filter(const struct txn *txn)
{
    return txn->filter;
}

void txn_look_as(struct txn *txn, const struct filter *filter)
{
    assert(txn->lmdb != NULL);
    assert(filter != NULL && filter->user_id != 0);
    txn->filter = filter;
}

bool txn_call_has_written(const struct txn *txn)
{
    return txn->call_has_written;
}

// ---- the plan ----

// What an account or a month holds is no part of a plan: everybody's postings add to it, nobody's
// depends on it, and a token that followed it would tell each reader how much the others post.
static bool is_sum(enum table table)
{
    return table == TABLE_account || table == TABLE_period || table == TABLE_turnover;
}

void plan_note(struct txn *txn, enum table table, const struct row_key *key, uint32_t version)
{
    if (txn->call_has_written || txn->mode == TXN_READ || is_sum(table)) {
        return;
    }
    uint8_t text[2 + STORE_KEY_BYTES_MAX + 4];
    text[0] = (uint8_t)table;
    text[1] = key->size;
    memcpy(text + 2, key->bytes, key->size);
    put_u32(text + 2 + key->size, version);
    (void)crypto_generichash_update(txn->plan, text, 2 + (size_t)key->size + 4);
}

void txn_plan_fact(struct txn *txn, uint64_t fact)
{
    if (!txn->call_has_written && txn->mode != TXN_READ) {
        uint8_t text[8];
        put_u64(text, fact);
        (void)crypto_generichash_update(txn->plan, text, sizeof text);
    }
}

void txn_plan(struct txn *txn, struct bytes request, uint8_t out[static 16])
{
    crypto_generichash_state state = *txn->plan;
    (void)crypto_generichash_update(&state, request.data, request.size);
    (void)crypto_generichash_final(&state, out, 16);
}

void txn_plan_expect(struct txn *txn, struct bytes request, const uint8_t token[static 16])
{
    assert(!txn->call_has_written);
    txn->plan_expected = true;
    txn->plan_request = request;
    memcpy(txn->plan_token, token, sizeof txn->plan_token);
}

// ---- what changed ----

static bool change_fill(struct txn *txn, enum table table, const struct overlay_row *row,
                        struct change *out)
{
    *out = (struct change){.table = table, .key = row->key};
    ProtobufCMessage *record = NULL;
    if (!row->deleted &&
        record_unpack(txn->batch_arena, table, row->packed, &record) != STATUS_OK) {
        return false;
    }
    out->record = record;
    return true;
}

const struct change *txn_changes(struct txn *txn, size_t *count)
{
    struct change *change =
        arena_alloc(txn->batch_arena, (txn->overlay.count + 1) * sizeof *change);
    size_t filled = 0;
    for (enum table table = TABLE_NONE + 1; change != NULL && table < TABLE_LIMIT; table++) {
        const struct overlay_table *rows = &txn->overlay.table[table];
        for (size_t i = 0; i < rows->count && table_facts(table)->view; i++) {
            if (!rows->row[i].written) {
                continue;
            }
            if (!change_fill(txn, table, &rows->row[i], &change[filled])) {
                return NULL;
            }
            filled++;
        }
    }
    *count = filled;
    return change;
}
