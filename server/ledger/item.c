// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/item.h"

#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/rate.h"
#include "shared/wire.h"

struct item *item_make(struct books *books, const ItemRecord *draft)
{
    assert(draft->amount_minor > 0 && draft->amount_minor <= AMOUNT_MAX);
    assert(draft->customer_id != 0 && draft->account != 0);

    struct item *item = arena_alloc(books->arena, sizeof *item);
    ItemRecord *record = arena_alloc(books->arena, sizeof *record);
    if (item == NULL || record == NULL) {
        return NULL;
    }
    *record = *draft;
    record->id = call_new_id(books->call);
    record->open_minor = record->amount_minor;
    record->foreign_open_minor = record->foreign_minor;
    *item = (struct item){.record = record, .is_new = true, .changed = true, .next = books->items};
    books->items = item;
    return item;
}

int64_t item_whole(const ItemRecord *record)
{
    return record->currency[0] != '\0' ? record->foreign_minor : record->amount_minor;
}

int64_t item_left(const ItemRecord *record)
{
    return record->currency[0] != '\0' ? record->foreign_open_minor : record->open_minor;
}

void item_keep_currency(struct item_list *list, const char *currency)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i]->record->currency, currency) == 0) {
            list->item[count] = list->item[i];
            count++;
        }
    }
    list->count = count;
}

static struct item *known_item(struct books *books, uint64_t id)
{
    for (struct item *each = books->items; each != NULL; each = each->next) {
        if (each->record->id == id) {
            return each;
        }
    }
    return NULL;
}

static enum status read_item(struct books *books, uint64_t id, struct item **out)
{
    struct item *item = arena_alloc(books->arena, sizeof *item);
    if (item == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = item_get(books->txn, key_u64(id), &item->record);
    if (status != STATUS_OK) {
        return status;
    }
    item->was_open = item->record->open_minor > 0;
    *out = item;
    return STATUS_OK;
}

enum status item_load(struct books *books, uint64_t id, struct item **out)
{
    assert(id != 0);

    *out = known_item(books, id);
    if (*out != NULL) {
        return STATUS_OK;
    }
    enum status status = read_item(books, id, out);
    if (status == STATUS_OK) {
        (*out)->next = books->items;
        books->items = *out;
    }
    return status;
}

// Oldest due first; ties end on the document's number, so that two servers give the same answer.
static int compare(const void *a, const void *b)
{
    const ItemRecord *left = (*(struct item *const *)a)->record;
    const ItemRecord *right = (*(struct item *const *)b)->record;
    const int64_t keys[][2] = {
        {left->due_day, right->due_day},   {left->date_day, right->date_day},
        {left->year, right->year},         {left->series, right->series},
        {left->sequence, right->sequence},
    };
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (keys[i][0] != keys[i][1]) {
            return keys[i][0] < keys[i][1] ? -1 : 1;
        }
    }
    return (left->id > right->id) - (left->id < right->id);
}

// A growing array of pointers in the arena; the old one is left behind.
static bool append(struct arena *arena, void ***list, size_t *count, size_t *room, void *pointer)
{
    if (*count == *room) {
        size_t larger = *room == 0 ? 16 : *room * 2;
        void **grown = arena_alloc(arena, larger * sizeof(void *));
        if (grown == NULL) {
            return false;
        }
        if (*count > 0) {
            memcpy(grown, *list, *count * sizeof(void *));
        }
        *list = grown;
        *room = larger;
    }
    (*list)[*count] = pointer;
    (*count)++;
    return true;
}

enum status item_open(struct books *books, uint64_t customer_id, ItemSide side,
                      struct item_list *out)
{
    void **list = NULL;
    size_t count = 0;
    size_t room = 0;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(books->txn, TABLE_open_item, key_u64_u64(customer_id, 0), 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *index;
        status = rows_next(rows, &key, &index);
        if (status != STATUS_OK) {
            break;
        }
        struct item *item = known_item(books, row_key_second(&key));
        if (item == NULL) {
            status = read_item(books, row_key_second(&key), &item);
        }
        const bool asked = side == ITEM_SIDE__ITEM_SIDE_UNSET ||
                           (status == STATUS_OK && item->record->side == side);
        if (status == STATUS_OK && asked && item->record->open_minor > 0 &&
            !append(books->arena, &list, &count, &room, item)) {
            status = STATUS_TOO_LARGE;
        }
    }
    if (status != STATUS_END) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }

    if (count > 1) {
        qsort(list, count, sizeof(void *), compare);
    }
    *out = (struct item_list){.item = (struct item **)(void *)list, .count = count};
    return STATUS_OK;
}

static enum status all_allocations(struct books *books, uint64_t item_id, bool standing,
                                   struct allocation_list *out)
{
    void **list = NULL;
    size_t count = 0;
    size_t room = 0;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(books->txn, TABLE_settled_by, key_u64_u64(item_id, 0), 8, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *index;
        status = rows_next(rows, &key, &index);
        if (status != STATUS_OK) {
            break;
        }
        AllocationRecord *allocation;
        status = allocation_get(books->txn, key_u64(row_key_second(&key)), &allocation);
        if (status != STATUS_OK) {
            break;
        }
        bool stands = allocation->reverses_id == 0 && allocation->reversed_by_id == 0;
        if ((stands || !standing) && !append(books->arena, &list, &count, &room, allocation)) {
            status = STATUS_TOO_LARGE;
        }
    }
    if (status != STATUS_END) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    *out =
        (struct allocation_list){.allocation = (AllocationRecord **)(void *)list, .count = count};
    return STATUS_OK;
}

enum status item_allocations(struct books *books, uint64_t item_id, struct allocation_list *out)
{
    return all_allocations(books, item_id, true, out);
}

