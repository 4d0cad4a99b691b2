// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/rate.h"

#include "server/ledger/control.h"
#include "server/ledger/posting.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/day.h"
#include "shared/money.h"

#define CODE_LETTERS 3
#define RATE_MAX     INT64_C(1000000000000) // a million, scaled by 10^6
#define MICRO        INT64_C(1000000)

uint64_t rate_letters(const char *currency)
{
    assert(strlen(currency) == CODE_LETTERS);

    return money_letters(currency);
}

// The letters of the code stand above the day, so that the rates of a currency lie together.
struct row_key rate_key(const char *currency, int32_t day)
{
    assert(day >= DAY_MIN);
    return key_u64(rate_letters(currency) << 32 | (uint64_t)(day - DAY_MIN));
}

char *rate_currency(const struct books *books, char *currency)
{
    return strcmp(currency, books->record->currency) == 0 ? reading_constant("") : currency;
}

// The first one from that day on, or back; NULL when there is none.
static enum status next_to(struct txn *txn, const char *currency, int32_t day, bool backwards,
                           RateRecord **out)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    struct row_key key;
    ProtobufCMessage *row = NULL;
    *out = NULL;
    if (day < DAY_MIN || day > DAY_MAX) {
        return STATUS_OK;
    }
    enum status status = rows_open(txn, TABLE_rate, rate_key(currency, day), 4, backwards, &rows);
    if (status == STATUS_OK) {
        status = rows_next(rows, &key, &row);
    }
    *out = status == STATUS_OK ? (RateRecord *)row : NULL;
    return status == STATUS_END ? STATUS_OK : status;
}

// The one that holds on that day.
static enum status find_rate(struct txn *txn, const char *currency, int32_t day, RateRecord **out)
{
    const enum status status = next_to(txn, currency, day, true, out);
    return status == STATUS_OK && *out == NULL ? STATUS_NOT_FOUND : status;
}

uint32_t rate_decimals(const struct books *books, const char *currency)
{
    uint32_t decimals = books->record->decimals;
    const bool is_known = currency[0] == '\0' || money_currency(currency, &decimals);
    assert(is_known); // the format of the field (proto/fields.def)
    return decimals;
}

char *rate_print(const struct books *books, const char *currency, int64_t minor)
{
    return money_print(books->arena, minor, rate_decimals(books, currency));
}

static enum status refuse_unnamed(struct books *books, const char *currency)
{
    return rate_decimals(books, currency) == books->record->decimals
               ? STATUS_OK
               : books_refuse(books, STATUS_CURRENCY_NEEDED, "currency", NULL,
                              books_code(books, currency));
}

enum status rate_choose(struct books *books, char *asked, char *own, char **out)
{
    *out = rate_currency(books, asked[0] != '\0' ? asked : own);
    return asked[0] != '\0' ? STATUS_OK : refuse_unnamed(books, *out);
}

enum status rate_same(struct books *books, const char *asked, const char *own)
{
    if (asked[0] == '\0') {
        return refuse_unnamed(books, own);
    }
    return strcmp(asked, books_code(books, own)) == 0
               ? STATUS_OK
               : books_refuse(books, STATUS_CURRENCY_OTHER, "currency", asked,
                              books_code(books, own));
}

struct rate rate_of(const struct books *books, const char *currency, int64_t rate_micro,
                    uint32_t per)
{
    return (struct rate){
        .rate_micro = rate_micro,
        .per = per,
        .shift = (int)books->record->decimals - (int)rate_decimals(books, currency),
    };
}

enum status rate_on(struct books *books, const char *currency, int32_t day, struct rate *out)
{
    assert(currency[0] != '\0');

    RateRecord *record = NULL;
    *out = (struct rate){0};
    const enum status status = find_rate(books->txn, currency, day, &record);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_RATE_MISSING, "currency", currency,
                            books_day(books, day));
    }
    if (status == STATUS_OK) {
        *out = rate_of(books, currency, record->rate_micro, record->per);
        out->day = record->date_day;
    }
    return status;
}

// 1 below zero.
static int64_t ten_to(int exponent)
{
    int64_t power = 1;
    for (; exponent > 0; exponent--) {
        power *= 10;
    }
    return power;
}

bool rate_convert(const struct rate *rate, int64_t minor, int64_t *book_minor)
{
    assert(rate->per > 0 && rate->rate_micro <= RATE_MAX);
    assert(rate->shift >= -DECIMALS_MAX && rate->shift <= DECIMALS_MAX);

    // A million of rate, ten thousand of decimals and of `per`, each scaled: 10^16 and 10^14.
    return money_scale(minor, rate->rate_micro * ten_to(rate->shift),
                       MICRO * rate->per * ten_to(-rate->shift), book_minor) &&
           *book_minor <= AMOUNT_MAX && *book_minor >= -AMOUNT_MAX;
}

