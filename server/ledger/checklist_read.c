// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/checklist.h"
#include "server/ledger/reading.h"
#include "server/ledger/row_page.h"
#include "shared/period.h"
#include "shared/wire.h"

// Tasks and items of the checklist as people see them.

static char *period_text(struct arena *arena, uint32_t period)
{
    return period != 0 ? period_print(arena, period) : reading_constant("");
}

enum status checklist_tasks(struct txn *txn, struct call *call, const ChecklistTasks *request,
                            ChecklistTasksReply *reply)
{
    (void)request;
    ChecklistRecord *tasks = NULL;
    enum status status = checklist_tasks_load(txn, call->arena, &tasks);
    if (status != STATUS_OK) {
        return status;
    }
    reply->row = arena_alloc(call->arena, (tasks->n_tasks + 1) * sizeof *reply->row);
    for (size_t i = 0; reply->row != NULL && status == STATUS_OK && i < tasks->n_tasks; i++) {
        const ChecklistTaskRecord *from = tasks->tasks[i];
        ChecklistTask *row = (ChecklistTask *)wire_make(call->arena, &checklist_task__descriptor);
        char *through = period_text(call->arena, from->made_through);
        if (row == NULL || through == NULL) {
            return STATUS_TOO_LARGE;
        }
        row->task = from->task;
        row->title = from->title;
        row->days = from->days;
        row->optional = from->optional;
        row->made_through = through;
        reply->row[reply->n_row++] = row;
        status = reading_login(txn, from->user_id, &row->user);
    }
    return reply->row != NULL ? status : STATUS_TOO_LARGE;
}

static enum status fill_row(struct txn *txn, struct call *call, const ProtobufCMessage *record,
                            ProtobufCMessage *message)
{
    const ChecklistRecord *item = (const ChecklistRecord *)record;
    ChecklistRow *row = (ChecklistRow *)message;
    const bool done = item->state == CHECKLIST_STATE__CHECKLIST_STATE_DONE;
    row->id = item->id;
    row->number = checklist_number(call->arena, item);
    row->period = period_text(call->arena, item->period);
    row->task = item->task;
    row->title = item->title;
    row->due_day = item->due_day;
    row->state = item->state;
    row->optional = item->optional;
    row->overdue = !done && item->due_day < call->book_day;
    row->evidence = item->evidence;
    enum status status = row->number != NULL && row->period != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = reading_login(txn, item->user_id, &row->user);
    }
    if (status == STATUS_OK) {
        status = reading_finding(txn, call, item->finding_id, &row->finding);
    }
    if (status == STATUS_OK && done) {
        const ChecklistStepRecord *last = item->step[item->n_step - 1];
        row->done_us = last->at_us;
        status = reading_login(txn, last->user_id, &row->done_by);
    }
    return status;
}

struct asked {
    const ChecklistList *request;
    uint32_t first, last; // months; 0: any
};

static bool is_asked(const void *context, const ProtobufCMessage *record)
{
    const struct asked *asked = context;
    const ChecklistRecord *item = (const ChecklistRecord *)record;
    const bool in_period =
        asked->first == 0 || (item->period >= asked->first && item->period <= asked->last);
    const bool is_theirs = asked->request->user_id == 0 || item->user_id == asked->request->user_id;
    const bool shown = asked->request->done || item->state == CHECKLIST_STATE__CHECKLIST_STATE_OPEN;
    return item->id != CHECKLIST_TASKS_KEY && in_period && is_theirs && shown;
}

enum status checklist_list(struct txn *txn, struct call *call, const ChecklistList *request,
                           ChecklistListReply *reply)
{
    struct asked asked = {.request = request};
    if (request->period[0] != '\0' && !period_parse(request->period, &asked.first, &asked.last)) {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "period", NULL);
    }
    struct row_page page = {
        .table = TABLE_checklist,
        .descriptor = &checklist_row__descriptor,
        .asked = &asked,
        .is_asked = is_asked,
        .fill = fill_row,
    };
    const enum status status = row_page_read(txn, call, request->cursor, request->limit, &page);
    reply->row = (ChecklistRow **)page.row;
    reply->n_row = page.count;
    reply->page = page.page;
    return status;
}

static enum status fill_step(struct txn *txn, struct call *call, const ChecklistStepRecord *from,
                             ChecklistStep **out)
{
    ChecklistStep *step = (ChecklistStep *)wire_make(call->arena, &checklist_step__descriptor);
    if (step == NULL) {
        return STATUS_TOO_LARGE;
    }
    step->at_us = from->at_us;
    step->state = from->state;
    step->text = from->text;
    *out = step;
    return reading_login(txn, from->user_id, &step->actor);
}

enum status checklist_show(struct txn *txn, struct call *call, const ChecklistShow *request,
                           ChecklistCard *reply)
{
    ChecklistRecord *item = NULL;
    enum status status = checklist_load(txn, call, request->checklist_id, &item);
    if (status != STATUS_OK) {
        return status;
    }
    reply->checklist = (ChecklistRow *)wire_make(call->arena, &checklist_row__descriptor);
    reply->step = arena_alloc(call->arena, (item->n_step + 1) * sizeof *reply->step);
    if (reply->checklist == NULL || reply->step == NULL) {
        return STATUS_TOO_LARGE;
    }
    status = fill_row(txn, call, &item->base, &reply->checklist->base);
    for (size_t i = 0; status == STATUS_OK && i < item->n_step; i++) {
        status = fill_step(txn, call, item->step[i], &reply->step[reply->n_step++]);
    }
    return status;
}
