// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "shared/text.h"

#include <inttypes.h>

// What a document is to its columns, whatever its table.
struct row {
    uint64_t id;
    uint64_t customer_id;
    uint32_t customer;
    int64_t amount_minor, net_minor;
    int32_t date_day, reversed_day;
    enum series series;
    uint32_t year, sequence;
    uint32_t state;
    uint32_t kind;
    const char *reference, *text;
};

const struct documents *documents_of(const struct views *views, enum table table)
{
    assert(table == TABLE_invoice || table == TABLE_payment || table == TABLE_entry ||
           table == TABLE_clearing);
    if (table == TABLE_invoice) {
        return &views->invoices;
    }
    if (table == TABLE_clearing) {
        return &views->clearings;
    }
    return table == TABLE_payment ? &views->payments : &views->entries;
}

struct documents *documents_of_table(struct views *views, enum table table)
{
    assert(table == TABLE_invoice || table == TABLE_payment || table == TABLE_entry ||
           table == TABLE_clearing);
    if (table == TABLE_invoice) {
        return &views->invoices;
    }
    if (table == TABLE_clearing) {
        return &views->clearings;
    }
    return table == TABLE_payment ? &views->payments : &views->entries;
}

const struct documents *documents_of_series(const struct views *views, enum series series,
                                            enum table *table)
{
    *table = TABLE_NONE;
    if (series == SERIES_INVOICE || series == SERIES_CREDIT_NOTE || series == SERIES_DEBIT_NOTE) {
        *table = TABLE_invoice;
    } else if (series == SERIES_PAYMENT) {
        *table = TABLE_payment;
    } else if (series == SERIES_ENTRY) {
        *table = TABLE_entry;
    } else if (series >= SERIES_WRITE_OFF && series <= SERIES_REFUND) {
        *table = TABLE_clearing;
    }
    return *table == TABLE_NONE ? NULL : documents_of(views, *table);
}

// ---- columns ----

#define COLUMN_GROW(type, name) \
    documents->name =           \
        column_grow(documents->name, documents->count, capacity, sizeof(type), &whole);
#define COLUMN_FREE(type, name) free(documents->name);

static enum status reserve(struct documents *documents)
{
    size_t capacity = column_capacity(documents->capacity, documents->count + 1);
    if (capacity == documents->capacity) {
        return STATUS_OK;
    }
    bool whole = true;
    DOCUMENT_COLUMNS(COLUMN_GROW)
    if (!whole) {
        return STATUS_ENVIRONMENT;
    }
    documents->capacity = capacity;
    return STATUS_OK;
}

// Day and index in one number, without ties.
static uint64_t day_key(const void *context, uint32_t index)
{
    const struct documents *documents = context;
    return (uint64_t)(uint32_t)(documents->date_day[index] - DAY_MIN) << 32 | index;
}

static struct order_rule by_day(const struct documents *documents)
{
    return (struct order_rule){.key = day_key, .context = documents};
}

enum status documents_settle(struct documents *documents)
{
    struct order_rule rule = by_day(documents);
    return order_settle(&documents->by_day, &rule);
}

static const struct numbers *numbers_of(const struct documents *documents, enum series series,
                                        uint32_t year)
{
    for (size_t i = 0; i < documents->numbers_count; i++) {
        if (documents->numbers[i].series == series && documents->numbers[i].year == year) {
            return &documents->numbers[i];
        }
    }
    return NULL;
}

uint32_t documents_numbered(const struct documents *documents, enum series series, uint32_t year,
                            uint32_t sequence)
{
    const struct numbers *numbers = numbers_of(documents, series, year);
    bool given = numbers != NULL && sequence > 0 && sequence <= numbers->count;
    return given ? numbers->at[sequence - 1] : NONE;
}

