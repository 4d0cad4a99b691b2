// SPDX-License-Identifier: Apache-2.0
#include "server/machine/log.h"

#include "server/machine/queue.h"

#include <pthread.h>

struct log {
    struct log_options options;
    struct arena *arena; // of the transaction itself; the calls bring their own
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct group *waiting;
    bool ends;
};

static void not_done(struct group *group, enum status reason, struct job *offender)
{
    const bool is_environment = reason >= STATUS_TAMPERED && reason <= STATUS_ENVIRONMENT;
    group->outcome = is_environment ? LOG_UNKNOWN : LOG_SURELY_NOT;
    group->reason = reason;
    group->offender = reason == STATUS_STORE_FULL ? NULL : offender;
}

static enum status apply_all(struct log *log, struct txn *txn, struct group *group,
                             struct job **offender)
{
    for (struct job *job = group->first; job != NULL; job = job->next) {
        const uint64_t number = txn_head(txn)->number + 1;
        const enum status status = log->options.apply(log->options.context, txn, job, number);
        if (status != STATUS_OK) {
            *offender = job;
            return status;
        }
        group->demanded |= job->call.anchors;
    }
    return STATUS_OK;
}

static enum status seal(struct log *log, struct txn *txn, const struct group *group)
{
    if (log->options.seal == NULL) {
        return STATUS_OK;
    }
    txn_call_begin(txn, log->arena, NULL);
    return log->options.seal(log->options.context, txn, group->instant_us, group->demanded);
}

// Tells of the committed rows, with a snapshot behind the commit.
static enum status tell_changes(struct log *log, struct txn *ended)
{
    size_t count = 0;
    const struct change *change = txn_changes(ended, &count);
    if (change == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct txn *after CLEANUP(txn_abort_at) = NULL;
    const enum status status = txn_begin(log->options.store, TXN_READ, log->arena, &after);
    return status != STATUS_OK ? status
                               : log->options.committed(log->options.context, after, change, count);
}

// One transaction; a group without calls ends with the question whether there is room.
static void run_group(struct log *log, struct group *group)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct job *offender = NULL;
    enum status status = group->urgent ? STATUS_OK : store_room(log->options.store);
    if (status == STATUS_OK && (group->first != NULL || group->looks)) {
        status = txn_begin(log->options.store, TXN_WRITE, log->arena, &txn);
    }
    if (status == STATUS_OK && txn != NULL) {
        txn_set_moment(txn, &group->moment);
        status = apply_all(log, txn, group, &offender);
    }
    if (status == STATUS_OK && txn != NULL) {
        status = seal(log, txn, group);
    }
    if (status != STATUS_OK || txn == NULL) {
        group->outcome = LOG_COMMITTED;
        if (status != STATUS_OK) {
            not_done(group, status, offender);
        }
        return;
    }

    status = txn_commit(txn);
    if (status != STATUS_OK) {
        not_done(group, status == STATUS_STORE_FULL ? status : STATUS_ENVIRONMENT, NULL);
        return;
    }

    group->number = txn_head(txn)->number;
    group->outcome = LOG_COMMITTED;
    status = tell_changes(log, txn);
    if (status != STATUS_OK) {
        group->outcome = LOG_UNKNOWN;
        group->reason = status;
    }
}

static void *write_loop(void *context)
{
    struct log *log = context;
    for (;;) {
        pthread_mutex_lock(&log->lock);
        while (log->waiting == NULL && !log->ends) {
            pthread_cond_wait(&log->wake, &log->lock);
        }
        struct group *group = log->waiting;
        log->waiting = NULL;
        pthread_mutex_unlock(&log->lock);
        if (group == NULL) {
            return NULL;
        }
        run_group(log, group);
        arena_reset(log->arena);
        log->options.told(log->options.context, group);
    }
}

enum status log_make(const struct log_options *options, struct log **out)
{
    assert(options->apply != NULL && options->committed != NULL && options->told != NULL);
    struct log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return STATUS_ENVIRONMENT;
    }
    log->options = *options;
    log->arena = arena_make(BATCH_ARENA_MAX);
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->wake, NULL);
    if (log->arena == NULL || pthread_create(&log->thread, NULL, write_loop, log) != 0) {
        arena_free(log->arena);
        free(log);
        return STATUS_ENVIRONMENT;
    }
    *out = log;
    return STATUS_OK;
}

void log_append(struct log *log, struct group *group)
{
    pthread_mutex_lock(&log->lock);
    assert(log->waiting == NULL && !log->ends);
    log->waiting = group;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
}

void log_free(struct log *log)
{
    if (log == NULL) {
        return;
    }
    pthread_mutex_lock(&log->lock);
    log->ends = true;
    pthread_cond_signal(&log->wake);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->thread, NULL);
    pthread_cond_destroy(&log->wake);
    pthread_mutex_destroy(&log->lock);
    arena_free(log->arena);
    free(log);
}
