// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/item.h"

#include "server/ledger/posting.h"
#include "shared/money.h"

struct item *item_add(struct books *books, const ItemRecord *draft)
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
    *item = (struct item){.record = record, .changed = true, .next = books->items};
    books->items = item;
    return item;
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
        if (status == STATUS_OK && item->record->side == side && item->record->open_minor > 0 &&
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

// residual(item, D) of domain.md d.1.
static int64_t residual(const struct item *item, const struct allocation_list *events, int32_t day)
{
    int64_t left = item->record->amount_minor;
    for (size_t i = 0; i < events->count; i++) {
        const AllocationRecord *event = events->allocation[i];
        if (event->effective_day <= day) {
            left += event->reverses_id != 0 ? event->amount_minor : -event->amount_minor;
        }
    }
    return left;
}

static bool fits_from(const struct item *item, const struct allocation_list *events, int64_t minor,
                      int32_t day)
{
    bool fits = residual(item, events, day) >= minor;
    for (size_t i = 0; fits && i < events->count; i++) {
        int32_t later = events->allocation[i]->effective_day;
        fits = later <= day || residual(item, events, later) >= minor;
    }
    return fits;
}

enum status item_free_day(struct books *books, const struct item *item, int64_t amount_minor,
                          int32_t day, int32_t *out)
{
    const ItemRecord *record = item->record;
    assert(amount_minor > 0 && amount_minor <= record->open_minor);

    int32_t first = day > record->date_day ? day : record->date_day;
    if (record->freed_day <= first) {
        *out = first;
        return STATUS_OK;
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
    *out = best;
    return STATUS_OK;
}

// Registers a change; an item is in the working set once.
static void touch(struct books *books, struct item *item)
{
    struct item *known = known_item(books, item->record->id);
    assert(known == NULL || known == item);

    if (known == NULL) {
        item->next = books->items;
        books->items = item;
    }
    item->changed = true;
}

static enum status put_allocation(struct books *books, AllocationRecord *allocation)
{
    IdRecord index;
    id_record__init(&index);
    index.id = allocation->id;
    enum status status = allocation_put(books->txn, key_u64(allocation->id), allocation);
    if (status == STATUS_OK) {
        status =
            settled_by_put(books->txn, key_u64_u64(allocation->debit_id, allocation->id), &index);
    }
    if (status == STATUS_OK) {
        status =
            settled_by_put(books->txn, key_u64_u64(allocation->credit_id, allocation->id), &index);
    }
    return status;
}

// Money on account that settles a receivable moves from one control account to the other.
static enum status transfer(struct books *books, const struct item *debit,
                            const struct item *credit, AllocationRecord *allocation)
{
    if (debit->record->account == credit->record->account) {
        return STATUS_OK;
    }
    EntryRecord *entry =
        posting_begin(books, ENTRY_KIND__ENTRY_KIND_ALLOCATION, allocation->effective_day, 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->document_id = credit->record->document_id;
    enum status status = posting_line(books, entry, credit->record->account, SIDE_DEBIT,
                                      allocation->amount_minor, allocation->customer_id);
    if (status == STATUS_OK) {
        status = posting_line(books, entry, debit->record->account, SIDE_CREDIT,
                              allocation->amount_minor, allocation->customer_id);
    }
    if (status == STATUS_OK) {
        status = posting_post(books, entry);
    }
    allocation->entry_id = entry->id;
    return status;
}

enum status item_allocate(struct books *books, struct item *debit, struct item *credit,
                          int64_t amount_minor, int32_t day, const char *rule,
                          AllocationRecord **out)
{
    assert(debit->record->side == ITEM_SIDE__ITEM_SIDE_DEBIT);
    assert(credit->record->side == ITEM_SIDE__ITEM_SIDE_CREDIT);
    assert(debit->record->customer_id == credit->record->customer_id);
    assert(amount_minor > 0 && amount_minor <= debit->record->open_minor &&
           amount_minor <= credit->record->open_minor);
    assert(day >= debit->record->date_day && day >= credit->record->date_day);

    AllocationRecord *allocation = arena_alloc(books->arena, sizeof *allocation);
    char *named = arena_copy(books->arena, rule, strlen(rule));
    if (allocation == NULL || named == NULL) {
        return STATUS_TOO_LARGE;
    }
    allocation_record__init(allocation);
    allocation->id = call_new_id(books->call);
    allocation->customer_id = debit->record->customer_id;
    allocation->debit_id = debit->record->id;
    allocation->credit_id = credit->record->id;
    allocation->amount_minor = amount_minor;
    allocation->effective_day = day;
    allocation->rule = named;
    enum status status = transfer(books, debit, credit, allocation);
    if (status == STATUS_OK) {
        status = put_allocation(books, allocation);
    }
    if (status != STATUS_OK) {
        return status;
    }

    debit->record->open_minor -= amount_minor;
    credit->record->open_minor -= amount_minor;
    touch(books, debit);
    touch(books, credit);
    *out = allocation;
    return STATUS_OK;
}

static void give_back(struct books *books, struct item *item, const AllocationRecord *reversal)
{
    item->record->open_minor += reversal->amount_minor;
    assert(item->record->open_minor <= item->record->amount_minor);
    if (item->record->freed_day < reversal->effective_day) {
        item->record->freed_day = reversal->effective_day;
    }
    touch(books, item);
}

static enum status transfer_back(struct books *books, const AllocationRecord *allocation,
                                 AllocationRecord *reversal)
{
    if (allocation->entry_id == 0) {
        return STATUS_OK;
    }
    EntryRecord *entry = NULL;
    EntryRecord *reversed = NULL;
    enum status status = entry_get(books->txn, key_u64(allocation->entry_id), &entry);
    if (status == STATUS_OK) {
        status = posting_reverse(books, entry, reversal->effective_day, "", &reversed);
    }
    if (status == STATUS_OK) {
        reversal->entry_id = reversed->id;
    }
    return status;
}

enum status item_unallocate(struct books *books, AllocationRecord *allocation, int32_t day,
                            AllocationRecord **out)
{
    assert(allocation->reversed_by_id == 0 && allocation->reverses_id == 0);
    assert(day >= allocation->effective_day);

    struct item *debit = NULL;
    struct item *credit = NULL;
    enum status status = item_load(books, allocation->debit_id, &debit);
    if (status == STATUS_OK) {
        status = item_load(books, allocation->credit_id, &credit);
    }
    AllocationRecord *reversal = arena_alloc(books->arena, sizeof *reversal);
    if (status != STATUS_OK || reversal == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    *reversal = *allocation;
    reversal->id = call_new_id(books->call);
    reversal->effective_day = day;
    reversal->reverses_id = allocation->id;
    reversal->entry_id = 0;
    status = transfer_back(books, allocation, reversal);
    if (status == STATUS_OK) {
        status = put_allocation(books, reversal);
    }
    if (status != STATUS_OK) {
        return status;
    }

    give_back(books, debit, reversal);
    give_back(books, credit, reversal);
    allocation->reversed_by_id = reversal->id;
    *out = reversal;
    return allocation_put(books->txn, key_u64(allocation->id), allocation);
}

static enum status write_item(struct books *books, struct item *item)
{
    const ItemRecord *record = item->record;
    bool open = record->open_minor > 0;
    enum status status = item_put(books->txn, key_u64(record->id), record);
    struct row_key key = key_u64_u64(record->customer_id, record->id);
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
