// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/throttle.h"

#include "server/store/rows.h"

#define SECOND_US           ((int64_t)1000000)
#define DEVICE_WINDOW_US    (3600 * SECOND_US)
#define DEVICE_SUSPENDED_US (900 * SECOND_US)

static int64_t until(int64_t then_us, int64_t now_us)
{
    return then_us > now_us ? then_us - now_us : 0;
}

int64_t throttle_wait_us(const struct throttle *throttle, int64_t instant_us)
{
    const ThrottleRecord *pair = throttle->pair;
    const ThrottleRecord *device = throttle->device;
    int64_t wait_us = 0;
    if (pair != NULL && pair->failures >= THROTTLE_FREE) {
        const uint32_t doublings = pair->failures - THROTTLE_FREE;
        const int64_t seconds = doublings < 10 ? (int64_t)1 << doublings : THROTTLE_SECONDS_MAX;
        const int64_t bounded = seconds < THROTTLE_SECONDS_MAX ? seconds : THROTTLE_SECONDS_MAX;
        wait_us = until(pair->last_us + bounded * SECOND_US, instant_us);
    }
    if (device != NULL && device->failures >= DEVICE_FAILURES_MAX) {
        const int64_t suspended_us = until(device->last_us + DEVICE_SUSPENDED_US, instant_us);
        wait_us = suspended_us > wait_us ? suspended_us : wait_us;
    }
    return wait_us;
}

static enum status load_one(struct txn *txn, struct row_key key, ThrottleRecord **out)
{
    const enum status status = throttle_get(txn, key, out);
    if (status == STATUS_NOT_FOUND) {
        *out = NULL;
        return STATUS_OK;
    }
    return status;
}

enum status throttle_load(struct txn *txn, uint64_t user_id, uint64_t device_id,
                          struct throttle *out)
{
    *out = (struct throttle){0};
    const enum status status = load_one(txn, key_u64_u64(user_id, device_id), &out->pair);
    return status != STATUS_OK ? status : load_one(txn, key_u64_u64(0, device_id), &out->device);
}

static enum status count(struct txn *txn, const struct call *call, struct row_key key,
                         const ThrottleRecord *known, int64_t window_us)
{
    ThrottleRecord row;
    throttle_record__init(&row);
    row.failures = 1;
    row.last_us = call->instant_us;
    if (known != NULL && (window_us == 0 || call->instant_us - known->last_us < window_us)) {
        row.failures = known->failures < UINT32_MAX ? known->failures + 1 : known->failures;
    }
    return throttle_put(txn, key, &row);
}

enum status throttle_fail(struct txn *txn, struct call *call, uint64_t user_id, uint64_t device_id,
                          const struct throttle *throttle, enum status answer)
{
    enum status status =
        count(txn, call, key_u64_u64(0, device_id), throttle->device, DEVICE_WINDOW_US);
    if (status == STATUS_OK && user_id != 0) {
        status = count(txn, call, key_u64_u64(user_id, device_id), throttle->pair, 0);
    }
    call->status = answer;
    return status;
}

enum status throttle_forgive(struct txn *txn, uint64_t user_id, uint64_t device_id,
                             const struct throttle *throttle)
{
    return throttle->pair != NULL ? rows_del(txn, TABLE_throttle, key_u64_u64(user_id, device_id))
                                  : STATUS_OK;
}
