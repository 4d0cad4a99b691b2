// SPDX-License-Identifier: Apache-2.0
#include "client/import/rows.h"

#include "shared/command.h"
#include "shared/day.h"
#include "shared/money.h"
#include "shared/rules.h"

#include <strings.h>

#define SCRATCH_BYTES    (1024 * 1024)
#define GROUP_BYTES_MAX  (512 * 1024)
#define GROUP_FIELDS_MAX 40000
#define MICRO            1000000

// Documents by reference, and customers: open addressing, the index plus one.
struct index {
    uint32_t *slot;
    const char **key;
    size_t size; // a power of two
    size_t count;
};

struct maker {
    const struct rows_context *context;
    const struct sheet *sheet;
    const struct columns *columns;
    struct rows *rows;
    struct arena *scratch;
    size_t row;      // of the sheet
    uint32_t number; // of that row in the file
    bool row_is_bad;
    struct index documents;
    struct index customers;
    size_t *line_room; // of each document
    bool *is_spoiled;  // a line of this document is bad: all of it is left out
};

// ---- index ----

static WRAPS uint64_t text_hash(const char *text)
{
    uint64_t hash = 1469598103934665603u;
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    return hash ^ hash >> 29;
}

static bool index_make(struct arena *arena, size_t keys, struct index *out)
{
    size_t size = 64;
    while (size < keys * 2) {
        size *= 2;
    }
    *out = (struct index){.size = size};
    out->slot = arena_alloc(arena, size * sizeof(*out->slot));
    out->key = arena_alloc(arena, size * sizeof(*out->key));
    return out->slot != NULL && out->key != NULL;
}

// The value of the key; a new key gets `value`. `fresh` says which.
static uint32_t index_take(struct index *index, const char *key, uint32_t value, bool *fresh)
{
    size_t at = (size_t)text_hash(key) & (index->size - 1);
    while (index->slot[at] != 0 && strcmp(index->key[at], key) != 0) {
        at = (at + 1) & (index->size - 1);
    }
    *fresh = index->slot[at] == 0;
    if (*fresh) {
        assert(index->count + 1 < index->size);
        index->slot[at] = value + 1;
        index->key[at] = key;
        index->count++;
    }
    return index->slot[at] - 1;
}

// ---- values ----

// protobuf-c wants pointers to char although it only reads.
static char *text_lend(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void problem_add(struct maker *maker, enum status code, const char *field, const char *value)
{
    struct rows *rows = maker->rows;
    maker->row_is_bad = true;
    if (rows->problem_count < IMPORT_PROBLEMS_MAX) {
        rows->problem[rows->problem_count] = (struct row_problem){
            .row = maker->number, .code = code, .field = field, .value = value};
    }
    rows->problem_count++;
}

static const char *cell(const struct maker *maker, enum import_column column)
{
    int at = maker->columns->at[column];
    return at < 0 ? "" : sheet_cell(maker->sheet, maker->row, (size_t)at);
}

// A number that a spreadsheet wrote: "17850.0" is 17850.
static char *reference(struct maker *maker, enum import_column column)
{
    const char *text = cell(maker, column);
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && text[digits] == '.' && text[digits + 1] == '0' &&
        strspn(text + digits + 1, "0") == strlen(text + digits + 1)) {
        char *cut = arena_copy(maker->context->arena, text, digits);
        return cut == NULL ? text_lend(text) : cut;
    }
    return text_lend(text);
}

static char *reference_needed(struct maker *maker, enum import_column column, const char *field)
{
    char *text = reference(maker, column);
    if (text[0] == '\0') {
        problem_add(maker, STATUS_FIELD_MISSING, field, "");
    }
    return text;
}

