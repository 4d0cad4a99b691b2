// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/posting.h"

#include "server/ledger/account.h"
#include "server/ledger/numbering.h"
#include "server/ledger/period.h"
#include "server/ledger/turnover.h"
#include "shared/day.h"
#include "shared/money.h"

// Accounts and balances keep TURNOVER_MAX of room above what they hold, and a call's amounts fit
// into it (limits.h): so a loaded account can take every line of the call, and nothing has to be
// refused after the first write.
static bool has_room(int64_t minor)
{
    return minor < TURNOVER_MAX && minor > -TURNOVER_MAX;
}

static int64_t sum(int64_t a, int64_t b)
{
    int64_t total = 0;
    bool fits = money_add(a, b, &total);
    assert(fits);
    return total;
}

// A day that the call dates something on.
struct posting_day {
    int32_t day;
    struct posting_day *next;
};

static enum status check_takes(struct books *books, const AccountRecord *account, int32_t day)
{
    if (account_takes(account, day)) {
        return STATUS_OK;
    }
    const int32_t bound = account->until_day != 0 && day > account->until_day ? account->until_day
                                                                              : account->from_day;
    return books_refuse(books, STATUS_ACCOUNT_INACTIVE, "account",
                        arena_print(books->arena, "%u %s", account->code, books_day(books, day)),
                        books_day(books, bound));
}

// Accounts are loaded before and behind the guard: what comes second is compared with what was
// there.
static enum status keep_day(struct books *books, int32_t day)
{
    for (const struct posting_day *each = books->days; each != NULL; each = each->next) {
        if (each->day == day) {
            return STATUS_OK;
        }
    }
    struct posting_day *kept = arena_alloc(books->arena, sizeof *kept);
    if (kept == NULL) {
        return STATUS_TOO_LARGE;
    }
    *kept = (struct posting_day){.day = day, .next = books->days};
    books->days = kept;
    enum status status = STATUS_OK;
    for (const struct account *each = books->accounts; status == STATUS_OK && each != NULL;
         each = each->next) {
        status = check_takes(books, each->record, day);
    }
    return status;
}

enum status posting_plan_guard(struct books *books, int32_t day, uint32_t scopes, const char *field)
{
    assert((scopes & ~(uint32_t)POSTING_ANY) == 0);

    if (day < DAY_MIN || day > DAY_MAX) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, field, NULL, NULL);
    }
    return period_guard(books, day, scopes, field);
}

enum status posting_guard(struct books *books, int32_t day, uint32_t scopes, const char *field)
{
    const int32_t today = books->call->book_day;
    const bool is_ahead = day > today && day <= DAY_MAX;
    // The first open day lies ahead where the month of today is closed: then that is the reason.
    const enum status status = posting_plan_guard(books, is_ahead ? today : day, scopes, field);
    if (status == STATUS_OK && !is_ahead) {
        return keep_day(books, day);
    }
    return status == STATUS_OK ? books_refuse(books, STATUS_DAY_IN_FUTURE, field,
                                              books_day(books, day), books_day(books, today))
                               : status;
}

enum status posting_account(struct books *books, uint32_t code, struct account **out)
{
    for (struct account *each = books->accounts; each != NULL; each = each->next) {
        if (each->record->code == code) {
            *out = each;
            return STATUS_OK;
        }
    }

