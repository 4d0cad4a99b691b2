// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/shares.h"

#include "server/ledger/disparity.h"
#include "server/ledger/period.h"

int64_t shares_open(const struct item_list *items)
{
    int64_t total = 0;
    for (size_t i = 0; i < items->count; i++) {
        total += item_left(items->item[i]->record);
    }
    return total;
}

// Spreads the plan over the credit items and finds the day of each share.
static enum status spread(struct books *books, const struct item_list *credits,
                          const struct settlement *settlement, struct shares *out)
{
    *out = (struct shares){.more = settlement->is_full};
    out->share =
        arena_alloc(books->arena, (settlement->count + credits->count) * sizeof *out->share);
    if (out->share == NULL) {
        return STATUS_TOO_LARGE;
    }
    // Each takes an id, one for its transfer, and those of what the rates differ by.
    const size_t most = settlement->currency[0] != '\0' ? ALLOCATIONS_MAX * 2 / (2 + DISPARITY_IDS)
                                                        : ALLOCATIONS_MAX;
    size_t from = 0;
    int64_t taken = 0;
    for (size_t i = 0; i < settlement->count; i++) {
        struct settlement_line rest = settlement->line[i];
        int64_t debit_minor = item_left(rest.debit->record) - rest.open_minor;
        while (rest.amount_minor > 0) {
            assert(from < credits->count);
            if (out->count == most) {
                out->more = true;
                return settlement->is_named
                           ? books_refuse(books, STATUS_TOO_LARGE, "allocate", NULL, NULL)
                           : STATUS_OK; // what is left stays open for another call
            }
            struct item *credit = credits->item[from];
            int64_t free_minor = item_left(credit->record) - taken;
            if (free_minor == 0) {
                from++;
                taken = 0;
                continue;
            }
            struct share *share = &out->share[out->count];
            *share = (struct share){.line = rest, .credit = credit};
            share->line.amount_minor =
                free_minor < rest.amount_minor ? free_minor : rest.amount_minor;
            taken += share->line.amount_minor;
            debit_minor += share->line.amount_minor;
            enum status status = settlement_day(books, rest.debit, debit_minor, credit, taken,
                                                rest.day, &share->line.day);
            if (status != STATUS_OK) {
                return status;
            }
            rest.amount_minor -= share->line.amount_minor;
            rest.open_minor -= share->line.amount_minor;
            out->count++;
        }
    }
    return STATUS_OK;
}

// A day that was asked for must be one on which everything is there, and not lie ahead.
static enum status fix_days(struct books *books, struct shares *shares, int32_t asked)
{
    if (asked > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, books->call->book_day));
    }
    enum status status =
        asked != 0 ? posting_guard(books, asked, POSTING_GENERAL, "date") : STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < shares->count; i++) {
        int32_t first = shares->share[i].line.day;
        if (asked != 0 && asked < first) {
            status = books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, asked),
                                  books_day(books, first));
        } else {
            status = posting_guard(books, first, POSTING_GENERAL, "date");
        }
    }
    return status;
}

enum status shares_plan(struct books *books, const struct item_list *credits,
                        const struct shares_wish *wish, struct shares *out)
{
    int64_t left = shares_open(credits);
    assert(left > 0);

    struct settlement settlement;
    struct balance *balance;
    int32_t day = wish->asked > wish->day ? wish->asked : wish->day;
    enum status status = settlement_begin(books, wish->customer_id, left, day, true, &settlement);
    if (status == STATUS_OK) {
        settlement.currency = credits->item[0]->record->currency;
        settlement.is_asked = true;
        settlement.is_named = wish->named_count > 0;
        status = settlement.is_named
                     ? settlement_named(books, &settlement, wish->named, wish->named_count)
                     : settlement_automatic(books, &settlement);
    }
    if (status == STATUS_OK && settlement.count == 0) {
        status = books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = spread(books, credits, &settlement, out);
    }
    if (status == STATUS_OK) {
        status = fix_days(books, out, wish->asked);
    }
    return status == STATUS_OK ? shares_controls(books, wish->customer_id, &balance) : status;
}

enum status shares_allocate(struct books *books, struct shares *shares)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < shares->count; i++) {
        struct share *share = &shares->share[i];
        AllocationRecord *allocation;
        status = item_allocate(books, share->line.debit, share->credit, share->line.amount_minor,
                               share->line.day, share->line.rule, &allocation);
        share->line.id = status == STATUS_OK ? allocation->id : 0;
    }
    return status;
}