static int32_t day(struct maker *maker, enum import_column column, const char *field, bool needed)
{
    const char *text = cell(maker, column);
    if (text[0] == '\0') {
        if (needed) {
            problem_add(maker, STATUS_FIELD_MISSING, field, "");
        }
        return 0;
    }
    int32_t value = 0;
    const char *format = maker->columns->date_format;
    if (format == NULL || day_parse_format(text, format, &value) != STATUS_OK) {
        problem_add(maker, STATUS_FIELD_NOT_DAY, field, text);
        return 0;
    }
    return value;
}

static int64_t amount(struct maker *maker, enum import_column column, const char *field,
                      bool needed)
{
    const char *text = cell(maker, column);
    if (text[0] == '\0') {
        if (needed) {
            problem_add(maker, STATUS_FIELD_MISSING, field, "");
        }
        return 0;
    }
    int64_t minor = 0;
    const char *currency = "";
    const char *hint = NULL;
    enum status status =
        money_parse(maker->scratch, text, maker->context->decimals, &minor, &currency, &hint);
    if (status != STATUS_OK) {
        problem_add(maker, status, field, text);
        return 0;
    }
    if (currency[0] != '\0' && strcmp(currency, maker->context->currency) != 0) {
        problem_add(maker, STATUS_CURRENCY_OTHER, field, text);
    }
    return minor;
}

static int64_t micro(struct maker *maker, enum import_column column, const char *field,
                     int64_t absent)
{
    const char *text = cell(maker, column);
    int64_t value = absent;
    if (text[0] != '\0' && money_parse_micro(text, &value) != STATUS_OK) {
        problem_add(maker, STATUS_FIELD_NOT_AMOUNT, field, text);
    }
    return value;
}

static uint32_t rate(struct maker *maker, enum import_column column, const char *field)
{
    const char *text = cell(maker, column);
    uint32_t value = 0;
    if (text[0] != '\0' && money_parse_bp(text, &value) != STATUS_OK) {
        problem_add(maker, STATUS_FIELD_OUT_OF_RANGE, field, text);
    }
    return value;
}

static bool word_is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool flag(struct maker *maker, enum import_column column, const char *field)
{
    static const char *const YES[] = {"yes", "y", "true", "1", "x", "是", "有"};
    static const char *const NO[] = {"", "no", "n", "false", "0", "否", "无"};
    const char *text = cell(maker, column);
    bool yes = word_is_one_of(text, YES, COUNT_OF(YES));
    if (!yes && !word_is_one_of(text, NO, COUNT_OF(NO))) {
        problem_add(maker, STATUS_FIELD_NOT_CHOICE, field, text);
    }
    return yes;
}

// ---- rows ----

static void *message_make(struct maker *maker, size_t size)
{
    return arena_alloc(maker->context->arena, size);
}

static void days_note(struct rows *rows, int32_t value)
{
    if (value != 0 && (rows->first_day == 0 || value < rows->first_day)) {
        rows->first_day = value;
    }
    if (value != 0 && (rows->last_day == 0 || value > rows->last_day)) {
        rows->last_day = value;
    }
}

static void customer_note(struct maker *maker, const char *text)
{
    bool fresh = false;
    if (text[0] != '\0') {
        (void)index_take(&maker->customers, text, 0, &fresh);
    }
}

// The stateless checks of the server, on this row alone.
static void row_check(struct maker *maker, ImportRow *row)
{
    const struct command *command = command_by_name("import_rows");
    ImportRows group;
    import_rows__init(&group);
    group.import_id = 1;
    group.n_row = 1;
    group.row = &row;
    struct problems problems;
    problems_init(&problems, maker->scratch);
    if (rules_check(command, &group.base, &problems) == STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < problems.count; i++) {
        const Problem *problem = problems.list[i];
        const char *field = strrchr(problem->field, '.');
        field = field == NULL ? problem->field : field + 1;
        const char *kept = arena_copy(maker->context->arena, field, strlen(field));
        const char *asked =
            arena_copy(maker->context->arena, problem->asked, strlen(problem->asked));
        problem_add(maker, (enum status)problem->code, kept == NULL ? "" : kept,
                    asked == NULL ? "" : asked);
    }
}

