// SPDX-License-Identifier: Apache-2.0
#include "server/machine/queue.h"

#include "server/machine/clock.h"
#include "server/machine/log.h"

#include <sched.h>
#include <stdatomic.h>

#define PROBE_MS 1000

struct calls {
    struct job *first;
    struct job *last;
    size_t count;
};

struct queue {
    struct queue_options options;
    struct log *log;
    struct workers *readers;
    uv_async_t told;  // by the writer thread; its data is the queue
    uv_timer_t probe; // while degraded
    uv_timer_t sign;  // the journal, from time to time
    int64_t ahead_us; // the wall clock, of the clock that only runs forward
    bool wants_checkpoint;
    bool has_ended; // the last checkpoint was asked for
    uint8_t boot[16];
    struct calls filling;
    int64_t others_us;  // when something other than an import was last written
    struct group group; // in flight while `is_flying`
    bool is_flying;
    bool is_degraded;
    bool has_failed;
    int open_handles;
    _Atomic uint64_t number;
    void (*on_commit)(void *context, uint64_t number);
    void *commit_context;
    void (*on_failure)(void *context, enum status status);
    void *failure_context;
    void (*stopped)(void *context);
    void *stopped_context;
};

// ---- the clock ----

static int64_t system_clock(void *context)
{
    (void)context;
    return clock_now_us();
}

static void stamp_job(struct queue *queue, struct job *job)
{
    const int64_t now_us = queue_now(queue);
    job->stamp = (struct stamp){.instant_us = now_us, .book_day = clock_day(now_us)};
}

// ---- reads and previews, on reader threads ----

// Rows and views must show the same journal number. Between a commit and the views' taking of it
// they do not: a moment later they do.
static enum status begin_in_step(struct queue *queue, enum txn_mode mode, struct arena *arena,
                                 struct txn **out)
{
    for (;;) {
        views_lock_read(queue->options.views);
        struct txn *txn = NULL;
        const enum status status = txn_begin(queue->options.store, mode, arena, &txn);
        if (status != STATUS_OK) {
            views_unlock_read(queue->options.views);
            return status;
        }
        if (txn_head(txn)->number == views_number(queue->options.views)) {
            *out = txn;
            return STATUS_OK;
        }
        txn_abort(txn);
        views_unlock_read(queue->options.views);
        sched_yield();
    }
}

static void read_run(struct work *work)
{
    struct job *job = work->subject;
    struct queue *queue = job->queue;
    const enum txn_mode mode = job->command->mode == COMMAND_READ ? TXN_READ : TXN_PREVIEW;
    struct txn *txn = NULL;
    job->failure = begin_in_step(queue, mode, job->arena, &txn);
    if (job->failure != STATUS_OK) {
        return;
    }
    job->position = txn_head(txn)->number;
    job->failure = machine_read(txn, queue->options.views, &job->peer, &job->stamp, job->request,
                                &job->call, job->reply);
    txn_abort(txn);
    views_unlock_read(queue->options.views);
}

static void read_done(struct work *work)
{
    struct job *job = work->subject;
    job->answered(job);
}

static enum status submit_read(struct queue *queue, struct job *job)
{
    stamp_job(queue, job);
    job->work = (struct work){.run = read_run, .done = read_done, .subject = job};
    return workers_submit(queue->readers, &job->work);
}

// ---- writes, in groups by completion ----

static enum status apply_job(void *context, struct txn *txn, struct job *job, uint64_t number)
{
    (void)context;
    job->stamp.number = number;
    return machine_write(txn, &job->peer, &job->stamp, job->request, job->request_hash,
                         &job->admitted, &job->call, job->reply);
}

static enum status committed(void *context, struct txn *after, const struct change *change,
                             size_t count)
{
    struct queue *queue = context;
    return views_apply(queue->options.views, after, change, count);
}

static enum status seal(void *context, struct txn *txn, int64_t instant_us, bool demanded)
{
    const struct queue *queue = context;
    return queue->options.seal(queue->options.seal_context, txn, instant_us, demanded);
}

