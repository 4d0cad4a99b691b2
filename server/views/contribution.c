// SPDX-License-Identifier: Apache-2.0
#include "server/views/inside.h"
#include "server/views/pick.h"
#include "shared/money.h"

// What each customer contributed: the lines of the days by column, then what is shared among the
// customers, then what the money that they owe has cost. The place behind the last customer is of
// nobody, and stands against both.

#define YEAR_DAYS 365
#define RATE_ONE  10000 // basis points

__extension__ typedef __int128 wide;

// What one question needs room for: one of each for every customer, and one for nobody.
struct room {
    int64_t *sums; // CONTRIBUTION_COLUMNS each
    int64_t *before;
    int64_t *weight, *part; // of customers
    wide *carried;
};

static void room_free(struct room *room)
{
    free(room->sums);
    free(room->before);
    free(room->weight);
    free(room->part);
    free(room->carried);
}

static enum status room_make(size_t customers, struct room *out)
{
    *out = (struct room){
        .sums = calloc((customers + 1) * CONTRIBUTION_COLUMNS, sizeof *out->sums),
        .before = calloc(customers + 1, sizeof *out->before),
        .weight = calloc(customers + 1, sizeof *out->weight),
        .part = calloc(customers + 1, sizeof *out->part),
        .carried = calloc(customers + 1, sizeof *out->carried),
    };
    return out->sums != NULL && out->before != NULL && out->weight != NULL && out->part != NULL &&
                   out->carried != NULL
               ? STATUS_OK
               : STATUS_TOO_LARGE;
}

// ---- the lines ----

static const uint8_t *column_of(const struct contribution_query *query, uint32_t account)
{
    size_t at = 0;
    for (size_t end = query->account_count; at < end;) {
        size_t middle = at + (end - at) / 2;
        bool before = query->account[middle] < account;
        at = before ? middle + 1 : at;
        end = before ? end : middle;
    }
    return at < query->account_count && query->account[at] == account ? &query->column[at] : NULL;
}

// A line of a cost says itself what it was for; a write-off is a bad debt on whichever account the
// chart has for it, and what comes in for it is less of one.
static size_t column_of_line(const struct entry_line *line, uint32_t entry_kind, uint8_t column)
{
    switch ((CostKind)line->cost) {
    case COST_KIND__COST_KIND_MARKETING:
        return CONTRIBUTION_MARKETING;
    case COST_KIND__COST_KIND_SERVICE:
        return CONTRIBUTION_SERVICE;
    case COST_KIND__COST_KIND_PAYMENT_FEE:
        return CONTRIBUTION_FINANCE;
    case COST_KIND__COST_KIND_OTHER:
    case COST_KIND__COST_KIND_UNSET:
    case _COST_KIND_IS_INT_SIZE:
    default:
        break;
    }
    const bool is_bad = entry_kind == ENTRY_KIND__ENTRY_KIND_WRITE_OFF ||
                        entry_kind == ENTRY_KIND__ENTRY_KIND_RECOVERY;
    return is_bad && column == CONTRIBUTION_OTHER ? CONTRIBUTION_BAD_DEBT : column;
}

// Who a line is of, in a list of all customers with nobody behind them.
static size_t place_of(const struct views *views, const struct entry_line *line)
{
    return line->customer == NONE ? views->customers.count : line->customer;
}

// Takes a line of one of the accounts that are asked for.
typedef void take_function(size_t place, const struct entry_line *line, uint32_t entry_kind,
                           uint8_t column, int64_t *sums);

// The days of a walk, and below which id entries count; 0: all.
struct walk {
    int32_t from_day, to_day;
    uint64_t before_id;
};

static void walk_lines(const struct views *views, const struct contribution_query *query,
                       const struct walk *walk, take_function *take, int64_t *sums)
{
    const struct documents *entries = &views->entries;
    size_t begin = 0;
    size_t end = 0;
    documents_between(entries, walk->from_day, walk->to_day, &begin, &end);
    for (size_t k = begin; k < end; k++) {
        uint32_t entry = entries->by_day.index[k];
        bool closes = entries->kind[entry] == ENTRY_KIND__ENTRY_KIND_CLOSING;
        bool counts = !closes && (walk->before_id == 0 || entries->id[entry] < walk->before_id);
        uint32_t behind = counts ? entry_lines_end(views, entry) : 0;
        for (uint32_t i = entries->first_line[entry]; i < behind; i++) {
            const struct entry_line *line = &views->lines.line[i];
            const uint8_t *column = column_of(query, line->account);
            if (column != NULL) {
                take(place_of(views, line), line, entries->kind[entry], *column, sums);
            }
        }
    }
}

static void take_column(size_t place, const struct entry_line *line, uint32_t entry_kind,
                        uint8_t column, int64_t *sums)
{
    sums[place * CONTRIBUTION_COLUMNS + column_of_line(line, entry_kind, column)] -= line->minor;
}

