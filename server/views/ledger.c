// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"

// What is asked of the lines of all entries: the general ledger of an account, customers' balances
// as of a day.

static void sums_free_at(int64_t **sums)
{
    free(*sums);
}

// ---- general ledger ----

struct walk {
    const struct views *views;
    struct sight sight;
    uint32_t account;
    uint32_t customer; // NONE: all
    int32_t from_day;
    uint64_t skip;
    size_t limit;
    int64_t balance;
};

static void take_line(struct walk *walk, uint32_t entry, uint32_t line, struct ledger_page *out)
{
    const struct documents *entries = &walk->views->entries;
    const struct entry_line *found = &walk->views->lines.line[line];
    if (entries->date_day[entry] < walk->from_day) {
        out->opening_minor += found->minor;
        walk->balance += found->minor;
        return;
    }
    walk->balance += found->minor;
    out->debit_minor += found->is_credit ? 0 : found->minor;
    out->credit_minor -= found->is_credit ? found->minor : 0;
    if (out->total_count >= walk->skip && out->count < walk->limit) {
        out->row[out->count++] = (struct ledger_line){
            .entry_id = entries->id[entry],
            .ordinal = line - entries->first_line[entry],
            .balance_minor = walk->balance,
        };
    }
    out->total_count++;
}

// Lines of no customer are for who sees them all.
static bool sees_line(const struct sight *sight, const struct entry_line *line)
{
    return sight->all || (line->customer != NONE && sight_sees(sight, line->customer));
}

enum status views_ledger(const struct views *views, const struct filter *filter,
                         const struct ledger_query *query, uint64_t skip, size_t limit,
                         struct arena *arena, struct ledger_page *out)
{
    const struct documents *entries = &views->entries;
    struct walk walk = {.views = views,
                        .sight = sight_of(views, filter),
                        .account = query->account,
                        .customer = NONE,
                        .from_day = query->from_day,
                        .skip = skip,
                        .limit = limit};
    *out = (struct ledger_page){.row = arena_alloc(arena, (limit + 1) * sizeof *out->row)};
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    int32_t first = query->from_day;
    if (query->customer_id != 0) {
        walk.customer =
            column_find(views->customers.id, views->customers.count, query->customer_id);
    }
    if (query->customer_id != 0 || !walk.sight.all) {
        first = DAY_MIN; // no sums by customer are kept
    } else if (first > DAY_MIN) {
        struct account_sum before = views_account(views, query->account, DAY_MIN, first - 1);
        out->opening_minor = before.debit_minor - before.credit_minor;
        walk.balance = out->opening_minor;
    }
    size_t begin = 0;
    size_t end = 0;
    documents_between(entries, first, query->to_day, &begin, &end);
    for (size_t k = begin; k < end; k++) {
        uint32_t entry = entries->by_day.index[k];
        uint32_t behind = entry_lines_end(views, entry);
        for (uint32_t i = entries->first_line[entry]; i < behind; i++) {
            const struct entry_line *line = &views->lines.line[i];
            if (line->account == walk.account && sees_line(&walk.sight, line) &&
                (query->customer_id == 0 || line->customer == walk.customer)) {
                take_line(&walk, entry, i, out);
            }
        }
    }
    return STATUS_OK;
}

// ---- customers' balances ----

enum status views_reclassified(const struct views *views, const uint32_t *account, size_t count,
                               int32_t day, struct reclassified *out)
{
    size_t customers = views->customers.count;
    *out = (struct reclassified){0};
    CLEANUP(sums_free_at) int64_t *sums = calloc((customers + 1) * (count + 1), sizeof *sums);
    if (sums == NULL) {
        return STATUS_TOO_LARGE;
    }
    const struct documents *entries = &views->entries;
    for (uint32_t entry = 0; entry < entries->count; entry++) {
        uint32_t behind = entries->date_day[entry] <= day ? entry_lines_end(views, entry) : 0;
        for (uint32_t i = entries->first_line[entry]; i < behind; i++) {
            const struct entry_line *line = &views->lines.line[i];
            size_t at = 0;
            while (at < count && account[at] != line->account) {
                at++;
            }
            if (at < count) {
                // What no customer is named for is one more of them.
                size_t customer = line->customer == NONE ? customers : line->customer;
                sums[customer * count + at] += line->minor;
            }
        }
    }
    for (size_t at = 0; at < count; at++) {
        out[at] = (struct reclassified){0};
    }
    for (size_t i = 0; i < (customers + 1) * count; i++) {
        out[i % count].debit_minor += sums[i] > 0 ? sums[i] : 0;
        out[i % count].credit_minor -= sums[i] < 0 ? sums[i] : 0;
    }
    return STATUS_OK;
}
