// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queue between the event loop and the machine: reads and previews go to reader threads, each
// with its own short read transaction; writes go into the filling batch, one batch is in flight,
// the next fills meanwhile (group commit by completion, no timer). The queue stamps instant and
// book day. With server/main.c and server/net/ the landlord of libuv.
//
// The machine behind it is reached through log.h only: append a group, be told committed, surely
// not, or unknown.

#include "server/log.h"
#include "server/machine/machine.h"
#include "server/machine/workers.h"

#include <uv.h>

struct queue;
struct job;

typedef void job_done(struct job *job);

struct job {
    struct arena *arena; // of the call; from a pool, given back by the owner of the job
    const struct command *command;
    Request *request;         // as it came; admission changes it in place
    uint8_t request_hash[32]; // BLAKE2b-256 of the command, as it came (proto/README.md 4); keyed
                              // by admission
    struct peer peer;         // device and session of the channel
    Reply *reply;             // filled by admission or machine; in the arena
    struct bytes packed;      // the reply, packed; set before `done`
    job_done *done; // the session's: called once, on the loop; ownership returns to the caller
    void *owner;    // the session, or NULL

    // From here on: of admission, queue and machine.
    struct call call;
    struct stamp stamp;
    struct admitted admitted;
    void *secret;        // what admission adds to the reply after the commit, in the arena
    uint64_t position;   // journal number that the reply shows
    enum status failure; // of the environment: the call was surely not done
    void *admission;     // whose job it is
    job_done *answered;  // admission's; called by the queue on the loop
    struct queue *queue;
    struct work work;
    struct job *next;
};

struct queue_options {
    uv_loop_t *loop;
    struct store *store;
    struct views *views;
    // Wall clock in microseconds, replaceable by tests; NULL: the system's.
    int64_t (*clock)(void *context);
    void *clock_context;
    const char *time_zone;
    const struct logger *logger; // NULL: silent
    // Signs the journal at the end of each batch's transaction, on the writer thread; `demanded`:
    // now, if it has grown. NULL: nobody signs.
    enum status (*seal)(void *context, struct txn *txn, int64_t instant_us, bool demanded);
    void *seal_context;
    uint64_t seal_ms; // how often it is asked at the least; 0: CHECKPOINT_MS
    // Called on the loop: something befell the server that belongs into the journal. NULL: nobody
    // writes it down.
    void (*befell)(void *context, NoteKind kind, int64_t step_us);
    void *befell_context;
};

MUST_CHECK enum status queue_make(const struct queue_options *options, struct queue **out);

// Takes the job and calls job->answered on the loop, never from inside; or answers STATUS_BUSY /
// STATUS_DEGRADED at once (then the job stays the caller's).
MUST_CHECK enum status queue_submit(struct queue *queue, struct job *job);

int64_t queue_now(const struct queue *queue);     // the clock, for admission
uint64_t queue_number(const struct queue *queue); // last committed journal number
bool queue_is_degraded(const struct queue *queue);

// After a commit: called on the loop, before the answers of that batch, with the new head number;
// for ending connections and for events. One callback.
void queue_on_commit(struct queue *queue, void (*callback)(void *context, uint64_t number),
                     void *context);
// The environment failed and the outcome of a batch is unknown: the process must end. Called on the
// loop.
void queue_on_failure(struct queue *queue, void (*callback)(void *context, enum status status),
                      void *context);

// Finishes what is queued, then calls back; then queue_free.
void queue_stop(struct queue *queue, void (*stopped)(void *context), void *context);
void queue_free(struct queue *queue);
