// SPDX-License-Identifier: Apache-2.0
// What is owed in other currencies, valued at the rate of a day (domain.md d.11). The control
// account and its items stay as they are: the difference goes to an account beside it and is taken
// back on the next day, so that settling later finds every item at its own rate. Money on account
// is no claim for money and is not valued.
#include "server/ledger/control.h"
#include "server/ledger/item.h"
#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/rate.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/day.h"
#include "shared/money.h"

#define RUN_CURRENCIES_MAX 64 // of one run

// A currency on the day.
struct valued {
    RevaluationRecord *record;
    int64_t worth_minor;
    int64_t before_minor; // what runs before posted
};

struct valuing {
    int32_t day;
    struct valued valued[RUN_CURRENCIES_MAX];
    size_t count;
    int64_t posted_minor;
    EntryRecord *entry;
    EntryRecord *back;
};

// ---- what is owed ----

// The row of a currency: as an earlier run of the day left it, with nothing counted.
static enum status begin_currency(struct books *books, struct valuing *valuing,
                                  const char *currency, RevaluationRecord **out)
{
    if (valuing->count == RUN_CURRENCIES_MAX) {
        return books_refuse(books, STATUS_TOO_LARGE, "currency", NULL, NULL);
    }
    struct valued *valued = &valuing->valued[valuing->count];
    RevaluationRecord *record = NULL;
    enum status status = revaluation_get(books->txn, rate_key(currency, valuing->day), &record);
    if (status == STATUS_NOT_FOUND) {
        record = arena_alloc(books->arena, sizeof *record);
        if (record == NULL) {
            return STATUS_TOO_LARGE;
        }
        revaluation_record__init(record);
        record->currency = arena_copy(books->arena, currency, strlen(currency));
        record->date_day = valuing->day;
        status = record->currency != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    if (status != STATUS_OK) {
        return status;
    }
    *valued = (struct valued){.record = record, .before_minor = record->difference_minor};
    record->foreign_minor = 0;
    record->book_minor = 0;
    record->items = 0;
    valuing->count++;
    *out = record;
    return STATUS_OK;
}

// The rows of one currency lie together.
static enum status currency_of(struct books *books, struct valuing *valuing, const char *currency,
                               RevaluationRecord **out)
{
    if (valuing->count > 0) {
        *out = valuing->valued[valuing->count - 1].record;
        if (strcmp((*out)->currency, currency) == 0) {
            return STATUS_OK;
        }
    }
    return begin_currency(books, valuing, currency, out);
}

static enum status count_item(struct books *books, struct valuing *valuing, uint64_t item_id)
{
    ItemRecord *item = NULL;
    RevaluationRecord *record = NULL;
    struct item_rest left = {0};
    enum status status = item_get(books->txn, key_u64(item_id), &item);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const bool is_claim = item->account == chart_code(books->chart, ACCOUNT_RECEIVABLES);
    if (!is_claim || item->date_day > valuing->day) {
        return STATUS_OK;
    }
    status = item_rest(books, item, valuing->day, &left);
    if (status != STATUS_OK || left.own_minor == 0) {
        return status;
    }
    status = currency_of(books, valuing, item->currency, &record);
    if (status != STATUS_OK) {
        return status;
    }
    const bool debit = item->side == ITEM_SIDE__ITEM_SIDE_DEBIT;
    const bool fits = money_add(record->foreign_minor, debit ? left.own_minor : -left.own_minor,
                                &record->foreign_minor) &&
                      money_add(record->book_minor, debit ? left.book_minor : -left.book_minor,
                                &record->book_minor);
    record->items++;
    return fits ? STATUS_OK : books_refuse(books, STATUS_AMOUNT_OVERFLOW, NULL, NULL, NULL);
}

// What was settled for good by then is known without looking at the item.
static enum status count_items(struct books *books, struct valuing *valuing)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(books->txn, TABLE_foreign_item, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const ForeignItemRecord *index = (const ForeignItemRecord *)row;
        if (status == STATUS_OK && (index->open || index->settled_day > valuing->day)) {
            status = count_item(books, valuing, row_key_second(&key));
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static bool is_counted(const struct valuing *valuing, const char *currency)
{
    for (size_t i = 0; i < valuing->count; i++) {
        if (strcmp(valuing->valued[i].record->currency, currency) == 0) {
            return true;
        }
    }
    return false;
}

// What an earlier run of the day valued and of which nothing is open any more, is worth nothing.
static enum status count_settled(struct books *books, struct valuing *valuing)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status =
        rows_open(books->txn, TABLE_revaluation, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        RevaluationRecord *unused = NULL;
        status = rows_next(rows, &key, &row);
        const RevaluationRecord *record = (const RevaluationRecord *)row;
        if (status == STATUS_OK && record->date_day == valuing->day &&
            !is_counted(valuing, record->currency)) {
            status = begin_currency(books, valuing, record->currency, &unused);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status value(struct books *books, struct valuing *valuing)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < valuing->count; i++) {
        struct valued *valued = &valuing->valued[i];
        RevaluationRecord *record = valued->record;
        struct rate rate = {0};
        if (record->items == 0) {
            record->difference_minor = 0;
            valuing->posted_minor -= valued->before_minor;
            continue;
        }
        status = rate_on(books, record->currency, valuing->day, &rate);
        if (status == STATUS_OK &&
            !rate_convert(&rate, record->foreign_minor, &valued->worth_minor)) {
            status = books_refuse(books, STATUS_AMOUNT_OVERFLOW, NULL, NULL, NULL);
        }
        record->rate_micro = rate.rate_micro;
        record->rate_per = rate.per;
        record->difference_minor = valued->worth_minor - record->book_minor;
        valuing->posted_minor += record->difference_minor - valued->before_minor;
    }
    return status;
}

// ---- posting ----

static enum status check_day(struct books *books, int32_t asked, int32_t *out)
{
    const int32_t today = books->call->book_day;
    const int32_t first = today - (int32_t)day_date(today).day + 1;
    *out = asked != 0 ? asked : first - 1;
    // What is posted is taken back on the next day, which has come.
    if (*out >= today) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, *out),
                            books_day(books, today - 1));
    }
    const enum status status = posting_guard(books, *out, POSTING_GENERAL, "date");
    return status == STATUS_OK ? posting_guard(books, *out + 1, POSTING_GENERAL, "date") : status;
}

