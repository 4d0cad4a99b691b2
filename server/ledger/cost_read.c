// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/contribution.h"
#include "server/ledger/cost.h"
#include "server/ledger/row_page.h"

// Costs as they are read, and what is shared of them.

#define PARTS_SHOWN 100

// ---- shares ----

static enum share_driver driver_of(CostDriver driver)
{
    switch (driver) {
    case COST_DRIVER__COST_DRIVER_REVENUE:
        return SHARE_REVENUE;
    case COST_DRIVER__COST_DRIVER_DOCUMENTS:
        return SHARE_DOCUMENTS;
    case COST_DRIVER__COST_DRIVER_EQUAL:
        return SHARE_EQUAL;
    case COST_DRIVER__COST_DRIVER_HOURS:
    case COST_DRIVER__COST_DRIVER_TICKETS:
    case COST_DRIVER__COST_DRIVER_UNSET:
    case _COST_DRIVER_IS_INT_SIZE:
    default:
        return SHARE_WEIGHTS;
    }
}

// The list with room for one more. NULL when the arena is exhausted.
static void *with_room(struct arena *arena, void *list, size_t count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0) {
        return list; // room grows with the powers of two
    }
    void *grown = arena_alloc(arena, (count == 0 ? 1 : count * 2) * size);
    if (grown != NULL && count > 0) {
        memcpy(grown, list, count * size);
    }
    return grown;
}

// A cost that stood when the share was made: one that was reversed took none.
static bool stood(const CostRecord *cost, uint64_t before_id)
{
    return cost->state == COST_STATE__COST_STATE_POSTED
               ? before_id == 0 || cost->id < before_id
               : before_id != 0 && cost->id < before_id && cost->reversed_entry_id >= before_id;
}

static int by_ticket(const void *a, const void *b)
{
    const struct share_weight *left = a;
    const struct share_weight *right = b;
    if (left->customer_id != right->customer_id) {
        return left->customer_id < right->customer_id ? -1 : 1;
    }
    return left->weight < right->weight ? -1 : left->weight > right->weight;
}

// Each ticket of a customer weighs one, however many costs it has.
static size_t count_tickets(struct share_weight *weight, size_t count)
{
    size_t kept = 0;
    if (count > 0) {
        qsort(weight, count, sizeof *weight, by_ticket);
    }
    for (size_t i = 0; i < count; i++) {
        if (i + 1 == count || by_ticket(&weight[i], &weight[i + 1]) != 0) {
            weight[kept++] =
                (struct share_weight){.customer_id = weight[i].customer_id, .weight = 1};
        }
    }
    return kept;
}

// Hours or tickets of the days, by customer.
static enum status read_weights(struct txn *txn, struct call *call, CostDriver driver,
                                struct cost_share *share)
{
    const bool by_tickets = driver == COST_DRIVER__COST_DRIVER_TICKETS;
    struct share_weight *weight = NULL;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_cost, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status != STATUS_OK) {
            break;
        }
        const CostRecord *cost = (const CostRecord *)record;
        const int64_t weighs = by_tickets ? (int64_t)cost->ticket : cost->hours_micro;
        const bool counts = weighs > 0 && cost->customer_id != 0 && stood(cost, share->before_id) &&
                            cost->date_day >= share->from_day && cost->date_day <= share->to_day;
        if (!counts) {
            continue;
        }
        weight = with_room(call->arena, weight, share->weight_count, sizeof *weight);
        if (weight == NULL) {
            return STATUS_TOO_LARGE;
        }
        weight[share->weight_count++] =
            (struct share_weight){.customer_id = cost->customer_id, .weight = weighs};
    }
    if (by_tickets) {
        share->weight_count = count_tickets(weight, share->weight_count);
    }
    share->weight = weight;
    return status == STATUS_END ? STATUS_OK : status;
}

enum status cost_share_of(struct txn *txn, struct call *call, const ShareRecord *share,
                          struct cost_share *out)
{
    *out = (struct cost_share){.driver = driver_of(share->driver),
                               .from_day = share->from_day,
                               .to_day = share->to_day,
                               .before_id = share->before_id,
                               .minor = share->amount_minor};
    return out->driver == SHARE_WEIGHTS ? read_weights(txn, call, share->driver, out) : STATUS_OK;
}

