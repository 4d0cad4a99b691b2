// SPDX-License-Identifier: Apache-2.0
// Issuing reminders: what was paid, disputed, promised or blocked since the draft is left out; each
// instalment that is left reaches its level, once, and what the procedure charges is charged.
#include "server/ledger/cursor.h"
#include "server/ledger/document.h"
#include "server/ledger/dunning.h"
#include "server/ledger/finding.h"
#include "shared/wire.h"

#define ISSUE_DRAFTS 64 // of one call

// A draft and what comes of it.
struct issue {
    struct reminder reminder; // as it is now; no lines: there is nothing left
    InvoiceRecord *note;
    FindingRecord *finding; // of a last level
    bool waits;             // the customer may not be written to
};

// A draft that was refused, as of a month that is closed, and stays.
struct stayed {
    const DunningRecord *draft;
    enum status why;
};

struct issues {
    struct procedures procedures;
    struct issue issue[ISSUE_DRAFTS];
    size_t count;
    struct stayed stayed[ISSUE_DRAFTS];
    size_t stayed_count;
    size_t ids;
    uint64_t next; // draft; 0: that was all
};

// The draft drawn up anew as of its own day and procedure, with nothing in it that was not there.
static enum status prepare(struct books *books, const struct issues *issues, DunningRecord *draft,
                           struct issue *out)
{
    struct reminder *reminder = &out->reminder;
    DunningRecord *fresh = (DunningRecord *)wire_make(books->arena, &dunning_record__descriptor);
    if (fresh == NULL) {
        return STATUS_TOO_LARGE;
    }
    *fresh = *draft;
    *out = (struct issue){.reminder = {.dunning = fresh}};
    reminder->procedure = procedures_version(&issues->procedures, draft->procedure);
    enum status status = customer_get(books->txn, key_u64(draft->customer_id), &reminder->customer);
    if (status == STATUS_OK) {
        status = collection_of(books->txn, books->arena, draft->customer_id, &reminder->collection);
    }
    if (status == STATUS_NOT_FOUND || (status == STATUS_OK && reminder->procedure == NULL)) {
        return STATUS_INCOMPLETE;
    }
    if (status == STATUS_OK) {
        status = reminder_fill(books, reminder, draft);
    }
    out->waits = status == STATUS_OK && !reminder_may(books, reminder->customer);
    return status == STATUS_OK && fresh->n_line > 0 ? charge_plan(books, reminder, &out->note)
                                                    : status;
}

static enum status load_one(struct books *books, uint64_t dunning_id, struct issues *issues)
{
    DunningRecord *draft = NULL;
    CustomerRecord *customer = NULL;
    enum status status = dunning_load(books, dunning_id, &draft);
    if (status == STATUS_OK && draft->state != DUNNING_STATE__DUNNING_STATE_DRAFT) {
        return books_refuse(books, STATUS_DUNNING_DECIDED, "dunning", NULL, NULL);
    }
    if (status == STATUS_OK) {
        status = books_served_customer(books, draft->customer_id, "dunning", &customer);
    }
    if (status == STATUS_OK) {
        status = prepare(books, issues, draft, &issues->issue[0]);
    }
    issues->count = 1;
    return status == STATUS_OK && issues->issue[0].reminder.dunning->n_line == 0
               ? books_refuse(books, STATUS_DUNNING_EMPTY, "dunning", NULL, NULL)
               : status;
}

static bool is_last(const DunningRecord *dunning)
{
    return dunning->n_line > 0 && dunning->step != NULL && dunning->step->final;
}

static size_t issue_ids(const struct issue *issue)
{
    return charge_ids(issue->note) + (is_last(issue->reminder.dunning) ? 1 : 0);
}

// Of many drafts one that is refused does not stop the others: as for a row of an import, what the
// checks refuse is kept beside.
static enum status try(struct books *books, struct issues *issues, DunningRecord *draft,
                       struct issue *out)
{
    Problem *kept[1];
    struct row_problems problems = {.list = kept, .limit = COUNT_OF(kept)};
    books->rows = &problems;
    const enum status status = prepare(books, issues, draft, out);
    books->rows = NULL;
    if (books->refused == STATUS_OK) {
        return status;
    }
    issues->stayed[issues->stayed_count++] = (struct stayed){.draft = draft, .why = books->refused};
    books->refused = STATUS_OK;
    return STATUS_OK;
}

