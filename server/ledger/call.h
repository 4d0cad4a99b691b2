// SPDX-License-Identifier: Apache-2.0
#pragma once

// A call as the ledger sees it: who asks for what, at which stamped moment, and where the answer
// goes. Everything that is not in the request or the rows is handed in here; the ledger asks no
// clock and draws no random number.
//
// A command is `enum status NAME(struct txn *, struct call *, const Request *, Reply *)` in four
// paragraphs: load, refuse, change, reply. Refusals come before the first write, which refuse()
// asserts; writes after it cannot be refused.

#include "server/store/rights.h"
#include "server/store/store.h"
#include "shared/arena.h"
#include "shared/command.h"
#include "shared/rules.h"

struct views;

// What somebody may do with a command, as machine/access found it in the rows at this moment.
struct stand_in {
    uint64_t user_id;
    const struct rights *rights;
    const struct filter *filter;
    enum status denial; // STATUS_OK: may
};

// The two persons of approval_approve, each with the rights for the command that waits.
struct second {
    const struct command *command;
    struct stand_in creator;
    struct stand_in approver;
};

struct call {
    const struct command *command;
    const ProtobufCMessage *request; // of the command, as admission left it; set by ledger_run
    struct arena *arena;
    const struct filter *filter; // row scope and masks; NULL: the system itself

    // Stamped by the queue. number is 0 for reads.
    uint64_t number;
    int64_t instant_us;
    int32_t book_day;

    // Resolved by machine/access. 0 when there is none.
    uint64_t user_id;
    uint64_t device_id;
    uint64_t session_id;
    const struct rights *rights; // of the user; NULL: the system itself
    bool is_fresh;               // the user has proved who it is within STEP_UP_US

    // Reads only; NULL in writes, so that no decision can rest on a view.
    const struct views *views;

    // What the call says of itself, for reply and journal.
    struct problems problems;
    enum status status;
    const char *detail;
    uint64_t object_id; // what it was about
    const char *object; // its human number
    Change **change;    // before and after, field by field
    size_t change_count;
    uint32_t next_ordinal;   // of new ids
    uint64_t shred_vault_id; // a customer's key to be destroyed in the same commit; 0: none
    bool anchors;            // the journal is to be signed up to here, in the same commit

    // The second person (control.h).
    const struct second *second;    // approval_approve only
    const struct stand_in *author;  // recurring_due only: who answers for what the server does
    const ApprovalRecord *approved; // what was approved, while it runs
    const struct command *ran;      // what was approved and done
    uint64_t approved_by;           // by whom; then user_id is who asked for it
    enum control control;           // the kind of second person that this needs
    const char *approval;           // the number under which it waits for one
    bool control_seen;              // the function has asked, or said that there is no need
};

#define ID_ORDINAL_MAX 255 // ids of one journal number

// A new id: journal number << 8 | ordinal, ascending. At most ID_ORDINAL_MAX a call.
uint64_t call_new_id(struct call *call);

// Refuses: sets status and detail, adds a problem when `field` is not NULL. Asserts that nothing
// was written. Returns `status`, so that a refusal is one line.
MUST_CHECK enum status refuse(struct txn *txn, struct call *call, enum status status,
                              const char *field, const char *detail, ...) PRINTF(5, 6);

// What it was about; `number` is a human number ("INV-2026-0412") and is copied.
void call_about(struct call *call, uint64_t id, const char *number);

// Notes a change of a clear field for the journal; equal texts are not noted.
void call_note_change(struct call *call, uint64_t object_id, const char *field, const char *before,
                      const char *after);
// Links what was noted of an object to the record that changed it before (Change.earlier), so that
// its history is read along the chain. Returns what its row keeps as the newest link.
uint64_t call_chain(struct call *call, uint64_t object_id, uint64_t changed_in);
void call_note_sealed(struct call *call, uint64_t object_id, uint64_t vault_id, const char *field,
                      ProtobufCBinaryData before, ProtobufCBinaryData after);

// The caller's filter for another permission than the command's own: for commands that tell of
// objects of several nouns. The system's is NULL.
MUST_CHECK enum status call_filter(struct call *call, enum permission permission,
                                   const struct filter **out);

// Every command's function, by its name in commands.def.
#define COMMAND(name, Request_, Reply_, mode, permission, step, control, words, summary, audit) \
    MUST_CHECK enum status name(struct txn *txn, struct call *call, const Request_ *request,    \
                                Reply_ *reply);
#include "proto/commands.def"
#undef COMMAND

// Runs the command's function: request and reply are of the types of its row.
MUST_CHECK enum status ledger_run(struct txn *txn, struct call *call,
                                  const ProtobufCMessage *request, ProtobufCMessage *reply);
