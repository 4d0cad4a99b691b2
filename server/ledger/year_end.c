// SPDX-License-Identifier: Apache-2.0
// The end of a year (domain.md d.12, d.17): what revenue and expense accounts moved in it goes to
// the result of the year, and that to retained earnings. Posted as entries of kind CLOSING, which a
// profit and loss leaves out. Asked again, it moves what has come since.
#include "server/ledger/year_end.h"

#include "server/ledger/entry_words.h"
#include "server/ledger/period.h"
#include "server/ledger/posting.h"
#include "server/ledger/turnover.h"
#include "shared/money.h"

#define ACCOUNTS_MAX 200 // that have a balance to move

struct moved {
    uint32_t account;
    int64_t balance_minor; // debit less credit of the year
};

struct year_end {
    struct moved moved[ACCOUNTS_MAX];
    size_t count;
    int64_t profit_minor;
    int64_t carried_minor; // credit balance of the result account after it
};

static enum status year_balance(struct books *books, uint32_t account, uint32_t year, int64_t *out)
{
    struct account_turnover turnover;
    const enum status status =
        turnover_read(books->txn, account, period_begin(year), period_end(year), &turnover);
    *out = turnover.opening_minor + turnover.debit_minor - turnover.credit_minor;
    return status;
}

static bool is_of_year(const AccountRecord *account)
{
    return account->kind == ACCOUNT_KIND__ACCOUNT_KIND_REVENUE ||
           account->kind == ACCOUNT_KIND__ACCOUNT_KIND_EXPENSE;
}

enum status year_end_left(struct books *books, uint32_t year, uint32_t *out)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(books->txn, TABLE_account, key_u64(0), 0, false, &rows);
    *out = 0;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        int64_t balance = 0;
        status = rows_next(rows, &key, &message);
        const AccountRecord *account = (const AccountRecord *)message;
        const bool moves =
            status == STATUS_OK && (is_of_year(account) || account->role == ACCOUNT_RESULT);
        if (moves) {
            status = year_balance(books, account->code, year, &balance);
            *out += balance != 0 ? 1 : 0;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Loads every account that is moved, so that nothing behind the first write can be refused.
static enum status walk(struct books *books, uint32_t year, struct year_end *end)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(books->txn, TABLE_account, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        struct account *account = NULL;
        int64_t balance = 0;
        status = rows_next(rows, &key, &message);
        if (status != STATUS_OK || !is_of_year((const AccountRecord *)message)) {
            continue;
        }
        const uint32_t code = ((const AccountRecord *)message)->code;
        status = year_balance(books, code, year, &balance);
        if (status != STATUS_OK || balance == 0) {
            continue;
        }
        if (end->count == ACCOUNTS_MAX ||
            !money_add(end->profit_minor, -balance, &end->profit_minor)) {
            return books_refuse(books, STATUS_TOO_LARGE, "year", NULL, NULL);
        }
        end->moved[end->count] = (struct moved){.account = code, .balance_minor = balance};
        end->count++;
        status = posting_account(books, code, &account);
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status check(struct books *books, uint32_t year, struct year_end *end)
{
    if (year < books_year(DAY_MIN) || year > books_year(DAY_MAX)) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "year",
                            arena_print(books->arena, "%u", year), NULL);
    }
    const int32_t day = period_last_day(period_end(year));
    int64_t result = 0;
    if (day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "year", books_day(books, day),
                            books_day(books, books->call->book_day));
    }
    enum status status = posting_guard(books, day, POSTING_GENERAL, "year");
    if (status == STATUS_OK) {
        status = walk(books, year, end);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_RESULT);
    }
    if (status == STATUS_OK) {
        status = posting_load(books, ACCOUNT_RETAINED);
    }
    if (status == STATUS_OK) {
        status = year_balance(books, chart_code(books->chart, ACCOUNT_RESULT), year, &result);
        end->carried_minor = end->profit_minor - result;
    }
    if (status == STATUS_OK && end->count == 0 && end->carried_minor == 0) {
        status =
            books_refuse_hint(books, STATUS_NOTHING_TO_DO, "year", NULL, NULL,
                              arena_print(books->arena, "kontor report trial-balance --as-of %s",
                                          books_day(books, day)));
    }
    return status;
}

// A line that takes `minor` of debit balance away: on the other side, never negative, since it
// corrects nothing.
static enum status take(struct books *books, EntryRecord *entry, uint32_t account, int64_t minor)
{
    return posting_line(books, entry, account, minor > 0 ? SIDE_CREDIT : SIDE_DEBIT,
                        minor > 0 ? minor : -minor, 0);
}

static enum status finish(struct books *books, EntryRecord *entry, const char *text, char **number)
{
    entry->text = arena_copy(books->arena, text, strlen(text));
    enum status status = entry->text != NULL ? posting_post(books, entry) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        *number = ident_print(books->arena, SERIES_ENTRY, entry->year, entry->sequence);
        status = *number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status;
}

static enum status move(struct books *books, const struct year_end *end, int32_t day, char **number)
{
    EntryRecord *entry = posting_begin(books, ENTRY_KIND__ENTRY_KIND_CLOSING, day, end->count + 1);
    enum status status = entry != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < end->count; i++) {
        status = take(books, entry, end->moved[i].account, end->moved[i].balance_minor);
    }
    if (status == STATUS_OK) {
        status = take(books, entry, chart_code(books->chart, ACCOUNT_RESULT), end->profit_minor);
    }
    return status == STATUS_OK ? finish(books, entry, ENTRY_WORDS_YEAR, number) : status;
}

static enum status carry(struct books *books, const struct year_end *end, int32_t day,
                         char **number)
{
    EntryRecord *entry = posting_begin(books, ENTRY_KIND__ENTRY_KIND_CLOSING, day, 2);
    enum status status = entry != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = take(books, entry, chart_code(books->chart, ACCOUNT_RESULT), -end->carried_minor);
    }
    if (status == STATUS_OK) {
        status = take(books, entry, chart_code(books->chart, ACCOUNT_RETAINED), end->carried_minor);
    }
    return status == STATUS_OK ? finish(books, entry, ENTRY_WORDS_RESULT, number) : status;
}

enum status period_year_end(struct txn *txn, struct call *call, const PeriodYearEnd *request,
                            PeriodYearEndReply *reply)
{
    struct books books;
    struct year_end end = {0};
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = check(&books, request->year, &end);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const int32_t day = period_last_day(period_end(request->year));
    if (end.count > 0) {
        status = move(&books, &end, day, &reply->entry);
    }
    if (status == STATUS_OK && end.carried_minor != 0) {
        status = carry(&books, &end, day, &reply->carried);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    reply->year = request->year;
    reply->result_minor = end.profit_minor;
    call_about(call, 0, end.count > 0 ? reply->entry : reply->carried);
    return status;
}
