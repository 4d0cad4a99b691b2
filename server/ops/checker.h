// SPDX-License-Identifier: Apache-2.0
#pragma once

// The invariants of the books (domain.md d.15), computed while the server serves: on a thread of
// its own, of low priority, from one snapshot, so that writers go on and every figure is of the
// same journal number. The journal itself is checked by `kontor audit verify` and `kontord verify`.
//
// The snapshot lives as long as the check, which is the one exception to READ_TXN_MS_MAX beside the
// backup: the file may grow meanwhile by what is written, so a check ends early, FAILED, when the
// store has no room.

#include "server/log.h"
#include "server/ops/verify.h"

enum checker_state { CHECKER_NONE, CHECKER_RUNNING, CHECKER_HOLDS, CHECKER_BROKEN, CHECKER_FAILED };

struct checker_result {
    enum checker_state state;
    int64_t began_us, ended_us;
    uint64_t rows_done, rows_total;
    struct verify_report report; // whole unless it is running; its number is the journal's
};

struct checker;

MUST_CHECK enum status checker_make(struct store *store, const struct logger *logger,
                                    struct checker **out);
// Ends a running check early.
void checker_free(struct checker *checker); // NULL accepted

// Begins one; nothing happens while one is running.
MUST_CHECK enum status checker_begin(struct checker *checker);
void checker_look(struct checker *checker, struct checker_result *out);
// What has ended and was not taken yet; false when there is nothing new.
bool checker_take(struct checker *checker, struct checker_result *out);
