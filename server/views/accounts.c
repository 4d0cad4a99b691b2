// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "shared/money.h"

// What entries move, by account and day: all of it; what year ends moved, which no profit and loss
// counts; and what came into money and went out of it, by the accounts on the other side
// (domain.md d.18).

static size_t chart_position(const struct accounts *accounts, uint32_t code)
{
    size_t at = 0;
    while (at < accounts->chart_count && accounts->chart[at].code < code) {
        at++;
    }
    return at;
}

static bool is_cash(const struct accounts *accounts, uint32_t code)
{
    size_t at = chart_position(accounts, code);
    return at < accounts->chart_count && accounts->chart[at].code == code &&
           accounts->chart[at].cash;
}

bool accounts_owed(const struct accounts *accounts, uint32_t code)
{
    const size_t at = chart_position(accounts, code);
    return at < accounts->chart_count && accounts->chart[at].code == code &&
           accounts->chart[at].owed;
}

// An account is told of with each of its postings; only its flags count here.
enum status accounts_chart(struct views *views, const AccountRecord *record)
{
    struct accounts *accounts = &views->accounts;
    size_t at = chart_position(accounts, record->code);
    if (at == accounts->chart_count || accounts->chart[at].code != record->code) {
        if (accounts->chart_count == accounts->chart_capacity) {
            bool whole = true;
            size_t capacity = column_capacity(accounts->chart_capacity, accounts->chart_count + 1);
            accounts->chart = column_grow(accounts->chart, accounts->chart_count, capacity,
                                          sizeof *accounts->chart, &whole);
            if (!whole) {
                return STATUS_ENVIRONMENT;
            }
            accounts->chart_capacity = capacity;
        }
        memmove(accounts->chart + at + 1, accounts->chart + at,
                (accounts->chart_count - at) * sizeof *accounts->chart);
        accounts->chart_count++;
    }
    accounts->chart[at] = (struct charted){
        .code = record->code,
        .cash = record->cash,
        .owed = record->kind == ACCOUNT_KIND__ACCOUNT_KIND_LIABILITY && !record->control};
    return STATUS_OK;
}

// A reversal is of the kind of what it reverses: taking a year end back is part of the year end.
uint32_t entry_kind(const struct views *views, const EntryRecord *record)
{
    uint32_t reversed = column_find(views->entries.id, views->entries.count, record->reverses_id);
    return record->reverses_id != 0 && reversed != NONE ? views->entries.kind[reversed]
                                                        : (uint32_t)record->kind;
}

// The other sides of an entry that touches money, one for each account and named line.
struct sides {
    uint64_t *key;
    int64_t *minor; // credit minus debit: what it gave
    size_t count;
};

static void add_side(struct sides *sides, const PostingLine *line)
{
    uint64_t key = (uint64_t)line->account << CASH_LINE_BITS | (uint32_t)line->cash_line;
    size_t at = 0;
    while (at < sides->count && sides->key[at] != key) {
        at++;
    }
    if (at == sides->count) {
        sides->key[at] = key;
        sides->minor[at] = 0;
        sides->count++;
    }
    sides->minor[at] += line->credit_minor - line->debit_minor;
}

// Money that came is spread over the sides that gave, money that went over those that took, in
// proportion (largest remainder): a fee that the bank kept is no money, and neither is what an
// entry moves elsewhere. A reversal takes off the flow that the reversed entry was.
static enum status spread(struct views *views, const EntryRecord *record, const struct sides *sides,
                          int64_t cash_minor, struct arena *arena)
{
    int64_t *weight = arena_alloc(arena, (sides->count + 1) * sizeof *weight);
    int64_t *part = arena_alloc(arena, (sides->count + 1) * sizeof *part);
    if (weight == NULL || part == NULL) {
        return STATUS_TOO_LARGE;
    }
    bool in = cash_minor > 0;
    for (size_t i = 0; i < sides->count; i++) {
        int64_t given = in ? sides->minor[i] : -sides->minor[i];
        weight[i] = given > 0 ? given : 0;
    }
    bool is_split = money_split(in ? cash_minor : -cash_minor, weight, sides->count, part);
    assert(is_split); // entries balance, so there is something on the other side
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sides->count && status == STATUS_OK; i++) {
        const bool takes_off = record->reverses_id != 0;
        const int64_t minor = takes_off ? -part[i] : part[i];
        if (minor != 0) {
            status = sums_add(&views->accounts.cash, sides->key[i], record->date_day,
                              in != takes_off ? minor : 0, in != takes_off ? 0 : minor);
        }
    }
    return status;
}

