// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/period.h"

#include "server/ledger/posting.h"

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

static bool takes(const struct month *month, uint32_t scopes)
{
    const uint32_t closed = month->record->closed;
    return !is_closed_for(closed, scopes) ||
           (month->exception != NULL && is_excepted(closed, scopes, month->exception->scopes));
}

enum status period_guard(struct books *books, int32_t day, uint32_t scopes, const char *field)
{
    struct month *month = NULL;
    int32_t open_day = 0;
    enum status status = period_month(books, period_of_day(day), &month);
    if (status == STATUS_OK && takes(month, scopes)) {
        month->passed = true;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = period_open_day(books, day, scopes, &open_day);
    }
    return status == STATUS_OK ? books_refuse(books, STATUS_PERIOD_IS_CLOSED, field,
                                              books_day(books, day), books_day(books, open_day))
                               : status;
}

enum status period_open_day(struct books *books, int32_t day, uint32_t scopes, int32_t *out)
{
    uint32_t period = period_of_day(day);
    struct month *month = NULL;
    enum status status = period_month(books, period, &month);
    while (status == STATUS_OK && is_closed_for(month->record->closed, scopes)) {
        period = period_after(period);
        day = period_first_day(period);
        status = period_month(books, period, &month);
    }
    *out = day;
    return status;
}

enum status period_free_day(struct books *books, int32_t day, uint32_t scopes, int32_t *out)
{
    struct month *month = NULL;
    enum status status = period_month(books, period_of_day(day), &month);
    if (status == STATUS_OK && !takes(month, scopes)) {
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

enum status period_stamp(struct books *books, int32_t day)
{
    struct month *month = NULL;
    enum status status = period_month(books, period_of_day(day), &month);
    if (status != STATUS_OK) {
        return status;
    }
    assert(month->record->closed == 0 || month->passed);
    month->used = month->used || month->exception != NULL;
    return STATUS_OK;
}

// ---- writing ----

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