static enum status row_keep(struct maker *maker, ImportRow *row)
{
    row_check(maker, row);
    if (!maker->row_is_bad) {
        maker->rows->row[maker->rows->count++] = row;
    }
    return STATUS_OK;
}

static size_t phones_split(struct maker *maker, char **list)
{
    static const char ENDS[] = ";/|";
    const char *text = cell(maker, COLUMN_phone);
    char *rest = arena_copy(maker->context->arena, text, strlen(text));
    size_t count = 0;
    for (char *part = strsep(&rest, ENDS); part != NULL && count < PHONES_MAX;
         part = strsep(&rest, ENDS)) {
        part += strspn(part, " ");
        if (part[0] != '\0') {
            list[count++] = part;
        }
    }
    return count;
}

static CustomerKind customer_kind(struct maker *maker)
{
    static const char *const PERSON[] = {"person", "individual", "private", "个人", "自然人"};
    static const char *const ORGANISATION[] = {
        "", "organisation", "organization", "company", "business", "企业", "单位", "公司", "机构"};
    const char *text = cell(maker, COLUMN_kind);
    if (word_is_one_of(text, PERSON, COUNT_OF(PERSON))) {
        return CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    }
    if (!word_is_one_of(text, ORGANISATION, COUNT_OF(ORGANISATION))) {
        problem_add(maker, STATUS_FIELD_NOT_CHOICE, "kind", text);
    }
    return CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
}

static enum status customer_make(struct maker *maker, ImportRow *row)
{
    CustomerAdd *customer = message_make(maker, sizeof(*customer));
    char **lists = arena_alloc(maker->context->arena, (PHONES_MAX + 1) * sizeof(*lists));
    if (customer == NULL || lists == NULL) {
        return STATUS_TOO_LARGE;
    }
    customer_add__init(customer);
    customer->kind = customer_kind(maker);
    customer->name = reference_needed(maker, COLUMN_name, "name");
    customer->company = text_lend(cell(maker, COLUMN_company));
    customer->phone = lists;
    customer->n_phone = phones_split(maker, lists);
    customer->email = text_lend(cell(maker, COLUMN_email));
    customer->address = text_lend(cell(maker, COLUMN_address));
    customer->tax_id = text_lend(cell(maker, COLUMN_tax_id));
    customer->industry = text_lend(cell(maker, COLUMN_industry));
    customer->region = text_lend(cell(maker, COLUMN_region));
    customer->class_ = text_lend(cell(maker, COLUMN_class));
    lists[PHONES_MAX] = text_lend(cell(maker, COLUMN_tag));
    customer->tag = lists + PHONES_MAX;
    customer->n_tag = lists[PHONES_MAX][0] == '\0' ? 0 : 1;
    customer->terms = text_lend(cell(maker, COLUMN_terms));
    customer->notes = text_lend(cell(maker, COLUMN_notes));
    customer->contact_name = text_lend(cell(maker, COLUMN_contact_name));
    customer->contact_position = text_lend(cell(maker, COLUMN_contact_position));
    customer->contact_phone = text_lend(cell(maker, COLUMN_contact_phone));
    customer->reference = reference(maker, COLUMN_reference);
    if (cell(maker, COLUMN_credit_limit)[0] != '\0') {
        customer->credit_limit_minor = amount(maker, COLUMN_credit_limit, "credit_limit", false);
        customer->credit = customer->credit_limit_minor == 0 ? CREDIT_MODE__CREDIT_MODE_CASH
                                                             : CREDIT_MODE__CREDIT_MODE_LIMIT;
    }
    row->customer = customer;
    return row_keep(maker, row);
}

