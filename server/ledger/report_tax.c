// SPDX-License-Identifier: Apache-2.0
// The summary of tax (domain.md d.11; d.15, 7): what documents charged, by rate; what costs
// carried; what entries moved by hand. Documents on one side and the tax accounts on the other: it
// ties.
#include "server/ledger/account.h"
#include "server/ledger/financial.h"
#include "server/ledger/tax.h"
#include "shared/day.h"

static TaxSource source_of(enum tax_of of)
{
    static const TaxSource SOURCES[] = {
        [TAX_OF_SALES] = TAX_SOURCE__TAX_SOURCE_OUTPUT,
        [TAX_OF_RED] = TAX_SOURCE__TAX_SOURCE_RED,
        [TAX_OF_COSTS] = TAX_SOURCE__TAX_SOURCE_INPUT,
        [TAX_OF_ENTRIES] = TAX_SOURCE__TAX_SOURCE_ENTRIES,
    };

    assert((size_t)of < COUNT_OF(SOURCES) && of >= TAX_OF_SALES);
    return SOURCES[of];
}

// What a rate is for, in the words of the rates that hold at the end of the days.
static enum status name_rate(struct txn *txn, const BookRecord *book, int32_t day, TaxSumRow *row)
{
    const TaxpayerKind payer = tax_payer(book, day);
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_tax, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        const TaxRecord *rate = (const TaxRecord *)message;
        if (status == STATUS_OK && rate->tax_bp == row->tax_bp && rate->from_day <= day &&
            (rate->to_day == 0 || day <= rate->to_day) &&
            (payer == TAXPAYER_KIND__TAXPAYER_KIND_UNSET || rate->taxpayer == payer)) {
            row->name = rate->name;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Rows of what is no tax are of other liabilities.
static bool is_tax(const struct financial *financial, const struct tax_row *row)
{
    if (row->account == 0) {
        return true;
    }
    const AccountRecord *account = financial_account(financial, row->account);
    return account != NULL && account_is_tax(account);
}

static enum status add_row(struct financial *financial, const BookRecord *book,
                           const struct tax_row *from, ReportTaxReply *reply)
{
    const TaxSource source = source_of(from->of);
    const bool is_rate = from->account == 0;
    TaxSumRow *row = NULL;
    for (size_t i = 0; !is_rate && i < reply->n_row; i++) {
        row = reply->row[i]->source == source ? reply->row[i] : row;
    }
    if (row == NULL) {
        row = arena_alloc(financial->call->arena, sizeof *row);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        tax_sum_row__init(row);
        row->source = source;
        row->tax_bp = from->tax_bp;
        row->exempt = from->exempt;
        reply->row[reply->n_row++] = row;
    }
    row->net_minor += from->net_minor;
    row->tax_minor += from->tax_minor;
    row->documents += (uint32_t)from->count;
    switch (from->of) {
    case TAX_OF_SALES:
    case TAX_OF_RED:
        reply->output_minor += from->tax_minor;
        break;
    case TAX_OF_COSTS:
        reply->input_minor += from->tax_minor;
        break;
    case TAX_OF_ENTRIES:
        reply->entries_minor += from->tax_minor;
        break;
    }
    return is_rate && !from->exempt
               ? name_rate(financial->txn, book, financial->days[0].to_day, row)
               : STATUS_OK;
}

static enum status add_rows(struct financial *financial, const BookRecord *book,
                            ReportTaxReply *reply)
{
    const struct financial_days days = financial->days[0];
    struct tax_row *row = NULL;
    size_t count = 0;
    enum status status = views_taxes(financial->call->views, days.from_day, days.to_day,
                                     financial->call->arena, &row, &count);
    reply->row = arena_alloc(financial->call->arena, (count + 1) * sizeof *reply->row);
    if (status == STATUS_OK && reply->row == NULL) {
        status = STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (is_tax(financial, &row[i])) {
            status = add_row(financial, book, &row[i], reply);
        }
    }
    return status;
}

// What the tax accounts say was added to what is owed.
static int64_t moved(const struct financial *financial)
{
    int64_t minor = 0;
    for (size_t i = 0; i < financial->account_count; i++) {
        if (account_is_tax(financial->account[i])) {
            minor -= financial_moved(financial, financial->account[i], financial->days[0]);
        }
    }
    return minor;
}

enum status report_tax(struct txn *txn, struct call *call, const ReportTax *request,
                       ReportTaxReply *reply)
{
    struct financial financial;
    BookRecord *book = NULL;
    enum status status = financial_open(txn, call, &financial);
    if (status == STATUS_OK) {
        status = reading_book(txn, &book);
    }
    if (status != STATUS_OK) {
        return status;
    }
    financial_compare(&financial, financial_period(call, request->from_day, request->to_day),
                      COMPARE__COMPARE_UNSET);
    status = add_rows(&financial, book, reply);
    if (status != STATUS_OK) {
        return status;
    }
    reply->currency = book->currency;
    reply->from_day = financial.days[0].from_day;
    reply->to_day = financial.days[0].to_day;
    return financial_tie(call, reply->output_minor + reply->input_minor + reply->entries_minor,
                         moved(&financial), &reply->tie);
}
