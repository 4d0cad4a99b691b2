// SPDX-License-Identifier: Apache-2.0
#pragma once

// The ordered log of commands, as narrow as another back end needs it (design 10): append a group,
// be told committed, surely not, or unknown; committed groups arrive in order. Only the log gives
// journal numbers.
//
// This is the embedded back end: a writer thread puts the group and its effects into one LMDB
// transaction. Another one would hand the group to its peers and apply what comes back.

#include "server/machine/machine.h"

struct log;
struct job;

enum log_outcome {
    LOG_COMMITTED,
    LOG_SURELY_NOT, // nothing of the group was done; `reason` says why
    LOG_UNKNOWN,    // the process must end and read the truth at its next start
};

struct group {
    struct job *first;  // linked by job->next, in order
    int64_t instant_us; // when it was taken up
    struct moment moment;
    bool demanded; // the journal is to be signed with it
    bool urgent;   // it may use the room that is kept for mending
    bool looks;    // it may be without calls: is there something to sign?
    enum log_outcome outcome;
    enum status reason;
    struct job *offender; // whose call made the group fail; NULL: the environment
    uint64_t number;      // of the last record after the group
};

struct log_options {
    struct store *store;
    void *context;
    // On the writer thread, all of them, in this order.
    enum status (*apply)(void *context, struct txn *txn, struct job *job, uint64_t number);
    // At the end of the transaction; NULL: nobody signs.
    enum status (*seal)(void *context, struct txn *txn, int64_t instant_us, bool demanded);
    enum status (*committed)(void *context, struct txn *after, const struct change *change,
                             size_t count);
    void (*told)(void *context, struct group *group);
};

MUST_CHECK enum status log_make(const struct log_options *options, struct log **out);
// One group at a time: the next one only after `told`. A group without calls only asks whether
// there is room again.
void log_append(struct log *log, struct group *group);
// Waits for the group in flight and ends the thread; NULL accepted.
void log_free(struct log *log);
