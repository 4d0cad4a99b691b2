// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/account.h"
#include "server/ledger/financial.h"
#include "shared/fields.h"

// One row of charts.def in the chart that the book is opened with.
struct chart_row {
    uint32_t role;
    AccountKind kind;
    bool control;
    bool cash;
    bool later;
    const char *name[CHART_COUNT]; // cn-small, cn-enterprise, international
};

enum flag { PLAIN, CONTROL, CASH, LATER };

static const struct chart_row ROWS[] = {
#define ACCOUNT(role_, number, kind_, flag, small, small_name, enterprise, enterprise_name, \
                international, international_name)                                          \
    {                                                                                       \
        .role = (number),                                                                   \
        .kind = ACCOUNT_KIND__ACCOUNT_KIND_##kind_,                                         \
        .control = (flag) == CONTROL,                                                       \
        .cash = (flag) == CASH,                                                             \
        .later = (flag) == LATER,                                                           \
        .name = {small_name, enterprise_name, international_name},                          \
    },
#include "server/ledger/charts.def"
#undef ACCOUNT
};

// Roles that share an account of the chart make one row; the first role names it.
static bool is_first(const struct chart *chart, size_t index)
{
    uint32_t code = chart_code(chart, (enum account_role)ROWS[index].role);
    for (size_t i = 0; i < index; i++) {
        if (chart_code(chart, (enum account_role)ROWS[i].role) == code) {
            return false;
        }
    }
    return code != 0;
}

struct more {
    AccountKind kind;
    FinancialLine line;
    CashLine in, out;
    uint32_t code[CHART_COUNT];
    const char *name[CHART_COUNT];
};

static const struct more MORE_ROWS[] = {
#define MORE(kind_, line_, in_, out_, small, small_name, enterprise, enterprise_name, \
             international, international_name)                                       \
    {                                                                                 \
        .kind = ACCOUNT_KIND__ACCOUNT_KIND_##kind_,                                   \
        .line = FINANCIAL_LINE__FINANCIAL_LINE_##line_,                               \
        .in = CASH_LINE__CASH_LINE_##in_,                                             \
        .out = CASH_LINE__CASH_LINE_##out_,                                           \
        .code = {small, enterprise, international},                                   \
        .name = {small_name, enterprise_name, international_name},                    \
    },
#include "server/ledger/charts_more.def"
#undef MORE
};

// On which lines an account of a kind may stand.
struct standing_row {
    AccountKind kind;
    FinancialLine line;
};

static const struct standing_row MAY_STAND[] = {
#define MAY(kind_, line_)                                                          \
    {                                                                              \
        ACCOUNT_KIND__ACCOUNT_KIND_##kind_, FINANCIAL_LINE__FINANCIAL_LINE_##line_ \
    }
    MAY(ASSET, BILLS),
    MAY(ASSET, RECEIVABLES),
    MAY(ASSET, PREPAYMENTS),
    MAY(ASSET, OTHER_RECEIVABLES),
    MAY(ASSET, INVENTORY),
    MAY(ASSET, FIXED_ASSETS),
    MAY(ASSET, INTANGIBLE_ASSETS),
    MAY(ASSET, OTHER_ASSETS),
    MAY(LIABILITY, PAYABLES),
    MAY(LIABILITY, WAGES),
    MAY(LIABILITY, TAXES),
    MAY(LIABILITY, OTHER_PAYABLES),
    MAY(LIABILITY, SHORT_LOANS),
    MAY(LIABILITY, LONG_LOANS),
    MAY(LIABILITY, OTHER_LIABILITIES),
    MAY(EQUITY, CAPITAL),
    MAY(EQUITY, RETAINED),
    MAY(EQUITY, OTHER_EQUITY),
    MAY(REVENUE, REVENUE),
    MAY(REVENUE, OTHER_GAINS),
    MAY(EXPENSE, COST_OF_SALES),
    MAY(EXPENSE, SURCHARGES),
    MAY(EXPENSE, SELLING),
    MAY(EXPENSE, ADMINISTRATION),
    MAY(EXPENSE, FINANCE),
    MAY(EXPENSE, IMPAIRMENT),
    MAY(EXPENSE, LOSSES),
    MAY(EXPENSE, INCOME_TAX),
#undef MAY
};

static void take_more(struct arena *arena, const struct more *more, size_t chart,
                      AccountRecord *out)
{
    account_record__init(out);
    out->code = more->code[chart];
    out->name = arena_copy(arena, more->name[chart], strlen(more->name[chart]));
    out->kind = more->kind;
    out->line = more->line;
    out->cash_in = more->in;
    out->cash_out = more->out;
    out->own = true;
}

// What the chart says of a row of it.
static void take_row(struct arena *arena, const struct chart *chart, const struct chart_row *row,
                     AccountRecord *out)
{
    const char *name = row->name[chart_number(chart)];
    account_record__init(out);
    out->code = chart_code(chart, (enum account_role)row->role);
    out->name = arena_copy(arena, name, strlen(name));
    out->kind = row->kind;
    out->control = row->control;
    out->cash = row->cash;
    out->role = row->role;
}

static enum status put(struct txn *txn, AccountRecord *account)
{
    return account->name != NULL ? account_put(txn, key_u64(account->code), account)
                                 : STATUS_TOO_LARGE;
}

