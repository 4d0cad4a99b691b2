// SPDX-License-Identifier: Apache-2.0
// Closing and opening months, and who may post all the same.
#include "server/ledger/control.h"
#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/reading.h"

#define MONTHS_MAX 12 // of one request
#define SEALS_MAX  48 // that one reopening breaks

struct seals {
    uint32_t period[SEALS_MAX];
    size_t count;
    uint32_t before;
};

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

// Notes what became of a month.
static enum status note(struct books *books, struct month *month, const char *before,
                        const char *after, PeriodReply *reply)
{
    char *name = period_print(books->arena, month->period);
    if (before == NULL || after == NULL || name == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_note_change(books->call, month->period, name, before, after);
    month->record->version++;
    month->changed = true;
    reply->changed[reply->n_changed] = name;
    reply->n_changed++;
    return STATUS_OK;
}

// Sets what is closed of a month. Equal is no change.
static enum status set_closed(struct books *books, struct month *month, uint32_t closed,
                              PeriodReply *reply)
{
    const uint32_t before = month->record->closed;
    if (closed == before) {
        return STATUS_OK;
    }
    month->record->closed = closed;
    return note(books, month, state_word(books->arena, before), state_word(books->arena, closed),
                reply);
}

// Every month of the request, loaded. One that has not begun is not closed yet, so that there is
// always a day on which everything can be posted.
static enum status load_months(struct books *books, const char *text, struct month **months,
                               size_t *count)
{
    uint32_t first = 0;
    uint32_t last = 0;
    enum status status = period_read(books, text, &first, &last);
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
    uint32_t through = 0;
    bool is_new = false;
    if (status == STATUS_OK) {
        status = period_sealed_through(&books, &through);
    }
    assert(status != STATUS_OK || count > 0);
    if (status == STATUS_OK && months[0]->period <= through) {
        status = books_refuse(&books, STATUS_PERIOD_IS_SEALED, "period", request->period, NULL);
    }
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

static void mark_reopened(struct books *books, struct month *month, char *reason)
{
    PeriodRecord *record = month->record;
    record->reopened_us = books->call->instant_us;
    record->reopened_by = books->call->user_id;
    record->reason = reason;
    record->reopenings++;
}

// ---- sealed months ----

// The seals from `first` on, the newest first; `before` gets the one that is left, or 0.
static enum status load_seals(struct books *books, uint32_t first, struct seals *out)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    *out = (struct seals){0};
    enum status status = rows_open(books->txn, TABLE_seal, (struct row_key){0}, 0, true, &rows);
    while (status == STATUS_OK && out->before == 0) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status != STATUS_OK) {
            break;
        }
        const uint32_t period = ((const SealRecord *)record)->period;
        if (period < first) {
            out->before = period;
        } else if (out->count == SEALS_MAX) {
            status = books_refuse(books, STATUS_TOO_LARGE, "period", NULL, NULL);
        } else {
            out->period[out->count] = period;
            out->count++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Breaks the seals from `first` on: their months stay closed, so that nothing slips in unseen.
static enum status break_seals(struct books *books, const struct seals *seals, char *reason,
                               PeriodReply *reply)
{
    enum status status = STATUS_OK;
    reply->changed = arena_alloc(books->arena, SEALS_MAX * sizeof *reply->changed);
    if (reply->changed == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < seals->count; i++) {
        struct month *month = NULL;
        status = period_month(books, seals->period[i], &month);
        if (status == STATUS_OK) {
            month->record->closed |= PERIOD_ALL;
            mark_reopened(books, month, reason);
            status = note(books, month, "sealed", state_word(books->arena, month->record->closed),
                          reply);
        }
        if (status == STATUS_OK) {
            status = rows_del(books->txn, TABLE_seal, key_u64(seals->period[i]));
        }
    }
    if (status == STATUS_OK) {
        status = period_seal_through(books, seals->before);
    }
    books->call->anchors = true;
    return status;
}

static enum status reopen_sealed(struct books *books, const PeriodReopen *request, uint32_t first,
                                 uint32_t through, PeriodReply *reply)
{
    struct seals seals = {0};
    struct month *month = NULL;
    enum status status = load_seals(books, first, &seals);
    if (status == STATUS_OK) {
        status = period_month(books, first, &month);
    }

    if (status == STATUS_OK && through >= period_end(period_year(first) + 1)) {
        const char *last = period_print(books->arena, through);
        status = books_refuse(books, STATUS_YEAR_IS_SEALED, "period", request->period, last);
    }
    if (status == STATUS_OK) {
        status = control_check(books->txn, books->call, CONTROL_REOPEN_PERIOD, 0);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = break_seals(books, &seals, request->reason, reply);

    return status == STATUS_OK ? finish(books, month->record, reply) : status;
}

enum status period_reopen(struct txn *txn, struct call *call, const PeriodReopen *request,
                          PeriodReply *reply)
{
    struct books books;
    struct month *months[MONTHS_MAX];
    size_t count = 0;
    uint32_t through = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = begin(&books, request->period, months, &count, reply);
    }
    if (status == STATUS_OK) {
        status = period_sealed_through(&books, &through);
    }
    assert(status != STATUS_OK || count > 0);
    if (status == STATUS_OK && months[0]->period <= through) {
        return reopen_sealed(&books, request, months[0]->period, through, reply);
    }

    control_pass(call);
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
        const size_t changed = reply->n_changed;
        status = set_closed(&books, months[i], months[i]->record->closed & ~scopes, reply);
        if (reply->n_changed > changed) {
            mark_reopened(&books, months[i], request->reason);
        }
    }

    return status == STATUS_OK ? finish(&books, months[count - 1]->record, reply) : status;
}

// ---- exceptions ----

static enum status check_exception(struct books *books, const PeriodExcept *request,
                                   const struct month *month)
{
    uint32_t through = 0;
    const enum status status = period_sealed_through(books, &through);
    if (status != STATUS_OK) {
        return status;
    }
    if (month->period <= through) {
        return books_refuse(books, STATUS_PERIOD_IS_SEALED, "period", request->period, NULL);
    }
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
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = period_read_month(&books, request->period, &first);
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