static enum status post_cash(struct views *views, const EntryRecord *record, uint32_t kind,
                             struct arena *arena)
{
    int64_t cash = 0;
    for (size_t i = 0; i < record->n_line; i++) {
        const PostingLine *line = record->line[i];
        cash +=
            is_cash(&views->accounts, line->account) ? line->debit_minor - line->credit_minor : 0;
    }
    if (cash == 0) {
        return STATUS_OK; // no money, or from one place to another
    }
    if (kind == ENTRY_KIND__ENTRY_KIND_OPENING) {
        return sums_add(&views->accounts.cash, CASH_BROUGHT_IN, record->date_day,
                        cash > 0 ? cash : 0, cash > 0 ? 0 : -cash);
    }
    struct sides sides = {
        .key = arena_alloc(arena, (record->n_line + 1) * sizeof *sides.key),
        .minor = arena_alloc(arena, (record->n_line + 1) * sizeof *sides.minor),
    };
    if (sides.key == NULL || sides.minor == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < record->n_line; i++) {
        if (!is_cash(&views->accounts, record->line[i]->account)) {
            add_side(&sides, record->line[i]);
        }
    }
    return spread(views, record, &sides, cash, arena);
}

enum status accounts_post(struct views *views, const EntryRecord *record, struct arena *arena)
{
    uint32_t kind = entry_kind(views, record);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < record->n_line && status == STATUS_OK; i++) {
        const PostingLine *line = record->line[i];
        status = sums_add(&views->accounts.all, line->account, record->date_day, line->debit_minor,
                          line->credit_minor);
        if (status == STATUS_OK && kind == ENTRY_KIND__ENTRY_KIND_CLOSING) {
            status = sums_add(&views->accounts.closing, line->account, record->date_day,
                              line->debit_minor, line->credit_minor);
        }
    }
    if (status == STATUS_OK) {
        status = taxes_entry(views, record);
    }
    return status == STATUS_OK ? post_cash(views, record, kind, arena) : status;
}

void accounts_free(struct views *views)
{
    sums_free(&views->accounts.all);
    sums_free(&views->accounts.closing);
    sums_free(&views->accounts.cash);
    sums_free(&views->accounts.tax);
    free(views->accounts.chart);
    views->accounts = (struct accounts){0};
}

void digest_accounts(const struct views *views, struct view_digest *digest)
{
    const struct accounts *accounts = &views->accounts;
    digest_sums(&accounts->all, "account", digest);
    digest_sums(&accounts->closing, "closing", digest);
    digest_sums(&accounts->cash, "cash", digest);
    digest_sums(&accounts->tax, "tax", digest);
    for (size_t i = 0; i < accounts->chart_count; i++) {
        uint64_t row[] = {accounts->chart[i].code, accounts->chart[i].cash,
                          accounts->chart[i].owed};
        digest_row(digest, "chart", row, sizeof row);
    }
    for (size_t i = 0; i < views->lines.count; i++) {
        const struct entry_line *line = &views->lines.line[i];
        uint64_t row[] = {i,          line->account,        line->is_credit, line->customer,
                          line->cost, (uint64_t)line->minor};
        digest_row(digest, "line", row, sizeof row);
    }
}

// ---- what is asked ----

struct account_sum views_account(const struct views *views, uint32_t account, int32_t from_day,
                                 int32_t to_day)
{
    return sums_between(&views->accounts.all, account, from_day, to_day);
}

struct account_sum views_account_closing(const struct views *views, uint32_t account,
                                         int32_t from_day, int32_t to_day)
{
    return sums_between(&views->accounts.closing, account, from_day, to_day);
}

enum status views_cash(const struct views *views, int32_t from_day, int32_t to_day,
                       struct arena *arena, struct cash_row **row, size_t *count)
{
    const struct day_sums *sums = &views->accounts.cash;
    *count = 0;
    *row = arena_alloc(arena, (sums->count + 1) * sizeof **row);
    if (*row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < sums->count; i++) {
        struct account_sum sum = series_between(&sums->series[i], from_day, to_day);
        if (sum.debit_minor != 0 || sum.credit_minor != 0) {
            uint64_t key = sums->series[i].key;
            (*row)[(*count)++] = (struct cash_row){
                .account = (uint32_t)(key >> CASH_LINE_BITS),
                .line = (uint32_t)(key & ((1U << CASH_LINE_BITS) - 1)),
                .in_minor = sum.debit_minor,
                .out_minor = sum.credit_minor,
            };
        }
    }
    return STATUS_OK;
}
