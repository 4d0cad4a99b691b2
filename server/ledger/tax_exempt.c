// SPDX-License-Identifier: Apache-2.0
// Up to some sales of a month or a quarter a small-scale taxpayer owes no tax (domain.md d.11): the
// limits are dated data, since laws change them. What was charged in such a period is other income
// at its end (d.17). Sales and tax are the turnovers of the months, as postings keep them.
#include "server/ledger/account.h"
#include "server/ledger/control.h"
#include "server/ledger/financial.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/posting.h"
#include "server/ledger/tax.h"
#include "server/ledger/turnover.h"
#include "shared/day.h"
#include "shared/money.h"

#define LIMITS_MAX     64
#define QUARTER_MONTHS 3u

// ---- limits ----

static bool is_same(const TaxLimitRecord *limit, uint32_t months, int32_t from_day)
{
    return limit->months == months && limit->from_day == from_day;
}

// The latest that holds on the day; NULL: none.
static const TaxLimitRecord *limit_on(const BookRecord *book, uint32_t months, int32_t day)
{
    const TaxLimitRecord *found = NULL;
    for (size_t i = 0; i < book->n_tax_limit; i++) {
        const TaxLimitRecord *each = book->tax_limit[i];
        if (each->months == months && each->from_day <= day &&
            (each->to_day == 0 || day <= each->to_day) &&
            (found == NULL || each->from_day > found->from_day)) {
            found = each;
        }
    }
    return found;
}

// What they were in China when this was written; whether they still hold, an accountant has to
// check.
enum status tax_limit_seed(struct arena *arena, const struct chart *chart, BookRecord *book)
{
    static const struct {
        uint32_t months;
        int64_t limit_minor;
    } SEEDS[] = {{1, 10000000}, {QUARTER_MONTHS, 30000000}};

    if (!chart_is_chinese(chart) || strcmp(book->currency, "CNY") != 0) {
        return STATUS_OK;
    }
    book->tax_limit = arena_alloc(arena, COUNT_OF(SEEDS) * sizeof *book->tax_limit);
    TaxLimitRecord *limit = arena_alloc(arena, COUNT_OF(SEEDS) * sizeof *limit);
    if (book->tax_limit == NULL || limit == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < COUNT_OF(SEEDS); i++) {
        tax_limit_record__init(&limit[i]);
        limit[i].months = SEEDS[i].months;
        limit[i].limit_minor = SEEDS[i].limit_minor;
        bool is_day = day_of_date((struct date){2023, 1, 1}, &limit[i].from_day);
        assert(is_day);
        is_day = day_of_date((struct date){2027, 12, 31}, &limit[i].to_day);
        assert(is_day);
        book->tax_limit[i] = &limit[i];
    }
    book->n_tax_limit = COUNT_OF(SEEDS);
    return STATUS_OK;
}

static char *describe(struct books *books, const TaxLimitRecord *limit)
{
    return limit == NULL ? arena_print(books->arena, "%s", "")
                         : arena_print(books->arena, "%u: %s, %s..%s", limit->months,
                                       books_money(books, limit->limit_minor),
                                       books_day(books, limit->from_day),
                                       limit->to_day != 0 ? books_day(books, limit->to_day) : "");
}

static enum status refuse_limit(struct books *books, const TaxLimit *request,
                                const TaxLimitRecord *known)
{
    if (request->months != 1 && request->months != QUARTER_MONTHS) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "months", NULL, "1, 3");
    }
    if (request->remove && known == NULL) {
        return books_refuse(books, STATUS_NOT_FOUND, "from", NULL, NULL);
    }
    if (!request->remove && known != NULL && known->limit_minor == request->limit_minor &&
        known->to_day == request->to_day) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    return known == NULL && books->record->n_tax_limit >= LIMITS_MAX
               ? books_refuse(books, STATUS_TOO_LARGE, NULL, NULL, NULL)
               : STATUS_OK;
}

enum status tax_limit(struct txn *txn, struct call *call, const TaxLimit *request, TaxLimit *reply)
{
    struct books books;
    const TaxLimitRecord *known = NULL;
    enum status status = books_open(txn, call, &books);
    if (status != STATUS_OK) {
        return status;
    }
    BookRecord *book = books.record;
    TaxLimitRecord **list = arena_alloc(call->arena, (book->n_tax_limit + 1) * sizeof *list);
    TaxLimitRecord *limit = arena_alloc(call->arena, sizeof *limit);
    if (list == NULL || limit == NULL) {
        return STATUS_TOO_LARGE;
    }
    size_t count = 0;
    for (size_t i = 0; i < book->n_tax_limit; i++) {
        if (is_same(book->tax_limit[i], request->months, request->from_day)) {
            known = book->tax_limit[i];
        } else {
            list[count++] = book->tax_limit[i];
        }
    }

    status = refuse_limit(&books, request, known);
    if (status != STATUS_OK) {
        return status;
    }

