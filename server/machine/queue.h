// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queue between the event loop and the machine: reads go to reader threads, each with its own short read transaction;
// writes go into the filling batch, one batch is in flight, the next fills meanwhile (group commit by completion, no timer).
// The queue stamps number, instant and book day. With server/main.c and server/net/ the landlord of libuv.
//
// The machine behind it is reached through log.h only: append a group, be told committed, surely not, or unknown.

#include <uv.h>

#include "server/machine/machine.h"

struct queue;
struct job;

// Called on the loop when the job is done: `job->reply` is filled, packed bytes in job->packed. Ownership returns to the caller.
typedef void job_done(struct job *job);

struct job {
    struct arena *arena;          // of the call; from arena_pool, given back by the owner of the job
    const struct command *command;
    Request *request;             // as it left admission
    uint8_t request_hash[32];     // of the bytes as they came
    struct peer peer;             // device and session of the channel
    Reply *reply;                 // filled by the machine
    struct call call;
    job_done *done;
    void *owner;                  // the session, or NULL
    uint64_t admitted_key;        // vault key that this call brings along (0: none)
    struct admitted *admitted;    // what admission keeps for after the commit (tokens, invitation texts, new vault keys)
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
};

MUST_CHECK enum status queue_make(const struct queue_options *options, struct queue **out);
// Takes the job, or answers STATUS_BUSY / STATUS_DEGRADED at once (the job stays the caller's).
MUST_CHECK enum status queue_submit(struct queue *queue, struct job *job);
// After a commit: called on the loop with the new head number, for events and for ending connections.
void queue_on_commit(struct queue *queue, void (*callback)(void *context, uint64_t number), void *context);
// Finishes what is queued, then calls back; then queue_free.
void queue_stop(struct queue *queue, void (*stopped)(void *context), void *context);
void queue_free(struct queue *queue);