static void group_told(void *context, struct group *group)
{
    struct queue *queue = context;
    assert(group == &queue->group);
    uv_async_send(&queue->told);
}

static void calls_add(struct calls *calls, struct job *job)
{
    job->next = NULL;
    if (calls->last != NULL) {
        calls->last->next = job;
    } else {
        calls->first = job;
    }
    calls->last = job;
    calls->count++;
}

static bool is_import(const struct job *job)
{
    return job->command->request == &import_rows__descriptor;
}

// The next batch, in order of arrival; only groups of imported rows, each the work of many calls,
// let others pass, so that nobody's invoice stands behind half a file. The wire promises no order
// among requests that wait for an answer, and the groups keep theirs.
static void take_batch(struct calls *filling, size_t imports_max, struct calls *batch)
{
    struct calls waiting = {.count = 0};
    size_t imports = 0;
    struct job *job = filling->first;
    while (job != NULL && batch->count < BATCH_CALLS_MAX && waiting.count < BATCH_CALLS_MAX) {
        struct job *next = job->next;
        const bool waits = is_import(job) && imports == imports_max;
        imports += !waits && is_import(job);
        calls_add(waits ? &waiting : batch, job);
        job = next;
    }
    // What waits stands before what was not looked at.
    const size_t left = filling->count - batch->count;
    if (waiting.last != NULL) {
        waiting.last->next = job;
    }
    *filling = (struct calls){.first = waiting.first != NULL ? waiting.first : job,
                              .last = job != NULL ? filling->last : waiting.last,
                              .count = left};
}

static void fly(struct queue *queue)
{
    struct calls batch = {.count = 0};
    const bool alone = queue_now(queue) - queue->others_us > BESIDE_US;
    take_batch(&queue->filling, alone ? BATCH_IMPORTS_ALONE : BATCH_IMPORTS_BESIDE, &batch);
    queue->group = (struct group){
        .first = batch.first,
        .number = queue_number(queue),
        .instant_us = queue_now(queue),
        .moment.forward_us = clock_forward_us(),
        .demanded = queue->wants_checkpoint,
        .looks = queue->wants_checkpoint,
        .urgent = queue->is_degraded && batch.first != NULL,
    };
    memcpy(queue->group.moment.boot, queue->boot, sizeof queue->boot);
    queue->wants_checkpoint = false;
    for (struct job *job = batch.first; job != NULL; job = job->next) {
        stamp_job(queue, job);
    }
    queue->is_flying = true;
    log_append(queue->log, &queue->group);
}

static void on_probe(uv_timer_t *timer)
{
    struct queue *queue = timer->data;
    if (!queue->is_flying) {
        fly(queue);
    }
}

static void befell(struct queue *queue, NoteKind kind, int64_t step_us)
{
    if (queue->options.befell != NULL && queue->stopped == NULL) {
        queue->options.befell(queue->options.befell_context, kind, step_us);
    }
}

// The wall clock is corrected a little all the time; more than that is worth a record.
static void look_at_clocks(struct queue *queue)
{
    const int64_t ahead_us = queue_now(queue) - clock_forward_us();
    const int64_t step_us = ahead_us - queue->ahead_us;
    queue->ahead_us = ahead_us;
    if (step_us > CLOCK_STEP_US || step_us < -CLOCK_STEP_US) {
        befell(queue, NOTE_KIND__NOTE_KIND_CLOCK, step_us);
    }
}

// The signer looks whether something was written since the last checkpoint; a transaction without
// writes costs no flush.
static void on_sign(uv_timer_t *timer)
{
    struct queue *queue = timer->data;
    look_at_clocks(queue);
    queue->wants_checkpoint = true;
    if (!queue->is_flying) {
        fly(queue);
    }
}

