// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/cost.h"

#include "server/ledger/campaign.h"
#include "server/ledger/catalogue.h"
#include "server/ledger/control.h"
#include "server/ledger/entry.h"
#include "server/ledger/lateness.h"
#include "server/ledger/numbering.h"
#include "server/ledger/period.h"
#include "server/ledger/permit.h"
#include "server/ledger/receipt.h"
#include "server/ledger/tax.h"
#include "shared/day.h"

#define COST_LINES 3 // the expense, its tax, and where it was paid from

char *cost_number(struct arena *arena, const CostRecord *cost)
{
    return ident_print(arena, SERIES_COST, cost->year, cost->sequence);
}

int64_t cost_net(const CostRecord *cost)
{
    return cost->amount_minor - cost->tax_minor;
}

static enum status cost_load(struct books *books, uint64_t id, CostRecord **out)
{
    const enum status status = cost_get(books->txn, key_u64(id), out);
    if (status == STATUS_NOT_FOUND) {
        return books_refuse(books, STATUS_NOT_FOUND, "cost", NULL, NULL);
    }
    return status;
}

static enum status cost_reply(struct books *books, const CostRecord *cost, const EntryRecord *entry,
                              CostReply *reply)
{
    reply->id = cost->id;
    reply->number = cost_number(books->arena, cost);
    reply->amount_minor = cost->amount_minor;
    reply->date_day = entry->date_day;
    reply->entry = ident_print(books->arena, SERIES_ENTRY, entry->year, entry->sequence);
    call_about(books->call, cost->id, reply->number);
    return reply->number != NULL && reply->entry != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// ---- adding ----

static enum account_role role_of(CostKind kind)
{
    switch (kind) {
    case COST_KIND__COST_KIND_MARKETING:
        return ACCOUNT_MARKETING;
    case COST_KIND__COST_KIND_SERVICE:
        return ACCOUNT_SERVICE;
    case COST_KIND__COST_KIND_PAYMENT_FEE:
        return ACCOUNT_FEE;
    case COST_KIND__COST_KIND_OTHER:
    case COST_KIND__COST_KIND_UNSET:
    case _COST_KIND_IS_INT_SIZE:
    default:
        return ACCOUNT_ADMIN;
    }
}

// An account by its code, else the chart's; `is_expense` says on which side of the entry it stands:
// an expense, or what it can be paid from.
static enum status load_account(struct books *books, const char *text, enum account_role role,
                                bool is_expense, const char *field, uint32_t *out)
{
    struct account *account = NULL;
    const uint32_t code = text[0] != '\0' ? receipt_code(text) : chart_code(books->chart, role);
    const enum status status = posting_account(books, code, &account);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    const AccountKind kind =
        status == STATUS_OK ? account->record->kind : ACCOUNT_KIND__ACCOUNT_KIND_UNSET;
    const bool fits = is_expense ? kind == ACCOUNT_KIND__ACCOUNT_KIND_EXPENSE
                                 : kind == ACCOUNT_KIND__ACCOUNT_KIND_ASSET ||
                                       kind == ACCOUNT_KIND__ACCOUNT_KIND_LIABILITY;
    if (!fits) {
        return books_refuse(books, STATUS_ACCOUNT_UNKNOWN, field, text, NULL);
    }
    if (account->record->control) {
        return books_refuse(books, STATUS_ACCOUNT_NEEDS_CUSTOMER, field, text, NULL);
    }
    *out = code;
    return STATUS_OK;
}

static CostRecord *make(struct books *books, const CostAdd *request)
{
    CostRecord *cost = arena_alloc(books->arena, sizeof *cost);
    if (cost == NULL) {
        return NULL;
    }
    cost_record__init(cost);
    cost->kind = request->kind;
    cost->amount_minor = request->amount_minor;
    cost->tax_minor = request->tax_minor;
    cost->customer_id = request->customer_id;
    cost->campaign_id = request->campaign_id;
    cost->item_id = request->item_id;
    cost->ticket = request->ticket;
    cost->department = request->department;
    cost->date_day = request->date_day != 0 ? request->date_day : books->call->book_day;
    cost->text = request->text;
    cost->reference = request->reference;
    cost->hours_micro = request->hours_micro;
    return cost;
}

static enum status check_amounts(struct books *books, const CostRecord *cost)
{
    if (cost->amount_minor > AMOUNT_MAX) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "amount", NULL, NULL);
    }
    if (cost->tax_minor >= cost->amount_minor) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "tax",
                            books_money(books, cost->tax_minor),
                            books_money(books, cost->amount_minor));
    }
    return permit_amount(books, cost->customer_id, cost->amount_minor, "amount");
}