enum status account_seed(struct txn *txn, struct arena *arena, const struct chart *chart,
                         uint32_t edition)
{
    const size_t number = chart_number(chart);
    enum status status = STATUS_OK;
    AccountRecord account;
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(ROWS); i++) {
        if (is_first(chart, i) && !ROWS[i].later) {
            take_row(arena, chart, &ROWS[i], &account);
            status = put(txn, &account);
        }
    }
    for (size_t i = 0; status == STATUS_OK && edition > 0 && i < COUNT_OF(MORE_ROWS); i++) {
        if (MORE_ROWS[i].code[number] != 0) {
            take_more(arena, &MORE_ROWS[i], number, &account);
            status = put(txn, &account);
        }
    }
    return status;
}

enum status account_of_role(struct books *books, enum account_role role, bool *is_new,
                            AccountRecord **out)
{
    size_t at = 0;
    while (ROWS[at].role != role) {
        at++;
        assert(at < COUNT_OF(ROWS));
    }
    enum status status = account_get(books->txn, key_u64(chart_code(books->chart, role)), out);
    *is_new = status == STATUS_NOT_FOUND;
    if (!*is_new) {
        return status;
    }
    *out = arena_alloc(books->arena, sizeof **out);
    if (*out == NULL) {
        return STATUS_TOO_LARGE;
    }
    take_row(books->arena, books->chart, &ROWS[at], *out);
    return (*out)->name != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

bool account_is_tax(const AccountRecord *account)
{
    const enum account_role role = (enum account_role)account->role;
    return role == ACCOUNT_TAX || (role >= ACCOUNT_VAT && role <= ACCOUNT_SIMPLE_TAX) ||
           account->line == FINANCIAL_LINE__FINANCIAL_LINE_TAXES;
}

bool account_takes(const AccountRecord *account, int32_t day)
{
    return (account->from_day == 0 || account->from_day <= day) &&
           (account->until_day == 0 || day <= account->until_day);
}

// What the chart offers under this code; NULL: nothing.
static const struct more *find_more(const struct books *books, uint32_t code)
{
    const size_t chart = chart_number(books->chart);
    for (size_t i = 0; i < COUNT_OF(MORE_ROWS); i++) {
        if (MORE_ROWS[i].code[chart] == code) {
            return &MORE_ROWS[i];
        }
    }
    return NULL;
}

void account_make(struct books *books, const AccountAdd *request, const AccountRecord *parent,
                  AccountRecord *out)
{
    const struct more *more = find_more(books, request->code);
    account_record__init(out);
    out->name = request->name;
    if (more != NULL) {
        take_more(books->arena, more, chart_number(books->chart), out);
        out->name = request->name[0] != '\0' ? request->name : out->name;
    } else if (parent != NULL) {
        out->kind = parent->kind;
        out->cash = parent->cash;
        out->line = parent->cash ? FINANCIAL_LINE__FINANCIAL_LINE_UNSET : financial_line(parent);
        out->cash_in =
            parent->cash ? CASH_LINE__CASH_LINE_UNSET : financial_cash_line(parent, true);
        out->cash_out =
            parent->cash ? CASH_LINE__CASH_LINE_UNSET : financial_cash_line(parent, false);
    }
    out->code = request->code;
    out->parent = parent != NULL ? parent->code : 0;
    out->own = true;
    out->kind = request->kind != ACCOUNT_KIND__ACCOUNT_KIND_UNSET ? request->kind : out->kind;
    if (request->financial_line != FINANCIAL_LINE__FINANCIAL_LINE_UNSET) {
        out->line = request->financial_line;
    } else if (out->line == FINANCIAL_LINE__FINANCIAL_LINE_UNSET && !out->cash &&
               out->kind != ACCOUNT_KIND__ACCOUNT_KIND_UNSET) {
        out->line = financial_line(out);
    }
    out->cash_in = request->cash_in_line != 0 ? request->cash_in_line : out->cash_in;
    out->cash_out = request->cash_out_line != 0 ? request->cash_out_line : out->cash_out;
    out->from_day = request->from_day;
    out->until_day = request->until_day;
}

// "revenue, other-gains": the lines that an account of this kind may stand on.
static const char *lines_of(struct books *books, AccountKind kind)
{
    const char *text = "";
    for (size_t i = 0; text != NULL && i < COUNT_OF(MAY_STAND); i++) {
        char word[64];
        if (MAY_STAND[i].kind == kind &&
            field_choice_word(&financial_line__descriptor, (int)MAY_STAND[i].line, word) != NULL) {
            text = arena_print(books->arena, "%s%s%s", text, text[0] != '\0' ? ", " : "", word);
        }
    }
    return text;
}

enum status account_check_line(struct books *books, const AccountRecord *account)
{
    bool may = account->cash && account->line == FINANCIAL_LINE__FINANCIAL_LINE_UNSET;
    for (size_t i = 0; !account->cash && i < COUNT_OF(MAY_STAND); i++) {
        may = may || (MAY_STAND[i].kind == account->kind && MAY_STAND[i].line == account->line);
    }
    return may ? STATUS_OK
               : books_refuse(books, STATUS_FIELD_NOT_CHOICE, "financial_line", NULL,
                              account->cash ? "cash" : lines_of(books, account->kind));
}
