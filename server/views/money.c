// SPDX-License-Identifier: Apache-2.0
#include "shared/money.h"

#include "server/views/inside.h"

// Items and allocations: what is filled. What is asked stands in aging.c and movements.c.

#define ITEM_GROW(type, name) \
    items->name = column_grow(items->name, items->count, capacity, sizeof(type), &whole);
#define ITEM_FREE(type, name) free(items->name);
#define ALLOCATION_GROW(type, name) \
    allocations->name =             \
        column_grow(allocations->name, allocations->count, capacity, sizeof(type), &whole);
#define ALLOCATION_FREE(type, name) free(allocations->name);

static enum status reserve_item(struct items *items)
{
    size_t capacity = column_capacity(items->capacity, items->count + 1);
    if (capacity == items->capacity) {
        return STATUS_OK;
    }
    bool whole = true;
    ITEM_COLUMNS(ITEM_GROW)
    if (!whole) {
        return STATUS_ENVIRONMENT;
    }
    items->capacity = capacity;
    return STATUS_OK;
}

static enum status reserve_allocation(struct allocations *allocations)
{
    size_t capacity = column_capacity(allocations->capacity, allocations->count + 1);
    if (capacity == allocations->capacity) {
        return STATUS_OK;
    }
    bool whole = true;
    ALLOCATION_COLUMNS(ALLOCATION_GROW)
    if (!whole) {
        return STATUS_ENVIRONMENT;
    }
    allocations->capacity = capacity;
    return STATUS_OK;
}

// Adds (1) or takes (-1) what the item has open to the sums of its customer and document.
static void count_item(struct views *views, uint32_t item, int64_t sign)
{
    const struct items *items = &views->items;
    struct customers *customers = &views->customers;
    int64_t open = items->open[item];
    if (open == 0) {
        return;
    }
    bool debit = (items->flags[item] & ITEM_DEBIT) != 0;
    uint32_t customer = items->customer[item];
    if (debit) {
        int64_t overdue = items->grace_day[item] < views->overdue_day ? sign * open : 0;
        bool active = (customers->flags[customer] & CUSTOMER_ARCHIVED) == 0;
        customers->active_open += active ? sign * open : 0;
        customers->active_overdue += active ? overdue : 0;
        customers->open[customer] += sign * open;
        customers->overdue[customer] += overdue;
        customers->open_count[customer] = (uint32_t)(customers->open_count[customer] + sign);
    } else {
        customers->on_account[customer] += sign * open;
    }
    enum table table = TABLE_NONE;
    const struct documents *documents = documents_of_series(views, items->series[item], &table);
    if (documents != NULL && items->document[item] != NONE) {
        documents_add_open(documents_of_table(views, table), items->document[item],
                           debit ? sign * open : -sign * open);
    }
}

// The chain of the customer's open items.
static void link_open(struct views *views, uint32_t item)
{
    struct items *items = &views->items;
    uint32_t *head = &views->customers.first_open[items->customer[item]];
    items->next_open[item] = *head;
    items->last_open[item] = NONE;
    if (*head != NONE) {
        items->last_open[*head] = item;
    }
    *head = item;
}

static void unlink_open(struct views *views, uint32_t item)
{
    struct items *items = &views->items;
    uint32_t next = items->next_open[item];
    uint32_t last = items->last_open[item];
    if (next != NONE) {
        items->last_open[next] = last;
    }
    if (last != NONE) {
        items->next_open[last] = next;
    } else {
        views->customers.first_open[items->customer[item]] = next;
    }
}

