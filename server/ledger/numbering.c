// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/numbering.h"

struct counted {
    uint64_t key;
    uint64_t next;
    struct counted *link;
};

static enum status load(struct books *books, uint64_t key, struct counted **out)
{
    for (struct counted *each = books->counted; each != NULL; each = each->link) {
        if (each->key == key) {
            *out = each;
            return STATUS_OK;
        }
    }

    struct counted *counted = arena_alloc(books->arena, sizeof *counted);
    if (counted == NULL) {
        return STATUS_TOO_LARGE;
    }
    CounterRecord *record;
    enum status status = counter_get(books->txn, key_u64(key), &record);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    counted->key = key;
    counted->next = status == STATUS_OK ? record->next : 1;
    counted->link = books->counted;
    books->counted = counted;
    *out = counted;
    return STATUS_OK;
}

enum status numbering_next(struct books *books, enum series series, uint32_t year,
                           uint32_t *sequence)
{
    struct counted *counted;
    enum status status = load(books, (uint64_t)series << 32 | year, &counted);
    if (status != STATUS_OK) {
        return status;
    }
    assert(counted->next > 0 && counted->next < UINT32_MAX);

    *sequence = (uint32_t)counted->next;
    counted->next++;
    return STATUS_OK;
}

enum status numbering_write(struct books *books)
{
    for (struct counted *each = books->counted; each != NULL; each = each->link) {
        CounterRecord record;
        counter_record__init(&record);
        record.next = each->next;
        enum status status = counter_put(books->txn, key_u64(each->key), &record);
        if (status != STATUS_OK) {
            return status;
        }
    }
    books->counted = NULL;
    return STATUS_OK;
}