// The records of the shares that move something on the days.
static enum status share_records(struct txn *txn, struct call *call, int32_t from_day,
                                 int32_t to_day, ShareRecord ***out, size_t *count)
{
    *out = NULL;
    *count = 0;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_share, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status != STATUS_OK) {
            break;
        }
        ShareRecord *share = (ShareRecord *)record;
        const bool begins = share->date_day >= from_day && share->date_day <= to_day;
        const bool ends = share->reversed_day != 0 && share->reversed_day >= from_day &&
                          share->reversed_day <= to_day;
        if (begins == ends) {
            continue; // both: nothing is left of it
        }
        *out = with_room(call->arena, *out, *count, sizeof(ShareRecord *));
        if (*out == NULL) {
            return STATUS_TOO_LARGE;
        }
        (*out)[(*count)++] = share;
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status cost_shares(struct txn *txn, struct call *call, int32_t from_day, int32_t to_day,
                        struct cost_share **out, size_t *count)
{
    ShareRecord **share = NULL;
    enum status status = share_records(txn, call, from_day, to_day, &share, count);
    struct cost_share *list = arena_alloc(call->arena, (*count + 1) * sizeof *list);
    if (status != STATUS_OK || list == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    for (size_t i = 0; status == STATUS_OK && i < *count; i++) {
        status = cost_share_of(txn, call, share[i], &list[i]);
        const bool begins = share[i]->date_day >= from_day && share[i]->date_day <= to_day;
        list[i].minor = begins ? list[i].minor : -list[i].minor;
    }
    *out = list;
    return status;
}

// ---- one cost ----

// The name of a campaign; "" for an id of 0.
static enum status campaign_name(struct txn *txn, uint64_t id, char **out)
{
    CampaignRecord *campaign = NULL;
    *out = reading_constant("");
    const enum status status = id != 0 ? campaign_get(txn, key_u64(id), &campaign) : STATUS_OK;
    if (campaign != NULL) {
        *out = campaign->name;
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

static enum status add_parts(struct txn *txn, struct call *call,
                             const struct contribution_matches *matches, CostCard *card)
{
    CostPart *parts = arena_alloc(call->arena, (matches->count + 1) * sizeof *parts);
    card->part = arena_alloc(call->arena, (matches->count + 1) * sizeof *card->part);
    if (parts == NULL || card->part == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < matches->count; i++) {
        struct customer_label customer;
        status = reading_customer(txn, call, matches->row[i].customer_id, &customer);
        cost_part__init(&parts[i]);
        parts[i].amount_minor = matches->row[i].minor[CONTRIBUTION_SHARED];
        if (status == STATUS_OK) {
            parts[i].customer = customer.number;
            parts[i].name = customer.name;
            card->part[card->n_part++] = &parts[i];
        }
    }
    return status;
}

// Who bears which part: the largest first.
static enum status fill_parts(struct txn *txn, struct call *call, const CostShow *request,
                              CostCard *card)
{
    ShareRecord *record = NULL;
    struct financial financial;
    struct cost_share share;
    struct contribution_matches matches = {0};
    struct contribution_query query = {
        .days = {.from_day = DAY_MIN, .to_day = DAY_MIN, .share = &share, .share_count = 1}};
    int64_t others = 0;
    uint64_t skip = 0;
    enum status status = share_get(txn, key_u64(request->cost_id), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    status = skip_parse(txn, call, request->cursor, &skip);
    if (status == STATUS_OK) {
        status = cost_share_of(txn, call, record, &share);
        share.minor = -share.minor; // parts then are positive
    }
    if (status == STATUS_OK) {
        status = financial_open(txn, call, &financial);
    }
    if (status == STATUS_OK) {
        status = contribution_accounts(&financial, &query, &others);
    }
    if (status == STATUS_OK) {
        status = views_contribution(call->views, call->filter, &query, skip,
                                    request->limit != 0 ? request->limit : PARTS_SHOWN, call->arena,
                                    &matches);
    }
    if (status == STATUS_OK) {
        status = add_parts(txn, call, &matches, card);
    }
    card->driver = record->driver;
    card->from_day = record->from_day;
    card->to_day = record->to_day;
    card->shared_minor = -matches.unallocated.minor[CONTRIBUTION_SHARED];
    return status == STATUS_OK
               ? reading_page(call, matches.total_count, skip, card->n_part, &card->page)
               : status;
}

static enum status fill_names(struct txn *txn, struct call *call, const CostRecord *cost,
                              CostCard *card)
{
    struct customer_label customer;
    CatalogueRecord *item = NULL;
    enum status status = reading_customer(txn, call, cost->customer_id, &customer);
    if (status == STATUS_OK) {
        card->customer = customer.number;
        card->customer_name = customer.name;
        status = campaign_name(txn, cost->campaign_id, &card->campaign);
    }
    if (status == STATUS_OK && cost->item_id != 0) {
        status = catalogue_get(txn, key_u64(cost->item_id), &item);
        card->item = item != NULL ? item->code : card->item;
    }
    if (status == STATUS_OK) {
        status = reading_document(call, cost->entry_id, &card->entry);
    }
    return status == STATUS_OK ? reading_login(txn, cost->entered_by, &card->entered_by) : status;
}

enum status cost_show(struct txn *txn, struct call *call, const CostShow *request, CostCard *reply)
{
    ProtobufCMessage *record = NULL;
    enum status status = reading_load(txn, call, TABLE_cost, request->cost_id, "cost_id", &record);
    if (status != STATUS_OK) {
        return status;
    }
    const CostRecord *cost = (const CostRecord *)record;
    reply->id = cost->id;
    reply->number = cost_number(call->arena, cost);
    reply->kind = cost->kind;
    reply->state = cost->state;
    reply->amount_minor = cost->amount_minor;
    reply->tax_minor = cost->tax_minor;
    reply->net_minor = cost_net(cost);
    reply->ticket = cost->ticket;
    reply->department = cost->department;
    reply->account = cost->account;
    reply->paid_from = cost->paid_from;
    reply->date_day = cost->date_day;
    reply->text = cost->text;
    reply->reference = cost->reference;
    reply->hours_micro = cost->hours_micro;
    reply->reversed_day = cost->reversed_day;
    reply->reason = cost->reversed_reason;
    reply->entered_us = cost->entered_us;
    status = fill_names(txn, call, cost, reply);
    if (status == STATUS_OK) {
        status = fill_parts(txn, call, request, reply);
    }
    return reply->number == NULL ? STATUS_TOO_LARGE : status;
}

// ---- the list ----

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const CostList *request = asked;
    const CostRecord *cost = (const CostRecord *)record;
    return (request->kind == COST_KIND__COST_KIND_UNSET || request->kind == cost->kind) &&
           (request->customer_id == 0 || request->customer_id == cost->customer_id) &&
           (request->campaign_id == 0 || request->campaign_id == cost->campaign_id) &&
           (request->from_day == 0 || cost->date_day >= request->from_day) &&
           (request->to_day == 0 || cost->date_day <= request->to_day) &&
           (request->reversed || cost->state == COST_STATE__COST_STATE_POSTED);
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    const CostRecord *cost = (const CostRecord *)record;
    CostRow *out = (CostRow *)row;
    struct customer_label customer;
    enum status status = reading_customer(txn, call, cost->customer_id, &customer);
    if (status == STATUS_OK) {
        status = campaign_name(txn, cost->campaign_id, &out->campaign);
    }
    if (status != STATUS_OK) {
        return status;
    }
    out->id = cost->id;
    out->number = cost_number(call->arena, cost);
    out->kind = cost->kind;
    out->state = cost->state;
    out->date_day = cost->date_day;
    out->amount_minor = cost->amount_minor;
    out->customer = customer.number;
    out->text = cost->text;
    return out->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status cost_list(struct txn *txn, struct call *call, const CostList *request,
                      CostListReply *reply)
{
    struct row_page page = {.table = TABLE_cost,
                            .backwards = true,
                            .is_long = true,
                            .descriptor = &cost_row__descriptor,
                            .asked = request,
                            .is_asked = is_asked,
                            .fill = list_row};
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (CostRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}
