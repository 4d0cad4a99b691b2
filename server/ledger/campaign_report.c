// SPDX-License-Identifier: Apache-2.0
// What a campaign brought in (domain.md d.9): the contribution of an equal window before and behind
// its beginning, and the difference over what it has cost. Whoever its costs name counts; when one
// of them names nobody, it was for everybody.
#include "server/ledger/contribution.h"
#include "server/ledger/cost.h"
#include "shared/money.h"

#define CAMPAIGN_CUSTOMERS_MAX 10000 // that its costs name
#define MICRO_ONE              1000000

struct spent {
    uint64_t customer_id;
    int64_t minor;
};

struct campaign_sums {
    struct spent *spent; // by customer, ascending
    size_t count;
    int64_t minor; // of all
    bool everybody;
};

static size_t place_of(const struct campaign_sums *sums, uint64_t customer_id)
{
    size_t at = 0;
    for (size_t end = sums->count; at < end;) {
        const size_t middle = at + (end - at) / 2;
        const bool before = sums->spent[middle].customer_id < customer_id;
        at = before ? middle + 1 : at;
        end = before ? end : middle;
    }
    return at;
}

static enum status add(struct campaign_sums *sums, uint64_t customer_id, int64_t minor)
{
    const size_t at = place_of(sums, customer_id);
    sums->minor += minor;
    if (customer_id == 0) {
        sums->everybody = true;
        return STATUS_OK;
    }
    if (at < sums->count && sums->spent[at].customer_id == customer_id) {
        sums->spent[at].minor += minor;
        return STATUS_OK;
    }
    if (sums->count == CAMPAIGN_CUSTOMERS_MAX) {
        return STATUS_TOO_LARGE;
    }
    memmove(sums->spent + at + 1, sums->spent + at, (sums->count - at) * sizeof *sums->spent);
    sums->spent[at] = (struct spent){.customer_id = customer_id, .minor = minor};
    sums->count++;
    return STATUS_OK;
}

