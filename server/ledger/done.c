// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/done.h"

#include "server/store/rows.h"
#include "shared/money.h"

struct sum {
    uint32_t control;
    int32_t day;
    int64_t minor;
};

struct sums {
    struct sum sum[DONE_KEPT];
    size_t count;
};

static struct row_key key_of(const struct call *call, const struct doing *doing)
{
    return key_u64_u64(doing->customer_id, call->user_id);
}

static enum status load(struct txn *txn, const struct call *call, const struct doing *doing,
                        struct sums *out)
{
    DoneRecord *done = NULL;
    const enum status status = done_get(txn, key_of(call, doing), &done);
    *out = (struct sums){.count = 0};
    for (size_t i = 0; status == STATUS_OK && i < done->n_control && i < DONE_KEPT; i++) {
        assert(done->n_day == done->n_control && done->n_sum_minor == done->n_control);
        out->sum[i] = (struct sum){done->control[i], done->day[i], done->sum_minor[i]};
        out->count++;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// Its place in the list; `count` when it has none.
static size_t place_of(const struct sums *sums, const struct doing *doing)
{
    size_t at = 0;
    while (at < sums->count && (sums->sum[at].control != control_number(doing->control) ||
                                sums->sum[at].day != doing->day)) {
        at++;
    }
    return at;
}

enum status done_sum(struct txn *txn, const struct call *call, const struct doing *doing,
                     int64_t *sum_minor)
{
    struct sums sums;
    const enum status status = load(txn, call, doing, &sums);
    const size_t at = status == STATUS_OK ? place_of(&sums, doing) : 0;
    if (status == STATUS_OK) {
        *sum_minor = at < sums.count ? sums.sum[at].minor : 0;
    }
    return status;
}

// A place for one that is not there yet: the oldest day gives way.
static size_t make_room(struct sums *sums)
{
    if (sums->count < DONE_KEPT) {
        return sums->count++;
    }
    size_t oldest = 0;
    for (size_t i = 1; i < sums->count; i++) {
        oldest = sums->sum[i].day < sums->sum[oldest].day ? i : oldest;
    }
    return oldest;
}

enum status done_add(struct txn *txn, const struct call *call, const struct doing *doing)
{
    struct sums sums;
    const enum status status = load(txn, call, doing, &sums);
    if (status != STATUS_OK) {
        return status;
    }
    size_t at = place_of(&sums, doing);
    if (at == sums.count) {
        at = make_room(&sums);
        sums.sum[at] = (struct sum){control_number(doing->control), doing->day, 0};
    }
    // A sum that cannot be kept is above every rule.
    if (!money_add(sums.sum[at].minor, doing->amount_minor, &sums.sum[at].minor)) {
        sums.sum[at].minor = INT64_MAX;
    }

    uint32_t control[DONE_KEPT];
    int32_t day[DONE_KEPT];
    int64_t minor[DONE_KEPT];
    DoneRecord done;
    for (size_t i = 0; i < sums.count; i++) {
        control[i] = sums.sum[i].control;
        day[i] = sums.sum[i].day;
        minor[i] = sums.sum[i].minor;
    }
    done_record__init(&done);
    done.control = control;
    done.day = day;
    done.sum_minor = minor;
    done.n_control = done.n_day = done.n_sum_minor = sums.count;
    return done_put(txn, key_of(call, doing), &done);
}
