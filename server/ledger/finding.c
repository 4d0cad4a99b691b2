// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/finding.h"

#include "server/ledger/numbering.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/wire.h"

// An auditor changes nothing in the books; what he found is a row of its own. Who answered for a
// finding does not close it: the circle is closed by somebody else (requirements R57).

char *finding_number(struct arena *arena, const FindingRecord *finding)
{
    return ident_print(arena, SERIES_FINDING, 0, finding->sequence);
}

static enum status finding_load(struct txn *txn, struct call *call, uint64_t id,
                                FindingRecord **out)
{
    const enum status status = finding_get(txn, key_u64(id), out);
    return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "finding_id", NULL) : status;
}

static const char *state_word(FindingState state)
{
    switch (state) {
    case FINDING_STATE__FINDING_STATE_OPEN:
        return "open";
    case FINDING_STATE__FINDING_STATE_ANSWERED:
        return "answered";
    case FINDING_STATE__FINDING_STATE_CLOSED:
        return "closed";
    case FINDING_STATE__FINDING_STATE_UNSET:
    case _FINDING_STATE_IS_INT_SIZE:
    default:
        return "";
    }
}

// Adds a step and takes its state.
static enum status step_add(struct call *call, FindingRecord *finding, FindingState state,
                            char *text)
{
    FindingStepRecord **list = arena_alloc(call->arena, (finding->n_step + 1) * sizeof *list);
    FindingStepRecord *step =
        (FindingStepRecord *)wire_make(call->arena, &finding_step_record__descriptor);
    if (list == NULL || step == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (finding->n_step > 0) {
        memcpy(list, finding->step, finding->n_step * sizeof *list);
    }
    step->at_us = call->instant_us;
    step->user_id = call->user_id;
    step->state = state;
    step->text = text;
    call_note_change(call, finding->id, "state", state_word(finding->state), state_word(state));
    list[finding->n_step] = step;
    finding->step = list;
    finding->n_step++;
    finding->state = state;
    return STATUS_OK;
}

static enum status finding_save(struct txn *txn, struct call *call, const FindingRecord *finding,
                                FindingReply *reply)
{
    const enum status status = finding_put(txn, key_u64(finding->id), finding);
    if (status != STATUS_OK) {
        return status;
    }
    reply->id = finding->id;
    reply->state = finding->state;
    reply->number = finding_number(call->arena, finding);
    if (reply->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_about(call, finding->id, reply->number);
    return STATUS_OK;
}

enum status finding_open(struct books *books, FindingRecord *finding)
{
    finding->id = call_new_id(books->call);
    enum status status = numbering_next(books, SERIES_FINDING, 0, &finding->sequence);
    if (status == STATUS_OK) {
        status = step_add(books->call, finding, FINDING_STATE__FINDING_STATE_OPEN, finding->title);
    }
    return status == STATUS_OK ? books_close(books) : status;
}

enum status finding_add(struct txn *txn, struct call *call, const FindingAdd *request,
                        FindingReply *reply)
{
    struct books books;
    FindingRecord *finding = (FindingRecord *)wire_make(call->arena, &finding_record__descriptor);
    enum status status = finding != NULL ? books_open(txn, call, &books) : STATUS_TOO_LARGE;
    UserRecord *user = NULL;
    if (status == STATUS_OK && request->user_id != 0) {
        status = user_get(txn, key_u64(request->user_id), &user);
    }

    if (status == STATUS_NOT_FOUND) {
        return refuse(txn, call, status, "user_id", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (request->due_day != 0 && request->due_day < call->book_day) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "due_day", NULL);
    }

    finding->title = request->title;
    finding->notes = request->notes;
    finding->object = request->object;
    finding->user_id = request->user_id;
    finding->due_day = request->due_day;
    finding->weight = request->weight != FINDING_WEIGHT__FINDING_WEIGHT_UNSET
                          ? request->weight
                          : FINDING_WEIGHT__FINDING_WEIGHT_MEDIUM;
    status = finding_open(&books, finding);

    return status == STATUS_OK ? finding_save(txn, call, finding, reply) : status;
}

// The finding of an earlier check that is not closed yet; 0: none.
static enum status check_finding(struct txn *txn, uint64_t *finding_id)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_finding, (struct row_key){0}, 0, true, &rows);
    *finding_id = 0;
    while (status == STATUS_OK && *finding_id == 0) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        const FindingRecord *finding = (const FindingRecord *)row;
        if (status == STATUS_OK && finding->check_id != 0 &&
            finding->state != FINDING_STATE__FINDING_STATE_CLOSED) {
            *finding_id = finding->id;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status finding_of_check(struct txn *txn, struct call *call, uint64_t check_id,
                             const char *title, char *notes, uint64_t *finding_id)
{
    struct books books;
    FindingRecord *finding = (FindingRecord *)wire_make(call->arena, &finding_record__descriptor);
    enum status status = finding != NULL ? check_finding(txn, finding_id) : STATUS_TOO_LARGE;
    if (status == STATUS_OK && *finding_id == 0) {
        status = books_open(txn, call, &books);
    }
    if (status != STATUS_OK || *finding_id != 0) {
        return status;
    }

    finding->title = arena_copy(call->arena, title, strlen(title));
    finding->notes = notes;
    finding->weight = FINDING_WEIGHT__FINDING_WEIGHT_HIGH;
    finding->check_id = check_id;
    status = finding->title != NULL ? finding_open(&books, finding) : STATUS_TOO_LARGE;
    *finding_id = finding->id;
    return status == STATUS_OK ? finding_put(txn, key_u64(finding->id), finding) : status;
}

enum status finding_answer(struct txn *txn, struct call *call, const FindingAnswer *request,
                           FindingReply *reply)
{
    FindingRecord *finding = NULL;
    enum status status = finding_load(txn, call, request->finding_id, &finding);
    if (status != STATUS_OK) {
        return status;
    }

    if (finding->state == FINDING_STATE__FINDING_STATE_CLOSED) {
        return refuse(txn, call, STATUS_FINDING_CLOSED, "finding_id", NULL);
    }
    if (finding->n_step >= FINDING_STEPS_MAX) {
        return refuse(txn, call, STATUS_TOO_LARGE, "finding_id", NULL);
    }

    status = step_add(call, finding, FINDING_STATE__FINDING_STATE_ANSWERED, request->remedy);

    return status == STATUS_OK ? finding_save(txn, call, finding, reply) : status;
}

static bool has_answered(const FindingRecord *finding, uint64_t user_id)
{
    for (size_t i = 0; i < finding->n_step; i++) {
        if (finding->step[i]->user_id == user_id &&
            finding->step[i]->state == FINDING_STATE__FINDING_STATE_ANSWERED) {
            return true;
        }
    }
    return false;
}

enum status finding_close(struct txn *txn, struct call *call, const FindingClose *request,
                          FindingReply *reply)
{
    FindingRecord *finding = NULL;
    enum status status = finding_load(txn, call, request->finding_id, &finding);
    if (status != STATUS_OK) {
        return status;
    }

    if (finding->state == FINDING_STATE__FINDING_STATE_CLOSED) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "finding_id", NULL);
    }
    if (has_answered(finding, call->user_id)) {
        return refuse(txn, call, STATUS_OWN_FINDING, "finding_id", NULL);
    }

    status = step_add(call, finding, FINDING_STATE__FINDING_STATE_CLOSED, request->reason);

    return status == STATUS_OK ? finding_save(txn, call, finding, reply) : status;
}

