// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/undo.h"

#include "server/machine/queue.h"

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct log {
    struct log_options options;
    struct arena *arena;
};

static bool forgets; // one log a process

void undo_keep(bool keeps)
{
    forgets = !keeps;
}

enum status log_make(const struct log_options *options, struct log **out)
{
    struct log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return STATUS_ENVIRONMENT;
    }
    log->options = *options;
    log->arena = arena_make(ARENA_BYTES);
    if (log->arena == NULL) {
        free(log);
        return STATUS_ENVIRONMENT;
    }
    *out = log;
    return STATUS_OK;
}

static enum status apply_all(struct log *log, struct txn *txn, struct group *group)
{
    enum status status = STATUS_OK;
    for (struct job *job = group->first; status == STATUS_OK && job != NULL; job = job->next) {
        const uint64_t number = txn_head(txn)->number + 1;
        status = log->options.apply(log->options.context, txn, job, number);
        group->offender = status != STATUS_OK ? job : NULL;
    }
    return status;
}

static enum status keep(struct log *log, struct txn *txn, struct group *group)
{
    enum status status = txn_commit(txn);
    if (status != STATUS_OK) {
        return status;
    }
    group->number = txn_head(txn)->number;
    size_t count = 0;
    const struct change *change = txn_changes(txn, &count);
    struct txn *after CLEANUP(txn_abort_at) = NULL;
    status = txn_begin(log->options.store, TXN_READ, log->arena, &after);
    return status != STATUS_OK ? status
                               : log->options.committed(log->options.context, after, change, count);
}

void log_append(struct log *log, struct group *group)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status = txn_begin(log->options.store, TXN_WRITE, log->arena, &txn);
    if (status == STATUS_OK) {
        status = apply_all(log, txn, group);
    }
    if (status == STATUS_OK && !forgets) {
        status = keep(log, txn, group);
    }
    group->outcome = status == STATUS_OK ? LOG_COMMITTED : LOG_SURELY_NOT;
    group->reason = status;
    txn_abort(txn);
    txn = NULL;
    arena_reset(log->arena);
    log->options.told(log->options.context, group);
}

void log_free(struct log *log)
{
    if (log != NULL) {
        arena_free(log->arena);
        free(log);
    }
}
