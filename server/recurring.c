// SPDX-License-Identifier: Apache-2.0
#include "server/recurring.h"

#include "server/machine/clock.h"
#include "shared/day.h"

#define QUIET_US   ((int64_t)60 * 1000000) // nothing is due
#define BUSY_US    ((int64_t)2 * 1000000)  // there may be more
#define ORDERS_MAX 64

// What the row says of its next period; the ledger has the last word (ledger/recurring.c).
static bool is_due(const RecurringRecord *recurring, int32_t today)
{
    return recurring->state == RECURRING_STATE__RECURRING_STATE_ACTIVE &&
           recurring->next_day != 0 && recurring->next_day <= today;
}

static void order(struct admit *admit, const RecurringRecord *recurring)
{
    RecurringDue due;
    recurring_due__init(&due);
    due.recurring_id = recurring->id;
    due.ordinal = recurring->done + 1;
    admit_order(admit, "recurring_due", &due.base);
}

enum status recurring_tick(struct recurring_watch *watch, struct store *store, struct admit *admit,
                           int64_t now_us)
{
    if (now_us < watch->next_us) {
        return STATUS_OK;
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    size_t ordered = 0;
    enum status status =
        arena != NULL ? txn_begin(store, TXN_READ, arena, &txn) : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        status = scan_open(txn, TABLE_recurring, (struct row_key){.size = 0}, 0, false, &scan);
    }
    while (status == STATUS_OK && ordered < ORDERS_MAX) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = scan_next(scan, &key, &row);
        if (status == STATUS_OK && is_due((const RecurringRecord *)row, clock_day(now_us))) {
            order(admit, (const RecurringRecord *)row);
            ordered++;
        }
    }
    watch->next_us = now_us + (ordered > 0 ? BUSY_US : QUIET_US);
    return status == STATUS_END ? STATUS_OK : status;
}
