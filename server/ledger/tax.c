// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/tax.h"

#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/day.h"
#include "shared/money.h"

// What the rates of China were when this was written. They are editable data: whether they still
// hold, and the thresholds below which the small-scale levy is not due, an accountant has to check.
struct seed {
    TaxpayerKind taxpayer;
    uint32_t tax_bp;
    struct date from, to; // to: none
    char *name;
};

static char GOODS[] = "goods, labour, leasing of movables";
static char BASIC[] = "transport, building, real estate, farm produce";
static char SERVICES[] = "services, intangibles";
static char EXPORTS[] = "exports";
static char LEVY[] = "levy";
static char REDUCED[] = "levy, reduced for a time";

static const struct seed SEEDS[] = {
    {TAXPAYER_KIND__TAXPAYER_KIND_GENERAL, 1300, {2019, 4, 1}, {0}, GOODS},
    {TAXPAYER_KIND__TAXPAYER_KIND_GENERAL, 900, {2019, 4, 1}, {0}, BASIC},
    {TAXPAYER_KIND__TAXPAYER_KIND_GENERAL, 600, {2019, 4, 1}, {0}, SERVICES},
    {TAXPAYER_KIND__TAXPAYER_KIND_GENERAL, 0, {2019, 4, 1}, {0}, EXPORTS},
    {TAXPAYER_KIND__TAXPAYER_KIND_SMALL, 300, {2009, 1, 1}, {0}, LEVY},
    {TAXPAYER_KIND__TAXPAYER_KIND_SMALL, 100, {2023, 1, 1}, {2027, 12, 31}, REDUCED},
};

// Kind, rate and first day name a rate.
static struct row_key key_of(TaxpayerKind taxpayer, uint32_t tax_bp, int32_t from_day)
{
    assert(from_day >= DAY_MIN && tax_bp < 1u << 24);
    return key_u64((uint64_t)taxpayer << 48 | (uint64_t)tax_bp << 24 |
                   (uint64_t)(from_day - DAY_MIN));
}

enum status tax_seed(struct txn *txn, const char *chart)
{
    if (strncmp(chart, "cn-", 3) != 0) {
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(SEEDS); i++) {
        TaxRecord record;
        tax_record__init(&record);
        bool is_day = day_of_date(SEEDS[i].from, &record.from_day);
        assert(is_day);
        if (SEEDS[i].to.year != 0) {
            is_day = day_of_date(SEEDS[i].to, &record.to_day);
            assert(is_day);
        }
        record.taxpayer = SEEDS[i].taxpayer;
        record.tax_bp = SEEDS[i].tax_bp;
        record.name = SEEDS[i].name;
        status = tax_put(txn, key_of(record.taxpayer, record.tax_bp, record.from_day), &record);
    }
    return status;
}

TaxpayerKind tax_payer(const BookRecord *book, int32_t day)
{
    TaxpayerKind kind = TAXPAYER_KIND__TAXPAYER_KIND_UNSET;
    for (size_t i = 0; i < book->n_taxpayer && book->taxpayer[i]->from_day <= day; i++) {
        kind = book->taxpayer[i]->kind;
    }
    return kind;
}

static bool holds_on(const TaxRecord *record, int32_t day)
{
    return record->from_day <= day && (record->to_day == 0 || day <= record->to_day);
}

struct rates {
    uint32_t *bp;
    size_t count;
    const char *text; // "13%, 9%"
};

// The rates of that kind which hold on the day.
static enum status rates_on(struct books *books, TaxpayerKind kind, int32_t day, struct rates *out)
{
    enum { RATES_MAX = 64 };

    *out = (struct rates){.bp = arena_alloc(books->arena, RATES_MAX * sizeof *out->bp), .text = ""};
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = out->bp != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = rows_open(books->txn, TABLE_tax, key_u64((uint64_t)kind << 48), 0, false, &rows);
    }
    while (status == STATUS_OK && out->count < RATES_MAX) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const TaxRecord *record = (const TaxRecord *)row;
        if (status != STATUS_OK || record->taxpayer != kind) {
            break;
        }
        if (!holds_on(record, day)) {
            continue;
        }
        out->bp[out->count++] = record->tax_bp;
        const char *percent = money_print_micro(books->arena, (int64_t)record->tax_bp * 10000);
        out->text = percent == NULL ? out->text
                                    : arena_print(books->arena, "%s%s%s%%", out->text,
                                                  out->text[0] != '\0' ? ", " : "", percent);
        if (out->text == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static bool has_rate(const struct rates *rates, uint32_t tax_bp)
{
    for (size_t i = 0; i < rates->count; i++) {
        if (rates->bp[i] == tax_bp) {
            return true;
        }
    }
    return tax_bp == 0;
}

enum status tax_check(struct books *books, const InvoiceRecord *document)
{
    const TaxpayerKind kind = tax_payer(books->record, document->date_day);
    struct rates rates;
    if (kind == TAXPAYER_KIND__TAXPAYER_KIND_UNSET) {
        return STATUS_OK;
    }
    enum status status = rates_on(books, kind, document->date_day, &rates);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        if (!has_rate(&rates, line->tax_bp)) {
            const char *percent = money_print_micro(books->arena, (int64_t)line->tax_bp * 10000);
            status = books_refuse(books, STATUS_TAX_RATE_UNKNOWN,
                                  arena_print(books->arena, "line[%zu].tax", i + 1),
                                  arena_print(books->arena, "%s%%", percent), rates.text);
        }
    }
    return status;
}

