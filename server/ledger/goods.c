// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/goods.h"

#include "server/ledger/catalogue.h"
#include "server/ledger/pricing.h"
#include "shared/money.h"

// What one item of a document makes; item 0 is what stands in no catalogue.
struct share {
    uint64_t item_id;
    int64_t net_minor;
    int64_t cost_minor;
};

struct share_list {
    struct share *share;
    size_t count;
};

static struct share *share_of(struct share_list *list, uint64_t item_id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->share[i].item_id == item_id) {
            return &list->share[i];
        }
    }
    struct share *made = &list->share[list->count++];
    *made = (struct share){.item_id = item_id};
    return made;
}

// By item, in the order of the lines; what rounding made is no revenue.
static enum status split(struct arena *arena, const InvoiceRecord *document, struct share_list *out)
{
    *out = (struct share_list){
        .share = arena_alloc(arena, (document->n_line + 1) * sizeof *out->share),
    };
    if (out->share == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < document->n_line; i++) {
        const InvoiceLine *line = document->line[i];
        if (line->rounding) {
            continue;
        }
        struct share *share = share_of(out, line->catalogue_id);
        share->net_minor += pricing_book_net(document, i); // of a document that adds up
        share->cost_minor += document->n_cost_minor > 0 ? document->cost_minor[i] : 0;
    }
    return STATUS_OK;
}

static bool has_items(const InvoiceRecord *document)
{
    for (size_t i = 0; i < document->n_line; i++) {
        if (document->line[i]->catalogue_id != 0) {
            return true;
        }
    }
    return false;
}

static enum status find_costs(struct books *books, InvoiceRecord *document)
{
    const size_t count = document->n_line;
    int64_t *cost = arena_alloc(books->arena, count * sizeof *cost);
    int64_t total = 0;
    bool costs = false;
    enum status status = cost != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const InvoiceLine *line = document->line[i];
        CatalogueRecord *item = NULL;
        cost[i] = 0;
        if (line->catalogue_id == 0) {
            continue;
        }
        status = catalogue_load(books, line->catalogue_id, "line", &item);
        if (status == STATUS_OK &&
            (!money_line_net(line->quantity_micro, item->cost_micro, 0, books->record->decimals,
                             &cost[i]) ||
             !money_add(total, cost[i], &total) || total > AMOUNT_MAX || total < -AMOUNT_MAX)) {
            status = books_refuse(books, STATUS_AMOUNT_OVERFLOW, "line", item->code, NULL);
        }
        costs = costs || cost[i] != 0;
    }
    document->cost_minor = cost;
    document->n_cost_minor = costs ? count : 0;
    return status;
}

enum status goods_check(struct books *books, InvoiceRecord *document)
{
    struct share_list list;
    enum status status = STATUS_OK;
    if (!has_items(document)) {
        return STATUS_OK;
    }
    // A note mirrors what its invoice cost.
    if (document->credits_id == 0) {
        status = find_costs(books, document);
    }
    if (status == STATUS_OK) {
        status = split(books->arena, document, &list);
    }
    if (status == STATUS_OK && list.count > DOCUMENT_ITEMS_MAX) {
        status = books_refuse(books, STATUS_TOO_LARGE, "line", NULL, NULL);
    }
    if (status == STATUS_OK && document->n_cost_minor > 0) {
        status = posting_load(books, ACCOUNT_COST_OF_SALES);
    }
    if (status == STATUS_OK && document->n_cost_minor > 0) {
        status = posting_load(books, ACCOUNT_GOODS);
    }
    return status;
}

size_t goods_entry_lines(const InvoiceRecord *document)
{
    const size_t most =
        document->n_line < DOCUMENT_ITEMS_MAX ? document->n_line : DOCUMENT_ITEMS_MAX;
    return has_items(document) ? 3 * most : 0;
}

// A line of the entry that tells the item.
static enum status post_share(struct books *books, EntryRecord *entry, enum account_role role,
                              enum side side, int64_t minor, const struct share *share,
                              uint64_t customer_id)
{
    const size_t before = entry->n_line;
    const enum status status = posting_role(books, entry, role, side, minor, customer_id);
    if (status == STATUS_OK && entry->n_line > before) {
        entry->line[before]->item_id = share->item_id;
    }
    return status;
}

enum status goods_post(struct books *books, EntryRecord *entry, enum account_role sales,
                       const InvoiceRecord *document)
{
    const uint64_t customer_id = document->customer_id;
    struct share_list list;
    enum status status = split(books->arena, document, &list);
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
        const struct share *share = &list.share[i];
        status = post_share(books, entry, sales, SIDE_CREDIT, share->net_minor, share, customer_id);
    }
    for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
        const struct share *share = &list.share[i];
        status = post_share(books, entry, ACCOUNT_COST_OF_SALES, SIDE_DEBIT, share->cost_minor,
                            share, customer_id);
        if (status == STATUS_OK) {
            status = post_share(books, entry, ACCOUNT_GOODS, SIDE_CREDIT, share->cost_minor, share,
                                customer_id);
        }
    }
    return status;
}

int64_t goods_return(InvoiceRecord *invoice, size_t i, int64_t quantity_micro, bool is_last)
{
    if (invoice->n_cost_minor == 0 || quantity_micro == 0) {
        return 0;
    }
    assert(invoice->n_credited_cost_minor == invoice->n_line);
    const int64_t whole = invoice->line[i]->quantity_micro;
    const int64_t left = invoice->cost_minor[i] - invoice->credited_cost_minor[i];
    const int64_t sign = whole < 0 ? -1 : 1;
    int64_t part = left;
    // The quantity is no more than the line's, so that its part fits.
    const bool fits =
        is_last || money_scale(invoice->cost_minor[i], sign * quantity_micro, sign * whole, &part);
    assert(fits);
    const bool is_more = left < 0 ? part < left : part > left;
    part = is_more ? left : part;
    invoice->credited_cost_minor[i] += part;
    return part;
}
