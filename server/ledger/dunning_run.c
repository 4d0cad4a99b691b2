// SPDX-License-Identifier: Apache-2.0
// Runs: a draft for each customer who has something to be reminded of, drawn up anew as often as
// somebody asks until it is issued or discarded.
#include "server/ledger/cursor.h"
#include "server/ledger/dunning.h"
#include "server/ledger/numbering.h"
#include "shared/wire.h"

#define RUN_CUSTOMERS 64 // of one call: each takes an id at most

struct run {
    struct procedures procedures;
    struct reminder reminder[RUN_CUSTOMERS];
    size_t count;
    uint64_t next; // customer; 0: that was all
    uint32_t foreign;
};

// The draft of a customer, or a new one.
static enum status load_reminder(struct books *books, const struct run *run, int32_t day,
                                 CustomerRecord *customer, struct reminder *out)
{
    out->customer = customer;
    out->procedure = procedures_at(&run->procedures, customer->class_, day);
    enum status status = collection_of(books->txn, books->arena, customer->id, &out->collection);
    if (status == STATUS_OK && out->collection->draft_id != 0) {
        status = dunning_get(books->txn, key_u64(out->collection->draft_id), &out->dunning);
        status = status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    } else if (status == STATUS_OK) {
        out->dunning = (DunningRecord *)wire_make(books->arena, &dunning_record__descriptor);
        status = out->dunning != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        out->dunning->date_day = day;
        out->dunning->customer_id = customer->id;
    }
    return status;
}

static enum status add_customer(struct books *books, struct run *run, int32_t day,
                                CustomerRecord *customer)
{
    struct reminder *reminder = &run->reminder[run->count];
    enum status status = load_reminder(books, run, day, customer, reminder);
    if (status == STATUS_OK) {
        status = reminder_fill(books, reminder, NULL);
    }
    const bool counts =
        status == STATUS_OK && (reminder->dunning->n_line > 0 || reminder->dunning->id != 0);
    run->count += counts ? 1 : 0;
    run->foreign += reminder->foreign;
    return status;
}

// Customers in order of their ids; so many are looked at that a call stays short.
static enum status read_group(struct books *books, uint64_t from, int32_t day, struct run *run)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    size_t seen = 0;
    enum status status = rows_open(books->txn, TABLE_customer, key_u64(from), 0, false, &rows);
    while (status == STATUS_OK && run->next == 0) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK && seen == RUN_CUSTOMERS) {
            run->next = row_key_first(&key);
        } else if (status == STATUS_OK) {
            seen++;
            status = add_customer(books, run, day, (CustomerRecord *)row);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static enum status load(struct books *books, const DunningRun *request, int32_t day,
                        struct run *run)
{
    CustomerRecord *customer = NULL;
    uint64_t from = 0;
    enum status status = procedures_read(books->txn, books->arena, &run->procedures);
    if (status == STATUS_OK && request->customer_id != 0) {
        status = books_served_customer(books, request->customer_id, "customer", &customer);
        return status == STATUS_OK ? add_customer(books, run, day, customer) : status;
    }
    if (status == STATUS_OK && !cursor_parse(request->cursor, &from)) {
        status = books_refuse(books, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL, NULL);
    }
    return status == STATUS_OK ? read_group(books, from, day, run) : status;
}

static bool has_procedure(const struct procedures *procedures, int32_t day)
{
    bool has = false;
    for (size_t i = 0; i < procedures->count; i++) {
        has = has || procedures->version[i]->from_day <= day;
    }
    return has;
}

// Keeps a draft; one with nothing left in it is discarded.
static enum status keep(struct books *books, struct reminder *reminder)
{
    struct call *call = books->call;
    DunningRecord *dunning = reminder->dunning;
    enum status status = STATUS_OK;
    if (dunning->id == 0) {
        dunning->id = call_new_id(call);
        dunning->year = books_year(dunning->date_day);
        dunning->entered_us = call->instant_us;
        dunning->entered_by = call->user_id;
        status = numbering_next(books, SERIES_DUNNING, dunning->year, &dunning->sequence);
    }
    const bool drops = dunning->n_line == 0;
    dunning->state =
        drops ? DUNNING_STATE__DUNNING_STATE_DISCARDED : DUNNING_STATE__DUNNING_STATE_DRAFT;
    reminder->collection->draft_id = drops ? 0 : dunning->id;
    if (status == STATUS_OK) {
        status = dunning_put(books->txn, key_u64(dunning->id), dunning);
    }
    return status == STATUS_OK
               ? collection_put(books->txn, key_u64(dunning->customer_id), reminder->collection)
               : status;
}

static enum status tell(struct books *books, const struct run *run, int32_t day,
                        DunningRunReply *reply)
{
    reply->row = arena_alloc(books->arena, (run->count + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < run->count; i++) {
        const DunningRecord *dunning = run->reminder[i].dunning;
        const enum status status =
            reminder_made(books, dunning, run->reminder[i].customer, &reply->row[i]);
        if (status != STATUS_OK) {
            return status;
        }
        reply->n_row++;
        reply->drafts += dunning->n_line > 0 ? 1 : 0;
        reply->dropped += dunning->n_line == 0 ? 1 : 0;
        reply->amount_minor += dunning->principal_minor;
    }
    reply->date_day = day;
    reply->foreign = run->foreign;
    if (run->next != 0) {
        reply->next = cursor_print(books->arena, run->next);
    }
    return reply->next != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status dunning_run(struct txn *txn, struct call *call, const DunningRun *request,
                        DunningRunReply *reply)
{
    struct books books;
    const int32_t day = request->date_day != 0 ? request->date_day : call->book_day;
    struct run *run = arena_alloc(call->arena, sizeof *run);
    if (run == NULL) {
        return STATUS_TOO_LARGE;
    }
    *run = (struct run){0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK && day > call->book_day) {
        status = books_refuse(&books, STATUS_DAY_IN_FUTURE, "date", books_day(&books, day),
                              books_day(&books, call->book_day));
    }
    if (status == STATUS_OK) {
        status = load(&books, request, day, run);
    }

    if (status == STATUS_OK && !has_procedure(&run->procedures, day)) {
        status =
            books_refuse(&books, STATUS_DUNNING_PROCEDURE, "date", books_day(&books, day), NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < run->count; i++) {
        status = keep(&books, &run->reminder[i]);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    return status == STATUS_OK ? tell(&books, run, day, reply) : status;
}

// ---- discarding ----

enum status dunning_discard(struct txn *txn, struct call *call, const DunningDiscard *request,
                            DunningReply *reply)
{
    struct books books;
    DunningRecord *dunning = NULL;
    CollectionRecord *collection = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = dunning_load(&books, request->dunning_id, &dunning);
    }
    if (status == STATUS_OK) {
        status = collection_of(txn, call->arena, dunning->customer_id, &collection);
    }

    if (status == STATUS_OK && dunning->state != DUNNING_STATE__DUNNING_STATE_DRAFT) {
        status = books_refuse(&books, STATUS_DUNNING_DECIDED, "dunning", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    dunning->state = DUNNING_STATE__DUNNING_STATE_DISCARDED;
    dunning->reason = request->reason;
    collection->draft_id = 0;
    status = dunning_put(txn, key_u64(dunning->id), dunning);
    if (status == STATUS_OK) {
        status = collection_put(txn, key_u64(dunning->customer_id), collection);
    }

    reply->id = dunning->id;
    reply->number = dunning_number(call->arena, dunning);
    reply->state = dunning->state;
    call_about(call, dunning->id, reply->number);
    return status == STATUS_OK && reply->number == NULL ? STATUS_TOO_LARGE : status;
}
