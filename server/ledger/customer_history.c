// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/reading.h"

// Who changed a customer and when. The row names the journal record that changed it last, and each
// change names the one before it (customer_keep): a history is read along this chain, however long
// the journal is.

// The journal keeps an owner as the user's id in digits.
static uint64_t id_of_digits(const char *text)
{
    uint64_t id = 0;
    for (; *text >= '0' && *text <= '9' && id < UINT64_MAX / 10; text++) {
        id = id * 10 + (uint64_t)(*text - '0');
    }
    return id;
}

static enum status change_text(struct txn *txn, const Change *change, ProtobufCBinaryData box,
                               char *plain, char **out)
{
    *out = plain;
    if (change->vault_id != 0) {
        enum status status =
            rows_box_text(txn, change->object_id, change->vault_id, change->field, box, out);
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (strcmp(change->field, "owner") == 0) {
        return reading_login(txn, id_of_digits(plain), out);
    }
    const struct filter *filter = txn_filter(txn);
    bool hides = filter != NULL && filter->views[CLASS_FINANCE] != VIEW_FULL &&
                 strcmp(change->field, "credit") == 0;
    if (hides && plain[0] != '\0') {
        *out = reading_constant("***");
    }
    return STATUS_OK;
}

struct history {
    CustomerHistoryReply *reply;
    size_t room;
    uint32_t version;
};

static enum status add_change(struct txn *txn, struct call *call, const JournalRecord *record,
                              const Change *change, struct history *history)
{
    CustomerChange *row = arena_alloc(call->arena, sizeof *row);
    if (row == NULL) {
        return STATUS_TOO_LARGE;
    }
    assert(history->reply->n_row < history->room);
    customer_change__init(row);
    history->reply->row[history->reply->n_row++] = row;
    row->number = record->number;
    row->at_us = record->instant_us;
    row->version = history->version;
    const struct command *command =
        command_by_number(record->ran != 0 ? record->ran : record->command);
    char *action = arena_copy(call->arena, command->name, strlen(command->name));
    if (action == NULL) {
        return STATUS_TOO_LARGE;
    }
    action[strcspn(action, "_")] = ' ';
    row->action = action;
    enum status status = reading_login(txn, record->user_id, &row->actor);
    if (status != STATUS_OK || change == NULL) {
        return status;
    }
    row->field = change->field;
    status = change_text(txn, change, change->before_box, change->before, &row->before);
    return status == STATUS_OK
               ? change_text(txn, change, change->after_box, change->after, &row->after)
               : status;
}

// All changes of one journal record, newest record first; *number becomes the record before it. A
// record without a change of this customer is the one that made it.
static enum status add_record(struct txn *txn, struct call *call, uint64_t customer_id,
                              struct history *history, uint64_t *number)
{
    JournalRecord *record = NULL;
    enum status status = journal_get(txn, key_u64(*number), &record);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    size_t found = 0;
    *number = 0;
    for (size_t i = 0; i < record->n_change && status == STATUS_OK; i++) {
        const Change *change = record->change[i];
        if (change->object_id != customer_id || history->reply->n_row == history->room) {
            continue;
        }
        found++;
        *number = change->earlier;
        status = add_change(txn, call, record, change, history);
    }
    if (status == STATUS_OK && found == 0) {
        status = add_change(txn, call, record, NULL, history);
    }
    history->version--;
    return status;
}

// The cursor is the journal number to go on with and the version it made.
static bool parse_place(const char *cursor, uint64_t *number, uint32_t *version)
{
    uint64_t place = 0;
    if (!cursor_parse(cursor, &place)) {
        return false;
    }
    *number = place >> 16;
    *version = (uint32_t)(place & 0xffff);
    return true;
}

enum status customer_history(struct txn *txn, struct call *call, const CustomerHistory *request,
                             CustomerHistoryReply *reply)
{
    ProtobufCMessage *row = NULL;
    enum status status =
        reading_load(txn, call, TABLE_customer, request->customer_id, "customer", &row);
    if (status != STATUS_OK) {
        return status;
    }
    const CustomerRecord *customer = (const CustomerRecord *)row;
    struct history history = {.reply = reply, .version = customer->version};
    uint64_t number = customer->changed_in;
    bool goes_on = request->cursor[0] != '\0';
    if (goes_on && !parse_place(request->cursor, &number, &history.version)) {
        return refuse(txn, call, STATUS_QUERY_NOT_UNDERSTOOD, "cursor", NULL);
    }
    size_t limit = cursor_limit(request->limit);
    const size_t most_of_one_record = 64;
    history.room = limit + most_of_one_record;
    reply->row = arena_alloc(call->arena, history.room * sizeof *reply->row);
    if (reply->row == NULL) {
        return STATUS_TOO_LARGE;
    }
    while (number != 0 && reply->n_row < limit && status == STATUS_OK) {
        status = add_record(txn, call, customer->id, &history, &number);
    }
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t place = number == 0 ? 0 : number << 16 | (history.version & 0xffff);
    reply->page = cursor_page(call->arena, customer->version, place);
    return reply->page == NULL ? STATUS_TOO_LARGE : STATUS_OK;
}
