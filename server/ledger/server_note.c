// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/call.h"
#include "server/store/rows.h"

static const char *word_of(NoteKind kind)
{
    static const char *const WORDS[] = {"", "start", "stop", "crash", "clock", "full", "renewed"};
    return (size_t)kind < COUNT_OF(WORDS) ? WORDS[kind] : "";
}

// Its record is all that it writes.
enum status server_note(struct txn *txn, struct call *call, const ServerNote *request, Empty *reply)
{
    (void)reply;
    if (word_of(request->kind)[0] == '\0') {
        return refuse(txn, call, STATUS_FIELD_NOT_CHOICE, "kind", NULL);
    }

    call->anchors = request->kind == NOTE_KIND__NOTE_KIND_STOP;
    call_about(call, 0, word_of(request->kind));
    return STATUS_OK;
}
