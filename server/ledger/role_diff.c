// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/reading.h"
#include "server/ledger/role.h"
#include "shared/wire.h"

#include "proto/security.pb-c.h"

// What changed in roles and people between two days. The row of a role or a person names the
// journal record that changed it last, and each change names the one before (call_chain): so a
// comparison with any past day costs as many records as there were changes since.

#define ROWS_MAX LIST_ROWS_MAX

struct comparison {
    struct call *call;
    int32_t from_day; // changes behind it count
    int32_t to_day;   // and those behind this one do not
    RoleDiffReply *reply;
    size_t first; // row of the object at hand
};

static DiffRow *row_of(struct comparison *comparison, const char *field)
{
    RoleDiffReply *reply = comparison->reply;
    for (size_t i = comparison->first; i < reply->n_row; i++) {
        if (strcmp(reply->row[i]->permission, field) == 0) {
            return reply->row[i];
        }
    }
    return NULL;
}

// Changes come the newest first: the first one seen of a field says what it became, the last one
// what it was.
static enum status take_change(struct txn *txn, struct comparison *comparison,
                               const JournalRecord *record, const Change *change, char *role,
                               char *login)
{
    DiffRow *row = row_of(comparison, change->field);
    if (row != NULL) {
        row->before = change->before;
        return STATUS_OK;
    }
    row = (DiffRow *)wire_make(comparison->call->arena, &diff_row__descriptor);
    if (row == NULL || comparison->reply->n_row == ROWS_MAX) {
        return STATUS_TOO_LARGE;
    }
    row->role = role;
    row->login = login;
    row->permission = change->field;
    row->before = change->before;
    row->after = change->after;
    row->at_us = record->instant_us;
    comparison->reply->row[comparison->reply->n_row++] = row;
    return reading_login(txn, record->user_id, &row->actor);
}

// What came back to where it was is no difference.
static void drop_equal(struct comparison *comparison)
{
    RoleDiffReply *reply = comparison->reply;
    size_t kept = comparison->first;
    for (size_t i = comparison->first; i < reply->n_row; i++) {
        if (strcmp(reply->row[i]->before, reply->row[i]->after) != 0) {
            reply->row[kept++] = reply->row[i];
        }
    }
    reply->n_row = kept;
}

static enum status compare(struct txn *txn, struct comparison *comparison, uint64_t object_id,
                           uint64_t number, char *role, char *login)
{
    comparison->first = comparison->reply->n_row;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && number != 0) {
        JournalRecord *record = NULL;
        status = journal_get(txn, key_u64(number), &record);
        if (status != STATUS_OK || record->book_day <= comparison->from_day) {
            break;
        }
        number = 0;
        for (size_t i = 0; status == STATUS_OK && i < record->n_change; i++) {
            const Change *change = record->change[i];
            if (change->object_id != object_id) {
                continue;
            }
            number = change->earlier;
            if (record->book_day <= comparison->to_day) {
                status = take_change(txn, comparison, record, change, role, login);
            }
        }
    }
    drop_equal(comparison);
    return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
}

static enum status compare_users(struct txn *txn, struct comparison *comparison)
{
    struct rows *rows CLEANUP(rows_close_at) = NULL;
    enum status status = rows_open(txn, TABLE_user, (struct row_key){0}, 0, false, &rows);
    while (status == STATUS_OK) {
        struct row_key key;
        ProtobufCMessage *message = NULL;
        status = rows_next(rows, &key, &message);
        if (status == STATUS_OK) {
            UserRecord *user = (UserRecord *)message;
            status = compare(txn, comparison, user->id, user->changed_in, reading_constant(""),
                             user->login);
        }
    }
    return status == STATUS_END ? STATUS_OK : status;
}

enum status role_diff(struct txn *txn, struct call *call, const RoleDiff *request,
                      RoleDiffReply *reply)
{
    struct role_set set;
    struct comparison comparison = {
        .call = call,
        .from_day = request->from_day,
        .to_day = request->to_day != 0 ? request->to_day : call->book_day,
        .reply = reply,
    };
    reply->row = arena_alloc(call->arena, ROWS_MAX * sizeof *reply->row);
    enum status status = reply->row != NULL ? role_set_load(txn, &set) : STATUS_TOO_LARGE;
    for (size_t i = 0; status == STATUS_OK && i < set.count; i++) {
        status = compare(txn, &comparison, set.role[i]->id, set.role[i]->changed_in,
                         set.role[i]->word, reading_constant(""));
    }
    if (status == STATUS_OK) {
        status = compare_users(txn, &comparison);
    }
    reply->page = cursor_page(call->arena, reply->n_row, 0);
    return status != STATUS_OK || reply->page != NULL ? status : STATUS_TOO_LARGE;
}
