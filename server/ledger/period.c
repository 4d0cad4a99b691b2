// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/period.h"

#include "server/ledger/posting.h"
#include "server/ledger/seal.h"
#include "shared/money.h"

#define HEAD_KEY 0 // of the row that says up to where everything is sealed

static_assert((PERIOD_ALL & POSTING_ANY) == 0, "a bit of its own");

// ---- scopes ----

static const uint32_t SCOPE_BITS[] = {
    [PERIOD_SCOPE__PERIOD_SCOPE_ALL] = PERIOD_ALL,
    [PERIOD_SCOPE__PERIOD_SCOPE_SALES] = POSTING_SALES,
    [PERIOD_SCOPE__PERIOD_SCOPE_CASH] = POSTING_CASH,
    [PERIOD_SCOPE__PERIOD_SCOPE_TAX] = POSTING_TAX,
};

uint32_t period_scopes(PeriodScope scope)
{
    assert((size_t)scope < COUNT_OF(SCOPE_BITS));

    return scope != PERIOD_SCOPE__PERIOD_SCOPE_UNSET ? SCOPE_BITS[scope] : PERIOD_ALL;
}

enum status period_scope_list(struct arena *arena, uint32_t scopes, PeriodScope **list,
                              size_t *count)
{
    *count = 0;
    *list = arena_alloc(arena, COUNT_OF(SCOPE_BITS) * sizeof **list);
    if (*list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 1; i < COUNT_OF(SCOPE_BITS); i++) {
        if ((scopes & SCOPE_BITS[i]) != 0) {
            (*list)[*count] = (PeriodScope)i;
            (*count)++;
        }
    }
    return STATUS_OK;
}

// ---- months ----

enum status period_read(struct books *books, const char *text, uint32_t *first, uint32_t *last)
{
    return period_parse(text, first, last)
               ? STATUS_OK
               : books_refuse(books, STATUS_FIELD_NOT_CHOICE, "period", text, "2026-10");
}

enum status period_read_month(struct books *books, const char *text, uint32_t *out)
{
    uint32_t last = 0;
    enum status status = period_read(books, text, out, &last);
    return status == STATUS_OK && *out != last
               ? books_refuse(books, STATUS_FIELD_NOT_CHOICE, "period", text, "2026-10")
               : status;
}

bool period_exception_holds(const ExceptionRecord *exception, int32_t book_day)
{
    return book_day <= exception->until_day;
}