enum status rate_today(struct books *books, const ItemRecord *item, int64_t *book_minor)
{
    RateRecord *record = NULL;
    *book_minor = item->open_minor;
    if (item->currency[0] == '\0') {
        return STATUS_OK;
    }
    const enum status status =
        find_rate(books->txn, item->currency, books->call->book_day, &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    const struct rate rate = rate_of(books, item->currency, record->rate_micro, record->per);
    int64_t converted_minor = 0;
    if (rate_convert(&rate, item->foreign_open_minor, &converted_minor)) {
        *book_minor = converted_minor;
    }
    return STATUS_OK;
}

int64_t rate_gross(const InvoiceRecord *document)
{
    return document->currency[0] != '\0' ? document->book_gross_minor : document->gross_minor;
}

char *rate_amount(struct arena *arena, const char *currency, int64_t minor)
{
    uint32_t decimals = 0;
    if (!money_currency(currency, &decimals)) {
        return arena_copy(arena, "", 0);
    }
    const char *amount = money_print(arena, minor, decimals);
    return amount != NULL ? arena_print(arena, "%s %s", currency, amount) : NULL;
}

char *rate_text(struct arena *arena, int64_t rate_micro, uint32_t per)
{
    char *text = rate_micro != 0 ? money_print_micro(arena, rate_micro) : arena_copy(arena, "", 0);
    return text == NULL || per <= 1 ? text : arena_print(arena, "%s / %u", text, per);
}

static enum status convert_lines(struct books *books, const struct rate *rate,
                                 InvoiceRecord *document)
{
    const size_t count = document->n_line;
    int64_t *net = arena_alloc(books->arena, (count + 1) * sizeof *net);
    int64_t *tax = arena_alloc(books->arena, (count + 1) * sizeof *tax);
    if (net == NULL || tax == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool fits = true;
    document->book_net_minor = 0;
    document->book_tax_minor = 0;
    for (size_t i = 0; fits && i < count; i++) {
        fits = rate_convert(rate, document->line[i]->net_minor, &net[i]) &&
               rate_convert(rate, document->line[i]->tax_minor, &tax[i]);
        document->book_net_minor += fits ? net[i] : 0;
        document->book_tax_minor += fits ? tax[i] : 0;
    }
    document->book_line_net_minor = net;
    document->n_book_line_net_minor = count;
    document->book_line_tax_minor = tax;
    document->n_book_line_tax_minor = count;
    fits = fits && rate_convert(rate, document->gross_minor, &document->book_gross_minor);
    return fits ? STATUS_OK : books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
}

enum status rate_document(struct books *books, InvoiceRecord *document, int32_t day)
{
    if (document->currency[0] == '\0') {
        return STATUS_OK;
    }
    const bool mirrors = document->credits_id != 0;
    struct rate rate = rate_of(books, document->currency, document->rate_micro, document->rate_per);
    enum status status =
        mirrors ? STATUS_OK
                : rate_on(books, document->currency, day != 0 ? day : books->call->book_day, &rate);
    if (status == STATUS_OK) {
        status = convert_lines(books, &rate, document);
    }
    if (status == STATUS_OK && document->gross_minor != 0 && document->book_gross_minor == 0) {
        return books_refuse(books, STATUS_RATE_TOO_SMALL, "amount",
                            rate_print(books, document->currency, document->gross_minor), NULL);
    }
    document->rate_micro = rate.rate_micro;
    document->rate_per = rate.per;
    return status;
}

// ---- commands ----

static char *describe(struct call *call, const RateRecord *record)
{
    return record == NULL ? reading_constant("")
                          : rate_text(call->arena, record->rate_micro, record->per);
}

static enum status refuse_rate(struct books *books, const RateSet *request, uint32_t per,
                               const RateRecord *known)
{
    const bool is_same = known != NULL && !request->remove &&
                         known->rate_micro == request->rate_micro && known->per == per;
    if (strcmp(request->currency, books->record->currency) == 0) {
        return books_refuse(books, STATUS_CURRENCY_OTHER, "currency", request->currency, NULL);
    }
    if (request->rate_micro > RATE_MAX || request->rate_micro < 0) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "rate",
                            money_print_micro(books->arena, request->rate_micro),
                            money_print_micro(books->arena, RATE_MAX));
    }
    if (is_same) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    return request->remove && known == NULL
               ? books_refuse(books, STATUS_NOT_FOUND, "currency", request->currency, NULL)
               : STATUS_OK;
}

