// SPDX-License-Identifier: Apache-2.0
#include "server/ops/checker.h"

#include "server/machine/clock.h"
#include "server/ops/facts.h"

#include <pthread.h>
#include <sys/resource.h>

#define FACTS_ARENA_BYTES  ((size_t)4 * 1024 * 1024 * 1024)
#define ROWS_ARENA_BYTES   ((size_t)64 * 1024 * 1024)
#define ROWS_BETWEEN_LOOKS 4096
#define NICENESS           10

struct checker {
    struct store *store;
    const struct logger *logger;
    pthread_mutex_t lock; // of all that follows
    pthread_t thread;
    bool has_thread; // to be joined
    bool ends;
    bool is_new; // the result was not taken yet
    struct checker_result result;
};

// One run, on its thread.
struct run {
    struct checker *checker;
    struct verify_report report;
    struct facts facts;
    uint64_t rows;
};

// Tables that say nothing about the books, or that are as long as the journal.
static bool is_left_out(enum table table)
{
    static const enum table OUT[] = {TABLE_head,   TABLE_journal, TABLE_outcome,    TABLE_vault,
                                     TABLE_header, TABLE_tile,    TABLE_checkpoint, TABLE_epoch,
                                     TABLE_psk,    TABLE_session, TABLE_throttle};

    for (size_t i = 0; i < COUNT_OF(OUT); i++) {
        if (OUT[i] == table) {
            return true;
        }
    }
    return false;
}

// Says how far it is; CANCELLED when the server stops, STORE_FULL when the store has no room.
static enum status look_up(struct run *run)
{
    struct checker *checker = run->checker;
    pthread_mutex_lock(&checker->lock);
    checker->result.rows_done = run->rows;
    const bool ends = checker->ends;
    pthread_mutex_unlock(&checker->lock);
    return ends ? STATUS_CANCELLED : store_room(checker->store);
}

static enum status take_row(void *context, const struct walk_row *row)
{
    struct run *run = context;
    run->rows++;
    const enum status status = run->rows % ROWS_BETWEEN_LOOKS == 0 ? look_up(run) : STATUS_OK;
    return status == STATUS_OK ? facts_take_row(&run->facts, row) : status;
}

static enum status count_rows(struct run *run, struct txn *txn)
{
    uint64_t total = 0;
    enum status status = STATUS_OK;
    for (enum table table = TABLE_NONE + 1; status == STATUS_OK && table < TABLE_LIMIT; table++) {
        uint64_t count = 0;
        if (table_name(table) != NULL && !is_left_out(table)) {
            status = table_count(txn, table, &count);
            total += count;
        }
    }
    pthread_mutex_lock(&run->checker->lock);
    run->checker->result.rows_total = total;
    pthread_mutex_unlock(&run->checker->lock);
    return status;
}

// Accounts first: the lines of entries are sorted by what their accounts are.
static enum status read_tables(struct run *run, struct txn *txn, struct arena *row_arena)
{
    struct walk_row row;
    enum status status = walk_table(txn, TABLE_account, row_arena, take_row, run, &row);
    for (enum table table = TABLE_NONE + 1; table < TABLE_LIMIT && status == STATUS_OK; table++) {
        if (table_name(table) != NULL && table != TABLE_account && !is_left_out(table)) {
            status = walk_table(txn, table, row_arena, take_row, run, &row);
        }
    }
    return status;
}

static enum status check(struct run *run)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(FACTS_ARENA_BYTES);
    CLEANUP(arena_free_at) struct arena *row_arena = arena_make(ROWS_ARENA_BYTES);
    if (arena == NULL || row_arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    facts_init(&run->facts, run->checker->store, arena, &run->report);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(run->checker->store, TXN_READ, arena, &txn);
    if (status == STATUS_OK) {
        run->report.number = txn_head(txn)->number;
        status = count_rows(run, txn);
    }
    if (status == STATUS_OK) {
        status = read_tables(run, txn, row_arena);
    }
    if (status != STATUS_OK) {
        return status;
    }
    txn_abort(txn); // what follows needs the rows no more
    txn = NULL;
    facts_check_indexes(&run->facts);
    facts_check_books(&run->facts);
    return run->facts.exhausted ? STATUS_ENVIRONMENT : STATUS_OK;
}

static void *run_thread(void *context)
{
    struct checker *checker = context;
    // On Linux the priority is the thread's own; without it the check is only less modest.
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    struct run run = {.checker = checker};
    const enum status status = check(&run);
    pthread_mutex_lock(&checker->lock);
    struct checker_result *result = &checker->result;
    result->report = run.report;
    result->rows_done = run.rows;
    result->ended_us = clock_now_us();
    result->state = status != STATUS_OK            ? CHECKER_FAILED
                    : run.report.finding_count > 0 ? CHECKER_BROKEN
                                                   : CHECKER_HOLDS;
    checker->is_new = true;
    pthread_mutex_unlock(&checker->lock);
    if (status != STATUS_OK && status != STATUS_CANCELLED) {
        logger_say(checker->logger, LOG_LEVEL_ERROR, "the check of the books did not end",
                   "code=%s", status_code(status));
    }
    return NULL;
}

enum status checker_make(struct store *store, const struct logger *logger, struct checker **out)
{
    struct checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL) {
        return STATUS_ENVIRONMENT;
    }
    checker->store = store;
    checker->logger = logger;
    pthread_mutex_init(&checker->lock, NULL);
    *out = checker;
    return STATUS_OK;
}

enum status checker_begin(struct checker *checker)
{
    pthread_mutex_lock(&checker->lock);
    const bool is_running = checker->result.state == CHECKER_RUNNING;
    if (!is_running) {
        checker->result =
            (struct checker_result){.state = CHECKER_RUNNING, .began_us = clock_now_us()};
        checker->is_new = false;
    }
    pthread_mutex_unlock(&checker->lock);
    if (is_running) {
        return STATUS_OK;
    }
    if (checker->has_thread) {
        (void)pthread_join(checker->thread, NULL);
    }
    checker->has_thread = pthread_create(&checker->thread, NULL, run_thread, checker) == 0;
    if (!checker->has_thread) {
        pthread_mutex_lock(&checker->lock);
        checker->result.state = CHECKER_FAILED;
        pthread_mutex_unlock(&checker->lock);
    }
    return checker->has_thread ? STATUS_OK : STATUS_ENVIRONMENT;
}

void checker_look(struct checker *checker, struct checker_result *out)
{
    pthread_mutex_lock(&checker->lock);
    *out = checker->result;
    pthread_mutex_unlock(&checker->lock);
}

bool checker_take(struct checker *checker, struct checker_result *out)
{
    pthread_mutex_lock(&checker->lock);
    const bool is_new = checker->is_new;
    if (is_new) {
        *out = checker->result;
        checker->is_new = false;
    }
    pthread_mutex_unlock(&checker->lock);
    return is_new;
}

void checker_free(struct checker *checker)
{
    if (checker == NULL) {
        return;
    }
    pthread_mutex_lock(&checker->lock);
    checker->ends = true;
    pthread_mutex_unlock(&checker->lock);
    if (checker->has_thread) {
        (void)pthread_join(checker->thread, NULL);
    }
    pthread_mutex_destroy(&checker->lock);
    free(checker);
}