size_t shares_ids(const struct allocation_list *list)
{
    size_t ids = 0;
    for (size_t i = 0; i < list->count; i++) {
        const AllocationRecord *each = list->allocation[i];
        ids += (each->entry_id != 0 ? 2u : 1u) + (each->exchange_id != 0 ? DISPARITY_IDS : 0u);
    }
    return ids;
}

// The allocations of one credit item to the document, behind those that are there.
static enum status add_standing(struct books *books, uint64_t credit_id, uint64_t document_id,
                                struct allocation_list *out)
{
    struct allocation_list each = {0};
    enum status status = item_allocations(books, credit_id, &each);
    for (size_t i = 0; status == STATUS_OK && !out->more && i < each.count; i++) {
        struct item *debit;
        status = item_load(books, each.allocation[i]->debit_id, &debit);
        if (status != STATUS_OK ||
            (document_id != 0 && debit->record->document_id != document_id) ||
            disparity_is_own(each.allocation[i])) {
            continue;
        }
        out->allocation[out->count] = each.allocation[i];
        out->count++;
        out->more = shares_ids(out) > SETTLEMENT_IDS_MAX;
        out->count -= out->more ? 1 : 0;
    }
    return status;
}

enum status shares_standing(struct books *books, const struct item_list *credits,
                            uint64_t document_id, struct allocation_list *out)
{
    *out = (struct allocation_list){0};
    out->allocation =
        arena_alloc(books->arena, (SETTLEMENT_IDS_MAX + 1) * sizeof(AllocationRecord *));
    enum status status = out->allocation != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < credits->count; i++) {
        status = add_standing(books, credits->item[i]->record->id, document_id, out);
    }
    return status;
}

enum status shares_back_day(struct books *books, const struct allocation_list *list, int32_t first,
                            int32_t asked, int32_t usual, uint32_t scopes, int32_t *out)
{
    int32_t today = books->call->book_day;
    for (size_t i = 0; i < list->count; i++) {
        int32_t day = list->allocation[i]->effective_day;
        first = day > first ? day : first;
    }
    *out = asked;
    if (asked == 0) {
        enum status status = period_open_day(books, usual > first ? usual : first, scopes, out);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (*out < first) {
        return books_refuse(books, STATUS_ALLOCATION_EARLY, "date", books_day(books, *out),
                            books_day(books, first));
    }
    if (asked > today && asked > first) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, asked),
                            books_day(books, today));
    }
    return posting_guard(books, *out, scopes, "date");
}

enum status shares_take_back(struct books *books, const struct allocation_list *list, int32_t day,
                             struct shares *out)
{
    *out = (struct shares){.more = list->more};
    out->share = arena_alloc(books->arena, (list->count + 1) * sizeof *out->share);
    enum status status = out->share != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < list->count; i++) {
        struct share *share = &out->share[i];
        AllocationRecord *reversal;
        status = item_load(books, list->allocation[i]->debit_id, &share->line.debit);
        if (status != STATUS_OK) {
            break;
        }
        const AllocationRecord *each = list->allocation[i];
        const bool is_foreign = share->line.debit->record->currency[0] != '\0';
        share->line.open_minor = item_left(share->line.debit->record);
        share->line.amount_minor = is_foreign ? each->foreign_minor : each->amount_minor;
        share->line.day = day;
        share->line.rule = list->allocation[i]->rule;
        status = item_unallocate(books, list->allocation[i], day, &reversal);
        share->line.id = status == STATUS_OK ? reversal->id : 0;
        out->count++;
    }
    return status;
}

enum status shares_controls(struct books *books, uint64_t customer_id, struct balance **balance)
{
    enum status status = posting_load(books, ACCOUNT_RECEIVABLES);
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_ADVANCES);
    }
    if (status == STATUS_OK) {
        status = disparity_load(books);
    }
    return status == STATUS_OK ? posting_balance(books, customer_id, balance) : status;
}

enum status shares_reply(struct books *books, const struct shares *shares, bool taken_back,
                         AllocationLine ***line, size_t *count)
{
    struct settlement all = {.count = shares->count};
    all.line = arena_alloc(books->arena, (shares->count + 1) * sizeof *all.line);
    if (all.line == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < shares->count; i++) {
        all.line[i] = shares->share[i].line;
    }
    return settlement_reply(books, &all, taken_back, line, count);
}
