// SPDX-License-Identifier: Apache-2.0
// Requests that nobody decided in time are ended, so that what was drawn for them goes.
#include "server/admit/inside.h"
#include "server/machine/clock.h"

#define SCANNED_MAX 2000
#define LAPSE_BYTES ((size_t)4 * 1024 * 1024)

// Ends what has lapsed, and remembers up to where nothing waits any more.
static enum status end_lapsed(struct admit *admit, struct txn *txn)
{
    const int64_t now_us = queue_now(admit->options.queue);
    struct scan *scan CLEANUP(scan_close_at) = NULL;
    enum status status =
        scan_open(txn, TABLE_approval, key_u64(admit->lapse_from), 0, false, &scan);
    bool all_decided = true;
    size_t ended = 0;
    for (size_t i = 0; status == STATUS_OK && i < SCANNED_MAX && ended < LAPSES_MAX; i++) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = scan_next(scan, &key, &row);
        if (status != STATUS_OK) {
            break;
        }
        const ApprovalRecord *approval = (const ApprovalRecord *)row;
        const bool is_pending = approval->state == APPROVAL_STATE__APPROVAL_STATE_PENDING;
        all_decided = all_decided && !is_pending;
        admit->lapse_from = all_decided ? approval->id : admit->lapse_from;
        if (is_pending && now_us >= approval->created_us + APPROVAL_US) {
            ApprovalLapse lapse;
            approval_lapse__init(&lapse);
            lapse.approval_id = approval->id;
            admit_order(admit, "approval_lapse", &lapse.base);
            ended++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static void look_for_lapsed(struct admit *admit)
{
    struct arena *arena CLEANUP(arena_free_at) = arena_make(LAPSE_BYTES);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    enum status status =
        arena != NULL ? txn_begin(admit->options.store, TXN_READ, arena, &txn) : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        status = end_lapsed(admit, txn);
    }
    if (status != STATUS_OK) {
        logger_say(admit->options.logger, LOG_LEVEL_WARN, "requests that lapsed were not ended",
                   "code=%s", status_code(status));
    }
}

void lapse_tick(struct admit *admit)
{
    const int64_t now_us = clock_forward_us();
    if (admit->lapse_us == 0 || now_us - admit->lapse_us >= LAPSE_US) {
        admit->lapse_us = now_us;
        look_for_lapsed(admit);
    }
}