enum status finding_reopen(struct txn *txn, struct call *call, const FindingReopen *request,
                           FindingReply *reply)
{
    FindingRecord *finding = NULL;
    enum status status = finding_load(txn, call, request->finding_id, &finding);
    if (status != STATUS_OK) {
        return status;
    }

    if (finding->state == FINDING_STATE__FINDING_STATE_OPEN) {
        return refuse(txn, call, STATUS_NOTHING_TO_DO, "finding_id", NULL);
    }
    if (finding->n_step >= FINDING_STEPS_MAX) {
        return refuse(txn, call, STATUS_TOO_LARGE, "finding_id", NULL);
    }

    status = step_add(call, finding, FINDING_STATE__FINDING_STATE_OPEN, request->reason);

    return status == STATUS_OK ? finding_save(txn, call, finding, reply) : status;
}

// ---- reading ----

static bool is_overdue(const struct call *call, const FindingRecord *finding)
{
    return finding->state == FINDING_STATE__FINDING_STATE_OPEN && finding->due_day != 0 &&
           finding->due_day < call->book_day;
}

static enum status fill_row(struct txn *txn, struct call *call, const FindingRecord *finding,
                            FindingRow *row)
{
    row->id = finding->id;
    row->number = finding_number(call->arena, finding);
    row->state = finding->state;
    row->weight = finding->weight;
    row->title = finding->title;
    row->object = finding->object;
    row->due_day = finding->due_day;
    row->overdue = is_overdue(call, finding);
    return row->number != NULL ? reading_login(txn, finding->user_id, &row->user)
                               : STATUS_TOO_LARGE;
}

static bool is_asked(const void *asked, const ProtobufCMessage *record)
{
    const FindingList *request = asked;
    const FindingState state = ((const FindingRecord *)record)->state;
    if (request->state != FINDING_STATE__FINDING_STATE_UNSET) {
        return state == request->state;
    }
    return request->closed || state != FINDING_STATE__FINDING_STATE_CLOSED;
}

static enum status list_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *row)
{
    return fill_row(txn, call, (const FindingRecord *)record, (FindingRow *)row);
}

enum status finding_list(struct txn *txn, struct call *call, const FindingList *request,
                         FindingListReply *reply)
{
    struct row_page page = {
        .table = TABLE_finding,
        .descriptor = &finding_row__descriptor,
        .asked = request,
        .is_asked = is_asked,
        .fill = list_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (FindingRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

static enum status fill_step(struct txn *txn, struct call *call, const FindingStepRecord *record,
                             FindingStep **out)
{
    FindingStep *step = (FindingStep *)wire_make(call->arena, &finding_step__descriptor);
    if (step == NULL) {
        return STATUS_TOO_LARGE;
    }
    step->at_us = record->at_us;
    step->state = record->state;
    step->text = record->text;
    *out = step;
    return reading_login(txn, record->user_id, &step->actor);
}

enum status finding_show(struct txn *txn, struct call *call, const FindingShow *request,
                         FindingCard *reply)
{
    FindingRecord *finding = NULL;
    FindingRow row;
    finding_row__init(&row);
    enum status status = finding_load(txn, call, request->finding_id, &finding);
    if (status == STATUS_OK) {
        status = fill_row(txn, call, finding, &row);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply->step = arena_alloc(call->arena, (finding->n_step + 1) * sizeof *reply->step);
    for (size_t i = 0; reply->step != NULL && status == STATUS_OK && i < finding->n_step; i++) {
        status = fill_step(txn, call, finding->step[i], &reply->step[reply->n_step++]);
    }
    reply->id = row.id;
    reply->number = row.number;
    reply->state = row.state;
    reply->weight = row.weight;
    reply->title = row.title;
    reply->notes = finding->notes;
    reply->object = row.object;
    reply->user = row.user;
    reply->due_day = row.due_day;
    reply->overdue = row.overdue;
    return reply->step != NULL ? status : STATUS_TOO_LARGE;
}