// Keeps what an item or an allocation is in another currency; NONE for one in the book's.
static enum status add_foreign(struct foreigns *foreigns, uint32_t currency, int64_t amount_minor,
                               uint32_t *out)
{
    *out = NONE;
    if (currency == 0) {
        return STATUS_OK;
    }
    if (foreigns->count == foreigns->capacity) {
        bool whole = true;
        const size_t capacity = column_capacity(foreigns->capacity, foreigns->count + 1);
        foreigns->foreign = column_grow(foreigns->foreign, foreigns->count, capacity,
                                        sizeof *foreigns->foreign, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        foreigns->capacity = capacity;
    }
    *out = (uint32_t)foreigns->count;
    foreigns->foreign[foreigns->count++] =
        (struct foreign){.currency = currency, .amount_minor = amount_minor};
    return STATUS_OK;
}

bool item_in(const struct items *items, uint32_t item, uint32_t currency)
{
    const uint32_t foreign = items->foreign[item];
    return currency == VIEW_EVERYTHING ||
           (foreign == NONE ? currency == VIEW_BOOK
                            : items->foreigns.foreign[foreign].currency == currency);
}

int64_t item_amount(const struct items *items, uint32_t item, uint32_t currency)
{
    const uint32_t foreign = items->foreign[item];
    return currency == VIEW_EVERYTHING || foreign == NONE
               ? items->amount[item]
               : items->foreigns.foreign[foreign].amount_minor;
}

static uint32_t add_item(struct views *views, const ItemRecord *record)
{
    struct items *items = &views->items;
    struct customers *customers = &views->customers;
    uint32_t index = (uint32_t)items->count++;
    uint32_t customer = column_find(customers->id, customers->count, record->customer_id);
    assert(index == 0 || items->id[index - 1] < record->id);
    assert(customer != NONE);
    items->id[index] = record->id;
    items->amount[index] = record->amount_minor;
    items->date_day[index] = record->date_day;
    items->due_day[index] = record->due_day == 0 ? record->date_day : record->due_day;
    items->grace_day[index] = items->due_day[index] + (int32_t)record->grace_days;
    items->origin_day[index] = record->origin_day != 0 ? record->origin_day : record->date_day;
    items->customer[index] = customer;
    items->series[index] = (uint8_t)record->series;
    items->older[index] = customers->last_item[customer];
    customers->last_item[customer] = index;
    items->sibling[index] = NONE;
    items->document[index] = NONE;
    items->dispute[index] = NONE;
    enum table table = TABLE_NONE;
    const struct documents *found = documents_of_series(views, record->series, &table);
    if (found != NULL) {
        struct documents *documents = documents_of_table(views, table);
        uint32_t document = column_find(documents->id, documents->count, record->document_id);
        items->document[index] = document;
        if (document != NONE) {
            items->sibling[index] = documents->last_item[document];
            documents->last_item[document] = index;
        }
    }
    if (customers->activity_day[customer] == 0 ||
        customers->activity_day[customer] < record->date_day) {
        customers->activity_day[customer] = record->date_day;
    }
    views->latest_day = record->date_day > views->latest_day ? record->date_day : views->latest_day;
    return index;
}

enum status items_apply(struct views *views, const ItemRecord *record)
{
    struct items *items = &views->items;
    assert(record->open_minor >= 0 && record->open_minor <= record->amount_minor);
    enum status status = reserve_item(items);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t index = column_find(items->id, items->count, record->id);
    bool was_open = index != NONE && items->open[index] > 0;
    if (index == NONE) {
        index = add_item(views, record);
        status = add_foreign(&items->foreigns, money_letters(record->currency),
                             record->foreign_minor, &items->foreign[index]);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        count_item(views, index, -1);
    }
    items->open[index] = record->open_minor;
    bool debit = record->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    items->flags[index] =
        (uint8_t)((debit ? ITEM_DEBIT : 0) | (record->disputed ? ITEM_DISPUTED : 0) |
                  (record->rescheduled ? ITEM_RESCHEDULED : 0));
    count_item(views, index, 1);
    status = disputes_apply(items, index, record);
    if (status != STATUS_OK) {
        return status;
    }
    if (record->open_minor > 0 && !was_open) {
        link_open(views, index);
    } else if (record->open_minor == 0 && was_open) {
        unlink_open(views, index);
    }
    return STATUS_OK;
}

enum status allocations_apply(struct views *views, const AllocationRecord *record)
{
    struct allocations *allocations = &views->allocations;
    enum status status = reserve_allocation(allocations);
    if (status != STATUS_OK) {
        return status;
    }
    // An allocation never changes, but for the mark that it was reversed.
    if (column_find(allocations->id, allocations->count, record->id) != NONE) {
        return STATUS_OK;
    }
    uint32_t index = (uint32_t)allocations->count++;
    assert(index == 0 || allocations->id[index - 1] < record->id);
    const struct items *items = &views->items;
    allocations->id[index] = record->id;
    allocations->amount[index] =
        record->reverses_id == 0 ? record->amount_minor : -record->amount_minor;
    allocations->effective_day[index] = record->effective_day;
    allocations->debit[index] = column_find(items->id, items->count, record->debit_id);
    allocations->credit[index] = column_find(items->id, items->count, record->credit_id);
    assert(allocations->debit[index] != NONE && allocations->credit[index] != NONE);
    const uint32_t foreign = items->foreign[allocations->debit[index]];
    const int64_t sign = record->reverses_id == 0 ? 1 : -1;
    status = add_foreign(&allocations->foreigns,
                         foreign != NONE ? items->foreigns.foreign[foreign].currency : 0,
                         sign * record->foreign_minor, &allocations->foreign[index]);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t *head = &views->customers.last_allocation[items->customer[allocations->debit[index]]];
    allocations->older[index] = *head;
    *head = index;
    views->latest_day =
        record->effective_day > views->latest_day ? record->effective_day : views->latest_day;
    return STATUS_OK;
}

void money_roll(struct views *views, int32_t day)
{
    if (day == views->overdue_day) {
        return;
    }
    const struct items *items = &views->items;
    struct customers *customers = &views->customers;
    views->overdue_day = day;
    if (customers->count > 0) {
        memset(customers->overdue, 0, customers->count * sizeof *customers->overdue);
    }
    for (size_t i = 0; i < items->count; i++) {
        if (items->open[i] > 0 && (items->flags[i] & ITEM_DEBIT) != 0 &&
            items->grace_day[i] < day) {
            customers->overdue[items->customer[i]] += items->open[i];
        }
    }
    customers->active_overdue = 0;
    for (size_t i = 0; i < customers->count; i++) {
        bool active = (customers->flags[i] & CUSTOMER_ARCHIVED) == 0;
        customers->active_overdue += active ? customers->overdue[i] : 0;
    }
}

void money_free(struct views *views)
{
    struct items *items = &views->items;
    struct allocations *allocations = &views->allocations;
    ITEM_COLUMNS(ITEM_FREE)
    free(items->disputes.dispute);
    free(items->foreigns.foreign);
    free(allocations->foreigns.foreign);
    ALLOCATION_COLUMNS(ALLOCATION_FREE)
    *items = (struct items){0};
    *allocations = (struct allocations){0};
}

static void digest_foreign(const struct foreigns *foreigns, uint64_t id, uint32_t at,
                           struct view_digest *digest)
{
    if (at != NONE) {
        const uint64_t row[] = {id, foreigns->foreign[at].currency,
                                (uint64_t)foreigns->foreign[at].amount_minor};
        digest_row(digest, "foreign", row, sizeof row);
    }
}

void digest_money(const struct views *views, struct view_digest *digest)
{
    const struct items *items = &views->items;
    for (size_t i = 0; i < items->count; i++) {
        uint64_t row[] = {
            items->id[i],
            (uint64_t)items->amount[i],
            (uint64_t)items->open[i],
            (uint64_t)items->date_day[i],
            (uint64_t)items->due_day[i],
            (uint64_t)items->grace_day[i],
            (uint64_t)items->origin_day[i],
            items->customer[i],
            items->document[i],
            items->flags[i],
            items->series[i],
            items->older[i],
            items->sibling[i],
        };
        digest_row(digest, "item", row, sizeof row);
        digest_disputes(items, (uint32_t)i, digest);
        digest_foreign(&items->foreigns, items->id[i], items->foreign[i], digest);
    }
    const struct allocations *allocations = &views->allocations;
    for (size_t i = 0; i < allocations->count; i++) {
        uint64_t row[] = {
            allocations->id[i],
            (uint64_t)allocations->amount[i],
            (uint64_t)allocations->effective_day[i],
            allocations->debit[i],
            allocations->credit[i],
            allocations->older[i],
        };
        digest_row(digest, "allocation", row, sizeof row);
        digest_foreign(&allocations->foreigns, allocations->id[i], allocations->foreign[i], digest);
    }
    // The chains of open items: their order is history, their members are not.
    for (uint32_t customer = 0; customer < views->customers.count; customer++) {
        for (uint32_t i = views->customers.first_open[customer]; i != NONE;
             i = items->next_open[i]) {
            uint64_t row[] = {views->customers.id[customer], items->id[i]};
            digest_row(digest, "open", row, sizeof row);
        }
    }
}
