// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/closing.h"

#include "server/ledger/calendar.h"
#include "server/ledger/checklist.h"
#include "server/ledger/turnover.h"
#include "server/ledger/year_end.h"
#include "shared/money.h"
#include "shared/wire.h"

#define POINTS_MAX 9
#define SERIES_MAX 64

// What the months up to the one at hand, and those of its year, add up to.
struct months {
    uint32_t through; // sealed
    uint32_t earlier; // the first one with something in it that is not; 0: none
    int64_t items_minor;
    uint64_t numbered[SERIES_MAX]; // of the year
    uint32_t drafts;               // of the month
};

static bool is_busy(const PeriodRecord *record)
{
    bool busy = record->drafts > 0;
    for (size_t i = 0; i < record->n_numbered; i++) {
        busy = busy || record->numbered[i] > 0;
    }
    return busy;
}

static void add_month(const PeriodRecord *record, uint32_t period, struct months *months,
                      uint8_t items[static SEAL_BYTES])
{
    if (period_year(record->period) == period_year(period)) {
        assert(record->n_numbered <= SERIES_MAX);
        for (size_t i = 0; i < record->n_numbered; i++) {
            months->numbered[i] += record->numbered[i];
        }
    }
    if (record->period > period) {
        return;
    }
    bool fits = money_add(months->items_minor, record->items_minor, &months->items_minor);
    assert(fits);
    seal_sum(items, record->items_sum);
    if (record->period == period) {
        months->drafts = record->drafts;
    } else if (record->period > months->through && months->earlier == 0 && is_busy(record)) {
        months->earlier = record->period;
    }
}