static enum status load_accounts(struct books *books)
{
    const uint32_t code = chart_code(books->chart, ACCOUNT_REVALUATION);
    struct account *account = NULL;
    const enum status status = posting_account(books, code, &account);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "account",
                            arena_print(books->arena, "%u", code), NULL);
    }
    return status == STATUS_OK ? posting_load(books, ACCOUNT_EXCHANGE) : status;
}

static enum status post(struct books *books, struct valuing *valuing)
{
    EntryRecord *entry = posting_begin(books, ENTRY_KIND__ENTRY_KIND_REVALUATION, valuing->day,
                                       RUN_CURRENCIES_MAX * 2);
    enum status status = entry != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < valuing->count; i++) {
        const struct valued *valued = &valuing->valued[i];
        const int64_t more_minor = valued->record->difference_minor - valued->before_minor;
        const int64_t size_minor = more_minor < 0 ? -more_minor : more_minor;
        const bool gains = more_minor > 0;
        status = posting_role(books, entry, ACCOUNT_REVALUATION, gains ? SIDE_DEBIT : SIDE_CREDIT,
                              size_minor, 0);
        if (status == STATUS_OK) {
            status = posting_role(books, entry, ACCOUNT_EXCHANGE, gains ? SIDE_CREDIT : SIDE_DEBIT,
                                  size_minor, 0);
        }
    }
    if (status == STATUS_OK) {
        status = posting_post(books, entry);
    }
    if (status == STATUS_OK) {
        status = posting_reverse(books, entry, valuing->day + 1, "", &valuing->back);
    }
    valuing->entry = entry;
    return status;
}

static enum status keep(struct books *books, const struct valuing *valuing)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < valuing->count; i++) {
        RevaluationRecord *record = valuing->valued[i].record;
        record->entry_id = valuing->entry->id;
        record->made_by = books->call->user_id;
        record->made_us = books->call->instant_us;
        status = revaluation_put(books->txn, rate_key(record->currency, valuing->day), record);
    }
    return status;
}

