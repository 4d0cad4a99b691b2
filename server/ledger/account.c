// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/account.h"

#include "server/ledger/financial.h"
#include "shared/day.h"
#include "shared/fields.h"

static char *code_text(struct books *books, uint32_t code)
{
    return arena_print(books->arena, "%u", code);
}

// The account that this one stands below: the one that is named, else the one whose code its own
// begins with; NULL: none.
static enum status find_parent(struct books *books, const AccountAdd *request, AccountRecord **out)
{
    *out = NULL;
    if (request->parent != 0) {
        const enum status status = account_get(books->txn, key_u64(request->parent), out);
        return status == STATUS_NOT_FOUND ? books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "parent",
                                                         code_text(books, request->parent), NULL)
                                          : status;
    }
    enum status status = STATUS_NOT_FOUND;
    for (uint32_t code = request->code / 10; status == STATUS_NOT_FOUND && code >= ACCOUNT_CODE_MIN;
         code /= 10) {
        status = account_get(books->txn, key_u64(code), out);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status refuse_place(struct books *books, const AccountAdd *request,
                                const AccountRecord *parent, const AccountRecord *account)
{
    if (request->code < ACCOUNT_CODE_MIN || request->code > ACCOUNT_CODE_MAX) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "code",
                            code_text(books, request->code), "1000..99999999");
    }
    if (parent != NULL && parent->control) {
        return books_refuse(books, STATUS_ACCOUNT_OF_CHART, "code", code_text(books, parent->code),
                            NULL);
    }
    if (account->name[0] == '\0') {
        return books_refuse(books, STATUS_FIELD_MISSING, "name", NULL, NULL);
    }
    if (account->kind == ACCOUNT_KIND__ACCOUNT_KIND_UNSET) {
        return books_refuse(books, STATUS_FIELD_MISSING, "kind", NULL, NULL);
    }
    if (parent != NULL && parent->kind != account->kind) {
        return books_refuse(books, STATUS_FIELD_CONFLICT, "kind", NULL,
                            code_text(books, parent->code));
    }
    return account_check_line(books, account);
}

// There is no such account yet, and room for one: statements read all of them at once.
static enum status refuse_second(struct books *books, uint32_t code)
{
    AccountRecord *known = NULL;
    AccountRecord **all = NULL;
    size_t count = 0;
    enum status status = account_get(books->txn, key_u64(code), &known);
    if (status == STATUS_OK) {
        return books_refuse(books, STATUS_ACCOUNT_EXISTS, "code", code_text(books, code),
                            known->name);
    }
    status = status == STATUS_NOT_FOUND ? financial_accounts(books->txn, books->call, &all, &count)
                                        : status;
    return status == STATUS_OK && count >= LIST_ROWS_MAX
               ? books_refuse(books, STATUS_TOO_LARGE, "code", NULL, NULL)
               : status;
}

static enum status load(struct books *books, uint32_t code, AccountRecord **out)
{
    const enum status status = account_get(books->txn, key_u64(code), out);
    return status == STATUS_NOT_FOUND
               ? books_refuse(books, STATUS_ACCOUNT_UNKNOWN, "code", code_text(books, code), NULL)
               : status;
}

static enum status keep(struct books *books, AccountRecord *account, AccountReply *reply)
{
    reply->code = account->code;
    reply->name = account->name;
    reply->kind = account->kind;
    reply->financial_line = financial_line(account);
    reply->from_day = account->from_day;
    reply->until_day = account->until_day;
    call_about(books->call, account->code, code_text(books, account->code));
    return account_put(books->txn, key_u64(account->code), account);
}

// ---- commands ----

enum status account_add(struct txn *txn, struct call *call, const AccountAdd *request,
                        AccountReply *reply)
{
    struct books books;
    AccountRecord *parent = NULL;
    AccountRecord account;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = find_parent(&books, request, &parent);
    }
    if (status != STATUS_OK) {
        return status;
    }

    account_make(&books, request, parent, &account);
    status = refuse_second(&books, request->code);
    if (status == STATUS_OK) {
        status = refuse_place(&books, request, parent, &account);
    }
    if (status != STATUS_OK) {
        return status;
    }

    return keep(&books, &account, reply);
}

static void apply(const AccountEdit *request, AccountRecord *account)
{
    account->name = request->name[0] != '\0' ? request->name : account->name;
    account->line = request->financial_line != 0 ? request->financial_line : account->line;
    account->cash_in = request->cash_in_line != 0 ? request->cash_in_line : account->cash_in;
    account->cash_out = request->cash_out_line != 0 ? request->cash_out_line : account->cash_out;
    account->from_day = request->from_day != 0 ? request->from_day : account->from_day;
    if (request->until_day != 0 || request->no_until) {
        account->until_day = request->until_day;
    }
}

static bool stands_same(const AccountRecord *a, const AccountRecord *b)
{
    return a->line == b->line && a->cash_in == b->cash_in && a->cash_out == b->cash_out;
}

