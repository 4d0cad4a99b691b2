// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/books.h"

#include "server/ledger/item.h"
#include "server/ledger/numbering.h"
#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/turnover.h"
#include "shared/day.h"
#include "shared/money.h"
#include "shared/text.h"

struct chart {
    const char *word;
    bool red;
    uint32_t code[ACCOUNT_ROLE_LIMIT];
};

static const struct chart CHARTS[CHART_COUNT] = {
    {
        .word = "cn-small",
        .red = true,
        .code =
            {
#define ACCOUNT(role, number, kind, flag, small, small_name, enterprise, enterprise_name, \
                international, name)                                                      \
    [number] = (small),
#include "server/ledger/charts.def"
#undef ACCOUNT
            },
    },
    {
        .word = "cn-enterprise",
        .red = true,
        .code =
            {
#define ACCOUNT(role, number, kind, flag, small, small_name, enterprise, enterprise_name, \
                international, name)                                                      \
    [number] = (enterprise),
#include "server/ledger/charts.def"
#undef ACCOUNT
            },
    },
    {
        .word = "international",
        .red = false,
        .code =
            {
#define ACCOUNT(role, number, kind, flag, small, small_name, enterprise, enterprise_name, \
                international, name)                                                      \
    [number] = (international),
#include "server/ledger/charts.def"
#undef ACCOUNT
            },
    },
};

const struct chart *chart_by_word(const char *word)
{
    for (size_t i = 0; i < COUNT_OF(CHARTS); i++) {
        if (strcmp(CHARTS[i].word, word) == 0) {
            return &CHARTS[i];
        }
    }
    return NULL;
}

size_t chart_number(const struct chart *chart)
{
    assert(chart >= CHARTS && chart < CHARTS + CHART_COUNT);
    return (size_t)(chart - CHARTS);
}

uint32_t chart_code(const struct chart *chart, enum account_role role)
{
    assert(chart != NULL);
    assert(role > ACCOUNT_NONE && role < ACCOUNT_ROLE_LIMIT);

    return chart->code[role];
}

bool chart_is_red(const struct chart *chart)
{
    return chart->red;
}

bool chart_is_chinese(const struct chart *chart)
{
    return strncmp(chart->word, "cn-", 3) == 0;
}

enum status books_open(struct txn *txn, struct call *call, struct books *out)
{
    BookRecord *record;
    enum status status = book_get(txn, key_u64(BOOK_KEY), &record);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_INCOMPLETE;
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct chart *chart = chart_by_word(record->chart);
    if (chart == NULL) {
        return STATUS_INCOMPLETE;
    }

    *out = (struct books){
        .txn = txn, .call = call, .arena = call->arena, .record = record, .chart = chart};
    return STATUS_OK;
}

enum status books_close(struct books *books)
{
    assert(books->refused == STATUS_OK || books->rows != NULL);

    enum status status = item_write(books);
    if (status == STATUS_OK) {
        status = posting_write(books);
    }
    if (status == STATUS_OK) {
        status = turnover_write(books);
    }
    if (status == STATUS_OK) {
        status = period_write(books);
    }
    if (status == STATUS_OK) {
        status = numbering_write(books);
    }
    return status;
}

static char *copy(struct arena *arena, const char *text)
{
    return text == NULL ? arena_copy(arena, "", 0) : arena_copy(arena, text, strlen(text));
}

// Problems name a field like the option that sets it.
static char *option_name(struct arena *arena, const char *field)
{
    char *name = copy(arena, field);
    for (char *at = name; at != NULL && *at != '\0'; at++) {
        *at = *at == '_' ? '-' : *at;
    }
    return name;
}

// A row that does not go in: reported beside the others, as far as there is room.
static void note_row(struct books *books, enum status code, const char *field, const char *asked,
                     const char *allowed)
{
    struct row_problems *rows = books->rows;
    Problem *problem = arena_alloc(books->arena, sizeof *problem);
    if (problem == NULL || rows->count == rows->limit) {
        return;
    }
    problem__init(problem);
    problem->code = code;
    problem->row = rows->row;
    problem->field = option_name(books->arena, field);
    problem->asked = copy(books->arena, asked);
    problem->allowed = copy(books->arena, allowed);
    if (problem->field == NULL || problem->asked == NULL || problem->allowed == NULL) {
        return;
    }
    rows->list[rows->count] = problem;
    rows->count++;
}

static enum status note(struct books *books, enum status status, const char *field,
                        const char *asked, const char *allowed, const char *hint)
{
    assert(status != STATUS_OK);

    bool first = books->refused == STATUS_OK;
    if (first) {
        books->refused = status;
    }
    if (books->rows != NULL) {
        note_row(books, status, field, asked, allowed);
        return books->refused;
    }
    const char *option = field != NULL ? option_name(books->arena, field) : NULL;
    problems_add(&books->call->problems, status, option, asked, allowed, hint);
    if (!first) {
        return books->refused;
    }
    return refuse(books->txn, books->call, status, NULL, "%s", status_sentence(status));
}

