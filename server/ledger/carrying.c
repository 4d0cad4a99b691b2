// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/carrying.h"

#include "server/ledger/posting.h"
#include "server/ledger/reading.h"

#define RATES_MAX 256

enum status carrying_spans(struct call *call, const BookRecord *book, int32_t from_day,
                           int32_t to_day, struct carrying_span **out, size_t *count)
{
    struct carrying_span *list = arena_alloc(call->arena, (book->n_carrying + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t used = 0;
    for (size_t i = 0; i < book->n_carrying; i++) {
        const CarryingRecord *rate = book->carrying[i];
        const int32_t end = i + 1 < book->n_carrying ? book->carrying[i + 1]->from_day - 1 : to_day;
        const struct carrying_span span = {
            .from_day = rate->from_day > from_day ? rate->from_day : from_day,
            .to_day = end < to_day ? end : to_day,
            .rate_bp = rate->rate_bp,
        };
        if (span.rate_bp != 0 && span.from_day <= span.to_day) {
            list[used++] = span;
        }
    }
    *out = list;
    *count = used;
    return STATUS_OK;
}

// The rate that holds on a day.
static uint32_t rate_on(const BookRecord *book, int32_t day)
{
    uint32_t rate_bp = 0;
    for (size_t i = 0; i < book->n_carrying && book->carrying[i]->from_day <= day; i++) {
        rate_bp = book->carrying[i]->rate_bp;
    }
    return rate_bp;
}

// Puts the rate in its place by day, instead of one of the same day.
static enum status insert(struct books *books, CarryingRecord *rate)
{
    BookRecord *book = books->record;
    CarryingRecord **list = arena_alloc(books->arena, (book->n_carrying + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = 0;
    bool is_in = false;
    for (size_t i = 0; i < book->n_carrying; i++) {
        if (!is_in && book->carrying[i]->from_day >= rate->from_day) {
            list[count++] = rate;
            is_in = true;
        }
        if (book->carrying[i]->from_day != rate->from_day) {
            list[count++] = book->carrying[i];
        }
    }
    if (!is_in) {
        list[count++] = rate;
    }
    book->carrying = list;
    book->n_carrying = count;
    return STATUS_OK;
}

enum status cost_rate(struct txn *txn, struct call *call, const CostRate *request,
                      CostRateReply *reply)
{
    struct books books;
    CarryingRecord *rate = arena_alloc(call->arena, sizeof *rate);
    const int32_t day = request->from_day != 0 ? request->from_day : call->book_day;
    enum status status = rate != NULL ? books_open(txn, call, &books) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }

    const uint32_t before_bp = rate_on(books.record, day);
    if (request->yearly_bp == 0 && !request->off) {
        return books_refuse(&books, STATUS_FIELD_MISSING, "yearly", NULL, NULL);
    }
    if (before_bp == request->yearly_bp) {
        return books_refuse(&books, STATUS_NOTHING_TO_DO, "yearly", NULL, NULL);
    }
    if (books.record->n_carrying == RATES_MAX) {
        return books_refuse(&books, STATUS_TOO_LARGE, "yearly", NULL, NULL);
    }
    status = posting_plan_guard(&books, day, POSTING_GENERAL, "from");
    if (status != STATUS_OK) {
        return status;
    }

    carrying_record__init(rate);
    rate->from_day = day;
    rate->rate_bp = request->yearly_bp;
    call_note_change(call, BOOK_KEY, "rate", arena_print(call->arena, "%u", before_bp),
                     arena_print(call->arena, "%u", request->yearly_bp));
    status = insert(&books, rate);
    if (status == STATUS_OK) {
        status = book_put(txn, key_u64(BOOK_KEY), books.record);
    }

    reply->yearly_bp = request->yearly_bp;
    reply->from_day = day;
    call_about(call, BOOK_KEY, NULL);
    return status;
}

enum status cost_rates(struct txn *txn, struct call *call, const CostRates *request,
                       CostRatesReply *reply)
{
    BookRecord *book = NULL;
    (void)request;
    const enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    CostRateRow *rows = arena_alloc(call->arena, (book->n_carrying + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (book->n_carrying + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < book->n_carrying; i++) {
        cost_rate_row__init(&rows[i]);
        rows[i].from_day = book->carrying[i]->from_day;
        rows[i].yearly_bp = book->carrying[i]->rate_bp;
        reply->row[reply->n_row++] = &rows[i];
    }
    return STATUS_OK;
}