static bool lasts_same(const AccountRecord *a, const AccountRecord *b)
{
    return a->from_day == b->from_day && a->until_day == b->until_day;
}

static const char *days_text(struct books *books, const AccountRecord *account)
{
    return arena_print(books->arena, "%s..%s",
                       account->from_day != 0 ? books_day(books, account->from_day) : "",
                       account->until_day != 0 ? books_day(books, account->until_day) : "");
}

// What was posted stays where it stands, and inside the days of its account.
static enum status refuse_use(struct books *books, const AccountRecord *before,
                              const AccountRecord *account)
{
    const bool is_used = account->latest_day != 0;
    if (is_used && !stands_same(before, account)) {
        return books_refuse(books, STATUS_ACCOUNT_USED, "financial_line",
                            code_text(books, account->code), NULL);
    }
    if (is_used && (!account_takes(account, account->first_day) ||
                    !account_takes(account, account->latest_day))) {
        return books_refuse(books, STATUS_ACCOUNT_USED, "until", days_text(books, account),
                            arena_print(books->arena, "%s..%s",
                                        books_day(books, account->first_day),
                                        books_day(books, account->latest_day)));
    }
    return account_check_line(books, account);
}

static enum status refuse_edit(struct books *books, const AccountRecord *before,
                               const AccountRecord *account)
{
    const bool is_renamed = strcmp(before->name, account->name) != 0;
    const bool is_moved = !stands_same(before, account) || !lasts_same(before, account);
    if (account->control || (!account->own && is_moved)) {
        return books_refuse(books, STATUS_ACCOUNT_OF_CHART, "code", code_text(books, account->code),
                            NULL);
    }
    if (!is_renamed && !is_moved) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "code", code_text(books, account->code),
                            NULL);
    }
    if (account->from_day != 0 && account->until_day != 0 &&
        account->until_day < account->from_day) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "until", days_text(books, account),
                            NULL);
    }
    return is_moved ? refuse_use(books, before, account) : STATUS_OK;
}

static void note_changes(struct books *books, const AccountRecord *before,
                         const AccountRecord *account)
{
    struct call *call = books->call;
    char was[64] = "";
    char is[64] = "";
    const FinancialLine line_before = financial_line(before);
    const FinancialLine line = financial_line(account);
    (void)field_choice_word(&financial_line__descriptor, (int)line_before, was);
    (void)field_choice_word(&financial_line__descriptor, (int)line, is);
    call_note_change(call, account->code, "name", before->name, account->name);
    call_note_change(call, account->code, "financial_line", was, is);
    call_note_change(call, account->code, "days", days_text(books, before),
                     days_text(books, account));
}

enum status account_edit(struct txn *txn, struct call *call, const AccountEdit *request,
                         AccountReply *reply)
{
    struct books books;
    AccountRecord *account = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load(&books, request->code, &account);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const AccountRecord before = *account;
    apply(request, account);
    status = refuse_edit(&books, &before, account);
    if (status != STATUS_OK) {
        return status;
    }

    note_changes(&books, &before, account);
    return keep(&books, account, reply);
}

// A bank account's statements are matched against it.
static enum status refuse_bank(struct books *books, const AccountRecord *account)
{
    BankRecord *bank = NULL;
    const enum status status = bank_get(books->txn, key_u64(account->code), &bank);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    return status == STATUS_OK ? books_refuse(books, STATUS_BANK_EXISTS, "code",
                                              code_text(books, account->code), bank->name)
                               : status;
}

static enum status refuse_retire(struct books *books, const AccountRecord *account, int32_t day)
{
    const int64_t balance_minor = account->debit_minor - account->credit_minor;
    if (!account->own) {
        return books_refuse(books, STATUS_ACCOUNT_OF_CHART, "code", code_text(books, account->code),
                            NULL);
    }
    if (balance_minor != 0) {
        return books_refuse(books, STATUS_ACCOUNT_BALANCE, "code",
                            books_money(books, balance_minor), books_money(books, 0));
    }
    if (account->until_day == day) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, "code", code_text(books, account->code),
                            NULL);
    }
    if (day < account->latest_day || (account->from_day != 0 && day < account->from_day)) {
        const int32_t first = day < account->latest_day ? account->latest_day : account->from_day;
        return books_refuse(books, STATUS_ACCOUNT_USED, "date", books_day(books, day),
                            books_day(books, first));
    }
    return refuse_bank(books, account);
}

enum status account_retire(struct txn *txn, struct call *call, const AccountRetire *request,
                           AccountReply *reply)
{
    const int32_t day = request->date_day != 0 ? request->date_day : call->book_day;
    struct books books;
    AccountRecord *account = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load(&books, request->code, &account);
    }

    if (status == STATUS_OK) {
        status = refuse_retire(&books, account, day);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, account->code, "until",
                     account->until_day != 0 ? books_day(&books, account->until_day) : "",
                     books_day(&books, day));
    account->until_day = day;
    return keep(&books, account, reply);
}