enum status books_refuse(struct books *books, enum status status, const char *field,
                         const char *asked, const char *allowed)
{
    return note(books, status, field, asked, allowed, NULL);
}

enum status books_refuse_hint(struct books *books, enum status status, const char *field,
                              const char *asked, const char *allowed, const char *hint)
{
    return note(books, status, field, asked, allowed, hint);
}

const char *books_money(struct books *books, int64_t minor)
{
    return money_print(books->arena, minor, books->record->decimals);
}

const char *books_day(struct books *books, int32_t day)
{
    return day_print(books->arena, day);
}

uint32_t books_year(int32_t day)
{
    struct date date = day_date(day);
    assert(date.year > 0);

    return (uint32_t)date.year;
}

enum status books_customer(struct books *books, uint64_t id, const char *field,
                           CustomerRecord **out)
{
    if (id == 0) {
        return books_refuse(books, STATUS_FIELD_MISSING, field, NULL, NULL);
    }
    enum status status = customer_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, field, NULL, NULL);
    }
    return status;
}

enum status books_known_customer(struct books *books, uint64_t id, const char *field,
                                 CustomerRecord **out)
{
    enum status status = books_customer(books, id, field, out);
    if (status == STATUS_OK && (*out)->state == CUSTOMER_STATE__CUSTOMER_STATE_ERASED) {
        return books_refuse(books, STATUS_KEY_DESTROYED, field, NULL, NULL);
    }
    return status;
}

enum status books_active_customer(struct books *books, uint64_t id, const char *field,
                                  CustomerRecord **out)
{
    enum status status = books_known_customer(books, id, field, out);
    if (status == STATUS_OK && (*out)->state == CUSTOMER_STATE__CUSTOMER_STATE_ARCHIVED) {
        return books_refuse(books, STATUS_CUSTOMER_IS_ARCHIVED, field, NULL, NULL);
    }
    return status;
}

enum status books_served_customer(struct books *books, uint64_t id, const char *field,
                                  CustomerRecord **out)
{
    enum status status = books_active_customer(books, id, field, out);
    if (status == STATUS_OK && (*out)->restricted_us != 0) {
        return books_refuse(books, STATUS_CUSTOMER_IS_RESTRICTED, field, NULL, NULL);
    }
    return status;
}

const char *books_code(const struct books *books, const char *currency)
{
    return currency[0] != '\0' ? currency : books->record->currency;
}

enum status books_currency(struct books *books, const char *currency)
{
    if (currency[0] != '\0' && strcmp(currency, books->record->currency) != 0) {
        return books_refuse(books, STATUS_CURRENCY_OTHER, "currency", currency,
                            books->record->currency);
    }
    return STATUS_OK;
}

enum status books_same_name(struct books *books, enum table table, size_t name_at, const char *name,
                            ProtobufCMessage **out)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    const char *folded = text_fold(books->arena, name);
    *out = NULL;
    enum status status = folded != NULL
                             ? rows_open(books->txn, table, (struct row_key){0}, 0, false, &rows)
                             : STATUS_TOO_LARGE;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status != STATUS_OK) {
            break;
        }
        const char *text = NULL;
        memcpy(&text, (const uint8_t *)row + name_at, sizeof text);
        const char *known = text_fold(books->arena, text);
        if (known == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (strcmp(known, folded) == 0) {
            *out = row;
            return STATUS_OK;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status books_unique(struct books *books, ProtobufCBinaryData hash, uint64_t *id)
{
    assert(hash.len == 16);

    IdRecord *record;
    enum status status = unique_get(books->txn, key_hash16(hash.data), &record);
    if (status == STATUS_NOT_FOUND) {
        *id = 0;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        *id = record->id;
    }
    return status;
}

enum status books_refuse_taken(struct books *books, uint64_t taken, enum status status,
                               const char *field, const char *asked)
{
    static const enum table TABLES[] = {TABLE_customer, TABLE_invoice, TABLE_payment,
                                        TABLE_registered};

    bool is_seen = false;
    for (size_t i = 0; !is_seen && i < COUNT_OF(TABLES); i++) {
        ProtobufCMessage *row = NULL;
        const enum status found = rows_get(books->txn, TABLES[i], key_u64(taken), &row);
        if (found != STATUS_OK && found != STATUS_NOT_FOUND) {
            return found;
        }
        is_seen = found == STATUS_OK;
    }
    return is_seen ? books_refuse(books, status, field, asked, NULL)
                   : books_refuse(books, STATUS_NEEDS_REVIEW, field, NULL, NULL);
}

enum status books_keep_unique(struct books *books, ProtobufCBinaryData hash, uint64_t id)
{
    assert(hash.len == 16);
    assert(id != 0);

    IdRecord record;
    id_record__init(&record);
    record.id = id;
    return unique_put(books->txn, key_hash16(hash.data), &record);
}

const UniqueHash *books_hash_of(UniqueHash *const *list, size_t count, uint32_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i]->field == number && list[i]->hash.len == 16) {
            return list[i];
        }
    }
    return NULL;
}
