// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

#include <unistd.h>

// The views from all rows, at start. Opening the personal texts is nearly all of the work, so
// customers are shared out among threads by slices of the table: each reads and opens a slice in a
// snapshot of its own, and they take turns to put their slices into the columns in order of id.
// Everything else is read by one thread.

#define SLICE_ROWS     1024
#define SLICE_BYTES    ((size_t)64 * 1024 * 1024)
#define WORKERS_MAX    4
#define SHARE_ROWS_MIN 4096 // fewer customers are not worth a thread

// ---- one thread ----

// `slice` is emptied by the caller between slices. *from moves behind what was read.
static enum status read_slice(struct views *views, struct txn *txn, enum table table,
                              struct row_key *from, bool *more)
{
    CLEANUP(scan_close_at) struct scan *scan = NULL;
    enum status status = scan_open(txn, table, *from, 0, false, &scan);
    *more = false;
    for (size_t i = 0; i < SLICE_ROWS && status == STATUS_OK; i++) {
        struct change change = {.table = table};
        struct customer_texts texts = {0};
        ProtobufCMessage *record = NULL;
        status = scan_next(scan, &change.key, &record);
        if (status != STATUS_OK) {
            break;
        }
        change.record = record;
        if (table == TABLE_customer) {
            status = customer_texts(txn, (const void *)record, txn_arena(txn), &texts);
        }
        if (status == STATUS_OK) {
            status = views_fill(views, &change, &texts, txn_arena(txn));
        }
        *from = key_u64(row_key_first(&change.key) + 1);
        *more = true;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status read_table(struct views *views, struct txn *txn, enum table table,
                              struct arena *slice)
{
    struct row_key from = key_u64(0);
    bool more = true;
    while (more) {
        enum status status = read_slice(views, txn, table, &from, &more);
        if (status != STATUS_OK) {
            return status;
        }
        arena_reset(slice);
    }
    return STATUS_OK;
}

// ---- several threads ----

struct sharing {
    struct views *views;
    struct store *store;
    struct scan *scan;
    struct row_key from; // first key of the next slice
    uint64_t number;     // journal number that every snapshot must show
    pthread_mutex_t mutex;
    pthread_cond_t turn;
    size_t given, taken; // slices shared out; slices in the columns
    bool ended;
    enum status status; // the first failure
};

struct slice {
    size_t ordinal;
    struct row_key from, last;
    struct customer_texts *texts;
    size_t count;
};

static void lock(struct sharing *sharing)
{
    int failed = pthread_mutex_lock(&sharing->mutex);
    assert(failed == 0);
}

static void unlock(struct sharing *sharing)
{
    int failed = pthread_mutex_unlock(&sharing->mutex);
    assert(failed == 0);
}

// The next slice of the table; false when there is none, or somebody failed.
static bool next_slice(struct sharing *sharing, struct slice *slice)
{
    lock(sharing);
    bool given = false;
    if (!sharing->ended && sharing->status == STATUS_OK) {
        slice->from = sharing->from;
        enum status status = scan_skip(sharing->scan, SLICE_ROWS, &slice->last);
        given = status == STATUS_OK;
        sharing->ended = !given;
        sharing->status = given || status == STATUS_END ? STATUS_OK : status;
    }
    if (given) {
        slice->ordinal = sharing->given++;
        sharing->from = key_u64(row_key_first(&slice->last) + 1);
    }
    unlock(sharing);
    return given;
}

static enum status open_slice(struct txn *txn, struct arena *arena, struct slice *slice)
{
    CLEANUP(scan_close_at) struct scan *scan = NULL;
    slice->count = 0;
    slice->texts = arena_alloc(arena, SLICE_ROWS * sizeof *slice->texts);
    if (slice->texts == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = scan_open(txn, TABLE_customer, slice->from, 0, false, &scan);
    bool last = false;
    while (status == STATUS_OK && !last) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = scan_next(scan, &key, &record);
        if (status == STATUS_OK) {
            assert(slice->count < SLICE_ROWS);
            status = customer_texts(txn, (const void *)record, arena, &slice->texts[slice->count]);
            slice->count++;
            last = row_key_first(&key) == row_key_first(&slice->last);
        }
    }
    return status;
}

// Waits for its turn; a slice that failed has its turn too, so that nobody waits for it.
static void take_slice(struct sharing *sharing, const struct slice *slice, enum status status)
{
    lock(sharing);
    while (sharing->taken != slice->ordinal) {
        int failed = pthread_cond_wait(&sharing->turn, &sharing->mutex);
        assert(failed == 0);
    }
    for (size_t i = 0; i < slice->count && status == STATUS_OK && sharing->status == STATUS_OK;
         i++) {
        status = customers_apply(sharing->views, &slice->texts[i]);
    }
    sharing->status = sharing->status == STATUS_OK ? status : sharing->status;
    sharing->taken++;
    int failed = pthread_cond_broadcast(&sharing->turn);
    assert(failed == 0);
    unlock(sharing);
}

static enum status work(struct sharing *sharing)
{
    CLEANUP(arena_free_at) struct arena *own = arena_make(SLICE_BYTES);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(SLICE_BYTES);
    if (own == NULL || arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    CLEANUP(txn_abort_at) struct txn *txn = NULL;
    enum status status = txn_begin(sharing->store, TXN_READ, own, &txn);
    if (status != STATUS_OK) {
        return status;
    }
    if (txn_head(txn)->number != sharing->number) {
        return STATUS_INCOMPLETE;
    }
    txn_call_begin(txn, arena, NULL);
    struct slice slice;
    while (next_slice(sharing, &slice)) {
        take_slice(sharing, &slice, open_slice(txn, arena, &slice));
        arena_reset(arena);
    }
    return STATUS_OK;
}

static void *run_worker(void *context)
{
    struct sharing *sharing = context;
    enum status status = work(sharing);
    lock(sharing);
    sharing->status = sharing->status == STATUS_OK ? status : sharing->status;
    unlock(sharing);
    return NULL;
}

static size_t worker_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (processors < 1) {
        return 1;
    }
    return processors > WORKERS_MAX ? WORKERS_MAX : (size_t)processors;
}

static enum status share_customers(struct views *views, struct txn *txn)
{
    struct sharing sharing = {.views = views,
                              .store = txn_store(txn),
                              .from = key_u64(0),
                              .number = txn_head(txn)->number};
    enum status status = scan_open(txn, TABLE_customer, key_u64(0), 0, false, &sharing.scan);
    if (status != STATUS_OK) {
        return status;
    }
    bool made = pthread_mutex_init(&sharing.mutex, NULL) == 0 &&
                pthread_cond_init(&sharing.turn, NULL) == 0;
    assert(made);
    pthread_t thread[WORKERS_MAX];
    size_t started = 0;
    size_t wanted = worker_count();
    while (started < wanted && pthread_create(&thread[started], NULL, run_worker, &sharing) == 0) {
        started++;
    }
    for (size_t i = 0; i < started; i++) {
        int failed = pthread_join(thread[i], NULL);
        assert(failed == 0);
    }
    (void)pthread_cond_destroy(&sharing.turn);
    (void)pthread_mutex_destroy(&sharing.mutex);
    scan_close(sharing.scan);
    return started > 0 ? sharing.status : STATUS_ENVIRONMENT;
}

// ---- all tables ----

enum status build_rows(struct views *views, struct txn *txn, struct arena *slice)
{
    uint64_t customers = 0;
    enum status status = table_count(txn, TABLE_customer, &customers);
    bool shared = customers >= SHARE_ROWS_MIN && txn_mode(txn) == TXN_READ;
    for (size_t i = 0; fill_table(i) != TABLE_NONE && status == STATUS_OK; i++) {
        bool share = fill_table(i) == TABLE_customer && shared;
        status = share ? share_customers(views, txn) : read_table(views, txn, fill_table(i), slice);
        arena_reset(slice);
    }
    return status;
}
