// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/clearing.h"

#include "server/ledger/disparity.h"
#include "server/ledger/numbering.h"
#include "server/ledger/shares.h"

static enum series series_of(ClearingKind kind)
{
    switch ((int)kind) {
    case CLEARING_KIND__CLEARING_KIND_WRITE_OFF:
        return SERIES_WRITE_OFF;
    case CLEARING_KIND__CLEARING_KIND_REFUND:
        return SERIES_REFUND;
    case CLEARING_KIND__CLEARING_KIND_RECOVERY:
        return SERIES_RECOVERY;
    default:
        return SERIES_DIFFERENCE;
    }
}

enum status clearing_load(struct books *books, uint64_t id, bool refunds, const char *field,
                          ClearingRecord **out)
{
    enum status status = clearing_get(books->txn, key_u64(id), out);
    const bool is_refund =
        status == STATUS_OK && (*out)->kind == CLEARING_KIND__CLEARING_KIND_REFUND;
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && is_refund != refunds)) {
        return books_refuse(books, STATUS_NOT_FOUND, field, NULL, NULL);
    }
    return status;
}

char *clearing_number(struct books *books, const ClearingRecord *clearing)
{
    return ident_print(books->arena, (enum series)clearing->series, clearing->year,
                       clearing->sequence);
}

ClearingRecord *clearing_make(struct books *books, ClearingKind kind, uint64_t customer_id,
                              int64_t amount_minor, int32_t day)
{
    assert(customer_id != 0);
    assert(amount_minor > 0 && amount_minor <= AMOUNT_MAX);

    ClearingRecord *clearing = arena_alloc(books->arena, sizeof *clearing);
    uint64_t *item_id = arena_alloc(books->arena, 2 * sizeof *item_id);
    if (clearing == NULL || item_id == NULL) {
        return NULL;
    }
    clearing_record__init(clearing);
    clearing->kind = kind;
    clearing->customer_id = customer_id;
    clearing->amount_minor = amount_minor;
    clearing->date_day = day;
    clearing->item_id = item_id;
    return clearing;
}

enum status clearing_enter(struct books *books, ClearingRecord *clearing)
{
    clearing->id = call_new_id(books->call);
    clearing->state = CLEARING_STATE__CLEARING_STATE_POSTED;
    clearing->series = series_of(clearing->kind);
    clearing->year = books_year(clearing->date_day);
    clearing->entered_us = books->call->instant_us;
    clearing->entered_by = books->call->user_id;
    return numbering_next(books, (enum series)clearing->series, clearing->year,
                          &clearing->sequence);
}

enum status clearing_item(struct books *books, ClearingRecord *clearing, ItemSide side,
                          uint32_t account, struct item_rest amount, struct item **out)
{
    assert(clearing->id != 0 && clearing->n_item_id < 2);

    ItemRecord draft;
    item_record__init(&draft);
    draft.side = side;
    draft.customer_id = clearing->customer_id;
    draft.account = account;
    draft.document_id = clearing->id;
    draft.date_day = clearing->date_day;
    draft.due_day = clearing->date_day;
    draft.amount_minor = amount.book_minor;
    draft.currency = clearing->currency;
    draft.foreign_minor = clearing->currency[0] != '\0' ? amount.own_minor : 0;
    draft.year = clearing->year;
    draft.sequence = clearing->sequence;
    draft.series = clearing->series;
    struct item *item = item_make(books, &draft);
    if (item == NULL) {
        return STATUS_TOO_LARGE;
    }
    const bool closes = clearing->kind == CLEARING_KIND__CLEARING_KIND_DIFFERENCE ||
                        clearing->kind == CLEARING_KIND__CLEARING_KIND_EXCHANGE;
    clearing->gains = closes && side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    clearing->item_id[clearing->n_item_id] = item->record->id;
    clearing->n_item_id++;
    *out = item;
    return STATUS_OK;
}

EntryRecord *clearing_entry(struct books *books, const ClearingRecord *clearing, EntryKind kind,
                            size_t line_max)
{
    EntryRecord *entry = posting_begin(books, kind, clearing->date_day, line_max);
    if (entry != NULL) {
        entry->document_id = clearing->id;
        entry->text = clearing->reason;
    }
    return entry;
}