static void set_degraded(struct queue *queue, bool is_degraded)
{
    if (is_degraded && !queue->is_degraded) {
        logger_say(queue->options.logger, LOG_LEVEL_ERROR,
                   "the store is full: no changes are taken", "journal=%llu",
                   (unsigned long long)queue_number(queue));
        uv_timer_start(&queue->probe, on_probe, PROBE_MS, PROBE_MS);
    } else if (!is_degraded && queue->is_degraded) {
        queue->is_degraded = false;
        befell(queue, NOTE_KIND__NOTE_KIND_FULL, 0);
        logger_say(queue->options.logger, LOG_LEVEL_WARN, "there is room again: changes are taken",
                   "%s", "");
        uv_timer_stop(&queue->probe);
    }
    queue->is_degraded = is_degraded;
}

// What a call of the group is told when nothing of the group was done.
static enum status reason_for(const struct group *group, const struct job *job)
{
    if (group->offender != NULL && group->offender != job) {
        return STATUS_BUSY;
    }
    return group->reason;
}

static void answer_group(struct queue *queue, const struct group *group)
{
    if (group->offender != NULL) {
        logger_say(queue->options.logger, LOG_LEVEL_WARN,
                   "a call broke off, its batch was not done", "command=%s code=%s",
                   group->offender->command->name, status_code(group->reason));
    }
    struct job *job = group->first;
    while (job != NULL) {
        struct job *next = job->next;
        job->next = NULL;
        job->position = group->number;
        job->failure = group->outcome == LOG_COMMITTED ? STATUS_OK : reason_for(group, job);
        job->answered(job);
        job = next;
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct queue *queue = handle->data;
    queue->open_handles--;
    if (queue->open_handles == 0 && queue->stopped != NULL) {
        queue->stopped(queue->stopped_context);
    }
}

static void readers_stopped(void *context)
{
    struct queue *queue = context;
    log_free(queue->log);
    queue->log = NULL;
    uv_timer_stop(&queue->probe);
    uv_timer_stop(&queue->sign);
    uv_close((uv_handle_t *)&queue->probe, on_closed);
    uv_close((uv_handle_t *)&queue->sign, on_closed);
    uv_close((uv_handle_t *)&queue->told, on_closed);
}

// The last group has no calls: it leaves the journal signed.
static void stop_when_idle(struct queue *queue)
{
    if (queue->stopped == NULL || queue->is_flying || queue->filling.count > 0 ||
        queue->log == NULL) {
        return;
    }
    if (queue->options.seal != NULL && !queue->has_ended && !queue->has_failed) {
        queue->has_ended = true;
        queue->wants_checkpoint = true;
        fly(queue);
        return;
    }
    workers_stop(queue->readers, readers_stopped, queue);
}

static void on_told(uv_async_t *told)
{
    struct queue *queue = told->data;
    if (!queue->is_flying) {
        return; // a wake-up of the group before
    }
    const struct group group = queue->group;
    queue->is_flying = false;
    if (group.outcome == LOG_UNKNOWN) {
        queue->has_failed = true;
        assert(queue->on_failure != NULL);
        queue->on_failure(queue->failure_context, group.reason);
        return;
    }
    const bool has_grown = group.number > queue_number(queue);
    atomic_store(&queue->number, group.number);
    // What went into the room kept for mending says nothing of the rest.
    set_degraded(queue, group.reason == STATUS_STORE_FULL || (group.urgent && queue->is_degraded));
    if (queue->filling.count > 0 || queue->wants_checkpoint) {
        fly(queue);
    }
    if (has_grown && queue->on_commit != NULL) {
        queue->on_commit(queue->commit_context, group.number);
    }
    answer_group(queue, &group);
    stop_when_idle(queue);
}

// While there is no room, nobody logs in but on the socket of this machine: who mends it must.
static bool is_for_mending(const struct job *job)
{
    return job->peer.local && job->command->permission == PERMISSION_DEVICE;
}

static enum status submit_write(struct queue *queue, struct job *job)
{
    if (queue->is_degraded && !is_for_mending(job)) {
        return STATUS_DEGRADED;
    }
    struct calls *filling = &queue->filling;
    if (filling->count >= QUEUE_CALLS_MAX) {
        return STATUS_BUSY;
    }
    calls_add(filling, job);
    queue->others_us = is_import(job) ? queue->others_us : queue_now(queue);
    if (!queue->is_flying) {
        fly(queue);
    }
    return STATUS_OK;
}

// ---- life ----

static enum status read_number(struct store *store, uint64_t *number)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    if (arena == NULL) {
        return STATUS_ENVIRONMENT;
    }
    const enum status status = txn_begin(store, TXN_READ, arena, &txn);
    if (status == STATUS_OK) {
        *number = txn_head(txn)->number;
    }
    return status;
}