// Adds a line and says on it what it was for.
static enum status add_line(struct books *books, EntryRecord *entry, const CostRecord *cost,
                            uint32_t account, enum side side, int64_t minor)
{
    const enum status status = posting_line(books, entry, account, side, minor, cost->customer_id);
    if (status != STATUS_OK || minor == 0) {
        return status;
    }
    PostingLine *line = entry->line[entry->n_line - 1];
    line->campaign_id = cost->campaign_id;
    line->item_id = cost->item_id;
    line->case_id = cost->ticket;
    line->department_id = cost->department;
    line->cost = account == cost->account ? cost->kind : COST_KIND__COST_KIND_UNSET;
    return STATUS_OK;
}

static enum status build(struct books *books, const CostRecord *cost, EntryRecord **out)
{
    const uint32_t tax = chart_code(books->chart, tax_input(books, cost->date_day));
    EntryRecord *entry =
        posting_begin(books, ENTRY_KIND__ENTRY_KIND_COST, cost->date_day, COST_LINES);
    if (entry == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->text = cost->text;
    enum status status = add_line(books, entry, cost, cost->account, SIDE_DEBIT, cost_net(cost));
    if (status == STATUS_OK) {
        status = add_line(books, entry, cost, tax, SIDE_DEBIT, cost->tax_minor);
    }
    if (status == STATUS_OK) {
        status = add_line(books, entry, cost, cost->paid_from, SIDE_CREDIT, cost->amount_minor);
    }
    *out = entry;
    return status;
}

// Whom and what it is for, and the accounts.
static enum status load_parts(struct books *books, const CostAdd *request, CostRecord *cost,
                              CampaignRecord **campaign)
{
    CustomerRecord *customer = NULL;
    CatalogueRecord *item = NULL;
    enum status status = STATUS_OK;
    if (cost->customer_id != 0) {
        status = books_active_customer(books, cost->customer_id, "customer", &customer);
    }
    if (status == STATUS_OK && cost->campaign_id != 0) {
        status = campaign_load(books, cost->campaign_id, campaign);
    }
    if (status == STATUS_OK && cost->item_id != 0) {
        status = catalogue_load(books, cost->item_id, "item", &item);
    }
    if (status == STATUS_OK) {
        status = load_account(books, request->account, role_of(cost->kind), true, "account",
                              &cost->account);
    }
    if (status == STATUS_OK) {
        status = load_account(books, request->paid_from, ACCOUNT_BANK, false, "paid_from",
                              &cost->paid_from);
    }
    return status == STATUS_OK ? posting_load(books, tax_input(books, cost->date_day)) : status;
}

static enum status check_day(struct books *books, const CostRecord *cost, const EntryRecord *entry)
{
    if (cost->date_day > books->call->book_day) {
        return books_refuse(books, STATUS_DAY_IN_FUTURE, "date", books_day(books, cost->date_day),
                            books_day(books, books->call->book_day));
    }
    return posting_guard(books, cost->date_day, posting_scopes(books, entry), "date");
}

static enum status keep(struct books *books, CostRecord *cost, EntryRecord *entry)
{
    cost->id = call_new_id(books->call);
    cost->state = COST_STATE__COST_STATE_POSTED;
    cost->year = books_year(cost->date_day);
    cost->entered_us = books->call->instant_us;
    cost->entered_by = books->call->user_id;
    enum status status = numbering_next(books, SERIES_COST, cost->year, &cost->sequence);
    if (status == STATUS_OK) {
        status = period_number(books, SERIES_COST, cost->date_day);
    }
    if (status != STATUS_OK) {
        return status;
    }
    entry->reference = cost_number(books->arena, cost);
    if (entry->reference == NULL) {
        return STATUS_TOO_LARGE;
    }
    entry->entered_late_days = lateness_days(books, LATE_KIND__LATE_KIND_ENTRY, cost->date_day);
    status = posting_post(books, entry);
    cost->entry_id = entry->id;
    if (status == STATUS_OK) {
        status = lateness_keep(books, LATE_KIND__LATE_KIND_ENTRY, entry->id, cost->customer_id,
                               entry->entered_late_days);
    }
    return status == STATUS_OK ? cost_put(books->txn, key_u64(cost->id), cost) : status;
}

enum status cost_add(struct txn *txn, struct call *call, const CostAdd *request, CostReply *reply)
{
    struct books books;
    EntryRecord *entry = NULL;
    CampaignRecord *campaign = NULL;
    enum status status = books_open(txn, call, &books);
    CostRecord *cost = status == STATUS_OK ? make(&books, request) : NULL;
    if (cost == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    status = load_parts(&books, request, cost, &campaign);

    if (status == STATUS_OK) {
        status = check_amounts(&books, cost);
    }
    if (status == STATUS_OK) {
        status = build(&books, cost, &entry);
    }
    if (status == STATUS_OK) {
        status = check_day(&books, cost, entry);
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY, cost->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = keep(&books, cost, entry);
    if (status == STATUS_OK) {
        status = campaign_count(&books, campaign, cost_net(cost));
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? cost_reply(&books, cost, entry, reply) : status;
}

// ---- the way back ----

// The share of a cost, NULL when it has none.
static enum status share_load(struct txn *txn, uint64_t cost_id, ShareRecord **out)
{
    *out = NULL;
    const enum status status = share_get(txn, key_u64(cost_id), out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// What goes with a cost that is reversed.
struct undoing {
    CostRecord *cost;
    EntryRecord *entry;
    CampaignRecord *campaign; // NULL: none
    ShareRecord *share;       // NULL: none
    int32_t day;
};

static enum status undoing_load(struct books *books, uint64_t cost_id, struct undoing *out)
{
    enum status status = cost_load(books, cost_id, &out->cost);
    if (status == STATUS_OK) {
        status = entry_get(books->txn, key_u64(out->cost->entry_id), &out->entry);
    }
    if (status == STATUS_OK && out->cost->campaign_id != 0) {
        status = campaign_load(books, out->cost->campaign_id, &out->campaign);
    }
    return status == STATUS_OK ? share_load(books->txn, cost_id, &out->share) : status;
}

static enum status undo(struct books *books, struct undoing *undoing, const char *reason,
                        EntryRecord **reversal)
{
    CostRecord *cost = undoing->cost;
    enum status status = posting_reverse(books, undoing->entry, undoing->day, reason, reversal);
    cost->reversed_reason = arena_copy(books->arena, reason, strlen(reason));
    if (status != STATUS_OK || cost->reversed_reason == NULL) {
        return status != STATUS_OK ? status : STATUS_TOO_LARGE;
    }
    cost->state = COST_STATE__COST_STATE_REVERSED;
    cost->reversed_day = undoing->day;
    cost->reversed_entry_id = (*reversal)->id;
    status = cost_put(books->txn, key_u64(cost->id), cost);
    if (status == STATUS_OK && undoing->share != NULL) {
        undoing->share->reversed_day = undoing->day;
        status = share_put(books->txn, key_u64(cost->id), undoing->share);
    }
    return status == STATUS_OK ? campaign_count(books, undoing->campaign, -cost_net(cost)) : status;
}

enum status cost_reverse(struct txn *txn, struct call *call, const CostReverse *request,
                         CostReply *reply)
{
    struct books books;
    struct undoing undoing = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = undoing_load(&books, request->cost_id, &undoing);
    }

    if (status == STATUS_OK && undoing.cost->state == COST_STATE__COST_STATE_REVERSED) {
        status = books_refuse(&books, STATUS_ALREADY_REVERSED, "cost", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = entry_back_day(&books, undoing.entry, request->date_day, &undoing.day);
    }
    if (status == STATUS_OK) {
        status =
            permit_amount(&books, undoing.cost->customer_id, undoing.cost->amount_minor, "cost");
    }
    if (status == STATUS_OK) {
        status = control_check(txn, call, CONTROL_ENTRY, undoing.cost->amount_minor);
    }
    if (status != STATUS_OK) {
        return status;
    }

    EntryRecord *reversal = NULL;
    status = undo(&books, &undoing, request->reason, &reversal);
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? cost_reply(&books, undoing.cost, reversal, reply) : status;
}

// ---- sharing ----

static enum status share_reply(struct books *books, const CostRecord *cost,
                               const ShareRecord *share, CostShareReply *reply)
{
    reply->id = cost->id;
    reply->number = cost_number(books->arena, cost);
    reply->driver = share->driver;
    reply->from_day = share->from_day;
    reply->to_day = share->to_day;
    reply->amount_minor = share->amount_minor;
    call_about(books->call, cost->id, reply->number);
    return reply->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

// The figures of a month that is closed stay as they are, also those that no account keeps.
static enum status check_share(struct books *books, const CostRecord *cost,
                               const ShareRecord *known)
{
    if (cost->state == COST_STATE__COST_STATE_REVERSED) {
        return books_refuse(books, STATUS_ALREADY_REVERSED, "cost", NULL, NULL);
    }
    if (cost->customer_id != 0) {
        return books_refuse(books, STATUS_COST_HAS_CUSTOMER, "cost", NULL, NULL);
    }
    if (known != NULL) {
        return books_refuse(books, STATUS_COST_IS_SHARED, "cost", NULL, NULL);
    }
    return posting_guard(books, cost->date_day, POSTING_GENERAL, "cost");
}

enum status cost_share(struct txn *txn, struct call *call, const CostShare *request,
                       CostShareReply *reply)
{
    struct books books;
    CostRecord *cost = NULL;
    ShareRecord *known = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = cost_load(&books, request->cost_id, &cost);
    }
    if (status == STATUS_OK) {
        status = share_load(txn, request->cost_id, &known);
    }

    if (status == STATUS_OK) {
        status = check_share(&books, cost, known);
    }
    if (status != STATUS_OK) {
        return status;
    }

    ShareRecord share;
    share_record__init(&share);
    share.cost_id = cost->id;
    share.driver = request->driver;
    share.to_day = request->to_day != 0 ? request->to_day : day_month_end(cost->date_day);
    share.from_day = request->from_day != 0
                         ? request->from_day
                         : cost->date_day - (int32_t)day_date(cost->date_day).day + 1;
    share.amount_minor = cost_net(cost);
    share.date_day = cost->date_day;
    // Bears what the driver says of the books as they stand: what is posted later moves nothing.
    share.before_id = call->number << 8;
    share.shared_us = call->instant_us;
    share.shared_by = call->user_id;
    status = share_put(txn, key_u64(cost->id), &share);

    return status == STATUS_OK ? share_reply(&books, cost, &share, reply) : status;
}

enum status cost_unshare(struct txn *txn, struct call *call, const CostUnshare *request,
                         CostShareReply *reply)
{
    struct books books;
    CostRecord *cost = NULL;
    ShareRecord *share = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = cost_load(&books, request->cost_id, &cost);
    }
    if (status == STATUS_OK) {
        status = share_load(txn, request->cost_id, &share);
    }

    if (status == STATUS_OK && share == NULL) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "cost", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = check_share(&books, cost, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    assert(share != NULL);
    call_note_change(call, cost->id, "shared", books_money(&books, share->amount_minor), "");
    status = rows_del(txn, TABLE_share, key_u64(cost->id));

    return status == STATUS_OK ? share_reply(&books, cost, share, reply) : status;
}