// ---- commands ----

static enum status rate_load(struct txn *txn, struct row_key key, TaxRecord **out)
{
    *out = NULL;
    const enum status status = tax_get(txn, key, out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static char *describe(struct call *call, const TaxRecord *record)
{
    if (record == NULL) {
        return reading_constant("");
    }
    const char *to = record->to_day != 0 ? day_print(call->arena, record->to_day) : "";
    return arena_print(call->arena, "%s..%s %s", day_print(call->arena, record->from_day), to,
                       record->name);
}

enum status tax_set(struct txn *txn, struct call *call, const TaxSet *request, TaxSetReply *reply)
{
    const struct row_key key = key_of(request->taxpayer, request->tax_bp, request->from_day);
    TaxRecord *known = NULL;
    enum status status = rate_load(txn, key, &known);
    if (status != STATUS_OK) {
        return status;
    }

    const bool is_same = known != NULL && !request->remove && known->to_day == request->to_day &&
                         known->simple == request->simple &&
                         strcmp(known->name, request->name) == 0;
    if (is_same) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    if (request->remove && known == NULL) {
        return refuse(txn, call, STATUS_NOT_FOUND, "tax", NULL);
    }

    TaxRecord record;
    tax_record__init(&record);
    record.taxpayer = request->taxpayer;
    record.tax_bp = request->tax_bp;
    record.from_day = request->from_day;
    record.to_day = request->to_day;
    record.name = request->name;
    record.simple = request->simple;
    record.changed_by = call->user_id;
    record.changed_us = call->instant_us;
    call_note_change(call, 0, "tax", describe(call, known),
                     describe(call, request->remove ? NULL : &record));
    status = request->remove ? rows_del(txn, TABLE_tax, key) : tax_put(txn, key, &record);

    reply->taxpayer = request->taxpayer;
    reply->tax_bp = request->tax_bp;
    reply->from_day = request->from_day;
    reply->to_day = request->to_day;
    return status;
}

enum status tax_use(struct txn *txn, struct call *call, const TaxUse *request, TaxUseReply *reply)
{
    BookRecord *book = NULL;
    enum status status = reading_book(txn, &book);
    const int32_t from_day = request->from_day != 0 ? request->from_day : call->book_day;
    TaxpayerRecord *change = arena_alloc(call->arena, sizeof *change);
    if (status != STATUS_OK || change == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    TaxpayerRecord **list = arena_alloc(call->arena, (book->n_taxpayer + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }

    if (tax_payer(book, from_day) == request->taxpayer) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, NULL, NULL);
    }
    if (book->n_taxpayer >= TAXPAYER_MAX) {
        return refuse(txn, call, STATUS_TOO_LARGE, NULL, NULL);
    }

    // In the order of days; of one day the last word counts.
    taxpayer_record__init(change);
    change->from_day = from_day;
    change->kind = request->taxpayer;
    size_t count = 0;
    bool is_in = false;
    for (size_t i = 0; i < book->n_taxpayer; i++) {
        if (!is_in && book->taxpayer[i]->from_day >= from_day) {
            list[count++] = change;
            is_in = true;
        }
        if (book->taxpayer[i]->from_day != from_day) {
            list[count++] = book->taxpayer[i];
        }
    }
    if (!is_in) {
        list[count++] = change;
    }
    book->taxpayer = list;
    book->n_taxpayer = count;
    status = book_put(txn, key_u64(BOOK_KEY), book);

    reply->taxpayer = request->taxpayer;
    reply->from_day = from_day;
    return status;
}

// ---- reading ----

static bool is_asked(const void *asked, const ProtobufCMessage *message)
{
    const TaxList *request = asked;
    const TaxRecord *record = (const TaxRecord *)message;
    return (request->taxpayer == TAXPAYER_KIND__TAXPAYER_KIND_UNSET ||
            record->taxpayer == request->taxpayer) &&
           (request->as_of_day == 0 || holds_on(record, request->as_of_day));
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *message,
                            ProtobufCMessage *out)
{
    const TaxRecord *record = (const TaxRecord *)message;
    TaxRow *row = (TaxRow *)out;
    BookRecord *book = NULL;
    const enum status status = reading_book(txn, &book);
    if (status != STATUS_OK) {
        return status;
    }
    row->taxpayer = record->taxpayer;
    row->tax_bp = record->tax_bp;
    row->from_day = record->from_day;
    row->to_day = record->to_day;
    row->name = record->name;
    row->simple = record->simple;
    row->used =
        tax_payer(book, call->book_day) == record->taxpayer && holds_on(record, call->book_day);
    row->changed_us = record->changed_us;
    return reading_login(txn, record->changed_by, &row->changed_by);
}

enum status tax_list(struct txn *txn, struct call *call, const TaxList *request,
                     TaxListReply *reply)
{
    struct row_page page = {
        .table = TABLE_tax,
        .descriptor = &tax_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (TaxRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
