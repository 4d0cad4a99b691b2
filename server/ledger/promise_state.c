// SPDX-License-Identifier: Apache-2.0
// What stands of the customers' promises, and what came of them.
#include "server/ledger/document.h"
#include "server/ledger/promise.h"
#include "shared/day.h"
#include "shared/money.h"

#define YEAR_MONTHS 12

char *promise_number(struct arena *arena, const PromiseRecord *promise)
{
    return ident_print(arena, SERIES_PROMISE, 0, promise->sequence);
}

int32_t promise_last_day(const PromiseRecord *promise)
{
    return promise->date_day + (int32_t)promise->grace_days;
}

bool promise_is_about(const PromiseRecord *promise, uint64_t item_id)
{
    for (size_t i = 0; i < promise->n_item_id; i++) {
        if (promise->item_id[i] == item_id) {
            return true;
        }
    }
    return false;
}

enum status promises_of(struct txn *txn, struct arena *arena, const CollectionRecord *collection,
                        struct promise_list *out)
{
    *out = (struct promise_list){
        .promise = arena_alloc(arena, (collection->n_promise_id + 1) * sizeof(PromiseRecord *))};
    enum status status = out->promise != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < collection->n_promise_id; i++) {
        PromiseRecord *promise = NULL;
        status = promise_get(txn, key_u64(collection->promise_id[i]), &promise);
        if (status == STATUS_OK && !promise->cancelled) {
            out->promise[out->count++] = promise;
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status promises_about(struct books *books, uint64_t customer_id, const struct item_list *items,
                           struct promise_list *out)
{
    CollectionRecord *collection = NULL;
    struct promise_list all = {0};
    *out = (struct promise_list){0};
    enum status status = collection_of(books->txn, books->arena, customer_id, &collection);
    if (status == STATUS_OK) {
        status = promises_of(books->txn, books->arena, collection, &all);
    }
    for (size_t i = 0; status == STATUS_OK && i < all.count; i++) {
        PromiseRecord *each = all.promise[i];
        bool is_about = false;
        for (size_t k = 0; !is_about && k < items->count; k++) {
            is_about = promise_is_about(each, items->item[k]->record->id);
        }
        if (is_about && promise_last_day(each) >= books->call->book_day) {
            all.promise[out->count++] = each;
        }
    }
    out->promise = all.promise;
    return status;
}

enum status promise_extend(struct books *books, PromiseRecord *promise, const uint64_t *item_id,
                           size_t count)
{
    assert(promise->n_item_id + count <= PROMISE_ITEMS_MAX);
    uint64_t *list = arena_alloc(books->arena, (promise->n_item_id + count) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    memcpy(list, promise->item_id, promise->n_item_id * sizeof *list);
    memcpy(&list[promise->n_item_id], item_id, count * sizeof *list);
    promise->item_id = list;
    promise->n_item_id += count;
    return promise_put(books->txn, key_u64(promise->id), promise);
}

// ---- what came of it ----

// Other due days pay nothing, and what is given up was not paid.
static bool pays_nothing(const AllocationRecord *allocation)
{
    return strcmp(allocation->rule, RULE_RESCHEDULE) == 0 ||
           strcmp(allocation->rule, RULE_WRITE_OFF) == 0;
}

// What was settled of one item from the day of the promise to `last`, less what was taken back.
static enum status paid_of(struct txn *txn, const PromiseRecord *promise, uint64_t item_id,
                           int32_t last, int64_t *sum)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_settled_by, key_u64_u64(item_id, 0), 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *link = NULL;
        AllocationRecord *each = NULL;
        status = rows_next(rows, &key, &link);
        if (status == STATUS_OK) {
            status = allocation_get(txn, key_u64(row_key_second(&key)), &each);
        }
        // What was settled before somebody promised, and is taken back later, was not part of it.
        const bool counts = status == STATUS_OK && each->id > promise->id && !pays_nothing(each) &&
                            each->effective_day <= last &&
                            (each->reverses_id == 0 || each->reverses_id > promise->id);
        if (counts) {
            const int64_t minor = each->reverses_id != 0 ? -each->amount_minor : each->amount_minor;
            const bool fits = money_add(*sum, minor, sum);
            assert(fits);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE
           : status == STATUS_END     ? STATUS_OK
                                      : status;
}

enum status promise_count(struct txn *txn, const PromiseRecord *promise, int32_t day,
                          struct promise_count *out)
{
    const int32_t last_day = promise_last_day(promise);
    enum status status = STATUS_OK;
    *out = (struct promise_count){.state = PROMISE_STATE__PROMISE_STATE_CANCELLED};
    for (size_t i = 0; status == STATUS_OK && i < promise->n_item_id; i++) {
        status = paid_of(txn, promise, promise->item_id[i], day < last_day ? day : last_day,
                         &out->paid_minor);
    }
    if (status == STATUS_OK && !promise->cancelled) {
        out->state = out->paid_minor >= promise->amount_minor ? PROMISE_STATE__PROMISE_STATE_KEPT
                     : day > last_day                         ? PROMISE_STATE__PROMISE_STATE_BROKEN
                                                              : PROMISE_STATE__PROMISE_STATE_OPEN;
    }
    return status;
}

enum status promises_broken(struct txn *txn, struct arena *arena, uint64_t customer_id, int32_t day,
                            uint32_t *out)
{
    CollectionRecord *collection = NULL;
    struct promise_list promises = {0};
    enum status status = collection_of(txn, arena, customer_id, &collection);
    if (status == STATUS_OK) {
        status = promises_of(txn, arena, collection, &promises);
    }
    *out = 0;
    for (size_t i = 0; status == STATUS_OK && i < promises.count; i++) {
        const PromiseRecord *each = promises.promise[i];
        const int32_t broken_day = promise_last_day(each) + 1;
        struct promise_count count;
        if (broken_day > day || day_add_months(broken_day, YEAR_MONTHS) <= day) {
            continue;
        }
        status = promise_count(txn, each, day, &count);
        *out += status == STATUS_OK && count.state == PROMISE_STATE__PROMISE_STATE_BROKEN;
    }
    return status;
}