// The name stands for the number when a file has names only.
static void document_customer(struct maker *maker, ImportDocument *document)
{
    document->customer_reference = reference(maker, COLUMN_customer);
    document->customer_name = text_lend(cell(maker, COLUMN_customer_name));
    if (document->customer_reference[0] == '\0') {
        document->customer_reference = document->customer_name;
    }
    document->walk_in = document->customer_reference[0] == '\0';
    customer_note(maker, document->customer_reference);
}

static enum status document_make(struct maker *maker, ImportRow *row)
{
    ImportDocument *document = message_make(maker, sizeof(*document));
    if (document == NULL) {
        return STATUS_TOO_LARGE;
    }
    import_document__init(document);
    document->reference = reference_needed(maker, COLUMN_reference, "reference");
    document_customer(maker, document);
    document->date_day = day(maker, COLUMN_date, "date", true);
    document->due_day = day(maker, COLUMN_due, "due", false);
    document->amount_minor = amount(maker, COLUMN_amount, "amount", true);
    document->settled_day = day(maker, COLUMN_settled, "settled", false);
    document->disputed = flag(maker, COLUMN_disputed, "disputed");
    row->document = document;
    bool fresh = true;
    if (!maker->row_is_bad) {
        (void)index_take(&maker->documents, document->reference, (uint32_t)maker->rows->count,
                         &fresh);
    }
    if (!fresh) {
        problem_add(maker, STATUS_FIELD_NOT_UNIQUE, "reference", document->reference);
    }
    return row_keep(maker, row);
}

static enum status line_make(struct maker *maker, InvoiceLine **out)
{
    InvoiceLine *line = message_make(maker, sizeof(*line));
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    invoice_line__init(line);
    line->item = reference(maker, COLUMN_item);
    line->description = text_lend(cell(maker, COLUMN_description));
    if (line->description[0] == '\0') {
        line->description = line->item;
    }
    line->quantity_micro = micro(maker, COLUMN_quantity, "quantity", MICRO);
    line->price_micro = micro(maker, COLUMN_price, "price", 0);
    line->tax_bp = rate(maker, COLUMN_tax, "tax");
    line->discount_bp = rate(maker, COLUMN_discount, "discount");
    *out = line;
    return STATUS_OK;
}

static enum status line_append(struct maker *maker, size_t at, ImportDocument *document,
                               InvoiceLine *line)
{
    if (document->n_line == INVOICE_LINES_MAX) {
        problem_add(maker, STATUS_TOO_LARGE, "reference", document->reference);
        maker->is_spoiled[at] = true;
        return STATUS_OK;
    }
    if (document->n_line == maker->line_room[at]) {
        size_t room = maker->line_room[at] == 0 ? 4 : maker->line_room[at] * 2;
        InvoiceLine **list = arena_alloc(maker->context->arena, room * sizeof(InvoiceLine *));
        if (list == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (document->n_line > 0) {
            memcpy(list, document->line, document->n_line * sizeof(InvoiceLine *));
        }
        document->line = list;
        maker->line_room[at] = room;
    }
    document->line[document->n_line++] = line;
    maker->rows->line_count++;
    return STATUS_OK;
}

// A line of a document; the first one of a document brings its date and customer.
static enum status line_take(struct maker *maker, ImportRow *row)
{
    ImportDocument *document = message_make(maker, sizeof(*document));
    InvoiceLine *line = NULL;
    enum status status = line_make(maker, &line);
    if (document == NULL || status != STATUS_OK) {
        return STATUS_TOO_LARGE;
    }
    import_document__init(document);
    document->reference = reference_needed(maker, COLUMN_reference, "reference");
    document->date_day = day(maker, COLUMN_date, "date", true);
    document->due_day = day(maker, COLUMN_due, "due", false);
    if (document->reference[0] == '\0') {
        return STATUS_OK;
    }
    row->document = document;
    bool fresh = false;
    size_t at =
        index_take(&maker->documents, document->reference, (uint32_t)maker->rows->count, &fresh);
    if (fresh) {
        document_customer(maker, document);
        maker->rows->row[maker->rows->count++] = row;
    }
    maker->is_spoiled[at] = maker->is_spoiled[at] || maker->row_is_bad;
    return line_append(maker, at, maker->rows->row[at]->document, line);
}

// Documents whose lines were all read, checked as a whole.
static void documents_finish(struct maker *maker)
{
    struct rows *rows = maker->rows;
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        ImportRow *row = rows->row[i];
        maker->row_is_bad = maker->is_spoiled[i];
        maker->number = row->row;
        if (!maker->row_is_bad) {
            row_check(maker, row);
            rows->bad_rows += maker->row_is_bad ? 1u : 0u;
            arena_reset(maker->scratch);
        }
        if (maker->row_is_bad) {
            rows->line_count -= row->document->n_line;
        } else {
            rows->row[kept++] = row;
        }
    }
    rows->count = kept;
}

