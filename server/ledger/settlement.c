// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/settlement.h"

#include "server/ledger/document.h"

enum status settlement_begin(struct books *books, uint64_t customer_id, int64_t amount_minor,
                             int32_t day, bool strict, struct settlement *out)
{
    assert(customer_id != 0);
    assert(amount_minor > 0);

    *out = (struct settlement){
        .customer_id = customer_id, .day = day, .strict = strict, .left_minor = amount_minor};
    out->line = arena_alloc(books->arena, ALLOCATIONS_MAX * sizeof *out->line);
    return out->line != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// What the plan takes of an item already.
static int64_t planned(const struct settlement *settlement, const struct item *debit)
{
    int64_t total = 0;
    for (size_t i = 0; i < settlement->count; i++) {
        if (settlement->line[i].debit == debit) {
            total += settlement->line[i].amount_minor;
        }
    }
    return total;
}

static enum status add_line(struct books *books, struct settlement *settlement, struct item *debit,
                            int64_t amount_minor, const char *rule)
{
    assert(amount_minor > 0 && amount_minor <= settlement->left_minor);
    assert(settlement->count < ALLOCATIONS_MAX);

    int64_t before = planned(settlement, debit);
    struct settlement_line *line = &settlement->line[settlement->count];
    *line = (struct settlement_line){
        .debit = debit,
        .open_minor = debit->record->open_minor - before,
        .amount_minor = amount_minor,
        .rule = rule,
    };
    enum status status =
        item_free_day(books, debit, before + amount_minor, settlement->day, &line->day);
    if (status == STATUS_OK) {
        settlement->count++;
        settlement->left_minor -= amount_minor;
    }
    return status;
}

static const char *path(struct books *books, size_t index, const char *field)
{
    return arena_print(books->arena, "allocate[%zu].%s", index + 1, field);
}

// The debit items of the invoice that the payer named, and what is open on them beside the plan.
static enum status load_named(struct books *books, const struct settlement *settlement,
                              const Allocate *named, size_t index, struct item_list *items,
                              int64_t *open_minor)
{
    InvoiceRecord *invoice;
    enum status status = invoice_get(books->txn, key_u64(named->invoice_id), &invoice);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, path(books, index, "invoice"), NULL, NULL);
    }
    if (status == STATUS_OK && invoice->customer_id != settlement->customer_id) {
        return books_refuse(books, STATUS_ALLOCATION_OTHER, path(books, index, "invoice"), NULL,
                            NULL);
    }
    *items = (struct item_list){0};
    *open_minor = 0;
    if (status == STATUS_OK && invoice->gross_minor > 0) {
        status = document_items(books, invoice, items);
    }
    for (size_t i = 0; status == STATUS_OK && i < items->count; i++) {
        *open_minor += items->item[i]->record->open_minor - planned(settlement, items->item[i]);
    }
    if (status == STATUS_OK && *open_minor == 0 && settlement->strict) {
        return books_refuse(books, STATUS_INVOICE_NOT_OPEN, path(books, index, "invoice"), NULL,
                            NULL);
    }
    return status;
}

static enum status name_one(struct books *books, struct settlement *settlement,
                            const Allocate *named, size_t index)
{
    struct item_list items = {0};
    int64_t open_minor = 0;
    enum status status = load_named(books, settlement, named, index, &items, &open_minor);
    if (status != STATUS_OK) {
        return status;
    }
    int64_t asked = named->amount_minor;
    int64_t most = open_minor < settlement->left_minor ? open_minor : settlement->left_minor;
    bool over = asked > settlement->left_minor || (settlement->strict && asked > open_minor);
    if (over) {
        return books_refuse(books, STATUS_ALLOCATION_OVER, path(books, index, "amount"),
                            books_money(books, asked), books_money(books, most));
    }

    int64_t rest = asked == 0 || asked > most ? most : asked;
    for (size_t i = 0; status == STATUS_OK && i < items.count && rest > 0; i++) {
        struct item *debit = items.item[i];
        int64_t open = debit->record->open_minor - planned(settlement, debit);
        int64_t amount_minor = open < rest ? open : rest;
        if (amount_minor == 0) {
            continue;
        }
        if (settlement->count == ALLOCATIONS_MAX) {
            return books_refuse(books, STATUS_TOO_LARGE, "allocate", NULL, NULL);
        }
        status = add_line(books, settlement, debit, amount_minor, "named");
        rest -= amount_minor;
    }
    return status;
}

