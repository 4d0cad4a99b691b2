// SPDX-License-Identifier: Apache-2.0
// Looks that were refused. The machine writes no record for a read; admission counts them and has
// this command say who asked for what.
#include "server/ledger/call.h"
#include "server/store/rows.h"

enum status denial_note(struct txn *txn, struct call *call, const DenialNote *request, Empty *reply)
{
    (void)reply;
    UserRecord *user = NULL;
    const struct command *command = command_by_number(request->command);
    const enum status status = user_get(txn, key_u64(request->user_id), &user);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? refuse(txn, call, status, "user_id", NULL) : status;
    }

    if (command == NULL || request->count == 0 || !status_is_known(request->code)) {
        return refuse(txn, call, STATUS_FIELD_OUT_OF_RANGE, "command", NULL);
    }

    const char *count = arena_print(call->arena, "%u", request->count);
    if (count == NULL) {
        return STATUS_TOO_LARGE;
    }
    call->user_id = user->id;
    call->ran = command;
    call_note_change(call, user->id, "code", "", status_code((enum status)request->code));
    call_note_change(call, user->id, "count", "", count);
    call_about(call, user->id, user->login);
    return STATUS_OK;
}