static enum status payment_make(struct maker *maker, ImportRow *row)
{
    ImportPayment *payment = message_make(maker, sizeof(*payment));
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    import_payment__init(payment);
    payment->reference = reference(maker, COLUMN_reference);
    payment->customer_reference = reference_needed(maker, COLUMN_customer, "customer");
    payment->invoice_reference = reference(maker, COLUMN_invoice);
    payment->date_day = day(maker, COLUMN_date, "date", true);
    payment->amount_minor = amount(maker, COLUMN_amount, "amount", true);
    payment->method = text_lend(cell(maker, COLUMN_method));
    if (!maker->row_is_bad && payment->amount_minor <= 0) {
        problem_add(maker, STATUS_FIELD_OUT_OF_RANGE, "amount", cell(maker, COLUMN_amount));
    }
    customer_note(maker, payment->customer_reference);
    row->payment = payment;
    return row_keep(maker, row);
}

static enum status row_make(struct maker *maker)
{
    ImportRow *row = message_make(maker, sizeof(*row));
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    import_row__init(row);
    row->row = sheet_row(maker->sheet, maker->row)->number;
    switch (maker->columns->kind) {
    case IMPORT_KIND__IMPORT_KIND_CUSTOMERS:
        return customer_make(maker, row);
    case IMPORT_KIND__IMPORT_KIND_INVOICES:
        return document_make(maker, row);
    case IMPORT_KIND__IMPORT_KIND_INVOICE_LINES:
        return line_take(maker, row);
    case IMPORT_KIND__IMPORT_KIND_PAYMENTS:
        return payment_make(maker, row);
    case IMPORT_KIND__IMPORT_KIND_UNSET:
    case _IMPORT_KIND_IS_INT_SIZE:
        break;
    }
    return STATUS_USAGE;
}

// ---- sums ----

static bool document_total(const struct rows_context *context, const ImportDocument *document,
                           int64_t *out)
{
    int64_t total = document->amount_minor;
    for (size_t i = 0; i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        int64_t net = 0;
        int64_t tax = 0;
        if (!money_line_net(line->quantity_micro, line->price_micro, line->discount_bp,
                            context->decimals, &net) ||
            !money_tax(net, line->tax_bp, &tax) || !money_add(total, net, &total) ||
            !money_add(total, tax, &total)) {
            return false;
        }
    }
    *out = total;
    return true;
}

