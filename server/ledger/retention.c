// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/retention.h"

#include "server/ledger/reading.h"
#include "shared/wire.h"

// ---- what holds ----

static int32_t year_end(int32_t day, uint32_t years)
{
    const struct date date = day_date(day);
    int32_t end = 0;
    const bool is_day = day_of_date(
        (struct date){.year = date.year + (int32_t)years, .month = 12, .day = 31}, &end);
    return is_day ? end : DAY_MAX;
}

// Documents dated from `from_day` to `last_day` are kept for `years`. Which days have documents is
// known only as a span: within it, each day may have one.
static int32_t kept_until(const BalanceRecord *balance, int32_t from_day, int32_t last_day,
                          uint32_t years)
{
    const int32_t latest = balance->latest_day < last_day ? balance->latest_day : last_day;
    return latest >= from_day && latest >= balance->first_day ? year_end(latest, years) : 0;
}

enum status retention_until(struct txn *txn, const BookRecord *book, uint64_t customer_id,
                            int32_t *day)
{
    BalanceRecord *balance = NULL;
    const enum status status = balance_get(txn, key_u64(customer_id), &balance);
    *day = 0;
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }

    uint32_t years = RETENTION_YEARS;
    int32_t from_day = DAY_MIN;
    for (size_t i = 0; i <= book->n_retention; i++) {
        const bool is_last = i == book->n_retention;
        const int32_t next_day = is_last                             ? DAY_MAX
                                 : book->retention[i]->from_day != 0 ? book->retention[i]->from_day
                                                                     : DAY_MIN;
        const int32_t until =
            kept_until(balance, from_day, is_last ? DAY_MAX : next_day - 1, years);
        *day = until > *day ? until : *day;
        from_day = next_day;
        years = is_last ? years : book->retention[i]->years;
    }
    return STATUS_OK;
}

// ---- what the book says ----

static enum status fill_row(struct txn *txn, const RetentionRecord *retention, RetentionRow *row)
{
    row->from_day = retention->from_day;
    row->years = retention->years;
    row->changed_us = retention->changed_us;
    return reading_login(txn, retention->changed_by, &row->changed_by);
}

enum status privacy_show(struct txn *txn, struct call *call, const PrivacyShow *request,
                         PrivacyCard *reply)
{
    (void)request;
    BookRecord *book = NULL;
    enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }

    reply->retention = arena_alloc(call->arena, (book->n_retention + 1) * sizeof *reply->retention);
    if (reply->retention == NULL) {
        return STATUS_TOO_LARGE;
    }
    const bool has_first = book->n_retention > 0 && book->retention[0]->from_day == 0;
    for (size_t i = 0; status == STATUS_OK && i < book->n_retention + !has_first; i++) {
        RetentionRow *row = (RetentionRow *)wire_make(call->arena, &retention_row__descriptor);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->years = RETENTION_YEARS;
        reply->retention[reply->n_retention++] = row;
        if (has_first || i > 0) {
            status = fill_row(txn, book->retention[i - !has_first], row);
        }
    }
    return status;
}

// The place of the rule of that day among those of the book; `found` when there is one.
static size_t place_of(const BookRecord *book, int32_t from_day, bool *found)
{
    size_t at = 0;
    while (at < book->n_retention && book->retention[at]->from_day < from_day) {
        at++;
    }
    *found = at < book->n_retention && book->retention[at]->from_day == from_day;
    return at;
}

// The list of the book with `retention` in its place.
static enum status put_in(struct books *books, RetentionRecord *retention)
{
    BookRecord *book = books->record;
    bool found = false;
    const size_t at = place_of(book, retention->from_day, &found);
    const size_t count = book->n_retention + !found;
    RetentionRecord **list = arena_alloc(books->arena, count * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        list[i] = i == at ? retention : book->retention[i > at && !found ? i - 1 : i];
    }
    book->retention = list;
    book->n_retention = count;
    return book_put(books->txn, key_u64(BOOK_KEY), book);
}

enum status privacy_retention(struct txn *txn, struct call *call, const PrivacyRetention *request,
                              RetentionRow *reply)
{
    struct books books;
    RetentionRecord *retention =
        (RetentionRecord *)wire_make(call->arena, &retention_record__descriptor);
    enum status status = retention != NULL ? books_open(txn, call, &books) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }

    bool found = false;
    const size_t at = place_of(books.record, request->from_day, &found);
    const RetentionRecord *before = found ? books.record->retention[at] : NULL;
    if (before != NULL && before->years == request->years) {
        return books_refuse(&books, STATUS_NOTHING_TO_DO, "years", NULL, NULL);
    }
    if (!found && books.record->n_retention >= RETENTIONS_MAX) {
        return books_refuse(&books, STATUS_TOO_LARGE, "from", NULL, NULL);
    }

    retention->from_day = request->from_day;
    retention->years = request->years;
    retention->changed_by = call->user_id;
    retention->changed_us = call->instant_us;
    call_note_change(call, BOOK_KEY, "retention",
                     before != NULL ? arena_print(call->arena, "%u", before->years) : "",
                     arena_print(call->arena, "%u", retention->years));
    status = put_in(&books, retention);

    call_about(call, BOOK_KEY, "retention");
    return status == STATUS_OK ? fill_row(txn, retention, reply) : status;
}