// ---- what is shared ----

static void take_revenue(size_t place, const struct entry_line *line, uint32_t entry_kind,
                         uint8_t column, int64_t *sums)
{
    (void)entry_kind;
    sums[place] -= column == CONTRIBUTION_REVENUE ? line->minor : 0;
}

// Who had less than no revenue bears nothing.
static void weigh_revenue(const struct views *views, const struct contribution_query *query,
                          const struct cost_share *share, int64_t *weight)
{
    const struct walk walk = {share->from_day, share->to_day, share->before_id};
    walk_lines(views, query, &walk, take_revenue, weight);
    for (size_t i = 0; i < views->customers.count; i++) {
        weight[i] = weight[i] > 0 ? weight[i] : 0;
    }
}

// Issued when the share was made: a draft has its id earlier than its number, its first item not.
static bool is_counted(const struct views *views, const struct cost_share *share, uint32_t invoice)
{
    const struct documents *invoices = &views->invoices;
    uint32_t item = invoices->last_item[invoice];
    while (item != NONE && views->items.sibling[item] != NONE) {
        item = views->items.sibling[item];
    }
    const uint64_t id = item != NONE ? views->items.id[item] : invoices->id[invoice];
    return invoices->sequence[invoice] != 0 && (share->before_id == 0 || id < share->before_id);
}

static void weigh_documents(const struct views *views, const struct cost_share *share,
                            int64_t *weight)
{
    const struct documents *invoices = &views->invoices;
    size_t begin = 0;
    size_t end = 0;
    documents_between(invoices, share->from_day, share->to_day, &begin, &end);
    for (size_t k = begin; k < end; k++) {
        uint32_t i = invoices->by_day.index[k];
        uint32_t customer = invoices->customer[i];
        if (customer != NONE && is_counted(views, share, i)) {
            weight[customer] = share->driver == SHARE_EQUAL ? 1 : weight[customer] + 1;
        }
    }
}

static void weigh(const struct views *views, const struct contribution_query *query,
                  const struct cost_share *share, int64_t *weight)
{
    memset(weight, 0, (views->customers.count + 1) * sizeof *weight);
    switch (share->driver) {
    case SHARE_REVENUE:
        weigh_revenue(views, query, share, weight);
        return;
    case SHARE_DOCUMENTS:
    case SHARE_EQUAL:
        weigh_documents(views, share, weight);
        return;
    case SHARE_WEIGHTS:
        break;
    }
    for (size_t i = 0; i < share->weight_count; i++) {
        uint32_t customer =
            column_find(views->customers.id, views->customers.count, share->weight[i].customer_id);
        if (customer != NONE) {
            weight[customer] += share->weight[i].weight;
        }
    }
}

// Parts by largest remainder, so that they are the cost to the cent. Where nothing has a weight the
// cost stays with nobody.
static void add_share(const struct views *views, const struct contribution_query *query,
                      const struct cost_share *share, struct room *room)
{
    size_t customers = views->customers.count;
    weigh(views, query, share, room->weight);
    if (customers == 0 || !money_split(share->minor, room->weight, customers, room->part)) {
        return;
    }
    for (size_t i = 0; i < customers; i++) {
        room->sums[i * CONTRIBUTION_COLUMNS + CONTRIBUTION_SHARED] -= room->part[i];
    }
    room->sums[customers * CONTRIBUTION_COLUMNS + CONTRIBUTION_SHARED] += share->minor;
}

// ---- what money that is owed costs ----

// On how many of the days an amount of `day` is owed.
static int64_t days_owed(const struct carrying_span *span, int32_t day)
{
    if (day > span->to_day) {
        return 0;
    }
    return span->to_day - (day > span->from_day ? day : span->from_day) + 1;
}

// The sum of what is owed on each day times the rate of the day, rounded once for each customer.
static enum status add_carrying(const struct views *views, const struct contribution_query *query,
                                const struct contribution_days *days, struct room *room)
{
    const struct documents *entries = &views->entries;
    size_t customers = views->customers.count;
    memset(room->carried, 0, (customers + 1) * sizeof *room->carried);
    for (uint32_t entry = 0; entry < entries->count; entry++) {
        int32_t day = entries->date_day[entry];
        uint32_t behind = day <= days->to_day ? entry_lines_end(views, entry) : 0;
        for (uint32_t i = entries->first_line[entry]; i < behind; i++) {
            const struct entry_line *line = &views->lines.line[i];
            for (size_t s = 0; line->account == query->receivables && s < days->carrying_count;
                 s++) {
                room->carried[place_of(views, line)] += (wide)line->minor *
                                                        days_owed(&days->carrying[s], day) *
                                                        days->carrying[s].rate_bp;
            }
        }
    }
    const wide one = (wide)YEAR_DAYS * RATE_ONE;
    for (size_t i = 0; i < customers; i++) {
        wide half = room->carried[i] < 0 ? -one / 2 : one / 2;
        wide cost = (room->carried[i] + half) / one;
        if (cost > INT64_MAX || cost < -INT64_MAX) {
            return STATUS_TOO_LARGE;
        }
        room->sums[i * CONTRIBUTION_COLUMNS + CONTRIBUTION_CARRYING] -= (int64_t)cost;
        room->sums[customers * CONTRIBUTION_COLUMNS + CONTRIBUTION_CARRYING] += (int64_t)cost;
    }
    return STATUS_OK;
}

