// SPDX-License-Identifier: Apache-2.0
// The levels by which customers are reminded: versions, each from a day on, none of which is ever
// changed.
#include "server/ledger/dunning.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

enum status procedures_read(struct txn *txn, struct arena *arena, struct procedures *out)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    *out = (struct procedures){
        .version = arena_alloc(arena, DUNNING_PROCEDURES_MAX * sizeof(ProcedureRecord *))};
    if (out->version == NULL) {
        return STATUS_TOO_LARGE;
    }
    enum status status = rows_open(txn, TABLE_procedure, key_u64(0), 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK) {
            assert(out->count < DUNNING_PROCEDURES_MAX);
            out->version[out->count++] = (ProcedureRecord *)row;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

// The latest day that is not behind the asked one, of one day the latest version.
static ProcedureRecord *own_at(const struct procedures *procedures, const char *class, int32_t day)
{
    ProcedureRecord *best = NULL;
    for (size_t i = 0; i < procedures->count; i++) {
        ProcedureRecord *each = procedures->version[i];
        const bool holds = each->from_day <= day && strcmp(each->class_, class) == 0;
        if (holds && (best == NULL || each->from_day >= best->from_day)) {
            best = each;
        }
    }
    return best;
}

ProcedureRecord *procedures_at(const struct procedures *procedures, const char *class, int32_t day)
{
    ProcedureRecord *own = own_at(procedures, class, day);
    return own != NULL ? own : own_at(procedures, "", day);
}

ProcedureRecord *procedures_version(const struct procedures *procedures, uint32_t version)
{
    for (size_t i = 0; i < procedures->count; i++) {
        if (procedures->version[i]->version == version) {
            return procedures->version[i];
        }
    }
    return NULL;
}

// ---- setting ----

static enum status check_levels(struct books *books, const DunningProcedure *request)
{
    for (size_t i = 0; i < request->n_level; i++) {
        const DunningLevel *each = request->level[i];
        const DunningLevel *before = i > 0 ? request->level[i - 1] : NULL;
        const char *path = arena_print(books->arena, "level[%zu]", i + 1);
        if (path == NULL) {
            return STATUS_TOO_LARGE;
        }
        if (before != NULL && (before->final || each->overdue_days <= before->overdue_days)) {
            return books_refuse(books, STATUS_DUNNING_LEVELS, path,
                                arena_print(books->arena, "%u", each->overdue_days),
                                arena_print(books->arena, "> %u", before->overdue_days));
        }
        if (each->fee_minor > AMOUNT_MAX || each->minimum_minor > AMOUNT_MAX) {
            return books_refuse(books, STATUS_AMOUNT_OVERFLOW, path, NULL, NULL);
        }
    }
    return STATUS_OK;
}

static void fill(const struct books *books, const DunningProcedure *request, size_t count,
                 ProcedureRecord *out)
{
    const struct call *call = books->call;
    procedure_record__init(out);
    out->version = (uint32_t)count + 1;
    out->class_ = request->class_;
    out->from_day = request->from_day != 0 ? request->from_day : call->book_day;
    out->minimum_minor = request->minimum_minor;
    out->jump = request->jump;
    out->promise_grace_days = request->promise_grace_days;
    out->level = request->level;
    out->n_level = request->n_level;
    out->changed_by = call->user_id;
    out->changed_us = call->instant_us;
}

enum status dunning_procedure(struct txn *txn, struct call *call, const DunningProcedure *request,
                              DunningProcedureReply *reply)
{
    struct books books;
    struct procedures procedures = {0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = procedures_read(txn, call->arena, &procedures);
    }

    if (status == STATUS_OK) {
        status = check_levels(&books, request);
    }
    if (status == STATUS_OK && procedures.count >= DUNNING_PROCEDURES_MAX) {
        status = books_refuse(&books, STATUS_DUNNING_FULL, NULL, NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    ProcedureRecord made;
    fill(&books, request, procedures.count, &made);
    const ProcedureRecord *before = own_at(&procedures, made.class_, made.from_day);
    call_note_change(call, made.version, made.class_[0] == '\0' ? "procedure" : made.class_,
                     before != NULL ? arena_print(call->arena, "%u", before->version) : "",
                     arena_print(call->arena, "%u", made.version));
    status = procedure_put(txn, key_u64(made.version), &made);

    reply->version = made.version;
    reply->class_ = made.class_;
    reply->from_day = made.from_day;
    reply->levels = (uint32_t)made.n_level;
    call_about(call, made.version, made.class_[0] == '\0' ? "book" : made.class_);
    return status;
}

// ---- reading ----

static enum status add_row(struct txn *txn, struct call *call, const ProcedureRecord *procedure,
                           const DunningLevel *level, uint32_t number,
                           DunningProceduresReply *reply)
{
    DunningProcedureRow *row =
        (DunningProcedureRow *)wire_make(call->arena, &dunning_procedure_row__descriptor);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    row->version = procedure->version;
    row->class_ = procedure->class_;
    row->from_day = procedure->from_day;
    row->least_minor = procedure->minimum_minor;
    row->jump = procedure->jump;
    row->promise_grace_days = procedure->promise_grace_days;
    row->changed_us = procedure->changed_us;
    if (level != NULL) {
        row->level = number;
        row->overdue_days = level->overdue_days;
        row->minimum_minor = level->minimum_minor;
        row->wait_days = level->wait_days;
        row->channel = level->channel;
        row->text = level->text;
        row->fee_minor = level->fee_minor;
        row->interest_bp = level->interest_bp;
        row->charge = level->charge;
        row->block = level->block;
        row->final = level->final;
    }
    reply->row[reply->n_row++] = row;
    return reading_login(txn, procedure->changed_by, &row->changed_by);
}

static enum status add_procedure(struct txn *txn, struct call *call,
                                 const ProcedureRecord *procedure, DunningProceduresReply *reply)
{
    enum status status = STATUS_OK;
    if (procedure->n_level == 0) {
        return add_row(txn, call, procedure, NULL, 0, reply);
    }
    for (size_t i = 0; status == STATUS_OK && i < procedure->n_level; i++) {
        status = add_row(txn, call, procedure, procedure->level[i], (uint32_t)i + 1, reply);
    }
    return status;
}

enum status dunning_procedures(struct txn *txn, struct call *call, const DunningProcedures *request,
                               DunningProceduresReply *reply)
{
    struct procedures procedures;
    BookRecord *book = NULL;
    const int32_t day = request->as_of_day != 0 ? request->as_of_day : call->book_day;
    enum status status = reading_book(txn, &book);
    if (status == STATUS_OK) {
        status = procedures_read(txn, call->arena, &procedures);
    }
    if (status != STATUS_OK) {
        return status;
    }

    reply->currency = book->currency;
    reply->row =
        arena_alloc(call->arena, (procedures.count * DUNNING_LEVELS_MAX + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = procedures.count; status == STATUS_OK && i > 0; i--) {
        const ProcedureRecord *each = procedures.version[i - 1];
        if (request->every || own_at(&procedures, each->class_, day) == each) {
            status = add_procedure(txn, call, each, reply);
        }
    }
    return status;
}
