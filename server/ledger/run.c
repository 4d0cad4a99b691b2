// SPDX-License-Identifier: Apache-2.0
// The only place that knows which function belongs to which number: both come from commands.def,
// and a row whose function is missing does not link.
#include "server/ledger/call.h"

typedef enum status run_function(struct txn *txn, struct call *call,
                                 const ProtobufCMessage *request, ProtobufCMessage *reply);

#define COMMAND(name, Request_, Reply_, mode, permission, step, control, words, summary, audit) \
    static enum status run_##name(struct txn *txn, struct call *call,                           \
                                  const ProtobufCMessage *request, ProtobufCMessage *reply)     \
    {                                                                                           \
        return name(txn, call, (const Request_ *)request, (Reply_ *)reply);                     \
    }
#include "proto/commands.def"
#undef COMMAND

// In the order of the command table, which is expanded from the same rows.
static run_function *const RUN[] = {
#define COMMAND(name, Request_, Reply_, mode, permission, step, control, words, summary, audit) \
    run_##name,
#include "proto/commands.def"
#undef COMMAND
};

enum status ledger_run(struct txn *txn, struct call *call, const ProtobufCMessage *request,
                       ProtobufCMessage *reply)
{
    assert(request->descriptor == call->command->request);
    assert(reply->descriptor == call->command->reply);
    size_t index = 0;
    while (command_at(index) != call->command) {
        index++;
        assert(index < COUNT_OF(RUN));
    }
    call->request = request;
    const enum status status = RUN[index](txn, call, request, reply);
    // A row that names a control has a function that asks for it, whenever it succeeds.
    assert(status != STATUS_OK || call->status != STATUS_OK || call->control_seen ||
           call->command->control == CONTROL_NONE);
    return status;
}
