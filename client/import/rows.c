// SPDX-License-Identifier: Apache-2.0
#include "client/import/maker.h"
#include "shared/money.h"

#define SCRATCH_BYTES    ((size_t)1024 * 1024)
#define GROUP_BYTES_MAX  ((size_t)512 * 1024)
#define GROUP_FIELDS_MAX 40000

static size_t phones_split(struct maker *maker, char **list)
{
    static const char ENDS[] = ";/|";
    const char *text = maker_cell(maker, COLUMN_PHONE);
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
    const char *text = maker_cell(maker, COLUMN_KIND);
    if (maker_word_is(text, PERSON, COUNT_OF(PERSON))) {
        return CUSTOMER_KIND__CUSTOMER_KIND_PERSON;
    }
    if (!maker_word_is(text, ORGANISATION, COUNT_OF(ORGANISATION))) {
        maker_problem(maker, STATUS_FIELD_NOT_CHOICE, "kind", text);
    }
    return CUSTOMER_KIND__CUSTOMER_KIND_ORGANISATION;
}

static enum status maker_customer_row(struct maker *maker, ImportRow *row)
{
    CustomerAdd *customer = maker_alloc(maker, sizeof(*customer));
    char **lists = arena_alloc(maker->context->arena, (PHONES_MAX + 1) * sizeof(*lists));
    if (customer == NULL || lists == NULL) {
        return STATUS_TOO_LARGE;
    }
    customer_add__init(customer);
    customer->kind = customer_kind(maker);
    customer->name = maker_reference_needed(maker, COLUMN_NAME, "name");
    customer->company = letters_lend(maker_cell(maker, COLUMN_COMPANY));
    customer->phone = lists;
    customer->n_phone = phones_split(maker, lists);
    customer->email = letters_lend(maker_cell(maker, COLUMN_EMAIL));
    customer->address = letters_lend(maker_cell(maker, COLUMN_ADDRESS));
    customer->tax_id = letters_lend(maker_cell(maker, COLUMN_TAX_ID));
    customer->industry = letters_lend(maker_cell(maker, COLUMN_INDUSTRY));
    customer->region = letters_lend(maker_cell(maker, COLUMN_REGION));
    customer->class_ = letters_lend(maker_cell(maker, COLUMN_CLASS));
    lists[PHONES_MAX] = letters_lend(maker_cell(maker, COLUMN_TAG));
    customer->tag = lists + PHONES_MAX;
    customer->n_tag = lists[PHONES_MAX][0] == '\0' ? 0 : 1;
    customer->terms = letters_lend(maker_cell(maker, COLUMN_TERMS));
    customer->notes = letters_lend(maker_cell(maker, COLUMN_NOTES));
    customer->contact_name = letters_lend(maker_cell(maker, COLUMN_CONTACT_NAME));
    customer->contact_position = letters_lend(maker_cell(maker, COLUMN_CONTACT_POSITION));
    customer->contact_phone = letters_lend(maker_cell(maker, COLUMN_CONTACT_PHONE));
    customer->reference = maker_reference(maker, COLUMN_REFERENCE);
    if (maker_cell(maker, COLUMN_CREDIT_LIMIT)[0] != '\0') {
        customer->credit_limit_minor =
            maker_amount(maker, COLUMN_CREDIT_LIMIT, "credit_limit", false);
        customer->credit = customer->credit_limit_minor == 0 ? CREDIT_MODE__CREDIT_MODE_CASH
                                                             : CREDIT_MODE__CREDIT_MODE_LIMIT;
    }
    row->customer = customer;
    return maker_keep(maker, row);
}

// How the money came, as exports of banks, tills and wallets write it. Another word goes as it is,
// and the server says that it is no method.
static const char *method_word(const char *text)
{
    static const struct {
        const char *typed;
        const char *method;
    } WORDS[] = {
        {"现金", "cash"},         {"转账", "transfer"}, {"银行转账", "transfer"},
        {"银行", "transfer"},     {"汇款", "transfer"}, {"电汇", "transfer"},
        {"对公转账", "transfer"}, {"银行卡", "card"},   {"刷卡", "card"},
        {"信用卡", "card"},       {"微信", "wallet"},   {"微信支付", "wallet"},
        {"支付宝", "wallet"},     {"承兑", "bill"},     {"承兑汇票", "bill"},
        {"银行承兑汇票", "bill"}, {"汇票", "bill"},     {"商业汇票", "bill"},
    };

    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        if (strcmp(text, WORDS[i].typed) == 0) {
            return WORDS[i].method;
        }
    }
    return text;
}

