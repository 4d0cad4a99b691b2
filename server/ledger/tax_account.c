// SPDX-License-Identifier: Apache-2.0
// The accounts that tax stands on (domain.md d.16): one, or since a day that the firm names those
// for output, input, levy and payment. The day is a command of the journal, so that what was posted
// before stays where it is.
#include "server/ledger/account.h"
#include "server/ledger/posting.h"
#include "server/ledger/tax.h"
#include "server/ledger/turnover.h"
#include "shared/day.h"
#include "shared/period.h"

static bool is_separate(const struct books *books, int32_t day)
{
    const int32_t from_day = books->record->tax_separate_day;
    return from_day != 0 && from_day <= day;
}

// A small-scale taxpayer deducts nothing: all of it stands on one account.
static enum account_role role_on(const struct books *books, int32_t day, enum account_role role)
{
    if (!is_separate(books, day)) {
        return ACCOUNT_TAX;
    }
    return tax_payer(books->record, day) == TAXPAYER_KIND__TAXPAYER_KIND_SMALL ? ACCOUNT_VAT : role;
}

enum account_role tax_output(const struct books *books, int32_t day)
{
    return role_on(books, day, ACCOUNT_OUTPUT_TAX);
}

enum account_role tax_input(const struct books *books, int32_t day)
{
    return role_on(books, day, ACCOUNT_INPUT_TAX);
}

// Is this rate a levy of general taxpayers, whenever it holds? A credit note has the rate of its
// invoice, which may have ended since.
static enum status is_simple(struct books *books, uint32_t tax_bp, bool *out)
{
    const uint64_t kind = TAXPAYER_KIND__TAXPAYER_KIND_GENERAL;
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    *out = false;
    enum status status = rows_open(books->txn, TABLE_tax, key_u64(kind << 48), 0, false, &rows);
    while (status == STATUS_OK && !*out) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const TaxRecord *record = (const TaxRecord *)row;
        if (status != STATUS_OK || record->taxpayer != TAXPAYER_KIND__TAXPAYER_KIND_GENERAL) {
            break;
        }
        *out = record->simple && record->tax_bp == tax_bp;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status tax_simple(struct books *books, const InvoiceRecord *document, int64_t *out)
{
    const bool is_foreign = document->currency[0] != '\0';
    *out = 0;
    if (tax_output(books, document->date_day) != ACCOUNT_OUTPUT_TAX) {
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        bool simple = false;
        if (line->tax_minor != 0) {
            status = is_simple(books, line->tax_bp, &simple);
        }
        *out += !simple ? 0 : is_foreign ? document->book_line_tax_minor[i] : line->tax_minor;
    }
    return status;
}

enum status tax_load(struct books *books, const InvoiceRecord *document)
{
    const enum account_role role = tax_output(books, document->date_day);
    const enum status status = posting_load(books, role);
    return status == STATUS_OK && role == ACCOUNT_OUTPUT_TAX
               ? posting_load(books, ACCOUNT_SIMPLE_TAX)
               : status;
}

// ---- the command ----

static const enum account_role PARTS[] = {ACCOUNT_VAT, ACCOUNT_INPUT_TAX, ACCOUNT_OUTPUT_TAX,
                                          ACCOUNT_PAID_TAX, ACCOUNT_SIMPLE_TAX};

// What was posted to the one account stays there, so nothing may stand on it in the months that
// are to have accounts of their own.
static enum status refuse_moved(struct books *books, int32_t from_day)
{
    const uint32_t code = chart_code(books->chart, ACCOUNT_TAX);
    const uint32_t last = period_of_day(books->call->book_day);
    for (uint32_t period = period_of_day(from_day); period <= last; period = period_after(period)) {
        struct account_turnover turnover;
        const enum status status = turnover_read(books->txn, code, period, period, &turnover);
        if (status != STATUS_OK) {
            return status;
        }
        if (from_day < books->call->book_day &&
            (turnover.debit_minor != 0 || turnover.credit_minor != 0)) {
            return books_refuse(books, STATUS_ACCOUNT_USED, "from", books_day(books, from_day),
                                books_day(books, books->call->book_day));
        }
    }
    return STATUS_OK;
}

// The accounts as they are to be. One of the firm's own under such a code becomes the ledger's.
static enum status plan_parts(struct books *books, AccountRecord *part[])
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(PARTS); i++) {
        bool is_new = false;
        status = account_of_role(books, PARTS[i], &is_new, &part[i]);
        if (status == STATUS_OK && part[i]->kind != ACCOUNT_KIND__ACCOUNT_KIND_LIABILITY) {
            status = books_refuse(books, STATUS_ACCOUNT_EXISTS, "code",
                                  arena_print(books->arena, "%u", part[i]->code), part[i]->name);
        }
    }
    return status;
}

static enum status put_parts(struct books *books, AccountRecord *part[])
{
    const uint32_t tax = chart_code(books->chart, ACCOUNT_TAX);
    const uint32_t vat = chart_code(books->chart, ACCOUNT_VAT);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(PARTS); i++) {
        if (part[i]->code == tax) {
            continue; // the chart has no account of its own for it
        }
        const bool is_vat = PARTS[i] == ACCOUNT_VAT || PARTS[i] == ACCOUNT_SIMPLE_TAX;
        part[i]->parent = is_vat ? tax : vat;
        part[i]->role = PARTS[i];
        part[i]->own = false;
        part[i]->line = FINANCIAL_LINE__FINANCIAL_LINE_UNSET;
        part[i]->cash_in = CASH_LINE__CASH_LINE_UNSET;
        part[i]->cash_out = CASH_LINE__CASH_LINE_UNSET;
        part[i]->from_day = 0;
        part[i]->until_day = 0;
        status = account_put(books->txn, key_u64(part[i]->code), part[i]);
    }
    return status;
}

enum status tax_separate(struct txn *txn, struct call *call, const TaxSeparate *request,
                         TaxSeparateReply *reply)
{
    const int32_t from_day = request->from_day != 0 ? request->from_day : call->book_day;
    struct books books;
    AccountRecord *part[COUNT_OF(PARTS)] = {NULL};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = plan_parts(&books, part);
    }

    if (status == STATUS_OK && books.record->tax_separate_day != 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "from", NULL,
                              books_day(&books, books.record->tax_separate_day));
    }
    if (status == STATUS_OK) {
        status = posting_guard(&books, from_day, POSTING_TAX, "from");
    }
    if (status == STATUS_OK) {
        status = refuse_moved(&books, from_day);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = put_parts(&books, part);
    books.record->tax_separate_day = from_day;
    if (status == STATUS_OK) {
        status = book_put(txn, key_u64(BOOK_KEY), books.record);
    }

    reply->from_day = from_day;
    reply->output = chart_code(books.chart, tax_output(&books, from_day));
    reply->input = chart_code(books.chart, tax_input(&books, from_day));
    return status;
}
