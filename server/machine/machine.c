// SPDX-License-Identifier: Apache-2.0
#include "server/machine/machine.h"

#include "server/ledger/quota.h"
#include "server/machine/access.h"
#include "server/machine/journal.h"
#include "server/machine/mask.h"
#include "server/machine/second.h"
#include "shared/wire.h"

#define PLAN_BYTES 16

// Failures that no caller can mend: what the store cannot read or write. All other numbers are
// answers.
static bool is_environment(enum status status)
{
    return status == STATUS_STORE_FULL ||
           (status >= STATUS_TAMPERED && status <= STATUS_ENVIRONMENT);
}

static void call_start(struct call *call, const struct stamp *stamp, const struct command *command)
{
    struct arena *arena = call->arena;
    assert(arena != NULL);
    *call = (struct call){
        .arena = arena,
        .command = command,
        .number = stamp->number,
        .instant_us = stamp->instant_us,
        .book_day = stamp->book_day,
    };
    problems_init(&call->problems, arena);
}

static const struct command *command_of(const Request *request)
{
    const struct command *command =
        command_by_number(wire_inner_number((const ProtobufCMessage *)request));
    assert(command != NULL); // admission let nothing else through
    return command;
}

// The plan token binds the rows; admission has bound the request to it.
static struct bytes plan_subject(const struct command *command)
{
    return bytes_of(command->name, strlen(command->name));
}

static int nibble_of(char c)
{
    static const char DIGITS[] = "0123456789abcdef";
    const char *at = c != '\0' ? strchr(DIGITS, c) : NULL;
    return at != NULL ? (int)(at - DIGITS) : -1;
}

