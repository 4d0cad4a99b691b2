// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/campaign.h"

#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/money.h"
#include "shared/text.h"

enum status campaign_load(struct books *books, uint64_t id, CampaignRecord **out)
{
    const enum status status = campaign_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "campaign", NULL, NULL);
    }
    return status;
}

enum status campaign_count(struct books *books, CampaignRecord *campaign, int64_t net_minor)
{
    if (campaign == NULL) {
        return STATUS_OK;
    }
    // What the account takes fits here: it holds the same costs and others.
    const bool fits = money_add(campaign->cost_minor, net_minor, &campaign->cost_minor);
    assert(fits);
    campaign->costs = net_minor < 0 ? campaign->costs - 1 : campaign->costs + 1;
    return campaign_put(books->txn, key_u64(campaign->id), campaign);
}

// ---- adding ----

// Names are told apart like people read them: "Spring" is "spring".
static enum status check_name(struct books *books, const char *name)
{
    const char *asked = text_fold(books->arena, name);
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = asked == NULL
                             ? STATUS_TOO_LARGE
                             : rows_open(books->txn, TABLE_campaign, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *record = NULL;
        status = rows_next(rows, &key, &record);
        if (status != STATUS_OK) {
            break;
        }
        const char *known = text_fold(books->arena, ((const CampaignRecord *)record)->name);
        if (known == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (strcmp(asked, known) == 0) {
            return books_refuse(books, STATUS_CAMPAIGN_EXISTS, "name", name, NULL);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status campaign_add(struct txn *txn, struct call *call, const CampaignAdd *request,
                         CampaignReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);

    if (status == STATUS_OK) {
        status = check_name(&books, request->name);
    }
    if (status == STATUS_OK && request->budget_minor > AMOUNT_MAX) {
        status = books_refuse(&books, STATUS_AMOUNT_OVERFLOW, "budget", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    CampaignRecord campaign;
    campaign_record__init(&campaign);
    campaign.id = call_new_id(call);
    campaign.name = request->name;
    campaign.from_day = request->from_day != 0 ? request->from_day : call->book_day;
    campaign.to_day = request->to_day;
    campaign.budget_minor = request->budget_minor;
    campaign.notes = request->notes;
    campaign.entered_us = call->instant_us;
    campaign.entered_by = call->user_id;
    status = campaign_put(txn, key_u64(campaign.id), &campaign);

    reply->id = campaign.id;
    reply->name = request->name;
    call_about(call, campaign.id, request->name);
    return status;
}

// ---- reading ----

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    const CampaignRecord *campaign = (const CampaignRecord *)record;
    CampaignRow *out = (CampaignRow *)row;
    (void)txn;
    (void)call;
    out->id = campaign->id;
    out->name = campaign->name;
    out->from_day = campaign->from_day;
    out->to_day = campaign->to_day;
    out->budget_minor = campaign->budget_minor;
    out->cost_minor = campaign->cost_minor;
    out->costs = campaign->costs;
    return STATUS_OK;
}

enum status campaign_list(struct txn *txn, struct call *call, const CampaignList *request,
                          CampaignListReply *reply)
{
    struct row_page page = {.table = TABLE_campaign,
                            .backwards = true,
                            .descriptor = &campaign_row__descriptor,
                            .fill = list_row};
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (CampaignRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

enum status campaign_show(struct txn *txn, struct call *call, const CampaignShow *request,
                          CampaignCard *reply)
{
    ProtobufCMessage *record = NULL;
    const enum status status =
        reading_load(txn, call, TABLE_campaign, request->campaign_id, "campaign_id", &record);
    if (status != STATUS_OK) {
        return status;
    }
    const CampaignRecord *campaign = (const CampaignRecord *)record;
    reply->id = campaign->id;
    reply->name = campaign->name;
    reply->from_day = campaign->from_day;
    reply->to_day = campaign->to_day;
    reply->budget_minor = campaign->budget_minor;
    reply->cost_minor = campaign->cost_minor;
    reply->costs = campaign->costs;
    reply->left_minor =
        campaign->budget_minor != 0 ? campaign->budget_minor - campaign->cost_minor : 0;
    reply->notes = campaign->notes;
    reply->entered_us = campaign->entered_us;
    return reading_login(txn, campaign->entered_by, &reply->entered_by);
}
