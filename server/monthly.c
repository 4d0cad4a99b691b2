// SPDX-License-Identifier: Apache-2.0
#include "server/monthly.h"

#include "server/machine/clock.h"
#include "shared/period.h"

#define LOOK_US ((int64_t)2 * 1000000) // one row: nearly nothing

// The first month that has ended and that some task was not made for; 0: none.
static enum status first_missing(const struct monthly *monthly, struct arena *arena, int32_t today,
                                 uint32_t *out)
{
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *row = NULL;
    enum status status = txn_begin(monthly->store, TXN_READ, arena, &txn);
    *out = 0;
    if (status == STATUS_OK) {
        status = table_get(txn, TABLE_checklist, key_u64(0), &row, NULL);
    }
    const ChecklistRecord *tasks = (const ChecklistRecord *)row;
    for (size_t i = 0; status == STATUS_OK && i < tasks->n_tasks; i++) {
        const uint32_t next = period_after(tasks->tasks[i]->made_through);
        if (period_last_day(next) < today && (*out == 0 || next < *out)) {
            *out = next;
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

void monthly_tick(struct monthly *monthly, struct admit *admit, int64_t now_us)
{
    CLEANUP(arena_free_at) struct arena *arena = NULL;
    uint32_t period = 0;
    if (now_us < monthly->next_us) {
        return;
    }
    monthly->next_us = now_us + LOOK_US;
    arena = arena_make(CALL_ARENA_MAX);
    if (arena == NULL || first_missing(monthly, arena, clock_day(now_us), &period) != STATUS_OK ||
        period == 0) {
        return;
    }
    ChecklistMake make;
    checklist_make__init(&make);
    make.period = period_print(arena, period);
    if (make.period != NULL) {
        admit_order(admit, "checklist_make", &make.base);
    }
}
