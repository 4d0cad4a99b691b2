// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/settlement.h"

#include "server/ledger/disparity.h"
#include "server/ledger/document.h"
#include "server/ledger/rate.h"
#include "server/ledger/settlement_order.h"
#include "shared/money.h"

enum status settlement_begin(struct books *books, uint64_t customer_id, int64_t amount_minor,
                             int32_t day, bool strict, struct settlement *out)
{
    assert(customer_id != 0);
    assert(amount_minor > 0);

    *out = (struct settlement){.customer_id = customer_id,
                               .currency = "",
                               .day = day,
                               .strict = strict,
                               .left_minor = amount_minor};
    out->line = arena_alloc(books->arena, ALLOCATIONS_MAX * sizeof *out->line);
    return out->line != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

bool settlement_has_amounts(Allocate *const *named, size_t count)
{
    bool has_amounts = false;
    for (size_t i = 0; i < count; i++) {
        has_amounts = has_amounts || named[i]->amount_minor != 0;
    }
    return has_amounts;
}

int64_t settlement_planned(const struct settlement *settlement, const struct item *debit)
{
    int64_t total = 0;
    for (size_t i = 0; i < settlement->count; i++) {
        const struct settlement_line *line = &settlement->line[i];
        total += line->debit == debit ? line->amount_minor + line->discount_minor : 0;
    }
    return total;
}

// What may be left out of `open_minor` by who pays the rest of it in time.
static int64_t discount_of(const struct settlement *settlement, const ItemRecord *record,
                           int64_t open_minor)
{
    const bool in_time =
        settlement->paid_day != 0 && settlement->paid_day <= record->discount_until_day;
    return in_time && record->discount_minor < open_minor ? record->discount_minor : 0;
}

// An allocation takes an id, another one for the transfer of what settles later than the money's
// day, and a discount a document with item, entry and allocation, as does a difference of rates.
static size_t ids_of(const struct settlement *settlement, const struct settlement_line *line)
{
    const bool exchanges = settlement->currency[0] != '\0';
    return (line->day != settlement->day ? 2u : 1u) + (line->discount_minor != 0 ? 4u : 0u) +
           (exchanges ? DISPARITY_IDS : 0u);
}

// At most `most_minor` for an item, and its discount when that settles all of it. Nothing once the
// call can carry out no more (*full).
static enum status take(struct books *books, struct settlement *settlement, struct item *debit,
                        int64_t most_minor, const char *rule, bool *full)
{
    assert(most_minor <= settlement->left_minor);

    const int64_t before = settlement_planned(settlement, debit);
    const int64_t open = item_left(debit->record) - before;
    struct settlement_line line = {.debit = debit, .open_minor = open, .rule = rule};
    line.discount_minor = discount_of(settlement, debit->record, open);
    if (most_minor < open - line.discount_minor) {
        line.discount_minor = 0;
    }
    line.amount_minor =
        most_minor < open - line.discount_minor ? most_minor : open - line.discount_minor;
    if (line.amount_minor == 0) {
        return STATUS_OK;
    }
    enum status status = item_free_day(
        books, debit, before + line.amount_minor + line.discount_minor, settlement->day, &line.day);
    if (status == STATUS_OK && line.discount_minor != 0 && line.day != settlement->day) {
        line.discount_minor = 0; // it settles later than the money came
        line.amount_minor = most_minor < open ? most_minor : open;
        status =
            item_free_day(books, debit, before + line.amount_minor, settlement->day, &line.day);
    }
    const size_t ids = settlement->ids + ids_of(settlement, &line);
    *full = settlement->count == ALLOCATIONS_MAX || ids > SETTLEMENT_IDS_MAX;
    settlement->is_full |= *full;
    if (status != STATUS_OK || *full) {
        return status;
    }
    settlement->line[settlement->count] = line;
    settlement->count++;
    settlement->ids = ids;
    settlement->left_minor -= line.amount_minor;
    return STATUS_OK;
}

void settlement_repay_discounts(struct settlement *settlement)
{
    for (size_t i = settlement->count; i > 0; i--) {
        struct settlement_line *line = &settlement->line[i - 1];
        if (line->discount_minor <= settlement->left_minor) {
            line->amount_minor += line->discount_minor;
            settlement->left_minor -= line->discount_minor;
            line->discount_minor = 0;
        }
    }
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
    if (status == STATUS_OK && strcmp(invoice->currency, settlement->currency) != 0) {
        return books_refuse(books, STATUS_CURRENCY_OTHER, path(books, index, "invoice"),
                            books_code(books, invoice->currency),
                            books_code(books, settlement->currency));
    }
    *items = (struct item_list){0};
    *open_minor = 0;
    if (status == STATUS_OK && invoice->gross_minor > 0) {
        status = document_items(books, invoice, items);
    }
    for (size_t i = 0; status == STATUS_OK && i < items->count; i++) {
        *open_minor +=
            item_left(items->item[i]->record) - settlement_planned(settlement, items->item[i]);
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
                            rate_print(books, settlement->currency, asked),
                            rate_print(books, settlement->currency, most));
    }

    int64_t rest = asked == 0 || asked > most ? most : asked;
    for (size_t i = 0; status == STATUS_OK && i < items.count && rest > 0; i++) {
        const int64_t left_minor = settlement->left_minor;
        bool full = false;
        status = take(books, settlement, items.item[i], rest, "named", &full);
        if (full) {
            return books_refuse(books, STATUS_TOO_LARGE, "allocate", NULL, NULL);
        }
        rest -= left_minor - settlement->left_minor;
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
    bool full = false;
    const enum status status = take(books, settlement, debit, settlement->left_minor, rule, &full);
    assert(!full);
    return status;
}

// May the machine choose this item? Not what is disputed, nor what somebody promised to pay on a
// later day, nor what is dated after today and the money, nor what is in another currency.
static bool is_candidate(const struct books *books, const struct settlement *settlement,
                         const ItemRecord *record)
{
    int32_t today = books->call->book_day;
    int32_t latest = settlement->day > today ? settlement->day : today;
    return !record->disputed && record->promised_day <= settlement->day &&
           record->date_day <= latest && strcmp(record->currency, settlement->currency) == 0;
}

// Does the money pay exactly this item, with or without its discount?
static bool is_exact(const struct settlement *settlement, const ItemRecord *record)
{
    const int64_t open_minor = item_left(record);
    const int64_t discount_minor = discount_of(settlement, record, open_minor);
    return open_minor == settlement->left_minor ||
           open_minor - discount_minor == settlement->left_minor;
}

static struct item *only_exact(const struct settlement *settlement, const struct item_list *items)
{
    struct item *found = NULL;
    for (size_t i = 0; i < items->count; i++) {
        if (is_exact(settlement, items->item[i]->record)) {
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
    bool full = false;
    for (size_t i = 0; status == STATUS_OK && !full && i < claim->count; i++) {
        const int64_t left_minor = settlement->left_minor;
        status = take(books, settlement, claim->item[i],
                      most_minor < left_minor ? most_minor : left_minor, rule, &full);
        most_minor -= left_minor - settlement->left_minor;
    }
    return status;
}

// What money must pay of a claim.
static int64_t payable(const struct settlement *settlement, const struct claim *claim)
{
    int64_t total = 0;
    for (size_t i = 0; i < claim->count; i++) {
        const ItemRecord *record = claim->item[i]->record;
        total += item_left(record) - discount_of(settlement, record, item_left(record));
    }
    return total;
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
    int64_t all_minor = 0;
    size_t items = 0;
    for (size_t i = 0; i < group->count; i++) {
        weight[i] = payable(settlement, &group->claim[i]);
        part[i] = settlement->left_minor;
        all_minor += weight[i];
        items += group->claim[i].count;
    }
    const bool is_short = settlement->left_minor < all_minor;
    if (is_short && items <= ALLOCATIONS_MAX - settlement->count) {
        const bool fits = money_split(settlement->left_minor, weight, group->count, part);
        assert(fits);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && !settlement->is_full && i < group->count; i++) {
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

// The one item that the money pays exactly, else all of them in the order of the profile.
static enum status settle_among(struct books *books, struct settlement *settlement,
                                SettlementProfile profile, const struct item_list *items)
{
    struct item *exact = only_exact(settlement, items);
    if (exact != NULL) {
        return settlement_item(books, settlement, exact, "exact");
    }
    struct settlement_order order;
    enum status status = settlement_order(books, settlement->day, profile, items, &order);
    for (size_t i = 0; status == STATUS_OK && !settlement->is_full && i < order.count; i++) {
        status = take_group(books, settlement, &order.group[i], order.rule);
    }
    return status;
}

// Moves what was not there yet when the money came from `items` to `later`.
static enum status split_by_day(struct books *books, const struct settlement *settlement,
                                struct item_list *items, struct item_list *later)
{
    size_t count = 0;
    later->item = arena_alloc(books->arena, (items->count + 1) * sizeof(void *));
    if (later->item == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = items->item[i];
        if (item->record->date_day > settlement->day) {
            later->item[later->count++] = item;
        } else {
            items->item[count++] = item;
        }
    }
    items->count = count;
    return STATUS_OK;
}

// Money that is entered late pays first what was owed on its own day.
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
    struct item_list later = {0};
    status = keep_candidates(books, settlement, &items);
    if (status == STATUS_OK) {
        status = split_by_day(books, settlement, &items, &later);
    }
    if (status == STATUS_OK) {
        status = settle_among(books, settlement, profile, &items);
    }
    if (status == STATUS_OK && settlement->left_minor > 0 && !settlement->is_full) {
        status = settle_among(books, settlement, profile, &later);
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
        to->discount_minor = from->discount_minor;
        to->left_minor = to->open_minor - to->apply_minor - from->discount_minor;
        to->effective_day = from->day;
    }
    *line = list;
    *count = settlement->count;
    return STATUS_OK;
}
