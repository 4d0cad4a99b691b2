// SPDX-License-Identifier: Apache-2.0
// Closing and opening months, and who may post all the same.
#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/reading.h"

#define MONTHS_MAX 12 // of one request

static enum status read_period(struct books *books, const char *text, uint32_t *first,
                               uint32_t *last)
{
    return period_parse(text, first, last)
               ? STATUS_OK
               : books_refuse(books, STATUS_FIELD_NOT_CHOICE, "period", text, "2026-10");
}

static const char *state_word(struct arena *arena, uint32_t closed)
{
    static const char *const WORDS[] = {"sales", "cash", "tax", "all"};
    const char *text = closed == 0 ? "open" : "";
    for (size_t i = 0; i < COUNT_OF(WORDS) && text != NULL; i++) {
        if ((closed & 1u << i) != 0) {
            text = arena_print(arena, "%s%s%s", text, text[0] != '\0' ? "," : "", WORDS[i]);
        }
    }
    return text;
}

// Sets what is closed of a month, and notes it. Equal is no change.
static enum status set_closed(struct books *books, struct month *month, uint32_t closed,
                              PeriodReply *reply)
{
    PeriodRecord *record = month->record;
    if (closed == record->closed) {
        return STATUS_OK;
    }
    const char *before = state_word(books->arena, record->closed);
    const char *after = state_word(books->arena, closed);
    char *name = period_print(books->arena, month->period);
    if (before == NULL || after == NULL || name == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_note_change(books->call, month->period, name, before, after);
    record->closed = closed;
    record->version++;
    month->changed = true;
    reply->changed[reply->n_changed] = name;
    reply->n_changed++;
    return STATUS_OK;
}

// Every month of the request, loaded. One that has not begun is not closed yet, so that there is
// always a day on which everything can be posted.
static enum status load_months(struct books *books, const char *text, struct month **months,
                               size_t *count)
{
    uint32_t first = 0;
    uint32_t last = 0;
    enum status status = read_period(books, text, &first, &last);
    const int32_t today = books->call->book_day;
    *count = 0;
    if (status == STATUS_OK && last > period_of_day(today)) {
        status = books_refuse(books, STATUS_DAY_IN_FUTURE, "period", text, books_day(books, today));
    }
    for (uint32_t at = first; status == STATUS_OK && at <= last; at = period_after(at)) {
        assert(*count < MONTHS_MAX);
        status = period_month(books, at, &months[*count]);
        (*count)++;
    }
    return status;
}

static enum status begin(struct books *books, const char *text, struct month **months,
                         size_t *count, PeriodReply *reply)
{
    reply->period = arena_copy(books->arena, text, strlen(text));
    reply->changed = arena_alloc(books->arena, MONTHS_MAX * sizeof *reply->changed);
    return reply->period != NULL && reply->changed != NULL ? load_months(books, text, months, count)
                                                           : STATUS_TOO_LARGE;
}

static enum status finish(struct books *books, const PeriodRecord *last, PeriodReply *reply)
{
    enum status status = books_close(books);
    if (status == STATUS_OK) {
        status = period_scope_list(books->arena, last->closed, &reply->scope, &reply->n_scope);
    }
    reply->state =
        last->closed != 0 ? PERIOD_STATE__PERIOD_STATE_CLOSED : PERIOD_STATE__PERIOD_STATE_UNLOCKED;
    call_about(books->call, last->period, reply->period);
    return status;
}

enum status period_close(struct txn *txn, struct call *call, const PeriodClose *request,
                         PeriodReply *reply)
{
    struct books books;
    struct month *months[MONTHS_MAX];
    size_t count = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = begin(&books, request->period, months, &count, reply);
    }

    const uint32_t scopes = period_scopes(request->scope);
    bool is_new = false;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        is_new = is_new || (months[i]->record->closed | scopes) != months[i]->record->closed;
    }
    if (status == STATUS_OK && !is_new) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "period", request->period, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        PeriodRecord *record = months[i]->record;
        status = set_closed(&books, months[i], record->closed | scopes, reply);
        if (months[i]->changed) {
            record->closed_us = call->instant_us;
            record->closed_by = call->user_id;
            record->reason = request->reason;
        }
    }

    return status == STATUS_OK ? finish(&books, months[count - 1]->record, reply) : status;
}