static enum status load_exception(struct books *books, struct month *month)
{
    const struct row_key key = key_u64_u64(month->period, books->call->user_id);
    ExceptionRecord *exception = NULL;
    enum status status = exception_get(books->txn, key, &exception);
    if (status == STATUS_OK && period_exception_holds(exception, books->call->book_day)) {
        month->exception = exception;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status period_month(struct books *books, uint32_t period, struct month **out)
{
    for (struct month *each = books->months; each != NULL; each = each->next) {
        if (each->period == period) {
            *out = each;
            return STATUS_OK;
        }
    }

    struct month *month = arena_alloc(books->arena, sizeof *month);
    if (month == NULL) {
        return STATUS_TOO_LARGE;
    }
    *month = (struct month){.period = period, .next = books->months};
    enum status status = period_get(books->txn, key_u64(period), &month->record);
    if (status == STATUS_NOT_FOUND) {
        month->record = arena_alloc(books->arena, sizeof *month->record);
        if (month->record == NULL) {
            return STATUS_TOO_LARGE;
        }
        period_record__init(month->record);
        month->record->period = period;
        status = STATUS_OK;
    }
    if (status == STATUS_OK && month->record->closed != 0 && books->call->user_id != 0) {
        status = load_exception(books, month);
    }
    if (status == STATUS_OK) {
        txn_plan_fact(books->txn,
                      (uint64_t)month->record->sealed_through << 32 | month->record->closed);
        books->months = month;
        *out = month;
    }
    return status;
}

// ---- the guard ----

static bool is_closed_for(uint32_t closed, uint32_t scopes)
{
    return (closed & (PERIOD_ALL | scopes)) != 0;
}

// An exception must name every part that is closed by itself; a month that is closed altogether
// opens for a part with any of its parts.
static bool is_excepted(uint32_t closed, uint32_t scopes, uint32_t excepted)
{
    if ((excepted & PERIOD_ALL) != 0) {
        return true;
    }
    bool parts = (closed & scopes & ~excepted) == 0;
    bool whole = (closed & PERIOD_ALL) == 0 || (excepted & scopes) != 0;
    return parts && whole;
}

enum status period_sealed_through(struct books *books, uint32_t *out)
{
    struct month *head = NULL;
    enum status status = period_month(books, HEAD_KEY, &head);
    *out = status == STATUS_OK ? head->record->sealed_through : 0;
    return status;
}

enum status period_seal_through(struct books *books, uint32_t period)
{
    struct month *head = NULL;
    enum status status = period_month(books, HEAD_KEY, &head);
    if (status == STATUS_OK) {
        head->record->sealed_through = period;
        head->changed = true;
    }
    return status;
}

static bool takes(const struct month *month, uint32_t scopes)
{
    const uint32_t closed = month->record->closed;
    return !is_closed_for(closed, scopes) ||
           (month->exception != NULL && is_excepted(closed, scopes, month->exception->scopes));
}

// The first day from `day` on that takes it without an exception, wherever that lies.
static enum status first_open(struct books *books, int32_t day, uint32_t scopes, int32_t *out)
{
    uint32_t period = period_of_day(day);
    struct month *month = NULL;
    uint32_t through = 0;
    enum status status = period_sealed_through(books, &through);
    if (status == STATUS_OK && period <= through) {
        period = period_after(through);
        day = period_first_day(period);
    }
    if (status == STATUS_OK) {
        status = period_month(books, period, &month);
    }
    while (status == STATUS_OK && is_closed_for(month->record->closed, scopes)) {
        period = period_after(period);
        day = period_first_day(period);
        status = period_month(books, period, &month);
    }
    *out = day;
    return status;
}

enum status period_guard(struct books *books, int32_t day, uint32_t scopes, const char *field)
{
    const uint32_t period = period_of_day(day);
    struct month *month = NULL;
    uint32_t through = 0;
    int32_t open_day = 0;
    enum status status = period_sealed_through(books, &through);
    if (status == STATUS_OK) {
        status = period_month(books, period, &month);
    }
    if (status == STATUS_OK && period > through && takes(month, scopes)) {
        month->passed = true;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = first_open(books, day, scopes, &open_day);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return books_refuse(books,
                        period <= through ? STATUS_PERIOD_IS_SEALED : STATUS_PERIOD_IS_CLOSED,
                        field, books_day(books, day), books_day(books, open_day));
}

enum status period_open_day(struct books *books, int32_t day, uint32_t scopes, int32_t *out)
{
    int32_t open_day = 0;
    const enum status status = first_open(books, day, scopes, &open_day);
    if (status != STATUS_OK) {
        return status;
    }
    if (open_day > day && open_day > books->call->book_day) {
        return books_refuse(books, STATUS_PERIOD_IS_CLOSED, "date", books_day(books, day),
                            books_day(books, open_day));
    }
    *out = open_day;
    return STATUS_OK;
}

enum status period_free_day(struct books *books, int32_t day, uint32_t scopes, int32_t *out)
{
    struct month *month = NULL;
    uint32_t through = 0;
    enum status status = period_sealed_through(books, &through);
    if (status == STATUS_OK) {
        status = period_month(books, period_of_day(day), &month);
    }
    if (status == STATUS_OK && (period_of_day(day) <= through || !takes(month, scopes))) {
        status = period_open_day(books, day, scopes, &day);
    }
    if (status == STATUS_OK) {
        status = period_month(books, period_of_day(day), &month);
    }
    if (status == STATUS_OK) {
        month->passed = true;
        *out = day;
    }
    return status;
}

// ---- writing ----

// Something is written that is dated on this day.
static enum status stamp(struct books *books, int32_t day, struct month **out)
{
    struct month *month = NULL;
    uint32_t through = 0;
    enum status status = period_sealed_through(books, &through);
    if (status == STATUS_OK) {
        status = period_month(books, period_of_day(day), &month);
    }
    if (status != STATUS_OK) {
        return status;
    }
    assert(month->period > through);
    assert(month->record->closed == 0 || month->passed);
    month->used = month->used || month->exception != NULL;
    month->changed = true;
    *out = month;
    return STATUS_OK;
}

enum status period_number(struct books *books, enum series series, int32_t day)
{
    struct month *month = NULL;
    enum status status = stamp(books, day, &month);
    if (status != STATUS_OK) {
        return status;
    }
    PeriodRecord *record = month->record;
    if (record->n_numbered <= series) {
        uint32_t *grown = arena_alloc(books->arena, ((size_t)series + 1) * sizeof *grown);
        if (grown == NULL) {
            return STATUS_TOO_LARGE;
        }
        memset(grown, 0, ((size_t)series + 1) * sizeof *grown);
        if (record->n_numbered > 0) {
            memcpy(grown, record->numbered, record->n_numbered * sizeof *grown);
        }
        record->numbered = grown;
        record->n_numbered = (size_t)series + 1;
    }
    record->numbered[series]++;
    return STATUS_OK;
}

// The month's sum of what happened to items, as bytes that can be added to.
static uint8_t *sum_of(struct books *books, PeriodRecord *record)
{
    uint8_t *sum = arena_alloc(books->arena, SEAL_BYTES);
    if (sum == NULL) {
        return NULL;
    }
    memset(sum, 0, SEAL_BYTES);
    seal_sum(sum, record->items_sum);
    record->items_sum = (ProtobufCBinaryData){.len = SEAL_BYTES, .data = sum};
    return sum;
}

enum status period_item(struct books *books, const ItemRecord *item)
{
    struct month *month = NULL;
    enum status status = stamp(books, item->date_day, &month);
    uint8_t *sum = status == STATUS_OK ? sum_of(books, month->record) : NULL;
    if (sum == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    bool debit = item->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    bool fits =
        money_add(month->record->items_minor, debit ? item->amount_minor : -item->amount_minor,
                  &month->record->items_minor);
    assert(fits);
    seal_item(sum, item);
    return STATUS_OK;
}

enum status period_allocation(struct books *books, const AllocationRecord *allocation)
{
    struct month *month = NULL;
    enum status status = stamp(books, allocation->effective_day, &month);
    uint8_t *sum = status == STATUS_OK ? sum_of(books, month->record) : NULL;
    if (sum == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    seal_allocation(sum, allocation);
    return STATUS_OK;
}

enum status period_draft(struct books *books, int32_t day, int change)
{
    assert(change == 1 || change == -1);

    if (day == 0) {
        return STATUS_OK;
    }
    struct month *month = NULL;
    enum status status = period_month(books, period_of_day(day), &month);
    if (status != STATUS_OK) {
        return status;
    }
    assert(change > 0 || month->record->drafts > 0);
    month->record->drafts = (uint32_t)((int64_t)month->record->drafts + change);
    month->changed = true;
    return STATUS_OK;
}

static enum status write_use(struct books *books, struct month *month)
{
    ExceptionRecord *exception = month->exception;
    exception->uses++;
    exception->used_us = books->call->instant_us;
    month->used = false;
    return exception_put(books->txn, key_u64_u64(month->period, exception->user_id), exception);
}

enum status period_write(struct books *books)
{
    enum status status = STATUS_OK;
    for (struct month *each = books->months; each != NULL; each = each->next) {
        if (status == STATUS_OK && each->changed) {
            status = period_put(books->txn, key_u64(each->period), each->record);
            each->changed = false;
        }
        if (status == STATUS_OK && each->used) {
            status = write_use(books, each);
        }
    }
    return status;
}