static enum status maker_payment(struct maker *maker, ImportRow *row)
{
    ImportPayment *payment = maker_alloc(maker, sizeof(*payment));
    if (payment == NULL) {
        return STATUS_TOO_LARGE;
    }
    import_payment__init(payment);
    payment->reference = maker_reference(maker, COLUMN_REFERENCE);
    payment->customer_reference = maker_reference_needed(maker, COLUMN_CUSTOMER, "customer");
    payment->invoice_reference = maker_reference(maker, COLUMN_INVOICE);
    payment->date_day = maker_day(maker, COLUMN_DATE, "date", true);
    payment->amount_minor = maker_amount(maker, COLUMN_AMOUNT, "amount", true);
    payment->method = letters_lend(method_word(maker_cell(maker, COLUMN_METHOD)));
    if (!maker->row_is_bad && payment->amount_minor <= 0) {
        maker_problem(maker, STATUS_FIELD_OUT_OF_RANGE, "amount", maker_cell(maker, COLUMN_AMOUNT));
    }
    maker_customer(maker, payment->customer_reference);
    row->payment = payment;
    return maker_keep(maker, row);
}

static enum status row_make(struct maker *maker)
{
    ImportRow *row = maker_alloc(maker, sizeof(*row));
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    import_row__init(row);
    row->row = sheet_row(maker->sheet, maker->row)->number;
    switch (maker->columns->kind) {
    case IMPORT_KIND__IMPORT_KIND_CUSTOMERS:
        return maker_customer_row(maker, row);
    case IMPORT_KIND__IMPORT_KIND_INVOICES:
        return maker_document(maker, row);
    case IMPORT_KIND__IMPORT_KIND_INVOICE_LINES:
        return maker_line(maker, row);
    case IMPORT_KIND__IMPORT_KIND_PAYMENTS:
        return maker_payment(maker, row);
    case IMPORT_KIND__IMPORT_KIND_UNSET:
    case _IMPORT_KIND_IS_INT_SIZE:
        break;
    }
    return STATUS_USAGE;
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

// ---- sums ----

// What the lines from `first` on are together that are rounded together: those of one rate, or the
// one line.
static bool add_group(const struct rows_context *context, const ImportDocument *document,
                      size_t first, int64_t *total)
{
    const uint32_t tax_bp = document->line[first]->tax_bp;
    const size_t end = document->tax_on_total ? document->n_line : first + 1;
    int64_t sum = 0;
    int64_t tax = 0;
    for (size_t i = first; i < end; i++) {
        const InvoiceLine *line = document->line[i];
        int64_t price = 0;
        if (line->tax_bp == tax_bp &&
            (!money_line_net(line->quantity_micro, line->price_micro, line->discount_bp,
                             context->decimals, &price) ||
             !money_add(sum, price, &sum))) {
            return false;
        }
    }
    return (document->inclusive || money_tax(sum, tax_bp, &tax)) && money_add(*total, sum, total) &&
           money_add(*total, tax, total);
}

static bool document_total(const struct rows_context *context, const ImportDocument *document,
                           int64_t *out)
{
    int64_t total = document->amount_minor;
    for (size_t i = 0; i < document->n_line; i++) {
        bool is_counted = false; // with an earlier line of its rate
        for (size_t k = 0; document->tax_on_total && k < i && !is_counted; k++) {
            is_counted = document->line[k]->tax_bp == document->line[i]->tax_bp;
        }
        if (!is_counted && !add_group(context, document, i, &total)) {
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
           maker->line_room != NULL && rows_index_make(arena, rows + 1, &maker->documents) &&
           rows_index_make(arena, rows + 1, &maker->customers);
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
        maker_documents_finish(&maker);
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
