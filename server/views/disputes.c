// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// What was in dispute on which day. An item's disputes follow each other and are never taken out of
// its row: only the last one may still get its end.

static enum status add_dispute(struct items *items, uint32_t item)
{
    struct disputes *disputes = &items->disputes;
    bool whole = true;
    if (disputes->count == disputes->capacity) {
        const size_t capacity = column_capacity(disputes->capacity, disputes->count + 1);
        disputes->dispute = column_grow(disputes->dispute, disputes->count, capacity,
                                        sizeof *disputes->dispute, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        disputes->capacity = capacity;
    }
    disputes->dispute[disputes->count] = (struct dispute){.older = items->dispute[item]};
    items->dispute[item] = (uint32_t)disputes->count;
    disputes->count++;
    return STATUS_OK;
}

enum status disputes_apply(struct items *items, uint32_t item, const ItemRecord *record)
{
    size_t known = 0;
    for (uint32_t i = items->dispute[item]; i != NONE; i = items->disputes.dispute[i].older) {
        known++;
    }
    assert(known <= record->n_dispute);
    for (size_t i = known > 0 ? known - 1 : 0; i < record->n_dispute; i++) {
        enum status status = i < known ? STATUS_OK : add_dispute(items, item);
        if (status != STATUS_OK) {
            return status;
        }
        struct dispute *last = &items->disputes.dispute[items->dispute[item]];
        last->from_day = record->dispute[i]->from_day;
        last->from_number = record->dispute[i]->from_number;
        last->until_day = record->dispute[i]->until_day;
        last->until_number = record->dispute[i]->until_number;
    }
    return STATUS_OK;
}

bool item_is_disputed(const struct items *items, uint32_t item, int32_t day, uint64_t before_id)
{
    const uint64_t before = before_id == 0 ? UINT64_MAX : before_id >> 8;
    for (uint32_t i = items->dispute[item]; i != NONE; i = items->disputes.dispute[i].older) {
        const struct dispute *dispute = &items->disputes.dispute[i];
        const bool ended =
            dispute->until_day != 0 && dispute->until_day <= day && dispute->until_number < before;
        if (dispute->from_day <= day && dispute->from_number < before && !ended) {
            return true;
        }
    }
    return false;
}

void digest_disputes(const struct items *items, uint32_t item, struct view_digest *digest)
{
    for (uint32_t i = items->dispute[item]; i != NONE; i = items->disputes.dispute[i].older) {
        const struct dispute *dispute = &items->disputes.dispute[i];
        uint64_t row[] = {items->id[item], (uint64_t)dispute->from_day, dispute->from_number,
                          (uint64_t)dispute->until_day, dispute->until_number};
        digest_row(digest, "dispute", row, sizeof row);
    }
}