// Totals of the whole, and what each document is: a negative one is a credit note.
static enum status rows_sum(struct maker *maker)
{
    struct rows *rows = maker->rows;
    for (size_t i = 0; i < rows->count; i++) {
        ImportDocument *document = rows->row[i]->document;
        const ImportPayment *payment = rows->row[i]->payment;
        int64_t total = payment != NULL ? payment->amount_minor : 0;
        if (document != NULL && !document_total(maker->context, document, &total)) {
            return STATUS_AMOUNT_OVERFLOW;
        }
        if (!money_add(rows->total_minor, total, &rows->total_minor)) {
            return STATUS_AMOUNT_OVERFLOW;
        }
        if (document != NULL) {
            document->kind = total < 0 ? INVOICE_KIND__INVOICE_KIND_CREDIT_NOTE
                                       : INVOICE_KIND__INVOICE_KIND_INVOICE;
            rows->credit_note_count += total < 0 ? 1u : 0u;
            rows->zero_count += total == 0 ? 1u : 0u;
            rows->walk_in_count += document->walk_in ? 1u : 0u;
            days_note(rows, document->date_day);
        } else if (payment != NULL) {
            days_note(rows, payment->date_day);
        }
    }
    rows->customer_count = maker->customers.count;
    return STATUS_OK;
}

static bool row_is_empty(const struct maker *maker)
{
    for (size_t c = 0; c < sheet_row(maker->sheet, maker->row)->cell_count; c++) {
        if (sheet_cell(maker->sheet, maker->row, c)[0] != '\0') {
            return false;
        }
    }
    return true;
}

static bool maker_begin(struct maker *maker, size_t rows)
{
    struct arena *arena = maker->context->arena;
    maker->rows->row = arena_alloc(arena, (rows + 1) * sizeof(ImportRow *));
    maker->rows->problem = arena_alloc(arena, IMPORT_PROBLEMS_MAX * sizeof(struct row_problem));
    maker->line_room = arena_alloc(arena, (rows + 1) * sizeof(size_t));
    maker->is_spoiled = arena_alloc(arena, (rows + 1) * sizeof(bool));
    return maker->is_spoiled != NULL && maker->rows->row != NULL && maker->rows->problem != NULL &&
           maker->line_room != NULL && index_make(arena, rows + 1, &maker->documents) &&
           index_make(arena, rows + 1, &maker->customers);
}

enum status rows_make(const struct rows_context *context, const struct sheet *sheet,
                      const struct columns *columns, struct rows *out)
{
    assert(context != NULL && columns->header < sheet_row_count(sheet));
    *out = (struct rows){0};
    CLEANUP(arena_free_at) struct arena *scratch = arena_make(SCRATCH_BYTES);
    struct maker maker = {
        .context = context, .sheet = sheet, .columns = columns, .rows = out, .scratch = scratch};
    if (scratch == NULL || !maker_begin(&maker, sheet_row_count(sheet) - columns->header)) {
        return STATUS_TOO_LARGE;
    }
    for (maker.row = columns->header + 1; maker.row < sheet_row_count(sheet); maker.row++) {
        if (row_is_empty(&maker)) {
            continue;
        }
        maker.row_is_bad = false;
        maker.number = sheet_row(sheet, maker.row)->number;
        enum status status = row_make(&maker);
        if (status != STATUS_OK) {
            return status;
        }
        out->bad_rows += maker.row_is_bad ? 1u : 0u;
        arena_reset(scratch);
    }
    if (columns->kind == IMPORT_KIND__IMPORT_KIND_INVOICE_LINES) {
        documents_finish(&maker);
    }
    return rows_sum(&maker);
}

size_t rows_group(const struct rows *rows, size_t first)
{
    assert(first < rows->count);
    size_t bytes = 0;
    size_t fields = 0;
    size_t count = 0;
    while (first + count < rows->count && count < IMPORT_ROWS_MAX) {
        const ImportRow *row = rows->row[first + count];
        size_t lines = row->document == NULL ? 0 : row->document->n_line;
        size_t more = row->customer != NULL ? 8192 : 512;
        for (size_t i = 0; i < lines; i++) {
            const InvoiceLine *line = row->document->line[i];
            more += 48 + strlen(line->description) + strlen(line->item);
        }
        bytes += more;
        fields += 24 + lines * 8;
        if (count > 0 && (bytes > GROUP_BYTES_MAX || fields > GROUP_FIELDS_MAX)) {
            break;
        }
        count++;
    }
    return count;
}
