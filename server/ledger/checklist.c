// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/checklist.h"

#include "server/ledger/numbering.h"
#include "server/ledger/period.h"
#include "server/ledger/reading.h"
#include "shared/wire.h"

#define DAYS_DEFAULT 10

// ---- rows ----

char *checklist_number(struct arena *arena, const ChecklistRecord *item)
{
    return ident_print(arena, SERIES_CHECKLIST, 0, item->sequence);
}

enum status checklist_tasks_load(struct txn *txn, struct arena *arena, ChecklistRecord **out)
{
    enum status status = checklist_get(txn, key_u64(CHECKLIST_TASKS_KEY), out);
    if (status == STATUS_NOT_FOUND) {
        *out = (ChecklistRecord *)wire_make(arena, &checklist_record__descriptor);
        status = *out != NULL ? STATUS_OK : STATUS_TOO_LARGE;
    }
    return status;
}

enum status checklist_load(struct txn *txn, struct call *call, uint64_t id, ChecklistRecord **out)
{
    const enum status status =
        id != CHECKLIST_TASKS_KEY ? checklist_get(txn, key_u64(id), out) : STATUS_NOT_FOUND;
    return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "checklist", NULL) : status;
}

enum status checklist_open(struct txn *txn, uint32_t period, uint32_t *count)
{
    CLEANUP(rows_close_at) struct rows *rows = NULL;
    enum status status = rows_open(txn, TABLE_checklist, key_u64(1), 0, false, &rows);
    *count = 0;
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *row = NULL;
        status = rows_next(rows, &key, &row);
        if (status == STATUS_OK) {
            const ChecklistRecord *item = (const ChecklistRecord *)row;
            *count += item->period == period && !item->optional &&
                      item->state == CHECKLIST_STATE__CHECKLIST_STATE_OPEN;
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

static ChecklistTaskRecord *find_task(const ChecklistRecord *tasks, const char *name)
{
    for (size_t i = 0; i < tasks->n_tasks; i++) {
        if (strcmp(tasks->tasks[i]->task, name) == 0) {
            return tasks->tasks[i];
        }
    }
    return NULL;
}

// ---- tasks ----

// The month before the first one that it is made for.
static enum status begin_of(struct books *books, const char *text, uint32_t *out)
{
    const uint32_t now = period_of_day(books->call->book_day);
    uint32_t first = now;
    uint32_t oldest = now;
    enum status status = STATUS_OK;
    if (text[0] != '\0') {
        status = period_read_month(books, text, &first);
    }
    for (size_t i = 0; i < CHECKLIST_MONTHS_BACK; i++) {
        oldest = period_before(oldest);
    }
    if (status == STATUS_OK && (first < oldest || first > now)) {
        status = books_refuse(books, STATUS_FIELD_OUT_OF_RANGE, "from_period", text,
                              period_print(books->arena, oldest));
    }
    *out = period_before(first);
    return status;
}

static enum status check_user(struct books *books, uint64_t user_id)
{
    UserRecord *user = NULL;
    const enum status status =
        user_id != 0 ? user_get(books->txn, key_u64(user_id), &user) : STATUS_OK;
    return status == STATUS_NOT_FOUND ? books_refuse(books, status, "user", NULL, NULL) : status;
}

static enum status append_task(struct books *books, ChecklistRecord *tasks,
                               ChecklistTaskRecord *task)
{
    ChecklistTaskRecord **list =
        arena_alloc(books->arena, (tasks->n_tasks + 1) * sizeof(ChecklistTaskRecord *));
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (tasks->n_tasks > 0) {
        memcpy(list, tasks->tasks, tasks->n_tasks * sizeof *list);
    }
    list[tasks->n_tasks] = task;
    tasks->tasks = list;
    tasks->n_tasks++;
    return STATUS_OK;
}

static void change_task(const ChecklistSet *request, ChecklistTaskRecord *task)
{
    task->title = request->title[0] != '\0' ? request->title : task->title;
    task->user_id = request->user_id != 0 ? request->user_id : task->user_id;
    task->days = request->days != 0 ? request->days : task->days;
    task->optional = request->optional || (task->optional && !request->required);
}

static enum status put_tasks(struct books *books, const ChecklistRecord *tasks, const char *name,
                             ChecklistReply *reply)
{
    reply->task = arena_copy(books->arena, name, strlen(name));
    call_about(books->call, 0, name);
    return reply->task != NULL ? checklist_put(books->txn, key_u64(CHECKLIST_TASKS_KEY), tasks)
                               : STATUS_TOO_LARGE;
}

enum status checklist_set(struct txn *txn, struct call *call, const ChecklistSet *request,
                          ChecklistReply *reply)
{
    struct books books;
    ChecklistRecord *tasks = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = checklist_tasks_load(txn, call->arena, &tasks);
    }
    if (status != STATUS_OK) {
        return status;
    }

    ChecklistTaskRecord *task = find_task(tasks, request->task);
    const bool is_new = task == NULL;
    uint32_t made_through = 0;
    status = check_user(&books, request->user_id);
    if (status == STATUS_OK && is_new && request->title[0] == '\0') {
        status = books_refuse(&books, STATUS_FIELD_MISSING, "title", NULL, NULL);
    }
    if (status == STATUS_OK && is_new && tasks->n_tasks == CHECKLIST_TASKS_MAX) {
        status = books_refuse(&books, STATUS_TOO_LARGE, "task", NULL, NULL);
    }
    if (status == STATUS_OK && !is_new && request->from_period[0] != '\0') {
        status = books_refuse(&books, STATUS_FIELD_CONFLICT, "from_period", NULL, NULL);
    }
    if (status == STATUS_OK && is_new) {
        status = begin_of(&books, request->from_period, &made_through);
    }
    if (status != STATUS_OK) {
        return status;
    }

    if (is_new) {
        task = (ChecklistTaskRecord *)wire_make(call->arena, &checklist_task_record__descriptor);
        status = task != NULL ? append_task(&books, tasks, task) : STATUS_TOO_LARGE;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (is_new) {
        task->task = request->task;
        task->days = DAYS_DEFAULT;
        task->made_through = made_through;
    }
    call_note_change(call, 0, "title", task->title,
                     request->title[0] != '\0' ? request->title : task->title);
    change_task(request, task);
    return put_tasks(&books, tasks, task->task, reply);
}

enum status checklist_drop(struct txn *txn, struct call *call, const ChecklistDrop *request,
                           ChecklistReply *reply)
{
    struct books books;
    ChecklistRecord *tasks = NULL;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = checklist_tasks_load(txn, call->arena, &tasks);
    }
    if (status != STATUS_OK) {
        return status;
    }

    const ChecklistTaskRecord *task = find_task(tasks, request->task);
    if (task == NULL) {
        return books_refuse(&books, STATUS_NOT_FOUND, "task", request->task, NULL);
    }

    size_t kept = 0;
    for (size_t i = 0; i < tasks->n_tasks; i++) {
        tasks->tasks[kept] = tasks->tasks[i];
        kept += tasks->tasks[i] != task ? 1 : 0;
    }
    tasks->n_tasks = kept;
    call_note_change(call, 0, "title", task->title, request->reason);
    return put_tasks(&books, tasks, request->task, reply);
}

// ---- items ----

// What somebody did with an item becomes a step of it.
static enum status add_step(struct call *call, ChecklistRecord *item, ChecklistState state,
                            char *text)
{
    ChecklistStepRecord **list =
        arena_alloc(call->arena, (item->n_step + 1) * sizeof(ChecklistStepRecord *));
    ChecklistStepRecord *step =
        (ChecklistStepRecord *)wire_make(call->arena, &checklist_step_record__descriptor);
    if (list == NULL || step == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (item->n_step > 0) {
        memcpy(list, item->step, item->n_step * sizeof *list);
    }
    step->at_us = call->instant_us;
    step->user_id = call->user_id;
    step->state = state;
    step->text = text;
    list[item->n_step] = step;
    item->step = list;
    item->n_step++;
    item->state = state;
    return STATUS_OK;
}

static enum status make_item(struct books *books, uint32_t period, const ChecklistTaskRecord *task)
{
    ChecklistRecord *item =
        (ChecklistRecord *)wire_make(books->arena, &checklist_record__descriptor);
    if (item == NULL) {
        return STATUS_TOO_LARGE;
    }
    item->id = call_new_id(books->call);
    item->period = period;
    item->task = task->task;
    item->title = task->title;
    item->user_id = task->user_id;
    item->due_day = period_last_day(period) + (int32_t)task->days;
    item->optional = task->optional;
    item->state = CHECKLIST_STATE__CHECKLIST_STATE_OPEN;
    const enum status status = numbering_next(books, SERIES_CHECKLIST, 0, &item->sequence);
    return status == STATUS_OK ? checklist_put(books->txn, key_u64(item->id), item) : status;
}

// Each task says up to which month it was made, so that a month is made once, whoever asks how
// often and whatever crashed in between.
enum status checklist_make(struct txn *txn, struct call *call, const ChecklistMake *request,
                           Empty *reply)
{
    (void)reply;
    struct books books;
    ChecklistRecord *tasks = NULL;
    uint32_t period = 0;
    size_t due = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = checklist_tasks_load(txn, call->arena, &tasks);
    }
    if (status == STATUS_OK) {
        status = period_read_month(&books, request->period, &period);
    }

    if (status == STATUS_OK && period_last_day(period) >= call->book_day) {
        status = books_refuse(&books, STATUS_DAY_IN_FUTURE, "period", request->period,
                              books_day(&books, call->book_day));
    }
    for (size_t i = 0; status == STATUS_OK && i < tasks->n_tasks; i++) {
        due += period_after(tasks->tasks[i]->made_through) == period ? 1 : 0;
    }
    if (status == STATUS_OK && due == 0) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "period", request->period, NULL);
    }

    for (size_t i = 0; status == STATUS_OK && i < tasks->n_tasks; i++) {
        ChecklistTaskRecord *task = tasks->tasks[i];
        if (period_after(task->made_through) == period) {
            status = make_item(&books, period, task);
            task->made_through = period;
        }
    }
    if (status == STATUS_OK) {
        status = checklist_put(txn, key_u64(CHECKLIST_TASKS_KEY), tasks);
    }
    if (status == STATUS_OK) {
        status = books_close(&books);
    }

    call_about(call, 0, request->period);
    return status;
}