static enum status walk_months(struct books *books, uint32_t period, uint32_t sealed,
                               struct months *months, uint8_t items[static SEAL_BYTES])
{
    *months = (struct months){0};
    enum status status = period_sealed_through(books, &months->through);
    months->through = sealed > months->through ? sealed : months->through;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    if (status == STATUS_OK) {
        status = rows_open(books->txn, TABLE_period, key_u64(1), 0, false, &rows);
    }
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status == STATUS_OK) {
            add_month((const PeriodRecord *)record, period, months, items);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// The sum of all accounts, and of the control accounts among them, as of the end of the month.
struct trial {
    int64_t all_minor;
    int64_t control_minor;
};

static enum status walk_accounts(struct books *books, uint32_t period, struct trial *trial,
                                 uint8_t hash[static SEAL_BYTES])
{
    *trial = (struct trial){0};
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(books->txn, TABLE_account, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        struct account_turnover moved;
        status = rows_next(rows, &key, &message);
        const AccountRecord *account = (const AccountRecord *)message;
        if (status == STATUS_OK) {
            status = turnover_read(books->txn, account->code, 0, period, &moved);
        }
        if (status != STATUS_OK) {
            break;
        }
        const int64_t closing = moved.opening_minor + moved.debit_minor - moved.credit_minor;
        trial->all_minor += closing;
        trial->control_minor += account->control ? closing : 0;
        if (moved.opening_minor != 0 || moved.debit_minor != 0 || moved.credit_minor != 0) {
            seal_account(hash, account->code, moved.opening_minor, moved.debit_minor,
                         moved.credit_minor);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// Numbers that the counters gave, and no document or entry of the year has.
static enum status count_gaps(struct books *books, uint32_t period, const struct months *months,
                              uint32_t *gaps)
{
    enum status status = STATUS_OK;
    *gaps = 0;
    for (uint64_t series = 0; status == STATUS_OK && series < SERIES_MAX; series++) {
        if (months->numbered[series] == 0) {
            continue;
        }
        CounterRecord *counter = NULL;
        status = counter_get(books->txn, key_u64(series << 32 | period_year(period)), &counter);
        if (status == STATUS_OK) {
            const uint64_t given = counter->next - 1;
            const uint64_t found = months->numbered[series];
            *gaps += (uint32_t)(given > found ? given - found : found - given);
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

// Has the bank account been reconciled to the end of the month? From its first statement on the
// bank's word counts, up to the last business day; an account on which nothing lies and nothing
// moved has no statements.
static enum status is_reconciled(struct books *books, uint32_t period, const BankRecord *bank,
                                 bool *out)
{
    BankStatementRecord *first = NULL;
    struct account_turnover moved;
    int32_t day = period_last_day(period);
    *out = bank->first_id == 0;
    if (*out) {
        return STATUS_OK;
    }
    enum status status = bank_statement_get(books->txn, key_u64(bank->first_id), &first);
    if (status == STATUS_OK && first->from_day > day) {
        *out = true;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = turnover_read(books->txn, bank->account, period, period, &moved);
    }
    if (status == STATUS_OK) {
        status = calendar_shift(books->txn, TERMS_SHIFT_PREVIOUS, &day);
    }
    const bool is_idle = status == STATUS_OK && moved.opening_minor == 0 &&
                         moved.debit_minor == 0 && moved.credit_minor == 0;
    *out = is_idle || bank->signed_day >= day;
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

// The bank accounts that were not; `way` tells what shows them.
static enum status count_banks(struct books *books, uint32_t period, uint32_t *count, char **way)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(books->txn, TABLE_bank, key_u64(0), 0, false, &rows);
    *count = 0;
    *way = arena_copy(books->arena, "", 0);
    while (status == STATUS_OK && *way != NULL) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        bool holds = true;
        status = rows_next(rows, &key, &row);
        const BankRecord *bank = (const BankRecord *)row;
        if (status == STATUS_OK) {
            status = is_reconciled(books, period, bank, &holds);
        }
        if (status == STATUS_OK && !holds) {
            *way = arena_print(books->arena, "%s%skontor reconcile status %u", *way,
                               *count > 0 ? "; " : "", bank->account);
            *count += 1;
        }
    }
    if (*way == NULL) {
        return STATUS_TOO_LARGE;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// The last month of a year is sealed behind its year end: what is sealed takes none any more.
static bool ends_year(uint32_t period)
{
    return period == period_end(period_year(period));
}

static enum status add_point(struct books *books, struct closing *closing, const char *name,
                             uint32_t count, int64_t difference_minor, char *way)
{
    assert(closing->count < POINTS_MAX);
    PeriodCheck *check = (PeriodCheck *)wire_make(books->arena, &period_check__descriptor);
    char *copy = arena_copy(books->arena, name, strlen(name));
    if (check == NULL || copy == NULL) {
        return STATUS_TOO_LARGE;
    }
    check->check = copy;
    check->count = count;
    check->difference_minor = difference_minor;
    check->passed = count == 0 && difference_minor == 0;
    check->detail = !check->passed && way != NULL ? way : check->detail;
    closing->check[closing->count] = check;
    closing->count++;
    return STATUS_OK;
}

// What is counted for the points.
struct measures {
    struct months months;
    struct trial trial;
    uint32_t gaps;
    uint32_t banks;
    uint32_t tasks;
    uint32_t unmoved; // accounts that a year end would move
    char *bank_way;
};

static enum status measure(struct books *books, uint32_t period, uint32_t sealed,
                           struct measures *out, struct closing *closing)
{
    *out = (struct measures){0};
    enum status status = walk_months(books, period, sealed, &out->months, closing->open_items);
    if (status == STATUS_OK) {
        status = walk_accounts(books, period, &out->trial, closing->trial_balance);
    }
    if (status == STATUS_OK) {
        status = count_gaps(books, period, &out->months, &out->gaps);
    }
    if (status == STATUS_OK) {
        status = count_banks(books, period, &out->banks, &out->bank_way);
    }
    if (status == STATUS_OK) {
        status = checklist_open(books->txn, period, &out->tasks);
    }
    if (status == STATUS_OK && ends_year(period)) {
        status = year_end_left(books, period_year(period), &out->unmoved);
    }
    return status;
}

enum status closing_check(struct books *books, uint32_t period, uint32_t sealed,
                          struct closing *out)
{
    struct measures is;
    struct arena *arena = books->arena;
    *out = (struct closing){0};
    out->check = arena_alloc(arena, POINTS_MAX * sizeof(PeriodCheck *));
    enum status status =
        out->check != NULL ? measure(books, period, sealed, &is, out) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    out->earlier = is.months.earlier;
    char *month = period_print(arena, period);
    char *before = out->earlier != 0 ? period_print(arena, out->earlier) : month;
    if (month == NULL || before == NULL) {
        return STATUS_TOO_LARGE;
    }

    const struct {
        const char *name;
        uint32_t count;
        int64_t difference_minor;
        char *way; // on from there, when it fails
    } points[] = {
        {"ended", period_last_day(period) < books->call->book_day ? 0 : 1, 0, NULL},
        {"earlier", out->earlier != 0 ? 1 : 0, 0,
         arena_print(arena, "kontor period seal %s", before)},
        {"drafts", is.months.drafts, 0, arena_print(arena, "kontor check documents %s", month)},
        {"numbers", is.gaps, 0, arena_print(arena, "kontor check documents %.4s", month)},
        {"trial-balance", 0, is.trial.all_minor, arena_print(arena, "kontor check books")},
        {"open-items", 0, is.months.items_minor - is.trial.control_minor,
         arena_print(arena, "kontor check books")},
        {"bank", is.banks, 0, is.bank_way},
        {"checklist", is.tasks, 0, arena_print(arena, "kontor checklist list")},
        {"year-end", is.unmoved, 0, arena_print(arena, "kontor period year-end %.4s", month)},
    };

    static_assert(COUNT_OF(points) <= POINTS_MAX, "room for each point");
    const size_t count = COUNT_OF(points) - (ends_year(period) ? 0 : 1);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = add_point(books, out, points[i].name, points[i].count, points[i].difference_minor,
                           points[i].way);
    }
    return status;
}

bool closing_holds(const struct closing *closing)
{
    bool holds = true;
    for (size_t i = 0; i < closing->count; i++) {
        holds = holds && closing->check[i]->passed;
    }
    return holds;
}