// All that the entry moves: a gain does not make up for a loss.
static int64_t size_of(const struct valuing *valuing)
{
    int64_t size_minor = 0;
    for (size_t i = 0; i < valuing->count; i++) {
        const struct valued *valued = &valuing->valued[i];
        const int64_t more_minor = valued->record->difference_minor - valued->before_minor;
        size_minor += more_minor < 0 ? -more_minor : more_minor;
    }
    return size_minor;
}

static char *number_of(struct books *books, const EntryRecord *entry)
{
    return ident_print(books->arena, SERIES_ENTRY, entry->year, entry->sequence);
}

static enum status fill_reply(struct books *books, const struct valuing *valuing,
                              RevaluationRunReply *reply)
{
    RevaluationLine *line = arena_alloc(books->arena, valuing->count * sizeof *line);
    reply->line = arena_alloc(books->arena, valuing->count * sizeof *reply->line);
    if (line == NULL || reply->line == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < valuing->count; i++) {
        const struct valued *valued = &valuing->valued[i];
        const RevaluationRecord *record = valued->record;
        revaluation_line__init(&line[i]);
        line[i].currency = record->currency;
        line[i].items = record->items;
        line[i].foreign = rate_amount(books->arena, record->currency, record->foreign_minor);
        line[i].book_minor = record->book_minor;
        line[i].rate = rate_text(books->arena, record->rate_micro, record->rate_per);
        line[i].worth_minor = valued->worth_minor;
        line[i].difference_minor = record->difference_minor;
        line[i].posted_minor = record->difference_minor - valued->before_minor;
        reply->line[i] = &line[i];
        if (line[i].foreign == NULL || line[i].rate == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    reply->n_line = valuing->count;
    reply->date_day = valuing->day;
    reply->entry = number_of(books, valuing->entry);
    reply->back = number_of(books, valuing->back);
    reply->posted_minor = valuing->posted_minor;
    call_about(books->call, valuing->entry->id, reply->entry);
    return reply->entry != NULL && reply->back != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status revaluation_run(struct txn *txn, struct call *call, const RevaluationRun *request,
                            RevaluationRunReply *reply)
{
    struct books books;
    struct valuing valuing = {0};
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = check_day(&books, request->date_day, &valuing.day);
    }
    if (status == STATUS_OK) {
        status = load_accounts(&books);
    }
    if (status == STATUS_OK) {
        status = count_items(&books, &valuing);
    }
    if (status == STATUS_OK) {
        status = count_settled(&books, &valuing);
    }
    if (status == STATUS_OK) {
        status = value(&books, &valuing);
    }
    if (status == STATUS_OK && size_of(&valuing) == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY, size_of(&valuing));
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = post(&books, &valuing);
    if (status == STATUS_OK) {
        status = keep(&books, &valuing);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? fill_reply(&books, &valuing, reply) : status;
}

// ---- reading ----

static bool is_asked(const void *asked, const ProtobufCMessage *message)
{
    const RevaluationList *request = asked;
    const RevaluationRecord *record = (const RevaluationRecord *)message;
    return request->currency[0] == '\0' || strcmp(record->currency, request->currency) == 0;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *message,
                            ProtobufCMessage *out)
{
    const RevaluationRecord *record = (const RevaluationRecord *)message;
    RevaluationRow *row = (RevaluationRow *)out;
    EntryRecord *entry = NULL;
    const enum status status = entry_get(txn, key_u64(record->entry_id), &entry);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    row->currency = record->currency;
    row->date_day = record->date_day;
    row->items = record->items;
    row->foreign = rate_amount(call->arena, record->currency, record->foreign_minor);
    row->book_minor = record->book_minor;
    row->rate = rate_text(call->arena, record->rate_micro, record->rate_per);
    row->difference_minor = record->difference_minor;
    row->entry = ident_print(call->arena, SERIES_ENTRY, entry->year, entry->sequence);
    row->made_us = record->made_us;
    if (row->foreign == NULL || row->rate == NULL || row->entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    return reading_login(txn, record->made_by, &row->made_by);
}

enum status revaluation_list(struct txn *txn, struct call *call, const RevaluationList *request,
                             RevaluationListReply *reply)
{
    struct row_page page = {
        .table = TABLE_revaluation,
        .backwards = true,
        .descriptor = &revaluation_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (RevaluationRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