static enum status save_item(struct txn *txn, struct call *call, const ChecklistRecord *item,
                             ChecklistReply *reply)
{
    const enum status status = checklist_put(txn, key_u64(item->id), item);
    reply->id = item->id;
    reply->number = checklist_number(call->arena, item);
    reply->task = item->task;
    reply->state = item->state;
    if (reply->number == NULL) {
        return STATUS_TOO_LARGE;
    }
    call_about(call, item->id, reply->number);
    return status;
}

enum status checklist_do(struct txn *txn, struct call *call, const ChecklistDo *request,
                         ChecklistReply *reply)
{
    ChecklistRecord *item = NULL;
    FindingRecord *finding = NULL;
    enum status status = checklist_load(txn, call, request->checklist_id, &item);
    if (status == STATUS_OK && request->finding_id != 0) {
        status = finding_get(txn, key_u64(request->finding_id), &finding);
        status = status == STATUS_NOT_FOUND ? refuse(txn, call, status, "finding", NULL) : status;
    }

    assert(status != STATUS_OK || item != NULL);
    if (status == STATUS_OK && item->state == CHECKLIST_STATE__CHECKLIST_STATE_DONE) {
        status = refuse(txn, call, STATUS_NOTHING_TO_DO, "checklist", NULL);
    }
    if (status == STATUS_OK && item->n_step >= FINDING_STEPS_MAX) {
        status = refuse(txn, call, STATUS_TOO_LARGE, "checklist", NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = add_step(call, item, CHECKLIST_STATE__CHECKLIST_STATE_DONE, request->evidence);
    if (status != STATUS_OK) {
        return status;
    }
    call_note_change(call, item->id, "evidence", item->evidence, request->evidence);
    item->evidence = request->evidence;
    item->finding_id = request->finding_id;

    return save_item(txn, call, item, reply);
}

enum status checklist_undo(struct txn *txn, struct call *call, const ChecklistUndo *request,
                           ChecklistReply *reply)
{
    struct books books;
    ChecklistRecord *item = NULL;
    uint32_t through = 0;
    enum status status = books_open(txn, call, &books);
    if (status == STATUS_OK) {
        status = checklist_load(txn, call, request->checklist_id, &item);
    }

    if (status == STATUS_OK) {
        status = period_sealed_through(&books, &through);
    }
    assert(status != STATUS_OK || item != NULL);
    if (status == STATUS_OK && item->state != CHECKLIST_STATE__CHECKLIST_STATE_DONE) {
        status = books_refuse(&books, STATUS_NOTHING_TO_DO, "checklist", NULL, NULL);
    }
    if (status == STATUS_OK && item->period <= through) {
        status = books_refuse(&books, STATUS_PERIOD_IS_SEALED, "checklist",
                              period_print(call->arena, item->period), NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }

    status = add_step(call, item, CHECKLIST_STATE__CHECKLIST_STATE_OPEN, request->reason);
    if (status != STATUS_OK) {
        return status;
    }
    call_note_change(call, item->id, "evidence", item->evidence, "");
    item->evidence = reading_constant("");
    item->finding_id = 0;

    return save_item(txn, call, item, reply);
}