enum status item_events(struct books *books, uint64_t item_id, struct allocation_list *out)
{
    return all_allocations(books, item_id, false, out);
}

// residual(item, D) of domain.md d.1.
int64_t item_residual(const ItemRecord *record, const struct allocation_list *events, int32_t day)
{
    int64_t left = record->amount_minor;
    for (size_t i = 0; i < events->count; i++) {
        const AllocationRecord *event = events->allocation[i];
        if (event->effective_day <= day) {
            left += event->reverses_id != 0 ? event->amount_minor : -event->amount_minor;
        }
    }
    return left;
}

enum status item_rest(struct books *books, const ItemRecord *record, int32_t day,
                      struct item_rest *out)
{
    struct allocation_list events = {0};
    const bool is_whole = record->settled_day == 0 && record->open_minor == record->amount_minor;
    enum status status = STATUS_OK;
    if (!is_whole) {
        status = all_allocations(books, record->id, false, &events);
    }
    *out = (struct item_rest){.own_minor = item_whole(record), .book_minor = record->amount_minor};
    for (size_t i = 0; status == STATUS_OK && i < events.count; i++) {
        const AllocationRecord *event = events.allocation[i];
        const int64_t sign = event->effective_day > day ? 0 : event->reverses_id != 0 ? 1 : -1;
        out->own_minor +=
            sign * (record->currency[0] != '\0' ? event->foreign_minor : event->amount_minor);
        out->book_minor += sign * event->amount_minor;
    }
    return status;
}

static bool fits_from(const struct item *item, const struct allocation_list *events, int64_t minor,
                      int32_t day)
{
    bool fits = item_residual(item->record, events, day) >= minor;
    for (size_t i = 0; fits && i < events->count; i++) {
        int32_t later = events->allocation[i]->effective_day;
        fits = later <= day || item_residual(item->record, events, later) >= minor;
    }
    return fits;
}

enum status item_free_day(struct books *books, const struct item *item, int64_t amount_minor,
                          int32_t day, int32_t *out)
{
    const ItemRecord *record = item->record;
    assert(amount_minor > 0 && amount_minor <= item_left(record));

    int32_t first = day > record->date_day ? day : record->date_day;
    if (record->freed_day <= first) {
        return period_free_day(books, first, POSTING_GENERAL, out);
    }
    // Its two residuals are rounded against each other: only behind all that was taken back is it
    // certain that both suffice.
    if (record->currency[0] != '\0') {
        return period_free_day(books, record->freed_day, POSTING_GENERAL, out);
    }
    struct allocation_list events;
    enum status status = all_allocations(books, record->id, false, &events);
    if (status != STATUS_OK) {
        return status;
    }
    int32_t best = record->freed_day;
    if (fits_from(item, &events, amount_minor, first)) {
        best = first;
    }
    for (size_t i = 0; i < events.count; i++) {
        int32_t freed = events.allocation[i]->effective_day;
        if (freed > first && freed < best && fits_from(item, &events, amount_minor, freed)) {
            best = freed;
        }
    }
    return period_free_day(books, best, POSTING_GENERAL, out);
}

enum status item_dispute(struct books *books, ItemRecord *record, bool disputed, int32_t day)
{
    assert(disputed ==
           (record->n_dispute == 0 || record->dispute[record->n_dispute - 1]->until_day != 0));

    record->disputed = disputed;
    if (!disputed) {
        DisputeRecord *last = record->dispute[record->n_dispute - 1];
        last->until_day = day;
        last->until_number = books->call->number;
        return STATUS_OK;
    }
    const size_t count = record->n_dispute;
    assert(count < DISPUTES_MAX);
    DisputeRecord *dispute = (DisputeRecord *)wire_make(books->arena, &dispute_record__descriptor);
    DisputeRecord **list = arena_alloc(books->arena, (count + 1) * sizeof(DisputeRecord *));
    if (dispute == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    dispute->from_day = day;
    dispute->from_number = books->call->number;
    if (count > 0) {
        memcpy(list, record->dispute, count * sizeof(DisputeRecord *));
    }
    list[count] = dispute;
    record->dispute = list;
    record->n_dispute = count + 1;
    return STATUS_OK;
}

void item_touch(struct books *books, struct item *item)
{
    struct item *known = known_item(books, item->record->id);
    assert(known == NULL || known == item);

    if (known == NULL) {
        item->next = books->items;
        books->items = item;
    }
    item->changed = true;
}

static enum status write_item(struct books *books, struct item *item)
{
    const ItemRecord *record = item->record;
    bool open = record->open_minor > 0;
    enum status status = item_put(books->txn, key_u64(record->id), record);
    struct row_key key = key_u64_u64(record->customer_id, record->id);
    if (status == STATUS_OK && item->is_new) {
        status = period_item(books, record);
        item->is_new = false;
    }
    if (status == STATUS_OK && record->foreign_minor > 0) {
        ForeignItemRecord foreign;
        foreign_item_record__init(&foreign);
        foreign.open = open;
        foreign.settled_day = record->settled_day;
        status = foreign_item_put(
            books->txn, key_u64_u64(rate_letters(record->currency), record->id), &foreign);
    }
    if (status == STATUS_OK && open && !item->was_open) {
        IdRecord index;
        id_record__init(&index);
        index.id = record->id;
        status = open_item_put(books->txn, key, &index);
    }
    if (status == STATUS_OK && !open && item->was_open) {
        status = rows_del(books->txn, TABLE_open_item, key);
    }
    item->was_open = open;
    item->changed = false;
    return status;
}

enum status item_write(struct books *books)
{
    enum status status = STATUS_OK;
    for (struct item *each = books->items; each != NULL; each = each->next) {
        if (status == STATUS_OK && each->changed) {
            status = write_item(books, each);
        }
    }
    return status;
}
