// SPDX-License-Identifier: Apache-2.0
#include "server/rescore.h"

#include "server/machine/clock.h"
#include "shared/day.h"

#define QUIET_US ((int64_t)60 * 1000000)        // nothing is due
#define AGAIN_US ((int64_t)30 * 1000000)        // an order whose effect is not seen is given again
#define YOUNG_US ((int64_t)20 * 3600 * 1000000) // a new book waits for its first night

// Is a group of today due? *customer_id gets where it begins; 0: with the first one.
static bool is_due(const BookRecord *book, int32_t minute, int64_t now_us, uint64_t *customer_id)
{
    const int32_t today = clock_day(now_us);
    const bool is_halfway = book->scored_day == today && book->score_next_id != 0;
    const bool begins = book->scored_day < today && clock_minute(now_us) >= minute &&
                        now_us - book->opened_us >= YOUNG_US;
    *customer_id = is_halfway ? book->score_next_id : 0;
    return is_halfway || begins;
}

static void order(struct rescore_watch *watch, uint64_t customer_id, struct admit *admit,
                  int64_t now_us)
{
    const int32_t today = clock_day(now_us);
    const bool is_asked = watch->asked_day == today && watch->asked_id == customer_id &&
                          now_us - watch->asked_us < AGAIN_US;
    if (is_asked) {
        return;
    }
    CreditRescore request;
    credit_rescore__init(&request);
    request.date_day = today;
    request.customer_id = customer_id;
    admit_order(admit, "credit_rescore", &request.base);
    watch->asked_day = today;
    watch->asked_id = customer_id;
    watch->asked_us = now_us;
}

enum status rescore_tick(struct rescore_watch *watch, struct store *store, int32_t minute,
                         struct admit *admit, int64_t now_us)
{
    if (minute < 0 || now_us < watch->next_us) {
        return STATUS_OK;
    }
    CLEANUP(arena_free_at) struct arena *arena = arena_make(CALL_ARENA_MAX);
    struct txn *txn CLEANUP(txn_abort_at) = NULL;
    ProtobufCMessage *row = NULL;
    uint64_t customer_id = 0;
    enum status status =
        arena != NULL ? txn_begin(store, TXN_READ, arena, &txn) : STATUS_ENVIRONMENT;
    if (status == STATUS_OK) {
        status = table_get(txn, TABLE_book, key_u64(1), &row, NULL);
    }
    if (status == STATUS_OK && is_due((const BookRecord *)row, minute, now_us, &customer_id)) {
        order(watch, customer_id, admit, now_us);
    } else {
        watch->next_us = now_us + QUIET_US;
    }
    return status;
}
