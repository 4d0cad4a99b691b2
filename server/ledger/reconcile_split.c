// SPDX-License-Identifier: Apache-2.0
// A bank line that is several things: it is split into parts, which wait and are matched like lines
// of their own; taken back, it is one line again.
#include "server/ledger/numbering.h"
#include "server/ledger/posting.h"
#include "server/ledger/reconcile.h"
#include "shared/money.h"
#include "shared/wire.h"

// Money that came settles what is owed; a part that goes the other way would settle it against an
// expense of anybody's choice, and is what a bank usually keeps.
static enum status check_fees(struct books *books, int64_t gross_minor, int64_t other_minor)
{
    int64_t usual_minor = 0;
    const int64_t size_minor = other_minor < 0 ? -other_minor : other_minor;
    if (!money_tax(gross_minor < 0 ? -gross_minor : gross_minor, FEE_USUAL_BP, &usual_minor)) {
        return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "part", NULL, NULL);
    }
    return size_minor <= usual_minor
               ? STATUS_OK
               : books_refuse(books, STATUS_BANK_PART_SIDE, "part", books_money(books, other_minor),
                              books_money(books, usual_minor));
}

static enum status check_parts(struct books *books, const struct reconcile *at,
                               const ReconcileSplit *request)
{
    int64_t sum = 0;
    int64_t other = 0; // of what goes the other way than the line
    if (request->n_part < 2) {
        return books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "part", "1", "2");
    }
    if (at->line->is_opening) {
        return books_refuse(books, STATUS_BANK_LINE_DONE, "bank-line",
                            bank_line_number(books->arena, at->line), NULL);
    }
    for (size_t i = 0; i < request->n_part; i++) {
        const int64_t amount = request->part[i]->amount_minor;
        if (amount > AMOUNT_MAX || amount < -AMOUNT_MAX || !money_add(sum, amount, &sum)) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, "part", NULL, NULL);
        }
        other += (amount < 0) != (at->line->amount_minor < 0) ? amount : 0;
    }
    if (sum != at->line->amount_minor) {
        return books_refuse(books, STATUS_BANK_PARTS, "part", books_money(books, sum),
                            books_money(books, at->line->amount_minor));
    }
    return check_fees(books, sum - other, other);
}

// A part has all of the line but its amount, and what it is known by when it comes again: that
// stays the line's.
static enum status make_part(struct books *books, const struct reconcile *at, int64_t amount_minor,
                             BankLineRecord **out)
{
    BankLineRecord *part = arena_alloc(books->arena, sizeof *part);
    UniqueHash **unique = arena_alloc(books->arena, (at->line->n_unique + 1) * sizeof *unique);
    if (part == NULL || unique == NULL) {
        return STATUS_TOO_LARGE;
    }
    *part = *at->line;
    part->n_unique = 0;
    part->unique = unique;
    for (size_t i = 0; i < at->line->n_unique; i++) {
        if (at->line->unique[i]->field != BANK_HASH_LINE) {
            unique[part->n_unique++] = at->line->unique[i];
        }
    }
    part->id = call_new_id(books->call);
    part->parent_id = at->line->id;
    part->amount_minor = amount_minor;
    part->post_day = at->day != at->line->value_day ? at->day : 0;
    *out = part;
    enum status status = numbering_next(books, SERIES_BANK_LINE, 0, &part->sequence);
    if (status == STATUS_OK) {
        status = bank_line_put(books->txn, key_u64(part->id), part);
    }
    return status == STATUS_OK ? bank_wait(books, at->bank, part, true) : status;
}

static enum status part_reply(struct books *books, const BankLineRecord *part,
                              ReconcileSplitReply *reply)
{
    ReconcilePartRow *row =
        (ReconcilePartRow *)wire_make(books->arena, &reconcile_part_row__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    reply->part[reply->n_part++] = row;
    row->id = part->id;
    row->number = bank_line_number(books->arena, part);
    row->amount_minor = part->amount_minor;
    return row->number != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status split(struct books *books, struct reconcile *at, const ReconcileSplit *request,
                         ReconcileSplitReply *reply)
{
    BankLineRecord *line = at->line;
    line->part_id = arena_alloc(books->arena, request->n_part * sizeof *line->part_id);
    reply->part = arena_alloc(books->arena, request->n_part * sizeof *reply->part);
    if (line->part_id == NULL || reply->part == NULL) {
        return STATUS_TOO_LARGE;
    }
    line->n_part_id = 0;
    enum status status = bank_wait(books, at->bank, line, false);
    for (size_t i = 0; status == STATUS_OK && i < request->n_part; i++) {
        BankLineRecord *part = NULL;
        status = make_part(books, at, request->part[i]->amount_minor, &part);
        if (status == STATUS_OK) {
            line->part_id[line->n_part_id++] = part->id;
            status = part_reply(books, part, reply);
        }
    }
    line->state = BANK_LINE_STATE__BANK_LINE_STATE_SPLIT;
    line->settled_by = books->call->user_id;
    line->settled_us = books->call->instant_us;
    return status;
}

enum status reconcile_split(struct txn *txn, struct call *call, const ReconcileSplit *request,
                            ReconcileSplitReply *reply)
{
    struct books books;
    struct reconcile at = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = reconcile_load(&books, request->bank_line_id, true, &at);
    }

    if (status == STATUS_OK && at.line->parent_id != 0) {
        status = books_refuse(&books, STATUS_BANK_PARTS, "bank-line",
                              bank_line_number(call->arena, at.line), NULL);
    }
    if (status == STATUS_OK) {
        status = check_parts(&books, &at, request);
    }
    if (status == STATUS_OK) {
        status = reconcile_choose_day(&books, &at, request->date_day);
    }
    if (status == STATUS_OK && request->date_day != 0) {
        status = posting_guard(&books, at.day, POSTING_CASH, "date");
        reconcile_tell_day(&books);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = split(&books, &at, request, reply);
    if (status == STATUS_OK) {
        status = reconcile_keep(&books, &at);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    reply->id = at.line->id;
    reply->number = bank_line_number(call->arena, at.line);
    call_about(call, at.line->id, reply->number);
    return reply->number != NULL ? status : STATUS_TOO_LARGE;
}

// ---- one line again ----

enum status reconcile_plan_join(struct books *books, const struct reconcile *at,
                                BankLineRecord ***parts)
{
    BankLineRecord **list = arena_alloc(books->arena, (at->line->n_part_id + 1) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < at->line->n_part_id; i++) {
        const enum status status =
            bank_line_get(books->txn, key_u64(at->line->part_id[i]), &list[i]);
        if (status != STATUS_OK) {
            return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
        }
        if (list[i]->state != BANK_LINE_STATE__BANK_LINE_STATE_WAITING) {
            return books_refuse(books, STATUS_BANK_LINE_DONE, "bank-line",
                                bank_line_number(books->arena, list[i]), NULL);
        }
    }
    *parts = list;
    return STATUS_OK;
}

enum status reconcile_join(struct books *books, struct reconcile *at, BankLineRecord *const *parts)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < at->line->n_part_id; i++) {
        status = bank_wait(books, at->bank, parts[i], false);
        parts[i]->state = BANK_LINE_STATE__BANK_LINE_STATE_JOINED;
        if (status == STATUS_OK) {
            status = bank_line_put(books->txn, key_u64(parts[i]->id), parts[i]);
        }
    }
    at->line->n_part_id = 0;
    return status;
}