// As many drafts as one call can issue, from `from` on.
static enum status load_all(struct books *books, uint64_t from, struct issues *issues)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(books->txn, TABLE_dunning, key_u64(from), 0, false, &rows);
    while (status == STATUS_OK && issues->next == 0) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        struct issue *issue = &issues->issue[issues->count < ISSUE_DRAFTS ? issues->count : 0];
        const size_t stayed = issues->stayed_count;
        status = rows_next(rows, &key, &row);
        DunningRecord *draft = (DunningRecord *)row;
        if (status != STATUS_OK || draft->state != DUNNING_STATE__DUNNING_STATE_DRAFT) {
            continue;
        }
        if (issues->count == ISSUE_DRAFTS || stayed == ISSUE_DRAFTS) {
            issues->next = draft->id;
            break;
        }
        status = try(books, issues, draft, issue);
        if (status != STATUS_OK || issues->stayed_count > stayed) {
            continue;
        }
        if (issues->ids + issue_ids(issue) > ID_ORDINAL_MAX) {
            issues->next = draft->id;
        } else {
            issues->ids += issue_ids(issue);
            issues->count++;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static void raise_items(struct books *books, const struct reminder *reminder)
{
    const DunningRecord *dunning = reminder->dunning;
    for (size_t i = 0; i < dunning->n_line; i++) {
        const DunningLineRecord *line = dunning->line[i];
        ItemRecord *record = reminder->item[i]->record;
        assert(record->level < line->level);
        record->level = line->level;
        record->level_day = dunning->date_day;
        record->credit_level = line->block ? line->level : record->credit_level;
        record->charged_day = line->charge ? dunning->date_day : record->charged_day;
        item_touch(books, reminder->item[i]);
    }
}

// Behind the last level the machine knows no further: whoever keeps the customer decides.
static enum status raise_finding(struct books *books, struct issue *issue)
{
    const struct reminder *reminder = &issue->reminder;
    struct arena *arena = books->arena;
    char *number = dunning_number(arena, reminder->dunning);
    char *customer = ident_print(arena, SERIES_CUSTOMER, 0, reminder->customer->sequence);
    FindingRecord *finding = (FindingRecord *)wire_make(arena, &finding_record__descriptor);
    if (number == NULL || customer == NULL || finding == NULL) {
        return STATUS_TOO_LARGE;
    }
    finding->title = arena_print(arena,
                                 chart_is_chinese(books->chart)
                                     ? "%s：已向 %s 发出最后一次催款，请决定后续措施"
                                     : "%s: the last reminder went to %s; decide how it goes on",
                                 number, customer);
    if (finding->title == NULL) {
        return STATUS_TOO_LARGE;
    }
    finding->object = number;
    finding->user_id = reminder->customer->owner_id;
    finding->weight = FINDING_WEIGHT__FINDING_WEIGHT_MEDIUM;
    issue->finding = finding;
    const enum status status = finding_open(books, finding);
    return status == STATUS_OK ? finding_put(books->txn, key_u64(finding->id), finding) : status;
}

static enum status carry_out(struct books *books, struct issue *issue)
{
    const struct call *call = books->call;
    struct reminder *reminder = &issue->reminder;
    DunningRecord *dunning = reminder->dunning;
    enum status status = STATUS_OK;
    if (issue->note != NULL) {
        status = charge_issue(books, reminder, issue->note);
        dunning->invoice_id = issue->note->id;
    }
    raise_items(books, reminder);
    dunning->state = dunning->n_line > 0 ? DUNNING_STATE__DUNNING_STATE_ISSUED
                                         : DUNNING_STATE__DUNNING_STATE_DISCARDED;
    dunning->issued_us = call->instant_us;
    dunning->issued_by = call->user_id;
    reminder->collection->draft_id = 0;
    if (status == STATUS_OK) {
        status = dunning_put(books->txn, key_u64(dunning->id), dunning);
    }
    if (status == STATUS_OK) {
        status = collection_put(books->txn, key_u64(dunning->customer_id), reminder->collection);
    }
    return status == STATUS_OK && is_last(dunning) ? raise_finding(books, issue) : status;
}

static enum status tell_stayed(struct books *books, const struct issues *issues,
                               DunningIssueReply *reply)
{
    reply->stayed = arena_alloc(books->arena, (issues->stayed_count + 1) * sizeof *reply->stayed);
    for (size_t i = 0; reply->stayed != NULL && i < issues->stayed_count; i++) {
        DunningStayed *row = (DunningStayed *)wire_make(books->arena, &dunning_stayed__descriptor);
        const char *code = status_code(issues->stayed[i].why);
        if (row == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->number = dunning_number(books->arena, issues->stayed[i].draft);
        row->status = arena_copy(books->arena, code, strlen(code));
        if (row->number == NULL || row->status == NULL) {
            return STATUS_TOO_LARGE;
        }
        reply->stayed[reply->n_stayed++] = row;
    }
    reply->refused = (uint32_t)issues->stayed_count;
    return reply->stayed != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status tell(struct books *books, const struct issues *issues, DunningIssueReply *reply)
{
    reply->row = arena_alloc(books->arena, (issues->count + 1) * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < issues->count; i++) {
        const struct issue *issue = &issues->issue[i];
        const DunningRecord *dunning = issue->reminder.dunning;
        DunningMade *made = NULL;
        const enum status status = reminder_made(books, dunning, issue->reminder.customer, &made);
        if (status != STATUS_OK) {
            return status;
        }
        if (issue->note != NULL) {
            made->invoice = document_number(books, issue->note);
            reply->charges_minor += issue->note->gross_minor;
        }
        if (issue->finding != NULL) {
            made->finding = finding_number(books->arena, issue->finding);
        }
        reply->row[reply->n_row++] = made;
        reply->waiting += issue->waits ? 1 : 0;
        reply->issued += dunning->n_line > 0 ? 1 : 0;
        reply->dropped += dunning->n_line == 0 && !issue->waits ? 1 : 0;
        if (made->invoice == NULL || made->finding == NULL) {
            return STATUS_TOO_LARGE;
        }
    }
    if (issues->next != 0) {
        reply->next = cursor_print(books->arena, issues->next);
    }
    return reply->next != NULL ? tell_stayed(books, issues, reply) : STATUS_TOO_LARGE;
}

static enum status load(struct books *books, const DunningIssue *request, struct issues *issues)
{
    uint64_t from = 0;
    enum status status = procedures_read(books->txn, books->arena, &issues->procedures);
    if (status == STATUS_OK && !cursor_parse(request->cursor, &from)) {
        status = books_refuse(books, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    return request->every ? load_all(books, from, issues)
                          : load_one(books, request->dunning_id, issues);
}

// One call alone that issues nothing is refused, with the reason of the first draft; a later group
// of a run just has nothing.
static enum status refuse_empty(struct books *books, const DunningIssue *request,
                                const struct issues *issues)
{
    if (issues->count > 0 || issues->next != 0 || request->cursor[0] != '\0') {
        return STATUS_OK;
    }
    if (issues->stayed_count == 0) {
        return books_refuse(books, STATUS_NOTHING_TO_DO, NULL, NULL, NULL);
    }
    return books_refuse(books, issues->stayed[0].why, "dunning",
                        dunning_number(books->arena, issues->stayed[0].draft), NULL);
}

enum status dunning_issue(struct txn *txn, struct call *call, const DunningIssue *request,
                          DunningIssueReply *reply)
{
    struct books books;
    struct issues *issues = arena_alloc(call->arena, sizeof *issues);
    if (issues == NULL) {
        return STATUS_TOO_LARGE;
    }
    *issues = (struct issues){0};
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = load(&books, request, issues);
    }

    if (status == STATUS_OK) {
        status = refuse_empty(&books, request, issues);
    }
    if (status != STATUS_OK) {
        return status;
    }

    for (size_t i = 0; status == STATUS_OK && i < issues->count; i++) {
        if (!issues->issue[i].waits) {
            status = carry_out(&books, &issues->issue[i]);
        }
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    if (status == STATUS_OK) {
        status = tell(&books, issues, reply);
    }
    if (status == STATUS_OK && !request->every) {
        reply->number = reply->row[0]->number;
        call_about(call, request->dunning_id, reply->number);
    }
    return status;
}