// What stands of the campaign's costs, without tax.
static enum status read_costs(struct txn *txn, struct call *call, uint64_t campaign_id,
                              struct campaign_sums *out)
{
    *out = (struct campaign_sums){
        .spent = arena_alloc(call->arena, CAMPAIGN_CUSTOMERS_MAX * sizeof *out->spent)};
    if (out->spent == NULL) {
        return STATUS_TOO_LARGE;
    }
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_cost, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        const CostRecord *cost = (const CostRecord *)record;
        if (status == STATUS_OK && cost->campaign_id == campaign_id &&
            cost->state == COST_STATE__COST_STATE_POSTED) {
            status = add(out, cost->customer_id, cost_net(cost));
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// As many days from its first one as asked, as it lasts, or as it has lasted.
static struct financial_days window_of(const struct call *call, const CampaignRecord *campaign,
                                       uint32_t asked)
{
    const int32_t end = campaign->to_day != 0 ? campaign->to_day : call->book_day;
    const int32_t lasts = end >= campaign->from_day ? end - campaign->from_day + 1 : 1;
    const int32_t days = asked != 0 ? (int32_t)asked : lasts;
    return (struct financial_days){.from_day = campaign->from_day,
                                   .to_day = campaign->from_day + days - 1};
}

static void fill(const struct contribution_row *from, int64_t cost_minor, CampaignResultRow *row)
{
    campaign_result_row__init(row);
    row->cost_minor = cost_minor;
    for (size_t i = 0; i < CONTRIBUTION_COLUMNS; i++) {
        row->contribution_minor += from->minor[i];
    }
    row->before_minor = from->before_minor;
    row->gain_minor = row->contribution_minor - row->before_minor;
    const bool fits =
        cost_minor <= 0 || money_scale(row->gain_minor, MICRO_ONE, cost_minor, &row->return_micro);
    row->return_micro = fits ? row->return_micro : 0;
}

static int64_t cost_of(const struct campaign_sums *sums, uint64_t customer_id)
{
    const size_t at = place_of(sums, customer_id);
    return at < sums->count && sums->spent[at].customer_id == customer_id ? sums->spent[at].minor
                                                                          : 0;
}

static enum status add_rows(struct txn *txn, struct call *call, const struct campaign_sums *sums,
                            const struct contribution_matches *matches, struct reply_room room,
                            ReportCampaignReply *reply)
{
    CampaignResultRow *rows = arena_alloc(call->arena, (matches->count + 1) * sizeof *rows);
    reply->row = arena_alloc(call->arena, (matches->count + 1) * sizeof *reply->row);
    if (rows == NULL || reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->total = &rows[matches->count];
    fill(&matches->total, sums->minor, reply->total);
    for (size_t i = 0; i < matches->count; i++) {
        const struct contribution_row *match = &matches->row[i];
        struct customer_label customer;
        const enum status status = reading_customer(txn, call, match->customer_id, &customer);
        if (status != STATUS_OK) {
            return status;
        }
        fill(match, cost_of(sums, match->customer_id), &rows[i]);
        rows[i].customer = customer.number;
        rows[i].name = customer.name;
        if (!reading_fits(&room, &rows[i].base)) {
            return STATUS_OK;
        }
        reply->row[reply->n_row++] = &rows[i];
    }
    return STATUS_OK;
}

// What is asked of the views: the window, and as many days before it.
static enum status look(struct financial *financial, const struct campaign_sums *sums,
                        struct financial_days window, uint64_t skip, size_t limit,
                        struct contribution_matches *out)
{
    struct call *call = financial->call;
    const int32_t length = window.to_day - window.from_day + 1;
    const struct financial_days baseline = {.from_day = window.from_day - length,
                                            .to_day = window.from_day - 1};
    struct contribution_query query = {0};
    struct contribution_days before;
    BookRecord *book = NULL;
    int64_t others = 0;
    uint64_t *list = arena_alloc(call->arena, (sums->count + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < sums->count; i++) {
        list[i] = sums->spent[i].customer_id;
    }
    query.customer = sums->everybody ? NULL : list;
    query.customer_count = sums->everybody ? 0 : sums->count;
    financial_compare(financial, window, COMPARE__COMPARE_UNSET);
    enum status status = reading_book(financial->txn, &book);
    if (status == STATUS_OK) {
        status = contribution_accounts(financial, &query, &others);
    }
    if (status == STATUS_OK) {
        status = contribution_days_of(financial, book, window, &query.days);
    }
    if (status == STATUS_OK) {
        status = contribution_days_of(financial, book, baseline, &before);
    }
    query.before = &before;
    return status == STATUS_OK ? views_contribution(call->views, call->filter, &query, skip, limit,
                                                    call->arena, out)
                               : status;
}

enum status report_campaign(struct txn *txn, struct call *call, const ReportCampaign *request,
                            ReportCampaignReply *reply)
{
    struct financial financial;
    struct campaign_sums sums;
    struct contribution_matches matches = {0};
    ProtobufCMessage *record = NULL;
    uint64_t skip = 0;
    struct reply_room room = reading_room(call, request->limit);
    enum status status =
        reading_load(txn, call, TABLE_campaign, request->campaign_id, "campaign_id", &record);
    if (status == STATUS_OK) {
        status = skip_parse(txn, call, request->cursor, &skip);
    }
    if (status == STATUS_OK) {
        status = read_costs(txn, call, request->campaign_id, &sums);
    }
    if (status == STATUS_OK) {
        status = financial_open(txn, call, &financial);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const CampaignRecord *campaign = (const CampaignRecord *)record;
    const struct financial_days window = window_of(call, campaign, request->days);
    status = look(&financial, &sums, window, skip, room.limit, &matches);
    if (status == STATUS_OK) {
        status = add_rows(txn, call, &sums, &matches, room, reply);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->campaign = campaign->name;
    reply->everybody = sums.everybody;
    reply->from_day = window.from_day;
    reply->to_day = window.to_day;
    reply->before_from_day = window.from_day - (window.to_day - window.from_day + 1);
    reply->before_to_day = window.from_day - 1;
    return reading_page(call, matches.total_count, skip, reply->n_row, &reply->page);
}
