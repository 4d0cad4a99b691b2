// SPDX-License-Identifier: Apache-2.0
// Allocations as they are made, taken back, and made to close an item that is undone (domain.md
// d.1).
#include "server/ledger/disparity.h"
#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/standing.h"

static enum status put_allocation(struct books *books, AllocationRecord *allocation)
{
    IdRecord index;
    id_record__init(&index);
    index.id = allocation->id;
    enum status status = period_allocation(books, allocation);
    if (status == STATUS_OK) {
        status = allocation_put(books->txn, key_u64(allocation->id), allocation);
    }
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
    if (debit->record->account == credit->record->account || allocation->amount_minor == 0) {
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

// Is it money for a document, and not a note against it or what closes an item that is undone?
static bool pays(const struct item *debit, const struct item *credit)
{
    return credit->record->series == SERIES_PAYMENT && debit->record->series == SERIES_INVOICE;
}

// What an allocation takes: in the book's currency, and in that of the items when it is another.
struct taken {
    int64_t book_minor;
    int64_t foreign_minor;
};

// Of items in other currencies it is kept until when they were moved.
static void settled_on(ItemRecord *record, int32_t day)
{
    if (record->currency[0] != '\0' && (record->settled_day == 0 || record->settled_day < day)) {
        record->settled_day = day;
    }
}

static enum status join(struct books *books, struct item *debit, struct item *credit,
                        struct taken taken, int32_t day, const char *rule, AllocationRecord **out)
{
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
    allocation->amount_minor = taken.book_minor;
    allocation->foreign_minor = taken.foreign_minor;
    allocation->effective_day = day;
    allocation->rule = named;
    enum status status = transfer(books, debit, credit, allocation);
    if (status != STATUS_OK) {
        return status;
    }
    debit->record->open_minor -= taken.book_minor;
    credit->record->open_minor -= taken.book_minor;
    debit->record->foreign_open_minor -= taken.foreign_minor;
    credit->record->foreign_open_minor -= taken.foreign_minor;
    settled_on(debit->record, day);
    settled_on(credit->record, day);
    item_touch(books, debit);
    item_touch(books, credit);
    *out = allocation;
    return pays(debit, credit) ? standing_settled(books, debit->record, allocation) : STATUS_OK;
}

// Closes what the item is worth more than the other: then both give the same sum.
static enum status close_difference(struct books *books, struct item *item, int64_t amount_minor,
                                    int32_t day, uint64_t *clearing_id)
{
    ClearingRecord *clearing = NULL;
    struct item *counter = NULL;
    AllocationRecord *allocation = NULL;
    const bool debit = item->record->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    enum status status = disparity_open(books, item, amount_minor, day, &clearing, &counter);
    if (status == STATUS_OK) {
        status = join(books, debit ? item : counter, debit ? counter : item,
                      (struct taken){.book_minor = amount_minor}, day, DISPARITY_RULE, &allocation);
    }
    if (status == STATUS_OK) {
        status = put_allocation(books, allocation);
    }
    *clearing_id = status == STATUS_OK ? clearing->id : 0;
    return status;
}

static enum status allocate_foreign(struct books *books, struct item *debit, struct item *credit,
                                    int64_t amount_minor, int32_t day, const char *rule,
                                    AllocationRecord **out)
{
    const int64_t debit_minor = disparity_share(debit->record, amount_minor);
    const int64_t credit_minor = disparity_share(credit->record, amount_minor);
    const int64_t less_minor = debit_minor < credit_minor ? debit_minor : credit_minor;
    uint64_t clearing_id = 0;
    enum status status = STATUS_OK;
    if (debit_minor > less_minor) {
        status = close_difference(books, debit, debit_minor - less_minor, day, &clearing_id);
    }
    if (credit_minor > less_minor) {
        status = close_difference(books, credit, credit_minor - less_minor, day, &clearing_id);
    }
    if (status == STATUS_OK) {
        const struct taken taken = {.book_minor = less_minor, .foreign_minor = amount_minor};
        status = join(books, debit, credit, taken, day, rule, out);
    }
    if (status == STATUS_OK) {
        (*out)->exchange_id = clearing_id;
        status = put_allocation(books, *out);
    }
    return status;
}

enum status item_allocate(struct books *books, struct item *debit, struct item *credit,
                          int64_t amount_minor, int32_t day, const char *rule,
                          AllocationRecord **out)
{
    assert(debit->record->side == ITEM_SIDE__ITEM_SIDE_DEBIT);
    assert(credit->record->side == ITEM_SIDE__ITEM_SIDE_CREDIT);
    assert(debit->record->customer_id == credit->record->customer_id);
    assert(strcmp(debit->record->currency, credit->record->currency) == 0);
    assert(amount_minor > 0 && amount_minor <= item_left(debit->record) &&
           amount_minor <= item_left(credit->record));
    assert(day >= debit->record->date_day && day >= credit->record->date_day);

    if (debit->record->currency[0] != '\0') {
        return allocate_foreign(books, debit, credit, amount_minor, day, rule, out);
    }
    const struct taken taken = {.book_minor = amount_minor};
    const enum status status = join(books, debit, credit, taken, day, rule, out);
    return status == STATUS_OK ? put_allocation(books, *out) : status;
}

enum status item_allocate_even(struct books *books, struct item *debit, struct item *credit,
                               struct item_rest taken, int32_t day, const char *rule,
                               AllocationRecord **out)
{
    const bool is_foreign = debit->record->currency[0] != '\0';
    assert(strcmp(debit->record->currency, credit->record->currency) == 0);
    assert(debit->record->customer_id == credit->record->customer_id);
    assert(taken.book_minor > 0 && taken.book_minor <= debit->record->open_minor &&
           taken.book_minor <= credit->record->open_minor);
    assert(is_foreign || taken.own_minor == taken.book_minor);

    const struct taken both = {.book_minor = taken.book_minor,
                               .foreign_minor = is_foreign ? taken.own_minor : 0};
    const enum status status = join(books, debit, credit, both, day, rule, out);
    assert((item_left(debit->record) > 0) == (debit->record->open_minor > 0));
    assert((item_left(credit->record) > 0) == (credit->record->open_minor > 0));
    return status == STATUS_OK ? put_allocation(books, *out) : status;
}

static void give_back(struct books *books, struct item *item, const AllocationRecord *reversal)
{
    item->record->open_minor += reversal->amount_minor;
    item->record->foreign_open_minor += reversal->foreign_minor;
    settled_on(item->record, reversal->effective_day);
    assert(item->record->open_minor <= item->record->amount_minor);
    assert(item->record->foreign_open_minor <= item->record->foreign_minor);
    if (item->record->freed_day < reversal->effective_day) {
        item->record->freed_day = reversal->effective_day;
    }
    item_touch(books, item);
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

static enum status take_back(struct books *books, AllocationRecord *allocation, int32_t day,
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
    reversal->exchange_id = 0;
    status = transfer_back(books, allocation, reversal);
    if (status == STATUS_OK) {
        status = put_allocation(books, reversal);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (pays(debit, credit)) {
        status = standing_reopened(books, debit->record, allocation);
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

enum status item_counter(struct books *books, struct item *item, uint64_t document_id, int32_t day)
{
    ItemRecord draft = *item->record;
    bool credit = draft.side == ITEM_SIDE__ITEM_SIDE_CREDIT;
    draft.side = credit ? ITEM_SIDE__ITEM_SIDE_DEBIT : ITEM_SIDE__ITEM_SIDE_CREDIT;
    draft.date_day = day;
    draft.due_day = day;
    draft.freed_day = 0;
    draft.settled_day = 0;
    draft.document_id = document_id;
    struct item *counter = item_make(books, &draft);
    if (counter == NULL) {
        return STATUS_TOO_LARGE;
    }
    AllocationRecord *allocation = NULL;
    const struct taken taken = {.book_minor = draft.amount_minor,
                                .foreign_minor = draft.foreign_minor};
    const enum status status = join(books, credit ? counter : item, credit ? item : counter, taken,
                                    day, "reversal", &allocation);
    return status == STATUS_OK ? put_allocation(books, allocation) : status;
}

// The difference that was closed with an allocation never was.
static enum status reopen_difference(struct books *books, uint64_t clearing_id, int32_t day)
{
    ClearingRecord *clearing = NULL;
    struct item *counter = NULL;
    struct allocation_list list = {0};
    AllocationRecord *reversal = NULL;
    enum status status = clearing_get(books->txn, key_u64(clearing_id), &clearing);
    if (status == STATUS_OK) {
        status = item_load(books, clearing->item_id[0], &counter);
    }
    if (status == STATUS_OK) {
        status = item_allocations(books, counter->record->id, &list);
    }
    if (status != STATUS_OK || list.count != 1) {
        return status == STATUS_NOT_FOUND || status == STATUS_OK ? STATUS_INCOMPLETE : status;
    }
    status = take_back(books, list.allocation[0], day, &reversal);
    if (status == STATUS_OK) {
        status = item_counter(books, counter, clearing->id, day);
    }
    return status == STATUS_OK ? disparity_reverse(books, clearing, day) : status;
}

enum status item_unallocate(struct books *books, AllocationRecord *allocation, int32_t day,
                            AllocationRecord **out)
{
    const enum status status = take_back(books, allocation, day, out);
    return status == STATUS_OK && allocation->exchange_id != 0
               ? reopen_difference(books, allocation->exchange_id, day)
               : status;
}