    tax_limit_record__init(limit);
    limit->months = request->months;
    limit->limit_minor = request->limit_minor;
    limit->from_day = request->from_day;
    limit->to_day = request->to_day;
    call_note_change(call, 0, "limit", describe(&books, known),
                     describe(&books, request->remove ? NULL : limit));
    if (!request->remove) {
        list[count++] = limit;
    }
    book->tax_limit = list;
    book->n_tax_limit = count;
    status = book_put(txn, key_u64(BOOK_KEY), book);

    reply->months = request->months;
    reply->limit_minor = request->limit_minor;
    reply->from_day = request->from_day;
    reply->to_day = request->to_day;
    reply->remove = request->remove;
    return status;
}

enum status tax_limits(struct txn *txn, struct call *call, const TaxLimits *request,
                       TaxLimitsReply *reply)
{
    struct books books;
    const int32_t day = request->as_of_day;
    const enum status status = books_open(txn, call, &books);
    if (status != STATUS_OK) {
        return status;
    }
    const BookRecord *book = books.record;
    TaxLimit *rows = arena_alloc(call->arena, (book->n_tax_limit + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (book->n_tax_limit + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < book->n_tax_limit; i++) {
        const TaxLimitRecord *each = book->tax_limit[i];
        if (day != 0 && limit_on(book, each->months, day) != each) {
            continue;
        }
        TaxLimit *row = &rows[reply->n_row];
        tax_limit__init(row);
        row->months = each->months;
        row->limit_minor = each->limit_minor;
        row->from_day = each->from_day;
        row->to_day = each->to_day;
        reply->row[reply->n_row++] = row;
    }
    return STATUS_OK;
}

// ---- exemption ----

struct exemption {
    uint32_t first, last; // months
    uint32_t months;
    const TaxLimitRecord *limit;
    struct month *kept; // the last one, which says that it was done
    int64_t sales_minor;
    int64_t tax_minor; // that is exempt
};

static enum status refuse_state(struct books *books, const char *field, const char *allowed)
{
    return books_refuse(books, STATUS_TAX_NOT_EXEMPT, field, NULL, allowed);
}

// A whole month or a whole quarter that is over, of a small-scale taxpayer whose tax stands on an
// account of its own all the while.
static enum status check_days(struct books *books, const TaxExempt *request,
                              struct exemption *exemption)
{
    const BookRecord *book = books->record;
    exemption->first = period_of_day(request->from_day);
    exemption->last = period_of_day(request->to_day);
    exemption->months = 1;
    for (uint32_t at = exemption->first;
         at < exemption->last && exemption->months <= QUARTER_MONTHS; at = period_after(at)) {
        exemption->months++;
    }
    const bool is_whole = request->from_day == period_first_day(exemption->first) &&
                          request->to_day == period_last_day(exemption->last);
    const bool is_quarter = exemption->months == QUARTER_MONTHS &&
                            day_date(request->from_day).month % QUARTER_MONTHS == 1;
    if (!is_whole || (exemption->months != 1 && !is_quarter)) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "to",
                            books_day(books, request->to_day),
                            books_day(books, period_last_day(exemption->first)));
    }
    if (request->to_day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "to", books_day(books, request->to_day),
                            books_day(books, books->call->book_day));
    }
    if (tax_payer(book, request->from_day) != TAXPAYER_KIND__TAXPAYER_KIND_SMALL ||
        tax_payer(book, request->to_day) != TAXPAYER_KIND__TAXPAYER_KIND_SMALL) {
        return refuse_state(books, "from", "tax use small");
    }
    if (tax_output(books, request->from_day) != ACCOUNT_VAT) {
        return refuse_state(books, "from", "tax separate");
    }
    exemption->limit = limit_on(book, exemption->months, request->to_day);
    return exemption->limit != NULL ? STATUS_OK : refuse_state(books, "to", "tax limit");
}

// What was credited to an account in the months: red documents are negative there.
static enum status add_credits(struct books *books, uint32_t code,
                               const struct exemption *exemption, int64_t *sum)
{
    enum status status = STATUS_OK;
    for (uint32_t at = exemption->first; status == STATUS_OK && at <= exemption->last;
         at = period_after(at)) {
        struct account_turnover turnover;
        status = turnover_read(books->txn, code, at, at, &turnover);
        if (status == STATUS_OK && !money_add(*sum, turnover.credit_minor, sum)) {
            status = books_refuse(books, STATUS_AMOUNT_OVERFLOW, NULL, NULL, NULL);
        }
    }
    return status;
}