static bool plan_parse(const char *text, uint8_t out[static PLAN_BYTES])
{
    if (strlen(text) != 2 * (size_t)PLAN_BYTES) {
        return false;
    }
    for (size_t i = 0; i < PLAN_BYTES; i++) {
        const int high = nibble_of(text[2 * i]);
        const int low = nibble_of(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static char *plan_print(struct arena *arena, const uint8_t plan[static PLAN_BYTES])
{
    static const char DIGITS[] = "0123456789abcdef";
    char *text = arena_alloc(arena, 2 * (size_t)PLAN_BYTES + 1);
    for (size_t i = 0; text != NULL && i < PLAN_BYTES; i++) {
        text[2 * i] = DIGITS[plan[i] >> 4];
        text[2 * i + 1] = DIGITS[plan[i] & 15];
    }
    return text;
}

// Runs the command's function and sorts what it returned: an answer stands in call->status,
// anything else is returned.
static enum status run(struct txn *txn, struct call *call, const Request *request,
                       ProtobufCMessage **result)
{
    const ProtobufCMessage *inner =
        wire_inner((const ProtobufCMessage *)request, call->command->number);
    *result = wire_make(call->arena, call->command->reply);
    if (*result == NULL) {
        call->status = STATUS_TOO_LARGE;
        return STATUS_OK;
    }
    const enum status status = ledger_run(txn, call, inner, *result);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    if (status == STATUS_APPROVAL_PENDING) {
        assert(call->status == status); // written down by control_check: an answer of no
        return STATUS_OK;
    }
    if (is_environment(status) || (txn_mode(txn) == TXN_WRITE && txn_call_has_written(txn))) {
        return status;
    }
    call->status = status;
    return STATUS_OK;
}

static void reply_fill(struct call *call, ProtobufCMessage *result, Reply *reply)
{
    reply->status = (uint32_t)call->status;
    reply->problem = call->problems.list;
    reply->n_problem = call->problems.count;
    if (call->detail != NULL) {
        reply->detail = (char *)(uintptr_t)call->detail;
    }
    if (call->control != CONTROL_NONE && (call->status == STATUS_OK || call->approval != NULL)) {
        const char *word = control_word(call->control);
        reply->control = (char *)(uintptr_t)word;
    }
    if (call->status == STATUS_APPROVAL_PENDING) {
        reply->approval = (char *)(uintptr_t)call->approval;
    }
    // A report that does not tie says so beside its figures.
    const bool answers = call->status == STATUS_OK || call->status == STATUS_DIFFERENCE;
    if (answers && result != NULL) {
        mask_reply(result, call->filter);
        wire_set_inner((ProtobufCMessage *)reply, call->command->number, result);
    }
}

static enum status keep_key(struct txn *txn, const struct admitted *admitted, uint64_t vault_id)
{
    for (size_t i = 0; i < admitted->key_count; i++) {
        if (admitted->key[i].vault_id == vault_id) {
            VaultRecord vault;
            vault_record__init(&vault);
            vault.key.data = admitted->key[i].key.bytes;
            vault.key.len = KEY_BYTES;
            return table_put(txn, TABLE_vault, key_u64(vault_id), (const ProtobufCMessage *)&vault);
        }
    }
    return STATUS_OK;
}

// The key's name in a row that has one: of a customer, or of a line of a bank statement. 0: no such
// row.
static enum status vault_of(struct txn *txn, uint64_t id, uint64_t *vault_id)
{
    ProtobufCMessage *row = NULL;
    *vault_id = 0;
    enum status status = table_get(txn, TABLE_customer, key_u64(id), &row, NULL);
    if (status == STATUS_OK) {
        *vault_id = ((const CustomerRecord *)row)->vault_id;
        return status;
    }
    if (status == STATUS_NOT_FOUND) {
        status = table_get(txn, TABLE_bank_line, key_u64(id), &row, NULL);
    }
    if (status == STATUS_OK) {
        *vault_id = ((const BankLineRecord *)row)->vault_id;
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// Puts the keys of what this call made, found among its new ids; the keys for customers and lines
// that were known already are let go.
static enum status keep_keys(struct txn *txn, const struct call *call,
                             const struct admitted *admitted)
{
    const uint32_t made = admitted->key_count > 0 ? call->next_ordinal : 0;
    enum status status = STATUS_OK;
    for (uint32_t ordinal = 1; status == STATUS_OK && ordinal <= made; ordinal++) {
        uint64_t vault_id = 0;
        status = vault_of(txn, call->number << 8 | ordinal, &vault_id);
        if (status == STATUS_OK && vault_id != 0) {
            status = keep_key(txn, admitted, vault_id);
        }
    }
    return status;
}

// What waits for a second person holds boxes under the keys that were drawn for it, and runs when
// they are at hand no more.
static enum status keep_all_keys(struct txn *txn, const struct admitted *admitted)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < admitted->key_count; i++) {
        status = keep_key(txn, admitted, admitted->key[i].vault_id);
    }
    return status;
}

static enum status keep_psk(struct txn *txn, const struct admitted *admitted)
{
    struct key psk = admitted->psk;
    PskRecord record;
    psk_record__init(&record);
    record.psk.data = psk.bytes;
    record.psk.len = KEY_BYTES;
    record.expires_us = admitted->psk_expires_us;
    const enum status status = table_put(txn, TABLE_psk, key_hash16(admitted->invitation_id),
                                         (const ProtobufCMessage *)&record);
    key_wipe(&psk);
    return status;
}

static enum status keep_admitted(struct txn *txn, const struct call *call,
                                 const struct admitted *admitted)
{
    const bool waits = call->status == STATUS_APPROVAL_PENDING;
    if (admitted == NULL || (call->status != STATUS_OK && !waits)) {
        return STATUS_OK;
    }
    const enum status status =
        waits ? keep_all_keys(txn, admitted) : keep_keys(txn, call, admitted);
    return status == STATUS_OK && admitted->has_psk ? keep_psk(txn, admitted) : status;
}

// An erased customer's key goes in the transaction that says so. A replay finds none.
static enum status shred(struct txn *txn, const struct call *call)
{
    if (call->shred_vault_id == 0 || call->status != STATUS_OK) {
        return STATUS_OK;
    }
    const enum status status = table_del(txn, TABLE_vault, key_u64(call->shred_vault_id));
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

// The genesis names the book; from then on every head carries it.
static void keep_book_id(struct txn *txn, const struct call *call, const Request *request)
{
    const ProtobufCMessage *inner =
        wire_inner((const ProtobufCMessage *)request, call->command->number);
    if (call->status == STATUS_OK && inner->descriptor == &book_open__descriptor) {
        const BookOpen *open = (const BookOpen *)inner;
        assert(open->book_id.len == sizeof txn_head(txn)->book_id);
        memcpy(txn_head(txn)->book_id, open->book_id.data, open->book_id.len);
    }
}

static enum status run_write(struct txn *txn, struct call *call, const Request *request,
                             const struct filter *filter, const struct admitted *admitted,
                             Reply *reply)
{
    call->filter = filter;
    txn_call_begin(txn, call->arena, filter);
    uint8_t plan[PLAN_BYTES];
    if (request->plan[0] != '\0') {
        if (!plan_parse(request->plan, plan)) {
            call->status = STATUS_PLAN_CHANGED;
            reply_fill(call, NULL, reply);
            return STATUS_OK;
        }
        txn_plan_expect(txn, plan_subject(call->command), plan);
    }
    ProtobufCMessage *result = NULL;
    enum status status = run(txn, call, request, &result);
    if (status == STATUS_OK) {
        status = keep_admitted(txn, call, admitted);
    }
    if (status == STATUS_OK) {
        status = shred(txn, call);
    }
    if (status == STATUS_OK && call->status == STATUS_OK) {
        status = second_forget(txn, call, request);
    }
    if (status == STATUS_OK) {
        keep_book_id(txn, call, request);
        reply_fill(call, result, reply);
        reply->committed = call->status == STATUS_OK;
    }
    return status;
}

// Session commands keep no outcome: their reply carries a token that is stored nowhere, and running
// them again is harmless.
static bool keeps_outcome(const struct command *command, const Request *request)
{
    return request->key.len == REQUEST_KEY_BYTES && command->permission != PERMISSION_DEVICE &&
           command->permission != PERMISSION_INVITED;
}

// What asks the client to come again has decided nothing: the same request may succeed then.
static bool is_outcome(enum status status)
{
    return status != STATUS_BUSY && status != STATUS_CODE_NEEDED;
}

enum status machine_write(struct txn *txn, const struct peer *peer, const struct stamp *stamp,
                          const Request *request, const uint8_t request_hash[static 32],
                          const struct admitted *admitted, struct call *call, Reply *reply)
{
    assert(txn_mode(txn) == TXN_WRITE);
    call_start(call, stamp, command_of(request));
    assert(call->command->mode == COMMAND_WRITE && !request->dry_run);
    const int64_t earliest_us = txn_head(txn)->instant_us + 1;
    call->instant_us = stamp->instant_us > earliest_us ? stamp->instant_us : earliest_us;
    txn_call_begin(txn, call->arena, NULL);

    const struct filter *filter = NULL;
    enum status status = access_check(txn, peer, request, call, &filter);
    if (status != STATUS_OK) {
        return status;
    }
    bool is_new = false;
    if (call->status == STATUS_OK && keeps_outcome(call->command, request)) {
        status = outcome_find(txn, peer, call->arena, request->key, request_hash, reply);
        if (status == STATUS_OK) {
            reply->replayed = true;
            call->status = (enum status)reply->status;
            return STATUS_OK;
        }
        if (status != STATUS_NOT_FOUND && status != STATUS_KEY_REUSED) {
            return status;
        }
        is_new = status == STATUS_NOT_FOUND;
        call->status = status == STATUS_KEY_REUSED ? status : STATUS_OK;
    }

    status = STATUS_OK;
    if (call->status == STATUS_OK) {
        status = second_load(txn, call, request);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call->status == STATUS_OK) {
        status = run_write(txn, call, request, filter, admitted, reply);
    } else {
        reply_fill(call, NULL, reply);
    }

    txn_call_begin(txn, call->arena, NULL); // what follows is no part of the plan
    if (status == STATUS_OK) {
        status = access_note_use(txn, call);
    }
    if (status == STATUS_OK) {
        status = journal_append(txn, peer, call, request, request_hash);
    }
    if (status == STATUS_OK && is_new && is_outcome(call->status)) {
        status = outcome_put(txn, call, request->key, reply);
    }
    return status;
}

// Lists end when the day's rows are used up (quota.h); a refusal is an answer.
static enum status check_quota(struct txn *txn, struct call *call)
{
    const enum status status =
        quota_counts_rows(call->command) ? quota_check(txn, call, QUOTA_KIND_ROWS) : STATUS_OK;
    if (status == STATUS_QUOTA) {
        call->status = status;
        return STATUS_OK;
    }
    return status;
}

enum status machine_read(struct txn *txn, const struct views *views, const struct peer *peer,
                         const struct stamp *stamp, const Request *request, struct call *call,
                         Reply *reply)
{
    assert(txn_mode(txn) != TXN_WRITE);
    assert(stamp->number == 0);
    call_start(call, stamp, command_of(request));
    const bool is_preview = call->command->mode == COMMAND_WRITE;
    assert(is_preview == (txn_mode(txn) == TXN_PREVIEW));
    txn_call_begin(txn, call->arena, NULL);
    const struct filter *filter = NULL;
    enum status status = access_check(txn, peer, request, call, &filter);
    if (status != STATUS_OK) {
        return status;
    }
    ProtobufCMessage *result = NULL;
    if (call->status == STATUS_OK) {
        status = second_load(txn, call, request);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (call->status == STATUS_OK) {
        call->filter = filter;
        call->views = is_preview ? NULL : views;
        txn_call_begin(txn, call->arena, filter);
        status = check_quota(txn, call);
    }
    if (status == STATUS_OK && call->status == STATUS_OK) {
        status = run(txn, call, request, &result);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reply_fill(call, result, reply);
    if (is_preview && call->status == STATUS_OK) {
        uint8_t plan[PLAN_BYTES];
        txn_plan(txn, plan_subject(call->command), plan);
        char *text = plan_print(call->arena, plan);
        if (text != NULL) {
            reply->plan = text;
        }
    }
    return STATUS_OK;
}

enum status machine_replay(struct txn *txn, const JournalRecord *record, struct arena *arena,
                           enum status *reply_status)
{
    const struct command *command = command_by_number(record->command);
    if (command == NULL || record->request_hash.len != 32 ||
        record->number != txn_head(txn)->number + 1) {
        return STATUS_INCOMPLETE;
    }
    ProtobufCMessage *message = NULL;
    const enum status status = wire_unpack(
        arena, &request__descriptor, bytes_of(record->request.data, record->request.len), &message);
    if (status != STATUS_OK) {
        return status == STATUS_TOO_LARGE ? STATUS_ENVIRONMENT : STATUS_TAMPERED;
    }
    Request *request = (Request *)message;
    request->key = record->key;
    const bool is_nobody = record->device_id == 0 && record->session_id == 0;
    const struct peer peer = {
        .device_id = record->device_id,
        .session_id = record->session_id,
        .invited = is_nobody && command->permission == PERMISSION_INVITED,
        .system = is_nobody && command->permission != PERMISSION_INVITED,
    };
    const struct stamp stamp = {record->number, record->instant_us, record->book_day};
    struct call call = {.arena = arena};
    Reply reply;
    reply__init(&reply);
    const enum status outcome =
        machine_write(txn, &peer, &stamp, request, record->request_hash.data, NULL, &call, &reply);
    if (outcome == STATUS_OK) {
        *reply_status = (enum status)reply.status;
    }
    return outcome;
}