static enum status set_number(struct documents *documents, const struct row *row, uint32_t index)
{
    assert(row->sequence > 0);
    bool whole = true;
    const struct numbers *known = numbers_of(documents, row->series, row->year);
    size_t at = known == NULL ? documents->numbers_count : (size_t)(known - documents->numbers);
    if (known == NULL) {
        documents->numbers =
            column_grow(documents->numbers, at, at + 1, sizeof *documents->numbers, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        documents->numbers[at] = (struct numbers){.series = row->series, .year = row->year};
        documents->numbers_count++;
    }
    struct numbers *numbers = &documents->numbers[at];
    if (row->sequence > numbers->capacity) {
        size_t capacity = column_capacity(numbers->capacity, row->sequence);
        numbers->at =
            column_grow(numbers->at, numbers->count, capacity, sizeof *numbers->at, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        numbers->capacity = capacity;
    }
    for (; numbers->count < row->sequence; numbers->count++) {
        numbers->at[numbers->count] = NONE;
    }
    numbers->at[row->sequence - 1] = index;
    return STATUS_OK;
}

static enum status set_text(struct documents *documents, const struct row *row, uint32_t index,
                            struct arena *arena)
{
    const char *reference = text_fold(arena, row->reference);
    const char *text = text_fold(arena, row->text);
    if (reference == NULL || text == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool same = strcmp(reference, row->reference) == 0;
    size_t room = strlen(reference) + strlen(row->reference) + strlen(text) + 4;
    char *all = arena_alloc(arena, room);
    if (all == NULL) {
        return STATUS_TOO_LARGE;
    }
    int size = 0;
    if (reference[0] != '\0') {
        size += snprintf(all, room, "%c%s", MARK_REFERENCE, reference);
    }
    if (!same) {
        size += snprintf(all + size, room - (size_t)size, "%c%s", MARK_ORIGINAL, row->reference);
    }
    if (text[0] != '\0') {
        size += snprintf(all + size, room - (size_t)size, "%c%s", MARK_TEXT, text);
    }
    return corpus_set(&documents->text, index, all, (size_t)size);
}

bool documents_is_taken_back(const struct documents *documents, uint32_t index)
{
    static_assert((int)PAYMENT_STATE__PAYMENT_STATE_REVERSED ==
                      (int)CLEARING_STATE__CLEARING_STATE_REVERSED,
                  "one column for the states of both");
    const enum series series = (enum series)documents->series[index];
    const bool is_invoice =
        series == SERIES_INVOICE || series == SERIES_CREDIT_NOTE || series == SERIES_DEBIT_NOTE;
    return !is_invoice && documents->state[index] == PAYMENT_STATE__PAYMENT_STATE_REVERSED;
}

// The running totals of everything but drafts that were discarded.
static void count_in(struct documents *documents, uint32_t index, int64_t sign)
{
    if (documents->state[index] == INVOICE_STATE__INVOICE_STATE_DISCARDED) {
        return;
    }
    documents->live += sign;
    if (documents_is_taken_back(documents, index)) {
        documents->live_reversed += sign * documents->amount[index];
    } else {
        documents->live_amount += sign * documents->amount[index];
    }
    documents->live_open += sign * documents->open[index];
}

static enum status apply_row(struct views *views, struct documents *documents,
                             const struct row *row, struct arena *arena, uint32_t *out)
{
    enum status status = reserve(documents);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t index = column_find(documents->id, documents->count, row->id);
    bool known = index != NONE;
    bool moves = !known || documents->date_day[index] != row->date_day;
    if (known && moves) {
        status = documents_settle(documents);
        if (status != STATUS_OK) {
            return status;
        }
        struct order_rule rule = by_day(documents);
        order_take(&documents->by_day, &rule, index);
    }
    if (!known) {
        index = (uint32_t)documents->count++;
        assert(index == 0 || documents->id[index - 1] < row->id);
        documents->id[index] = row->id;
        documents->last_item[index] = NONE;
        documents->older[index] = NONE;
    } else {
        count_in(documents, index, -1);
    }
    documents->amount[index] = row->amount_minor;
    documents->net[index] = row->net_minor;
    documents->date_day[index] = row->date_day;
    documents->customer[index] =
        row->customer_id == 0
            ? row->customer
            : column_find(views->customers.id, views->customers.count, row->customer_id);
    documents->year[index] = row->year;
    documents->sequence[index] = row->sequence;
    documents->series[index] = (uint8_t)row->series;
    documents->state[index] = (uint8_t)row->state;
    documents->kind[index] = (uint8_t)row->kind;
    documents->reversed_day[index] = row->reversed_day;
    count_in(documents, index, 1);
    status = set_text(documents, row, index, arena);
    if (status == STATUS_OK && row->sequence != 0) {
        status = set_number(documents, row, index);
    }
    if (status == STATUS_OK && moves) {
        status = order_insert(&documents->by_day, index);
    }
    *out = known ? NONE : index;
    return status;
}

const char *document_reference(const struct documents *documents, uint32_t document, size_t *size)
{
    const char *text = corpus_field(&documents->text, document, MARK_ORIGINAL, size);
    return *size > 0 ? text : corpus_field(&documents->text, document, MARK_REFERENCE, size);
}

void documents_add_open(struct documents *documents, uint32_t index, int64_t delta_minor)
{
    count_in(documents, index, -1);
    documents->open[index] += delta_minor;
    count_in(documents, index, 1);
}

// Of the lines in the book's currency, less what cash rounds, which is no sale.
static int64_t sold_net(const InvoiceRecord *record)
{
    const bool is_foreign = record->currency[0] != '\0';
    int64_t net_minor = is_foreign ? record->book_net_minor : record->net_minor;
    for (size_t i = 0; i < record->n_line; i++) {
        net_minor -= record->line[i]->rounding ? sold_line_net(record, i) : 0;
    }
    return net_minor;
}

enum status invoices_apply(struct views *views, const InvoiceRecord *record, struct arena *arena)
{
    const bool is_foreign = record->currency[0] != '\0';
    const struct row row = {
        .id = record->id,
        .customer_id = record->customer_id,
        .customer = NONE,
        .amount_minor = is_foreign ? record->book_gross_minor : record->gross_minor,
        .net_minor = sold_net(record),
        .date_day = record->date_day,
        .series = ident_of_document(record->kind),
        .year = record->year,
        .sequence = record->sequence,
        .state = record->state,
        .kind = record->brought_in ? INVOICE_KIND__INVOICE_KIND_OPENING : record->kind,
        .reference = record->reference,
        .text = "",
    };
    uint32_t added = NONE;
    uint32_t before = column_find(views->invoices.id, views->invoices.count, record->id);
    bool was_issued = before != NONE && views->invoices.sequence[before] != 0;
    enum status status = apply_row(views, &views->invoices, &row, arena, &added);
    // Once it has its number its lines never change. A debit note sells nothing.
    const bool is_issued = record->sequence != 0 && !was_issued;
    if (status == STATUS_OK && is_issued) {
        status = taxes_document(views, record);
    }
    return status == STATUS_OK && is_issued && row.series != SERIES_DEBIT_NOTE
               ? sales_add(views, record, added != NONE ? added : before, arena)
               : status;
}

enum status payments_apply(struct views *views, const PaymentRecord *record, struct arena *arena)
{
    const bool is_foreign = record->currency[0] != '\0';
    const struct row row = {
        .id = record->id,
        .customer_id = record->customer_id,
        .customer = NONE,
        .amount_minor = is_foreign ? record->book_minor : record->amount_minor,
        .date_day = record->date_day,
        .series = SERIES_PAYMENT,
        .year = record->year,
        .sequence = record->sequence,
        .state = record->state,
        .reversed_day = record->reversed_day,
        .kind = record->method,
        .reference = record->reference,
        .text = "",
    };
    uint32_t added = NONE;
    enum status status = apply_row(views, &views->payments, &row, arena, &added);
    if (status == STATUS_OK && added != NONE && views->payments.customer[added] != NONE) {
        uint32_t *head = &views->customers.last_payment[views->payments.customer[added]];
        views->payments.older[added] = *head;
        *head = added;
    }
    return status;
}

// The kind is searched like the reason, in its English word.
static const char *clearing_text(const ClearingRecord *record, struct arena *arena)
{
    static const char *const WORDS[] = {
        [CLEARING_KIND__CLEARING_KIND_UNSET] = "",
        [CLEARING_KIND__CLEARING_KIND_WRITE_OFF] = "write-off",
        [CLEARING_KIND__CLEARING_KIND_REFUND] = "refund",
        [CLEARING_KIND__CLEARING_KIND_DIFFERENCE] = "difference",
        [CLEARING_KIND__CLEARING_KIND_DISCOUNT] = "discount",
        [CLEARING_KIND__CLEARING_KIND_RECOVERY] = "recovery",
        [CLEARING_KIND__CLEARING_KIND_EXCHANGE] = "exchange",
    };
    const char *word = (size_t)record->kind < COUNT_OF(WORDS) ? WORDS[record->kind] : "";
    return arena_print(arena, "%s %s", word, record->reason);
}

// Among write-offs what the firm gains takes off what it gives up.
static int64_t given_up(const ClearingRecord *record)
{
    const bool gains = record->gains || record->kind == CLEARING_KIND__CLEARING_KIND_RECOVERY;
    return gains ? -record->amount_minor : record->amount_minor;
}

enum status clearings_apply(struct views *views, const ClearingRecord *record, struct arena *arena)
{
    const char *text = clearing_text(record, arena);
    if (text == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct row row = {
        .id = record->id,
        .customer_id = record->customer_id,
        .customer = NONE,
        .amount_minor = given_up(record),
        .date_day = record->date_day,
        .series = record->series,
        .year = record->year,
        .sequence = record->sequence,
        .state = record->state,
        .reference = record->reference,
        .text = text,
    };
    uint32_t added = NONE;
    return apply_row(views, &views->clearings, &row, arena, &added);
}

// ---- entries ----

// The customer that all lines with a customer name; NONE, SEVERAL.
static uint32_t one_customer(const struct views *views, const EntryRecord *record)
{
    uint64_t id = 0;
    for (size_t i = 0; i < record->n_line; i++) {
        uint64_t other = record->line[i]->customer_id;
        if (other != 0 && id != 0 && other != id) {
            return SEVERAL;
        }
        id = other != 0 ? other : id;
    }
    return id == 0 ? NONE : column_find(views->customers.id, views->customers.count, id);
}

static enum status add_lines(struct views *views, const EntryRecord *record)
{
    struct entry_lines *lines = &views->lines;
    if (lines->count + record->n_line > lines->capacity) {
        bool whole = true;
        size_t capacity = column_capacity(lines->capacity, lines->count + record->n_line);
        lines->line = column_grow(lines->line, lines->count, capacity, sizeof *lines->line, &whole);
        if (!whole) {
            return STATUS_ENVIRONMENT;
        }
        lines->capacity = capacity;
    }
    for (size_t i = 0; i < record->n_line; i++) {
        const PostingLine *line = record->line[i];
        uint64_t id = line->customer_id;
        lines->line[lines->count++] = (struct entry_line){
            .account = line->account & ACCOUNT_MASK,
            .cost = (uint32_t)line->cost & COST_MASK,
            .is_credit = line->credit_minor != 0,
            .customer =
                id == 0 ? NONE : column_find(views->customers.id, views->customers.count, id),
            .minor = line->debit_minor - line->credit_minor,
        };
    }
    return STATUS_OK;
}

uint32_t entry_lines_end(const struct views *views, uint32_t entry)
{
    const struct documents *entries = &views->entries;
    return entry + 1 < entries->count ? entries->first_line[entry + 1]
                                      : (uint32_t)views->lines.count;
}

enum status entries_apply(struct views *views, const EntryRecord *record, struct arena *arena)
{
    int64_t total = 0;
    for (size_t i = 0; i < record->n_line; i++) {
        total += record->line[i]->debit_minor;
    }
    const struct row row = {
        .id = record->id,
        .customer = one_customer(views, record),
        .amount_minor = total,
        .date_day = record->date_day,
        .series = SERIES_ENTRY,
        .year = record->year,
        .sequence = record->sequence,
        .kind = entry_kind(views, record),
        .reference = record->reference,
        .text = record->text,
    };
    uint32_t added = NONE;
    enum status status = apply_row(views, &views->entries, &row, arena, &added);
    if (status != STATUS_OK || added == NONE) {
        return status;
    }
    // A posted entry never changes: its lines and day sums are taken once.
    views->entries.first_line[added] = (uint32_t)views->lines.count;
    status = add_lines(views, record);
    return status == STATUS_OK ? accounts_post(views, record, arena) : status;
}

void documents_free(struct documents *documents)
{
    DOCUMENT_COLUMNS(COLUMN_FREE)
    order_free(&documents->by_day);
    corpus_free(&documents->text);
    for (size_t i = 0; i < documents->numbers_count; i++) {
        free(documents->numbers[i].at);
    }
    free(documents->numbers);
    *documents = (struct documents){0};
}

void digest_documents(const struct documents *documents, const char *kind,
                      struct view_digest *digest)
{
    for (uint32_t i = 0; i < documents->count; i++) {
        uint64_t row[] = {
            documents->id[i],
            (uint64_t)documents->amount[i],
            (uint64_t)documents->net[i],
            (uint64_t)documents->open[i],
            (uint64_t)documents->date_day[i],
            (uint64_t)documents->reversed_day[i],
            documents->customer[i],
            documents->year[i],
            documents->sequence[i],
            documents->series[i],
            documents->state[i],
            documents->kind[i],
            documents->last_item[i],
            documents->older[i],
            documents->first_line[i],
            documents->by_day.index[i],
            i,
        };
        digest_row(digest, kind, row, sizeof row);
        size_t size = 0;
        const char *text = corpus_text(&documents->text, i, &size);
        char name[KEY_BYTES];
        (void)snprintf(name, sizeof name, "text %" PRIu64, documents->id[i]);
        digest_row(digest, name, text, size);
    }
    for (size_t i = 0; i < documents->numbers_count; i++) {
        const struct numbers *numbers = &documents->numbers[i];
        uint64_t head[] = {numbers->series, numbers->year, numbers->count};
        digest_row(digest, kind, head, sizeof head);
        digest_row(digest, kind, numbers->at, numbers->count * sizeof *numbers->at);
    }
    int64_t live[] = {documents->live, documents->live_amount, documents->live_reversed,
                      documents->live_open};
    digest_row(digest, kind, live, sizeof live);
}