enum status settlement_named(struct books *books, struct settlement *settlement,
                             Allocate *const *named, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = name_one(books, settlement, named[i], i);
    }
    return status;
}

enum status settlement_item(struct books *books, struct settlement *settlement, struct item *debit,
                            const char *rule)
{
    int64_t open = debit->record->open_minor - planned(settlement, debit);
    int64_t amount_minor = open < settlement->left_minor ? open : settlement->left_minor;
    if (amount_minor == 0) {
        return STATUS_OK;
    }
    return add_line(books, settlement, debit, amount_minor, rule);
}

// May the machine choose this item? Not what is disputed, nor what is dated after today and the
// money.
static bool is_candidate(const struct books *books, const struct settlement *settlement,
                         const ItemRecord *record)
{
    int32_t today = books->call->book_day;
    int32_t latest = settlement->day > today ? settlement->day : today;
    return !record->disputed && record->date_day <= latest;
}

static struct item *only_exact(const struct books *books, const struct settlement *settlement,
                               const struct item_list *open)
{
    struct item *found = NULL;
    for (size_t i = 0; i < open->count; i++) {
        const ItemRecord *record = open->item[i]->record;
        if (record->open_minor == settlement->left_minor &&
            is_candidate(books, settlement, record)) {
            if (found != NULL) {
                return NULL;
            }
            found = open->item[i];
        }
    }
    return found;
}

enum status settlement_automatic(struct books *books, struct settlement *settlement)
{
    assert(settlement->count == 0);

    struct item_list open;
    enum status status =
        item_open(books, settlement->customer_id, ITEM_SIDE__ITEM_SIDE_DEBIT, &open);
    if (status != STATUS_OK) {
        return status;
    }
    struct item *exact = only_exact(books, settlement, &open);
    if (exact != NULL) {
        return add_line(books, settlement, exact, settlement->left_minor, "exact");
    }
    for (size_t i = 0; status == STATUS_OK && i < open.count; i++) {
        int64_t amount_minor = open.item[i]->record->open_minor;
        if (settlement->left_minor == 0 || settlement->count == ALLOCATIONS_MAX) {
            break;
        }
        if (!is_candidate(books, settlement, open.item[i]->record)) {
            continue;
        }
        amount_minor =
            amount_minor < settlement->left_minor ? amount_minor : settlement->left_minor;
        status = add_line(books, settlement, open.item[i], amount_minor, "oldest-due");
    }
    return status;
}

enum status settlement_day(struct books *books, const struct item *debit, int64_t debit_minor,
                           const struct item *credit, int64_t credit_minor, int32_t day,
                           int32_t *out)
{
    // Each step moves the day forward or ends, and there are finitely many days to move to.
    int32_t before;
    do {
        before = day;
        enum status status = item_free_day(books, debit, debit_minor, day, &day);
        if (status == STATUS_OK) {
            status = item_free_day(books, credit, credit_minor, day, &day);
        }
        if (status != STATUS_OK) {
            return status;
        }
    } while (day != before);
    *out = day;
    return STATUS_OK;
}

enum status settlement_reply(struct books *books, const struct settlement *settlement,
                             bool taken_back, AllocationLine ***line, size_t *count)
{
    AllocationLine *made = arena_alloc(books->arena, (settlement->count + 1) * sizeof *made);
    AllocationLine **list = arena_alloc(books->arena, (settlement->count + 1) * sizeof *list);
    if (made == NULL || list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < settlement->count; i++) {
        const struct settlement_line *from = &settlement->line[i];
        const ItemRecord *item = from->debit->record;
        AllocationLine *to = &made[i];
        allocation_line__init(to);
        list[i] = to;
        to->id = from->id;
        to->invoice =
            ident_print(books->arena, (enum series)item->series, item->year, item->sequence);
        to->rule = arena_copy(books->arena, from->rule, strlen(from->rule));
        if (to->invoice == NULL || to->rule == NULL) {
            return STATUS_TOO_LARGE;
        }
        to->due_day = item->due_day;
        to->late_days = from->day > item->due_day ? from->day - item->due_day : 0;
        to->open_minor = from->open_minor;
        to->apply_minor = taken_back ? -from->amount_minor : from->amount_minor;
        to->left_minor = to->open_minor - to->apply_minor;
        to->effective_day = from->day;
    }
    *line = list;
    *count = settlement->count;
    return STATUS_OK;
}
