// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/settlement.h"

#include "server/ledger/document.h"
#include "server/ledger/settlement_order.h"
#include "shared/money.h"

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

// May the machine choose this item? Not what is disputed, nor what somebody promised to pay on a
// later day, nor what is dated after today and the money.
static bool is_candidate(const struct books *books, const struct settlement *settlement,
                         const ItemRecord *record)
{
    int32_t today = books->call->book_day;
    int32_t latest = settlement->day > today ? settlement->day : today;
    return !record->disputed && record->promised_day <= settlement->day &&
           record->date_day <= latest;
}

static struct item *only_exact(const struct settlement *settlement, const struct item_list *items)
{
    struct item *found = NULL;
    for (size_t i = 0; i < items->count; i++) {
        if (items->item[i]->record->open_minor == settlement->left_minor) {
            if (found != NULL) {
                return NULL;
            }
            found = items->item[i];
        }
    }
    return found;
}

// At most `most_minor` for the items of a claim, in their order.
static enum status take_claim(struct books *books, struct settlement *settlement,
                              const struct claim *claim, int64_t most_minor, const char *rule)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < claim->count; i++) {
        int64_t amount_minor = claim->item[i]->record->open_minor;
        amount_minor = amount_minor < most_minor ? amount_minor : most_minor;
        amount_minor =
            amount_minor < settlement->left_minor ? amount_minor : settlement->left_minor;
        if (amount_minor == 0 || settlement->count == ALLOCATIONS_MAX) {
            break;
        }
        status = add_line(books, settlement, claim->item[i], amount_minor, rule);
        most_minor -= amount_minor;
    }
    return status;
}

// Claims that are equal before the law share what does not suffice for all of them. More of them
// than a call can settle are taken one behind the other.
static enum status take_group(struct books *books, struct settlement *settlement,
                              const struct claim_group *group, const char *rule)
{
    int64_t *weight = arena_alloc(books->arena, group->count * sizeof *weight);
    int64_t *part = arena_alloc(books->arena, group->count * sizeof *part);
    if (weight == NULL || part == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t items = 0;
    for (size_t i = 0; i < group->count; i++) {
        weight[i] = group->claim[i].open_minor;
        part[i] = weight[i];
        items += group->claim[i].count;
    }
    const bool is_short = settlement->left_minor < group->open_minor;
    if (is_short && items <= ALLOCATIONS_MAX - settlement->count) {
        const bool fits = money_split(settlement->left_minor, weight, group->count, part);
        assert(fits);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < group->count; i++) {
        assert(part[i] <= weight[i]);
        status = take_claim(books, settlement, &group->claim[i], part[i], rule);
    }
    return status;
}

enum status settlement_profile(struct books *books, uint64_t customer_id, SettlementProfile *out)
{
    CustomerRecord *customer;
    enum status status = customer_get(books->txn, key_u64(customer_id), &customer);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    *out = customer->profile != SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET
               ? customer->profile
               : settlement_book_profile(books);
    return STATUS_OK;
}

static enum status keep_candidates(struct books *books, const struct settlement *settlement,
                                   struct item_list *items)
{
    enum status status =
        item_open(books, settlement->customer_id, ITEM_SIDE__ITEM_SIDE_DEBIT, items);
    size_t count = 0;
    for (size_t i = 0; status == STATUS_OK && i < items->count; i++) {
        if (is_candidate(books, settlement, items->item[i]->record)) {
            items->item[count] = items->item[i];
            count++;
        }
    }
    items->count = count;
    return status;
}

enum status settlement_automatic(struct books *books, struct settlement *settlement)
{
    assert(settlement->count == 0);

    struct item_list items = {0};
    SettlementProfile profile = SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_UNSET;
    enum status status = settlement_profile(books, settlement->customer_id, &profile);
    bool is_manual = profile == SETTLEMENT_PROFILE__SETTLEMENT_PROFILE_MANUAL;
    if (status != STATUS_OK || (is_manual && !settlement->is_asked)) {
        return status;
    }
    status = keep_candidates(books, settlement, &items);
    if (status != STATUS_OK) {
        return status;
    }
    struct item *exact = only_exact(settlement, &items);
    if (exact != NULL) {
        return add_line(books, settlement, exact, settlement->left_minor, "exact");
    }

    struct settlement_order order;
    status = settlement_order(books, settlement->day, profile, &items, &order);
    for (size_t i = 0; status == STATUS_OK && i < order.count; i++) {
        status = take_group(books, settlement, &order.group[i], order.rule);
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
