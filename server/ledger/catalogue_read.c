// SPDX-License-Identifier: Apache-2.0
// What is asked about the catalogue.
#include "server/ledger/catalogue.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/text.h"

// What a list asks for, in the folded form in which names are compared.
struct asked {
    const ItemList *request;
    struct arena *arena;
    const char *words;
};

static bool has_words(const struct asked *asked, const char *text)
{
    const char *folded = text_fold(asked->arena, text);
    return folded != NULL && strstr(folded, asked->words) != NULL;
}

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct asked *asked = context;
    const CatalogueRecord *item = (const CatalogueRecord *)record;
    return (asked->request->retired || !item->retired) &&
           (has_words(asked, item->code) || has_words(asked, item->name));
}

static enum status fill_item(struct txn *txn, const CatalogueRecord *item, ItemRow *row)
{
    row->id = item->id;
    row->code = item->code;
    row->name = item->name;
    row->unit = item->unit;
    row->price_micro = item->price_micro;
    row->tax_bp = item->tax_bp;
    row->exempt = item->exempt;
    row->inclusive = item->inclusive;
    row->cost_micro = item->cost_micro;
    row->retired = item->retired;
    row->reason = item->reason;
    row->changed_us = item->changed_us;
    return reading_login(txn, item->changed_by, &row->changed_by);
}

static enum status list_item(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                             ProtobufCMessage *row)
{
    (void)call;
    return fill_item(txn, (const CatalogueRecord *)record, (ItemRow *)row);
}

enum status item_list(struct txn *txn, struct call *call, const ItemList *request,
                      ItemListReply *reply)
{
    const struct asked asked = {
        .request = request,
        .arena = call->arena,
        .words = text_fold(call->arena, request->query),
    };
    if (asked.words == NULL) {
        return STATUS_TOO_LARGE;
    }
    struct row_page page = {
        .table = TABLE_catalogue,
        .descriptor = &item_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = list_item,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (ItemRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

enum status item_show(struct txn *txn, struct call *call, const ItemShow *request, ItemRow *reply)
{
    ProtobufCMessage *item = NULL;
    const enum status status =
        reading_load(txn, call, TABLE_catalogue, request->item_id, "item", &item);
    return status == STATUS_OK ? fill_item(txn, (const CatalogueRecord *)item, reply) : status;
}

enum status catalogue_name(struct txn *txn, struct call *call, InvoiceLine *const *line,
                           size_t count, InvoiceLine ***out)
{
    InvoiceLine *named = arena_alloc(call->arena, (count + 1) * sizeof *named);
    *out = arena_alloc(call->arena, (count + 1) * sizeof **out);
    enum status status = named != NULL && *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        CatalogueRecord *item = NULL;
        named[i] = *line[i];
        (*out)[i] = &named[i];
        if (named[i].catalogue_id == 0) {
            continue;
        }
        status = catalogue_get(txn, key_u64(named[i].catalogue_id), &item);
        if (status == STATUS_OK) {
            named[i].item = item->code;
            named[i].description =
                named[i].description[0] != '\0' ? named[i].description : item->name;
        }
    }
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}
