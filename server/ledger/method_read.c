// SPDX-License-Identifier: Apache-2.0
// The list of ways of paying as of a day, and all that was said of one.
#include "server/ledger/method.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

static enum status fill_row(struct txn *txn, struct call *call, const MethodRecord *method,
                            const struct method_terms *terms, MethodRow *row)
{
    row->id = method->id;
    row->name = method->name;
    row->method = method->method;
    row->retired = method->retired_us != 0;
    row->confirmations = method->confirmations;
    row->from_day = terms->from_day;
    row->account =
        terms->account != 0 ? arena_print(call->arena, "%u", terms->account) : reading_constant("");
    row->fee_bp = terms->fee_bp;
    row->fixed_minor = terms->fixed_minor;
    row->cap_minor = terms->cap_minor;
    row->settle_days = terms->settle_days;
    row->auto_after = terms->auto_after;
    row->bank =
        terms->bank != 0 ? arena_print(call->arena, "%u", terms->bank) : reading_constant("");
    row->changed_us = terms->changed_us;
    if (row->account == NULL || row->bank == NULL) {
        return STATUS_TOO_LARGE;
    }
    return terms->changed_by != 0 ? reading_login(txn, terms->changed_by, &row->changed_by)
                                  : STATUS_OK;
}

static enum status add_row(struct txn *txn, struct call *call, const MethodRecord *method,
                           int32_t day, MethodRow **list, size_t *count)
{
    MethodRow *row = (MethodRow *)wire_make(call->arena, &method_row__descriptor);
    const struct method_terms terms = method_terms_on(method, day);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    list[(*count)++] = row;
    return fill_row(txn, call, method, &terms, row);
}

enum status method_list(struct txn *txn, struct call *call, const MethodList *request,
                        MethodListReply *reply)
{
    const int32_t day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    reply->row = arena_alloc(call->arena, METHODS_MAX * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = rows_open(txn, TABLE_method, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK && reply->n_row < METHODS_MAX) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const MethodRecord *method = (const MethodRecord *)row;
        if (status == STATUS_OK && (request->retired || method->retired_us == 0)) {
            status = add_row(txn, call, method, day, reply->row, &reply->n_row);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status method_show(struct txn *txn, struct call *call, const MethodShow *request,
                        MethodCard *reply)
{
    MethodRecord *method = NULL;
    enum status status = method_find(txn, request->method, request->method_id, &method);
    if (status == STATUS_OK &&
        (method == NULL || (request->method_id != 0 && method->id != request->method_id))) {
        return refuse(txn, call, STATUS_NOT_FOUND, "method", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->id = method->id;
    reply->name = method->name;
    reply->method = method->method;
    reply->retired = method->retired_us != 0;
    reply->confirmations = method->confirmations;
    reply->row = arena_alloc(call->arena, (method->n_terms + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (method->changed_us != 0) {
        status = add_row(txn, call, method, 0, reply->row, &reply->n_row);
    }
    for (size_t i = 0; status == STATUS_OK && i < method->n_terms; i++) {
        status = add_row(txn, call, method, method->terms[i]->from_day, reply->row, &reply->n_row);
    }
    return status;
}