static enum status count(struct books *books, int64_t kept_minor, struct exemption *exemption)
{
    AccountRecord **account = NULL;
    size_t accounts = 0;
    enum status status = financial_accounts(books->txn, books->call, &account, &accounts);
    for (size_t i = 0; status == STATUS_OK && i < accounts; i++) {
        if (account[i]->kind == ACCOUNT_KIND__ACCOUNT_KIND_REVENUE &&
            financial_line(account[i]) == FINANCIAL_LINE__FINANCIAL_LINE_REVENUE) {
            status = add_credits(books, account[i]->code, exemption, &exemption->sales_minor);
        }
    }
    if (status == STATUS_OK) {
        status = add_credits(books, chart_code(books->chart, ACCOUNT_VAT), exemption,
                             &exemption->tax_minor);
    }
    exemption->tax_minor -= kept_minor;
    return status;
}

// Was a month of it exempted already, by itself or with its quarter?
static enum status refuse_done(struct books *books, struct exemption *exemption)
{
    uint32_t at = exemption->first - (exemption->first % 256 - 1) % QUARTER_MONTHS;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < QUARTER_MONTHS; i++, at = period_after(at)) {
        struct month *month = NULL;
        EntryRecord *entry = NULL;
        status = period_month(books, at, &month);
        if (status != STATUS_OK || month->record->exempt_entry_id == 0) {
            continue;
        }
        const bool is_of_it = month->record->exempt_months == QUARTER_MONTHS ||
                              (at >= exemption->first && at <= exemption->last);
        status = entry_get(books->txn, key_u64(month->record->exempt_entry_id), &entry);
        if (status == STATUS_OK && is_of_it && entry->reversed_by_id == 0) {
            status = books_refuse(
                books, STATUS_NOTHING_TO_DO, "to",
                ident_print(books->arena, SERIES_ENTRY, entry->year, entry->sequence), NULL);
        }
    }
    return status == STATUS_OK ? period_month(books, exemption->last, &exemption->kept) : status;
}

static enum status refuse_amounts(struct books *books, const struct exemption *exemption)
{
    if (exemption->sales_minor > exemption->limit->limit_minor) {
        return books_refuse(books, STATUS_TAX_OVER_LIMIT, "to",
                            books_money(books, exemption->sales_minor),
                            books_money(books, exemption->limit->limit_minor));
    }
    return exemption->tax_minor <= 0 ? books_refuse(books, STATUS_NOTHING_TO_DO, "to",
                                                    books_money(books, exemption->tax_minor), NULL)
                                     : STATUS_OK;
}

static enum status check(struct books *books, const TaxExempt *request, struct exemption *exemption)
{
    enum status status = check_days(books, request, exemption);
    if (status == STATUS_OK) {
        status = posting_guard(books, request->to_day, POSTING_TAX, "to");
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_VAT);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_GAINS);
    }
    if (status == STATUS_OK) {
        status = count(books, request->kept_minor, exemption);
    }
    if (status == STATUS_OK) {
        status = refuse_done(books, exemption);
    }
    if (status == STATUS_OK) {
        status = refuse_amounts(books, exemption);
    }
    if (status == STATUS_OK) {
        status = permit_amount(books, 0, exemption->tax_minor, "to");
    }
    return status == STATUS_OK
               ? control_check(books->txn, books->call, CONTROL_ENTRY, exemption->tax_minor)
               : status;
}

static enum status post(struct books *books, const TaxExempt *request,
                        const struct exemption *exemption, EntryRecord **out)
{
    EntryRecord *entry =
        posting_begin(books, ENTRY_KIND__ENTRY_KIND_TAX_EXEMPT, request->to_day, 2);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->text = arena_print(books->arena, "%s..%s", books_day(books, request->from_day),
                              books_day(books, request->to_day));
    enum status status = entry->text != NULL ? posting_role(books, entry, ACCOUNT_VAT, SIDE_DEBIT,
                                                            exemption->tax_minor, 0)
                                             : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = posting_role(books, entry, ACCOUNT_GAINS, SIDE_CREDIT, exemption->tax_minor, 0);
    }
    *out = entry;
    return status == STATUS_OK ? posting_post(books, entry) : status;
}

enum status tax_exempt(struct txn *txn, struct call *call, const TaxExempt *request,
                       TaxExemptReply *reply)
{
    struct books books;
    struct exemption exemption = {0};
    EntryRecord *entry = NULL;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = check(&books, request, &exemption);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = post(&books, request, &exemption, &entry);
    if (status == STATUS_OK) {
        exemption.kept->record->exempt_entry_id = entry->id;
        exemption.kept->record->exempt_months = exemption.months;
        exemption.kept->changed = true;
        status = books_close(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->id = entry->id;
    reply->entry = ident_print(call->arena, SERIES_ENTRY, entry->year, entry->sequence);
    reply->from_day = request->from_day;
    reply->to_day = request->to_day;
    reply->sales_minor = exemption.sales_minor;
    reply->limit_minor = exemption.limit->limit_minor;
    reply->exempt_minor = exemption.tax_minor;
    call_about(call, entry->id, reply->entry);
    return reply->entry != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}