static enum status start_parts(struct queue *queue)
{
    uint64_t number = 0;
    const enum status status = read_number(queue->options.store, &number);
    if (status != STATUS_OK) {
        return status;
    }
    atomic_store(&queue->number, number);
    if (uv_async_init(queue->options.loop, &queue->told, on_told) != 0 ||
        uv_timer_init(queue->options.loop, &queue->probe) != 0 ||
        uv_timer_init(queue->options.loop, &queue->sign) != 0 ||
        (queue->options.seal != NULL &&
         uv_timer_start(&queue->sign, on_sign, queue->options.seal_ms, queue->options.seal_ms) !=
             0)) {
        return STATUS_ENVIRONMENT;
    }
    clock_boot(queue->boot);
    queue->ahead_us = queue_now(queue) - clock_forward_us();
    queue->told.data = queue;
    queue->probe.data = queue;
    queue->sign.data = queue;
    queue->open_handles = 3;
    const struct log_options log = {
        .store = queue->options.store,
        .context = queue,
        .apply = apply_job,
        .seal = queue->options.seal != NULL ? seal : NULL,
        .committed = committed,
        .told = group_told,
    };
    const enum status made = log_make(&log, &queue->log);
    return made != STATUS_OK
               ? made
               : workers_make(queue->options.loop, READERS, QUEUE_CALLS_MAX, &queue->readers);
}

enum status queue_make(const struct queue_options *options, struct queue **out)
{
    assert(options->time_zone != NULL);
    struct queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        return STATUS_ENVIRONMENT;
    }
    queue->options = *options;
    if (queue->options.clock == NULL) {
        queue->options.clock = system_clock;
    }
    if (queue->options.seal_ms == 0) {
        queue->options.seal_ms = CHECKPOINT_MS;
    }
    const enum status status =
        clock_set_zone(options->time_zone) ? start_parts(queue) : STATUS_CONFIGURATION;
    if (status != STATUS_OK) {
        return status; // the program ends
    }
    *out = queue;
    return STATUS_OK;
}

enum status queue_submit(struct queue *queue, struct job *job)
{
    assert(job->answered != NULL && job->reply != NULL && job->command != NULL);
    if (queue->stopped != NULL || queue->has_failed) {
        return STATUS_BUSY;
    }
    job->queue = queue;
    job->failure = STATUS_OK;
    job->call = (struct call){.arena = job->arena};
    const bool is_write = job->command->mode == COMMAND_WRITE && !job->request->dry_run;
    return is_write ? submit_write(queue, job) : submit_read(queue, job);
}

int64_t queue_now(const struct queue *queue)
{
    return queue->options.clock(queue->options.clock_context);
}

uint64_t queue_number(const struct queue *queue)
{
    return atomic_load(&queue->number);
}

bool queue_is_degraded(const struct queue *queue)
{
    return queue->is_degraded;
}

void queue_on_commit(struct queue *queue, void (*callback)(void *context, uint64_t number),
                     void *context)
{
    queue->on_commit = callback;
    queue->commit_context = context;
}

void queue_on_failure(struct queue *queue, void (*callback)(void *context, enum status status),
                      void *context)
{
    queue->on_failure = callback;
    queue->failure_context = context;
}

void queue_stop(struct queue *queue, void (*stopped)(void *context), void *context)
{
    assert(stopped != NULL && queue->stopped == NULL);
    queue->stopped = stopped;
    queue->stopped_context = context;
    stop_when_idle(queue);
}

void queue_free(struct queue *queue)
{
    if (queue == NULL) {
        return;
    }
    assert(queue->log == NULL && queue->open_handles == 0);
    workers_free(queue->readers);
    free(queue);
}
