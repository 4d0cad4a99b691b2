// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/dunning.h"
#include "shared/day.h"

__extension__ typedef unsigned __int128 uint128;

#define YEAR_DAYS 365
#define RATE_ONE  10000

// Residual times days, range by range. On the day of a payment the item still bears what was open
// before it: so a range has the residual of the end of the day before.
static uint128 debt_days(const ItemRecord *item, const struct allocation_list *events, int32_t from,
                         int32_t to)
{
    uint128 sum = 0;
    for (int32_t day = from; day < to;) {
        int32_t next = to;
        for (size_t i = 0; i < events->count; i++) {
            const int32_t changed = events->allocation[i]->effective_day;
            next = changed > day && changed < next ? changed : next;
        }
        const int64_t open_minor = item_residual(item, events, day);
        assert(open_minor >= 0);
        sum += (uint128)(uint64_t)open_minor * (uint32_t)(next - day);
        day = next;
    }
    return sum;
}

enum status interest_of(struct books *books, const ItemRecord *item, int32_t from, int32_t to,
                        uint32_t rate_bp, int64_t *out)
{
    struct allocation_list events = {0};
    *out = 0;
    if (rate_bp == 0 || from >= to) {
        return STATUS_OK;
    }
    const enum status status = item_events(books, item->id, &events);
    if (status != STATUS_OK) {
        return status;
    }
    const uint128 divisor = (uint128)YEAR_DAYS * RATE_ONE;
    const uint128 interest =
        (debt_days(item, &events, from, to) * rate_bp * 2 + divisor) / (divisor * 2);
    if (interest > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, NULL, NULL, NULL);
    }
    *out = (int64_t)interest;
    return STATUS_OK;
}