// What holds on a day, and what would hold without the row of that day.
struct known {
    RateRecord *own;    // of the day itself; NULL: none
    RateRecord *before; // the last one before it
    RateRecord *after;  // the first one behind it
};

static enum status find_known(struct txn *txn, const char *currency, int32_t day, struct known *out)
{
    *out = (struct known){0};
    enum status status = rate_get(txn, rate_key(currency, day), &out->own);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = next_to(txn, currency, day - 1, true, &out->before);
    }
    return status == STATUS_OK ? next_to(txn, currency, day + 1, false, &out->after) : status;
}

// The rate that two people stand for: one that somebody else entered or approved, else the one that
// the caller's own is near to. So nobody walks away from it in small steps.
static struct rate anchor_of(const RateRecord *record, uint64_t user_id)
{
    const bool is_own = record->changed_by == user_id && record->approved_by == 0;
    return is_own && record->anchor_micro != 0
               ? (struct rate){.rate_micro = record->anchor_micro, .per = record->anchor_per}
               : (struct rate){.rate_micro = record->rate_micro, .per = record->per};
}

// The first rate of a currency is whatever somebody says; what follows is near it, and is taken
// away only where another one near it is left.
static enum status check_near(struct books *books, const struct known *known, bool removes,
                              RateRecord *record)
{
    struct call *call = books->call;
    const RateRecord *last = known->own != NULL      ? known->own
                             : known->before != NULL ? known->before
                                                     : known->after;
    const RateRecord *next = removes ? known->before : record;
    const struct rate anchor = last != NULL ? anchor_of(last, call->user_id) : (struct rate){0};
    record->anchor_micro = anchor.rate_micro;
    record->anchor_per = anchor.per;
    if (last == NULL ||
        (next != NULL && money_is_near(next->rate_micro, next->per, anchor.rate_micro, anchor.per,
                                       RATE_DEVIATION_BP))) {
        control_pass(call);
        return STATUS_OK;
    }
    record->approved_by = call->approved_by;
    return control_check(books->txn, call, CONTROL_RATE, 0);
}

static void fill_record(const RateSet *request, int32_t day, const struct call *call,
                        RateRecord *out)
{
    rate_record__init(out);
    out->currency = request->currency;
    out->date_day = day;
    out->rate_micro = request->rate_micro;
    out->per = request->per != 0 ? request->per : 1;
    out->changed_by = call->user_id;
    out->changed_us = call->instant_us;
}

enum status rate_set(struct txn *txn, struct call *call, const RateSet *request,
                     RateSetReply *reply)
{
    struct books books;
    struct known known = {0};
    RateRecord record;
    const int32_t day = request->date_day != 0 ? request->date_day : call->book_day;
    fill_record(request, day, call, &record);
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = find_known(txn, request->currency, day, &known);
    }

    if (status == STATUS_OK) {
        status = refuse_rate(&books, request, record.per, known.own);
    }
    if (status == STATUS_OK) {
        status = posting_plan_guard(&books, day, POSTING_GENERAL, "date");
    }
    if (status == STATUS_OK) {
        status = check_near(&books, &known, request->remove, &record);
    }
    if (status != STATUS_OK) {
        return status;
    }

    // What was converted keeps the rate that it was converted by.
    call_note_change(call, 0, "rate", describe(call, known.own),
                     describe(call, request->remove ? NULL : &record));
    status = request->remove ? rows_del(txn, TABLE_rate, rate_key(request->currency, day))
                             : rate_put(txn, rate_key(request->currency, day), &record);

    reply->currency = request->currency;
    reply->rate_micro = request->rate_micro;
    reply->removed = request->remove;
    reply->date_day = day;
    reply->per = record.per;
    return status;
}

// ---- reading ----

static bool is_asked(const void *asked, const ProtobufCMessage *message)
{
    const RateList *request = asked;
    const RateRecord *record = (const RateRecord *)message;
    return request->currency[0] == '\0' || strcmp(record->currency, request->currency) == 0;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *message,
                            ProtobufCMessage *out)
{
    (void)call;
    const RateRecord *record = (const RateRecord *)message;
    RateRow *row = (RateRow *)out;
    row->currency = record->currency;
    row->date_day = record->date_day;
    row->rate_micro = record->rate_micro;
    row->per = record->per;
    row->changed_us = record->changed_us;
    return reading_login(txn, record->changed_by, &row->changed_by);
}

enum status rate_list(struct txn *txn, struct call *call, const RateList *request,
                      RateListReply *reply)
{
    struct row_page page = {
        .table = TABLE_rate,
        .backwards = true,
        .descriptor = &rate_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (RateRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
