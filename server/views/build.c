// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

#include <unistd.h>

// The views from all rows, at start. Opening the rows and the personal texts is nearly all of the
// work, so every large table is shared out among threads by slices: each reads and opens a slice in
// a snapshot of its own, and they take turns to put their slices into the columns in order of id.

#define SLICE_ROWS     256
#define SLICE_BYTES    ((size_t)512 * 1024 * 1024) // SLICE_ROWS of the largest documents, opened
#define WORKERS_MAX    4
#define SHARE_ROWS_MIN 4096 // fewer rows are not worth a thread

// Rows of a table in order of id, opened; `texts` beside them of customers only.
struct slice {
    size_t ordinal;
    struct row_key from;
    struct change *change;
    struct customer_texts *texts;
    size_t count;
};

static enum status open_row(struct scan *scan, struct txn *txn, enum table table,
                            struct slice *slice)
{
    struct change *change = &slice->change[slice->count];
    ProtobufCMessage *record = NULL;
    *change = (struct change){.table = table};
    enum status status = scan_next(scan, &change->key, &record);
    change->record = record;
    if (status == STATUS_OK && table == TABLE_customer) {
        status =
            customer_texts(txn, (const void *)record, txn_arena(txn), &slice->texts[slice->count]);
    }
    if (status == STATUS_OK) {
        slice->count++;
    }
    return status;
}

// Opens at most SLICE_ROWS rows from slice->from on, in the arena of `txn`.
static enum status open_slice(struct txn *txn, enum table table, struct slice *slice)
{
    CLEANUP(scan_close_at) struct scan *scan = NULL;
    struct arena *arena = txn_arena(txn);
    slice->count = 0;
    slice->change = arena_alloc(arena, SLICE_ROWS * sizeof *slice->change);
    slice->texts = arena_alloc(arena, SLICE_ROWS * sizeof *slice->texts);
    if (slice->change == NULL || slice->texts == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = scan_open(txn, table, slice->from, 0, false, &scan);
    while (status == STATUS_OK && slice->count < SLICE_ROWS) {
        status = open_row(scan, txn, table, slice);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status fill_slice(struct views *views, const struct slice *slice, struct arena *arena)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < slice->count && status == STATUS_OK; i++) {
        status = views_fill(views, &slice->change[i], &slice->texts[i], arena);
    }
    return status;
}

// ---- one thread ----

// Empties `arena`, which is that of `txn`, between slices.
static enum status read_table(struct views *views, struct txn *txn, enum table table,
                              struct arena *arena)
{
    struct slice slice = {.from = key_u64(0)};
    do {
        enum status status = open_slice(txn, table, &slice);
        if (status == STATUS_OK) {
            status = fill_slice(views, &slice, arena);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (slice.count > 0) {
            slice.from = key_u64(row_key_first(&slice.change[slice.count - 1].key) + 1);
        }
        arena_reset(arena);
    } while (slice.count == SLICE_ROWS);
    return STATUS_OK;
}

// ---- several threads ----

struct sharing {
    struct views *views;
    struct store *store;
    enum table table;
    struct scan *scan;
    struct row_key from; // first key of the next slice
    uint64_t number;     // journal number that every snapshot must show
    pthread_mutex_t mutex;
    pthread_cond_t turn;
    size_t given, taken; // slices shared out; slices in the columns
    bool ended;
    enum status status; // the first failure
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
        struct row_key last;
        enum status status = scan_skip(sharing->scan, SLICE_ROWS, &last);
        given = status == STATUS_OK;
        sharing->ended = !given;
        sharing->from = given ? key_u64(row_key_first(&last) + 1) : slice->from;
        sharing->status = given || status == STATUS_END ? STATUS_OK : status;
    }
    if (given) {
        slice->ordinal = sharing->given++;
    }
    unlock(sharing);
    return given;
}

// Waits for its turn; a slice that failed has its turn too, so that nobody waits for it.
static void take_slice(struct sharing *sharing, const struct slice *slice, enum status status,
                       struct arena *arena)
{
    lock(sharing);
    while (sharing->taken != slice->ordinal) {
        int failed = pthread_cond_wait(&sharing->turn, &sharing->mutex);
        assert(failed == 0);
    }
    if (status == STATUS_OK && sharing->status == STATUS_OK) {
        status = fill_slice(sharing->views, slice, arena);
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
        status = open_slice(txn, sharing->table, &slice);
        take_slice(sharing, &slice, status, arena);
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

static enum status share_table(struct views *views, struct txn *txn, enum table table)
{
    struct sharing sharing = {.views = views,
                              .store = txn_store(txn),
                              .table = table,
                              .from = key_u64(0),
                              .number = txn_head(txn)->number};
    enum status status = scan_open(txn, table, key_u64(0), 0, false, &sharing.scan);
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
    enum status status = STATUS_OK;
    for (size_t i = 0; fill_table(i) != TABLE_NONE && status == STATUS_OK; i++) {
        enum table table = fill_table(i);
        uint64_t rows = 0;
        status = table_count(txn, table, &rows);
        bool share = rows >= SHARE_ROWS_MIN && txn_mode(txn) == TXN_READ;
        if (status == STATUS_OK) {
            status = share ? share_table(views, txn, table) : read_table(views, txn, table, slice);
        }
        arena_reset(slice);
    }
    return status;
}