enum status period_reopen(struct txn *txn, struct call *call, const PeriodReopen *request,
                          PeriodReply *reply)
{
    struct books books;
    struct month *months[MONTHS_MAX];
    size_t count = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = begin(&books, request->period, months, &count, reply);
    }

    const uint32_t scopes =
        request->scope != PERIOD_SCOPE__PERIOD_SCOPE_UNSET ? period_scopes(request->scope) : ~0u;
    bool is_closed = false;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        is_closed = is_closed || (months[i]->record->closed & scopes) != 0;
    }
    if (status == STATUS_OK && !is_closed) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "period", request->period, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        PeriodRecord *record = months[i]->record;
        status = set_closed(&books, months[i], record->closed & ~scopes, reply);
        if (months[i]->changed) {
            record->reopened_us = call->instant_us;
            record->reopened_by = call->user_id;
            record->reason = request->reason;
            record->reopenings++;
        }
    }

    return status == STATUS_OK ? finish(&books, months[count - 1]->record, reply) : status;
}

// ---- exceptions ----

static enum status check_exception(struct books *books, const PeriodExcept *request,
                                   const struct month *month)
{
    const int32_t today = books->call->book_day;
    const int32_t latest = today + EXCEPTION_DAYS_MAX;
    if (request->user_id == books->call->user_id) {
        return books_refuse(books, STATUS_OWN_EXCEPTION, "user", NULL, NULL);
    }
    if (request->until_day == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, "until", NULL, NULL);
    }
    if (request->until_day < today || request->until_day > latest) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "until",
                            books_day(books, request->until_day), books_day(books, latest));
    }
    if (request->reason[0] == '\0') {
        return books_refuse(books, STATUS_FIELD_MISSING, "reason", NULL, NULL);
    }
    if (month->record->closed == 0) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "period", request->period, NULL);
    }
    return STATUS_OK;
}

// The exception that is there, as it stands; NULL when there is none that could be ended.
static enum status load_standing(struct books *books, struct row_key key, ExceptionRecord **out)
{
    enum status status = exception_get(books->txn, key, out);
    if (status == STATUS_NOT_FOUND) {
        *out = NULL;
        return STATUS_OK;
    }
    if (status == STATUS_OK && !period_exception_holds(*out, books->call->book_day)) {
        *out = NULL;
    }
    return status;
}

// What holds already stays in what it is for.
static ExceptionRecord *make_exception(struct books *books, const PeriodExcept *request,
                                       uint32_t period, const ExceptionRecord *standing)
{
    ExceptionRecord *exception = arena_alloc(books->arena, sizeof *exception);
    if (exception == NULL) {
        return NULL;
    }
    exception_record__init(exception);
    if (standing != NULL) {
        *exception = *standing;
    }
    exception->period = period;
    exception->user_id = request->user_id;
    exception->scopes |= period_scopes(request->scope);
    exception->reason = request->reason;
    exception->until_day = request->until_day;
    exception->granted_us = books->call->instant_us;
    exception->granted_by = books->call->user_id;
    return exception;
}

enum status period_except(struct txn *txn, struct call *call, const PeriodExcept *request,
                          PeriodExceptReply *reply)
{
    struct books books;
    struct month *month = NULL;
    UserRecord *user = NULL;
    ExceptionRecord *standing = NULL;
    uint32_t first = 0;
    uint32_t last = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = read_period(&books, request->period, &first, &last);
    }
    if (status == STATUS_OK && first != last) {
        status =
            books_refuse(&books, STATUS_FIELD_NOT_CHOICE, "period", request->period, "2026-10");
    }
    const struct row_key key = key_u64_u64(first, request->user_id);
    if (status == STATUS_OK) {
        status = user_get(txn, key_u64(request->user_id), &user);
        status =
            status == STATUS_NOT_FOUND ? books_refuse(&books, status, "user", NULL, NULL) : status;
    }
    if (status == STATUS_OK) {
        status = period_month(&books, first, &month);
    }
    if (status == STATUS_OK) {
        status = load_standing(&books, key, &standing);
    }

    if (status == STATUS_OK && !request->withdraw) {
        status = check_exception(&books, request, month);
    }
    if (status == STATUS_OK && request->withdraw && standing == NULL) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "user", NULL, NULL);
    }
    ExceptionRecord *exception =
        request->withdraw ? standing : make_exception(&books, request, first, standing);
    if (status != STATUS_OK || exception == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }

    if (request->withdraw) {
        exception->until_day = call->book_day - 1;
    }
    call_note_change(call, first, user->login,
                     standing != NULL && !request->withdraw ? books_day(&books, standing->until_day)
                                                            : NULL,
                     books_day(&books, exception->until_day));
    status = exception_put(txn, key, exception);

    reply->period = request->period;
    reply->user = user->login;
    reply->until_day = exception->until_day;
    call_about(call, first, request->period);
    return status == STATUS_OK
               ? period_scope_list(call->arena, exception->scopes, &reply->scope, &reply->n_scope)
               : status;
}