    AccountRecord *record;
    enum status status = account_get(books->txn, key_u64(code), &record);
    if (status != STATUS_OK) {
        return status;
    }
    if (!has_room(record->debit_minor) || !has_room(record->credit_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, NULL, NULL, NULL);
    }
    struct account *account = arena_alloc(books->arena, sizeof *account);
    if (account == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (const struct posting_day *each = books->days; each != NULL; each = each->next) {
        status = check_takes(books, record, each->day);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *account = (struct account){.record = record, .next = books->accounts};
    books->accounts = account;
    *out = account;
    return STATUS_OK;
}

enum status posting_load(struct books *books, enum account_role role)
{
    struct account *account;
    enum status status = posting_account(books, chart_code(books->chart, role), &account);
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

enum status posting_balance(struct books *books, uint64_t customer_id, struct balance **out)
{
    assert(customer_id != 0);

    for (struct balance *each = books->balances; each != NULL; each = each->next) {
        if (each->customer_id == customer_id) {
            *out = each;
            return STATUS_OK;
        }
    }

    struct balance *balance = arena_alloc(books->arena, sizeof *balance);
    if (balance == NULL) {
        return STATUS_TOO_LARGE;
    }
    balance->customer_id = customer_id;
    enum status status = balance_get(books->txn, key_u64(customer_id), &balance->record);
    if (status == STATUS_NOT_FOUND) {
        balance->record = arena_alloc(books->arena, sizeof *balance->record);
        if (balance->record == NULL) {
            return STATUS_TOO_LARGE;
        }
        balance_record__init(balance->record);
        status = STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!has_room(balance->record->receivable_minor) || !has_room(balance->record->advance_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, NULL, NULL, NULL);
    }
    balance->next = books->balances;
    books->balances = balance;
    *out = balance;
    return STATUS_OK;
}

static void span(struct balance *balance, int32_t day)
{
    BalanceRecord *record = balance->record;
    record->first_day = record->first_day == 0 || day < record->first_day ? day : record->first_day;
    record->latest_day = day > record->latest_day ? day : record->latest_day;
    balance->changed = true;
}

enum status posting_span(struct books *books, uint64_t customer_id, int32_t day)
{
    struct balance *balance = NULL;
    const enum status status = posting_balance(books, customer_id, &balance);
    if (status == STATUS_OK) {
        span(balance, day);
    }
    return status;
}

int64_t posting_owed(const struct balance *balance)
{
    return sum(balance->record->receivable_minor, balance->record->advance_minor);
}

EntryRecord *posting_begin(struct books *books, EntryKind kind, int32_t day, size_t line_max)
{
    assert(line_max > 0 && line_max <= ENTRY_LINES_MAX);

    EntryRecord *entry = arena_alloc(books->arena, sizeof *entry);
    PostingLine **line = arena_alloc(books->arena, line_max * sizeof(PostingLine *));
    if (entry == NULL || line == NULL) {
        return NULL;
    }
    entry_record__init(entry);
    entry->kind = kind;
    entry->date_day = day;
    entry->origin_day = day;
    entry->line = line;
    return entry;
}

enum status posting_line(struct books *books, EntryRecord *entry, uint32_t code, enum side side,
                         int64_t minor, uint64_t customer_id)
{
    assert(code != 0);
    assert(minor > -INT64_MAX);

    if (minor == 0) {
        return STATUS_OK;
    }
    PostingLine *line = arena_alloc(books->arena, sizeof *line);
    if (line == NULL) {
        return STATUS_TOO_LARGE;
    }
    posting_line__init(line);
    line->account = code;
    line->customer_id = customer_id;
    bool swap = minor < 0 && !chart_is_red(books->chart);
    if ((side == SIDE_DEBIT) != swap) {
        line->debit_minor = swap ? -minor : minor;
    } else {
        line->credit_minor = swap ? -minor : minor;
    }
    entry->line[entry->n_line] = line;
    entry->n_line++;
    return STATUS_OK;
}

enum status posting_role(struct books *books, EntryRecord *entry, enum account_role role,
                         enum side side, int64_t minor, uint64_t customer_id)
{
    return posting_line(books, entry, chart_code(books->chart, role), side, minor, customer_id);
}

uint32_t posting_scopes(const struct books *books, const EntryRecord *entry)
{
    uint32_t scopes = POSTING_GENERAL;
    for (size_t i = 0; i < entry->n_line; i++) {
        const uint32_t code = entry->line[i]->account;
        for (const struct account *each = books->accounts; each != NULL; each = each->next) {
            if (each->record->code == code) {
                scopes |= each->record->cash ? POSTING_CASH : 0u;
                scopes |= account_is_tax(each->record) ? POSTING_TAX : 0u;
            }
        }
    }
    return scopes;
}

// Of an account whose days may be changed: they hold what was posted.
static void span_account(AccountRecord *record, int32_t day)
{
    if (record->own) {
        record->first_day =
            record->first_day == 0 || day < record->first_day ? day : record->first_day;
        record->latest_day = day > record->latest_day ? day : record->latest_day;
    }
}

// Moves account and customer balance by one line.
static enum status apply(struct books *books, const PostingLine *line, int32_t day)
{
    struct account *account = NULL;
    enum status status = posting_account(books, line->account, &account);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    assert(account != NULL);
    account->record->debit_minor = sum(account->record->debit_minor, line->debit_minor);
    account->record->credit_minor = sum(account->record->credit_minor, line->credit_minor);
    account->changed = true;
    span_account(account->record, day);
    status = turnover_add(books, line->account, day, line->debit_minor, line->credit_minor);
    if (status != STATUS_OK || !account->record->control) {
        return status;
    }

    assert(line->customer_id != 0);
    struct balance *balance = NULL;
    status = posting_balance(books, line->customer_id, &balance);
    if (status != STATUS_OK) {
        return status;
    }
    assert(balance != NULL);
    int64_t moved = sum(line->debit_minor, -line->credit_minor);
    if (line->account == chart_code(books->chart, ACCOUNT_ADVANCES)) {
        balance->record->advance_minor = sum(balance->record->advance_minor, moved);
    } else {
        balance->record->receivable_minor = sum(balance->record->receivable_minor, moved);
    }
    span(balance, day);
    return STATUS_OK;
}

static bool balances(const EntryRecord *entry)
{
    int64_t difference = 0;
    for (size_t i = 0; i < entry->n_line; i++) {
        difference = sum(difference, entry->line[i]->debit_minor);
        difference = sum(difference, -entry->line[i]->credit_minor);
    }
    return difference == 0;
}

enum status posting_post(struct books *books, EntryRecord *entry)
{
    assert(entry->n_line >= 2);
    assert(balances(entry));

    entry->year = books_year(entry->date_day);
    enum status status = period_number(books, SERIES_ENTRY, entry->date_day);
    if (status == STATUS_OK) {
        status = numbering_next(books, SERIES_ENTRY, entry->year, &entry->sequence);
    }
    for (size_t i = 0; status == STATUS_OK && i < entry->n_line; i++) {
        status = apply(books, entry->line[i], entry->date_day);
    }
    if (status != STATUS_OK) {
        return status;
    }
    entry->id = call_new_id(books->call);
    entry->entered_us = books->call->instant_us;
    entry->entered_by = books->call->user_id;
    return entry_put(books->txn, key_u64(entry->id), entry);
}

enum status posting_load_entry(struct books *books, const EntryRecord *entry)
{
    for (size_t i = 0; i < entry->n_line; i++) {
        struct account *account;
        enum status status = posting_account(books, entry->line[i]->account, &account);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
    }
    return STATUS_OK;
}

// What a line was for is what taking it back is for.
static void name_as(PostingLine *line, const PostingLine *other)
{
    line->cash_line = other->cash_line;
    line->cost = other->cost;
    line->item_id = other->item_id;
    line->campaign_id = other->campaign_id;
    line->case_id = other->case_id;
    line->department_id = other->department_id;
}

enum status posting_reverse(struct books *books, EntryRecord *entry, int32_t day, const char *text,
                            EntryRecord **out)
{
    assert(entry->reversed_by_id == 0);
    assert(day >= entry->date_day);

    EntryRecord *reversal =
        posting_begin(books, ENTRY_KIND__ENTRY_KIND_REVERSAL, day, entry->n_line);
    if (reversal == NULL) {
        return STATUS_TOO_LARGE;
    }
    reversal->origin_day = entry->date_day;
    reversal->reverses_id = entry->id;
    reversal->document_id = entry->document_id;
    reversal->text = arena_copy(books->arena, text, strlen(text));
    enum status status = reversal->text != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < entry->n_line; i++) {
        const PostingLine *line = entry->line[i];
        bool debit = line->debit_minor != 0;
        // A red line is reversed by a black one on its side, whatever the style.
        status = posting_line(books, reversal, line->account, debit ? SIDE_DEBIT : SIDE_CREDIT,
                              debit ? -line->debit_minor : -line->credit_minor, line->customer_id);
        if (status == STATUS_OK) {
            name_as(reversal->line[reversal->n_line - 1], line);
        }
    }
    if (status == STATUS_OK) {
        status = posting_post(books, reversal);
    }
    if (status != STATUS_OK) {
        return status;
    }
    entry->reversed_by_id = reversal->id;
    *out = reversal;
    return entry_put(books->txn, key_u64(entry->id), entry);
}

enum status posting_write(struct books *books)
{
    enum status status = STATUS_OK;
    for (struct account *each = books->accounts; each != NULL; each = each->next) {
        if (status == STATUS_OK && each->changed) {
            status = account_put(books->txn, key_u64(each->record->code), each->record);
            each->changed = false;
        }
    }
    for (struct balance *each = books->balances; each != NULL; each = each->next) {
        if (status == STATUS_OK && each->changed) {
            status = balance_put(books->txn, key_u64(each->customer_id), each->record);
            each->changed = false;
        }
    }
    return status;
}