enum status clearing_keep(struct books *books, ClearingRecord *clearing, EntryRecord *entry)
{
    const enum status status = posting_post(books, entry);
    if (status != STATUS_OK) {
        return status;
    }
    clearing->entry_id = entry->id;
    return clearing_put(books->txn, key_u64(clearing->id), clearing);
}

// Of a line: in the item's currency and, by what that has left, in the book's.
static struct item_rest worth_of(const struct settlement_line *line)
{
    const bool is_foreign = line->debit->record->currency[0] != '\0';
    return (struct item_rest){
        .own_minor = line->amount_minor,
        .book_minor = is_foreign ? disparity_share(line->debit->record, line->amount_minor)
                                 : line->amount_minor,
    };
}

struct item_rest clearing_worth(const struct settlement *settled)
{
    struct item_rest worth = {0};
    for (size_t i = 0; i < settled->count; i++) {
        const struct item_rest line = worth_of(&settled->line[i]);
        worth.own_minor += line.own_minor;
        worth.book_minor += line.book_minor;
    }
    return worth;
}

void clearing_denominate(ClearingRecord *clearing, char *currency, struct item_rest amount)
{
    clearing->currency = currency;
    clearing->amount_minor = amount.book_minor;
    clearing->foreign_minor = currency[0] != '\0' ? amount.own_minor : 0;
}

int64_t clearing_own(const ClearingRecord *clearing)
{
    return clearing->currency[0] != '\0' ? clearing->foreign_minor : clearing->amount_minor;
}

static EntryKind kind_of_giving(ClearingKind kind)
{
    switch ((int)kind) {
    case CLEARING_KIND__CLEARING_KIND_WRITE_OFF:
        return ENTRY_KIND__ENTRY_KIND_WRITE_OFF;
    case CLEARING_KIND__CLEARING_KIND_DISCOUNT:
        return ENTRY_KIND__ENTRY_KIND_DISCOUNT;
    case CLEARING_KIND__CLEARING_KIND_WAIVER:
        return ENTRY_KIND__ENTRY_KIND_WAIVER;
    default:
        return ENTRY_KIND__ENTRY_KIND_ROUNDING;
    }
}

enum status clearing_give(struct books *books, ClearingRecord *clearing, enum account_role role,
                          struct settlement *settled)
{
    struct item *credit = NULL;
    const uint32_t account = chart_code(books->chart, ACCOUNT_RECEIVABLES);
    const struct item_rest worth = clearing_worth(settled);
    assert(settled->count > 0);
    clearing_denominate(clearing, settled->line[0].debit->record->currency, worth);
    enum status status = clearing_enter(books, clearing);
    if (status == STATUS_OK) {
        status =
            clearing_item(books, clearing, ITEM_SIDE__ITEM_SIDE_CREDIT, account, worth, &credit);
    }
    if (status != STATUS_OK) {
        return status;
    }
    EntryRecord *entry = clearing_entry(books, clearing, kind_of_giving(clearing->kind), 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    status =
        posting_role(books, entry, role, SIDE_DEBIT, clearing->amount_minor, clearing->customer_id);
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_RECEIVABLES, SIDE_CREDIT,
                              clearing->amount_minor, clearing->customer_id);
    }
    if (status == STATUS_OK) {
        status = clearing_keep(books, clearing, entry);
    }
    for (size_t i = 0; status == STATUS_OK && i < settled->count; i++) {
        struct settlement_line *line = &settled->line[i];
        AllocationRecord *allocation;
        status = item_allocate_even(books, line->debit, credit, worth_of(line), clearing->date_day,
                                    line->rule, &allocation);
        line->id = status == STATUS_OK ? allocation->id : 0;
    }
    return status;
}

// ---- undoing ----

static enum status add_standing(struct books *books, struct clearing_undo *undo, uint64_t item_id)
{
    struct allocation_list each;
    const enum status status = item_allocations(books, item_id, &each);
    for (size_t i = 0; status == STATUS_OK && i < each.count; i++) {
        bool is_known = disparity_is_own(each.allocation[i]); // goes with another one
        for (size_t k = 0; k < undo->standing.count; k++) {
            // Or between two items of its own.
            is_known |= undo->standing.allocation[k]->id == each.allocation[i]->id;
        }
        if (is_known) {
            continue;
        }
        if (undo->standing.count == ALLOCATIONS_MAX) {
            return books_refuse(books, STATUS_TOO_LARGE, NULL, NULL, NULL);
        }
        undo->standing.allocation[undo->standing.count] = each.allocation[i];
        undo->standing.count++;
    }
    return status;
}

