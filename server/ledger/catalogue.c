// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/catalogue.h"

#include "server/ledger/reading.h"
#include "shared/money.h"
#include "shared/text.h"

#define RATE_BP_MAX 10000

enum status catalogue_load(struct books *books, uint64_t id, const char *field,
                           CatalogueRecord **out)
{
    const enum status status = catalogue_get(books->txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, field, NULL, NULL) : status;
}

enum status catalogue_fill(struct books *books, const char *at, InvoiceLine *line, bool *inclusive)
{
    CatalogueRecord *item = NULL;
    const char *field = arena_print(books->arena, "%s.catalogue", at);
    enum status status = catalogue_load(books, line->catalogue_id, field, &item);
    if (status == STATUS_OK && item->retired) {
        status = books_refuse(books, STATUS_ITEM_RETIRED, field, item->code, NULL);
    }
    if (status == STATUS_OK && line->price_micro == 0 && item->price_micro == 0) {
        field = arena_print(books->arena, "%s.price", at);
        status = books_refuse(books, STATUS_FIELD_MISSING, field, item->code, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    line->item = item->code;
    line->unit = item->unit;
    line->description = line->description[0] != '\0' ? line->description : item->name;
    if (line->price_micro == 0) {
        line->price_micro = item->price_micro;
        *inclusive = item->inclusive;
    }
    if (line->tax_bp == 0 && !line->exempt) {
        line->tax_bp = item->tax_bp;
        line->exempt = item->exempt;
    }
    return STATUS_OK;
}

// ---- commands ----

// Is the code taken? Two that differ in case or width only are one to the eye.
static enum status refuse_second(struct books *books, const char *code)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    const char *folded = text_fold(books->arena, code);
    enum status status = folded != NULL ? rows_open(books->txn, TABLE_catalogue,
                                                    (struct row_key){0}, 0, false, &rows)
                                        : STATUS_TOO_LARGE;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const CatalogueRecord *each = (const CatalogueRecord *)row;
        const char *known = status == STATUS_OK ? text_fold(books->arena, each->code) : "";
        if (known == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (status == STATUS_OK && strcmp(known, folded) == 0) {
            return books_refuse(books, STATUS_ITEM_EXISTS, "code", code, each->name);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status refuse_values(struct books *books, const CatalogueRecord *item)
{
    const struct {
        const char *field;
        bool is_wrong;
    } facts[] = {
        {"price", item->price_micro < 0},
        {"cost", item->cost_micro < 0},
        {"tax", item->tax_bp > RATE_BP_MAX},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        if (facts[i].is_wrong) {
            status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, facts[i].field, NULL, NULL);
        }
    }
    return status;
}

static enum status keep(struct books *books, CatalogueRecord *item, ItemReply *reply)
{
    item->changed_us = books->call->instant_us;
    item->changed_by = books->call->user_id;
    reply->id = item->id;
    reply->code = item->code;
    reply->name = item->name;
    reply->retired = item->retired;
    call_about(books->call, item->id, item->code);
    return catalogue_put(books->txn, key_u64(item->id), item);
}

enum status item_add(struct txn *txn, struct call *call, const ItemAdd *request, ItemReply *reply)
{
    struct books books;
    enum status status = books_open(txn, call, &books);
    CatalogueRecord item;
    catalogue_record__init(&item);
    item.code = request->code;
    item.name = request->name;
    item.unit = request->unit;
    item.price_micro = request->price_micro;
    item.tax_bp = request->tax_bp;
    item.exempt = request->exempt;
    item.inclusive = request->inclusive;
    item.cost_micro = request->cost_micro;

    if (status == STATUS_OK) {
        status = refuse_values(&books, &item);
    }
    if (status == STATUS_OK) {
        status = refuse_second(&books, item.code);
    }
    if (status != STATUS_OK) {
        return status;
    }

    item.id = call_new_id(call);
    return keep(&books, &item, reply);
}

// What the request says of the item; what it does not name stays.
static void apply(const ItemEdit *request, CatalogueRecord *item)
{
    item->name = request->name[0] != '\0' ? request->name : item->name;
    item->unit = request->unit[0] != '\0' ? request->unit : item->unit;
    if (request->price_micro != 0 || request->no_price) {
        item->price_micro = request->price_micro;
    }
    if (request->cost_micro != 0 || request->no_cost) {
        item->cost_micro = request->cost_micro;
    }
    if (request->tax_bp != 0 || request->exempt || request->no_tax) {
        item->tax_bp = request->tax_bp;
        item->exempt = request->exempt;
    }
    item->inclusive = request->inclusive || (item->inclusive && !request->exclusive);
}

static const char *tax_text(struct arena *arena, const CatalogueRecord *item)
{
    return item->exempt ? "exempt" : arena_print(arena, "%u", item->tax_bp);
}

static void note_changes(struct call *call, const CatalogueRecord *before,
                         const CatalogueRecord *after)
{
    struct arena *arena = call->arena;

    const struct {
        const char *field;
        const char *before;
        const char *after;
    } changes[] = {
        {"name", before->name, after->name},
        {"unit", before->unit, after->unit},
        {"price", money_print_micro(arena, before->price_micro),
         money_print_micro(arena, after->price_micro)},
        {"cost", money_print_micro(arena, before->cost_micro),
         money_print_micro(arena, after->cost_micro)},
        {"tax", tax_text(arena, before), tax_text(arena, after)},
        {"inclusive", before->inclusive ? "true" : "false", after->inclusive ? "true" : "false"},
    };

    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        call_note_change(call, after->id, changes[i].field, changes[i].before, changes[i].after);
    }
}

static bool is_same(const CatalogueRecord *a, const CatalogueRecord *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->unit, b->unit) == 0 &&
           a->price_micro == b->price_micro && a->cost_micro == b->cost_micro &&
           a->tax_bp == b->tax_bp && a->exempt == b->exempt && a->inclusive == b->inclusive;
}

enum status item_edit(struct txn *txn, struct call *call, const ItemEdit *request, ItemReply *reply)
{
    struct books books;
    CatalogueRecord *item = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = catalogue_load(&books, request->item_id, "item", &item);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const CatalogueRecord before = *item;
    apply(request, item);
    status = refuse_values(&books, item);
    if (status == STATUS_OK && is_same(&before, item)) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "item", item->code, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    note_changes(call, &before, item);
    return keep(&books, item, reply);
}

static enum status set_retired(struct txn *txn, struct call *call, uint64_t id, char *reason,
                               ItemReply *reply)
{
    const bool retires = reason[0] != '\0';
    struct books books;
    CatalogueRecord *item = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = catalogue_load(&books, id, "item", &item);
    }

    if (status == STATUS_OK && item->retired == retires) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "item", item->code, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    call_note_change(call, item->id, "retired", retires ? "false" : "true",
                     retires ? "true" : "false");
    item->retired = retires;
    item->reason = reason;
    return keep(&books, item, reply);
}

enum status item_retire(struct txn *txn, struct call *call, const ItemRetire *request,
                        ItemReply *reply)
{
    return set_retired(txn, call, request->item_id, request->reason, reply);
}

enum status item_restore(struct txn *txn, struct call *call, const ItemRestore *request,
                         ItemReply *reply)
{
    return set_retired(txn, call, request->item_id, reading_constant(""), reply);
}