// ---- the answer ----

static enum status sum_days(const struct views *views, const struct contribution_query *query,
                            const struct contribution_days *days, struct room *room)
{
    const struct walk walk = {days->from_day, days->to_day, 0};
    walk_lines(views, query, &walk, take_column, room->sums);
    for (size_t i = 0; i < days->share_count; i++) {
        add_share(views, query, &days->share[i], room);
    }
    return days->carrying_count > 0 ? add_carrying(views, query, days, room) : STATUS_OK;
}

static bool row_of(const struct room *room, size_t customer, struct contribution_row *row,
                   int64_t *whole)
{
    bool any = room->before[customer] != 0;
    *row = (struct contribution_row){.before_minor = room->before[customer]};
    *whole = 0;
    for (size_t c = 0; c < CONTRIBUTION_COLUMNS; c++) {
        row->minor[c] = room->sums[customer * CONTRIBUTION_COLUMNS + c];
        *whole += row->minor[c];
        any = any || row->minor[c] != 0;
    }
    return any;
}

static void add_row(struct contribution_row *total, const struct contribution_row *row)
{
    for (size_t c = 0; c < CONTRIBUTION_COLUMNS; c++) {
        total->minor[c] += row->minor[c];
    }
    total->before_minor += row->before_minor;
}

// The days beside leave only their sums.
static enum status sum_before(const struct views *views, const struct contribution_query *query,
                              struct room *room)
{
    size_t places = views->customers.count + 1;
    struct contribution_row row;
    enum status status = sum_days(views, query, query->before, room);
    for (size_t i = 0; i < places; i++) {
        (void)row_of(room, i, &row, &room->before[i]);
    }
    memset(room->sums, 0, places * CONTRIBUTION_COLUMNS * sizeof *room->sums);
    return status;
}

static bool is_asked(const struct contribution_query *query, uint64_t id)
{
    if (query->customer == NULL) {
        return query->customer_id == 0 || query->customer_id == id;
    }
    return column_find(query->customer, query->customer_count, id) != NONE;
}

// Chooses the page, the largest sum first, and sums all of them.
static enum status choose(const struct views *views, const struct sight *sight,
                          const struct contribution_query *query, const struct room *room,
                          uint64_t skip, size_t limit, struct arena *arena,
                          struct contribution_matches *out)
{
    size_t customers = views->customers.count;
    uint64_t most = skip + limit;
    struct picks picks;
    enum status status =
        picks_make(arena, most < customers ? (size_t)most : customers, true, &picks);
    if (status != STATUS_OK) {
        return status;
    }
    struct contribution_row row;
    int64_t whole = 0;
    for (uint32_t i = 0; i < customers; i++) {
        if (is_asked(query, views->customers.id[i]) && sight_sees(sight, i) &&
            row_of(room, i, &row, &whole)) {
            add_row(&out->total, &row);
            out->total_count++;
            picks_offer(&picks, whole, i);
        }
    }
    picks_sort(&picks);
    out->row = arena_alloc(arena, (picks.count + 1) * sizeof *out->row);
    if (out->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t k = (size_t)skip; k < picks.count; k++) {
        uint32_t customer = picks.heap[k].index;
        (void)row_of(room, customer, &out->row[out->count], &whole);
        out->row[out->count++].customer_id = views->customers.id[customer];
    }
    return STATUS_OK;
}

enum status views_contribution(const struct views *views, const struct filter *filter,
                               const struct contribution_query *query, uint64_t skip, size_t limit,
                               struct arena *arena, struct contribution_matches *out)
{
    struct sight sight = sight_of(views, filter);
    size_t customers = views->customers.count;
    *out = (struct contribution_matches){0};
    CLEANUP(room_free) struct room room;
    enum status status = room_make(customers, &room);
    if (status == STATUS_OK && query->before != NULL) {
        status = sum_before(views, query, &room);
    }
    if (status == STATUS_OK) {
        status = sum_days(views, query, &query->days, &room);
    }
    if (status == STATUS_OK) {
        status = choose(views, &sight, query, &room, skip, limit, arena, out);
    }
    bool is_whole = query->customer_id == 0 && query->customer == NULL && sight.all;
    if (status == STATUS_OK && is_whole) {
        int64_t whole = 0;
        (void)row_of(&room, customers, &out->unallocated, &whole);
        add_row(&out->total, &out->unallocated);
    }
    return status;
}