static enum status load_parts(struct books *books, struct clearing_undo *undo)
{
    const ClearingRecord *clearing = undo->clearing;
    undo->items.item =
        arena_alloc(books->arena, (clearing->n_item_id + 1) * sizeof *undo->items.item);
    undo->standing.allocation =
        arena_alloc(books->arena, ALLOCATIONS_MAX * sizeof *undo->standing.allocation);
    if (undo->items.item == NULL || undo->standing.allocation == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = entry_get(books->txn, key_u64(clearing->entry_id), &undo->entry);
    for (size_t i = 0; status == STATUS_OK && i < clearing->n_item_id; i++) {
        status = item_load(books, clearing->item_id[i], &undo->items.item[i]);
        if (status == STATUS_OK) {
            undo->items.count++;
            status = add_standing(books, undo, clearing->item_id[i]);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status clearing_undo_plan(struct books *books, ClearingRecord *clearing, int32_t asked,
                               struct clearing_undo *out)
{
    *out = (struct clearing_undo){.clearing = clearing};
    if (clearing->state == CLEARING_STATE__CLEARING_STATE_REVERSED) {
        return books_refuse(books, STATUS_ALREADY_REVERSED, NULL, NULL, NULL);
    }
    enum status status = load_parts(books, out);
    if (status != STATUS_OK) {
        return status;
    }
    int32_t first = clearing->date_day;
    for (size_t i = 0; i < out->items.count; i++) {
        const int32_t freed = out->items.item[i]->record->freed_day;
        first = freed > first ? freed : first;
    }
    struct balance *balance;
    status = shares_controls(books, clearing->customer_id, &balance);
    if (status == STATUS_OK) {
        status = posting_load_entry(books, out->entry);
    }
    return status == STATUS_OK
               ? shares_back_day(books, &out->standing, first, asked, first,
                                 posting_scopes(books, out->entry) | POSTING_CASH, &out->day)
               : status;
}

enum status clearing_undo_post(struct books *books, const struct clearing_undo *undo,
                               const char *reason)
{
    ClearingRecord *clearing = undo->clearing;
    struct shares shares;
    EntryRecord *reversal = NULL;
    enum status status = shares_take_back(books, &undo->standing, undo->day, &shares);
    for (size_t i = 0; status == STATUS_OK && i < undo->items.count; i++) {
        status = item_counter(books, undo->items.item[i], clearing->id, undo->day);
    }
    if (status == STATUS_OK) {
        status = posting_reverse(books, undo->entry, undo->day, reason, &reversal);
    }
    clearing->reversed_reason = arena_copy(books->arena, reason, strlen(reason));
    if (status != STATUS_OK || clearing->reversed_reason == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    clearing->state = CLEARING_STATE__CLEARING_STATE_REVERSED;
    clearing->reversed_day = undo->day;
    clearing->reversed_entry_id = reversal->id;
    return clearing_put(books->txn, key_u64(clearing->id), clearing);
}

enum status clearing_reply(struct books *books, const ClearingRecord *clearing,
                           const struct settlement *settled, int64_t owed_before_minor,
                           ClearingReply *reply)
{
    struct balance *balance = NULL;
    enum status status = posting_balance(books, clearing->customer_id, &balance);
    if (status == STATUS_OK && settled != NULL) {
        status = settlement_reply(books, settled, false, &reply->line, &reply->n_line);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->id = clearing->id;
    reply->number = clearing_number(books, clearing);
    reply->amount_minor = clearing_own(clearing);
    reply->currency = clearing->currency;
    reply->book_minor = clearing->amount_minor;
    reply->exchange_minor = books->exchanged_minor;
    reply->date_day = clearing->date_day;
    reply->balance_before_minor = owed_before_minor;
    reply->balance_minor = posting_owed(balance);
    call_about(books->call, clearing->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status clearing_undo_reply(struct books *books, const struct clearing_undo *undo,
                                const char *reason, ClearingReply *reply)
{
    struct balance *balance = NULL;
    enum status status = posting_balance(books, undo->clearing->customer_id, &balance);
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t owed_before_minor = posting_owed(balance);
    status = clearing_undo_post(books, undo, reason);
    if (status == STATUS_OK) {
        status = books_close(books);
    }
    return status == STATUS_OK
               ? clearing_reply(books, undo->clearing, NULL, owed_before_minor, reply)
               : status;
}
