// SPDX-License-Identifier: Apache-2.0
#include "server/machine/journal.h"

#include "server/store/tiles.h"
#include "shared/fields.h"
#include "shared/wire.h"

static ProtobufCBinaryData binary_of(const void *data, size_t size)
{
    // Generated messages are not const-correct; what is packed is not written to.
    return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)data};
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

// Secrets stand in the command's own message only, never in a message inside it (a unit test walks
// the descriptors).
bool journal_is_clean(const struct command *command, const Request *request)
{
    const ProtobufCMessage *inner = wire_inner((const ProtobufCMessage *)request, command->number);
    if (inner == NULL) {
        return true;
    }
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *descriptor = &inner->descriptor->fields[i];
        if (field_is_set(inner, descriptor) &&
            field_of(inner->descriptor, i).field_class == CLASS_SECRET) {
            return false;
        }
    }
    return true;
}

static enum status head_move(struct txn *txn, const struct call *call, struct bytes packed)
{
    struct head *head = txn_head(txn);
    assert(head->tree.size == head->number);
    uint8_t leaf[LEAF_BYTES];
    tree_leaf(packed, leaf);
    const enum status status = tiles_append(txn, leaf);
    if (status != STATUS_OK) {
        return status;
    }
    head->number = call->number;
    head->instant_us = call->instant_us;
    head->book_day = call->book_day;
    head->feature_level = MACHINE_FEATURE_LEVEL;
    return STATUS_OK;
}

enum status journal_append(struct txn *txn, const struct peer *peer, const struct call *call,
                           const Request *request, const uint8_t request_hash[static 32])
{
    assert(call->number == txn_head(txn)->number + 1);
    assert(journal_is_clean(call->command, request));
    Request keyless = *request; // the key stands in the record itself
    keyless.key = (ProtobufCBinaryData){.len = 0};
    struct bytes packed_request;
    enum status status =
        wire_pack(call->arena, (const ProtobufCMessage *)&keyless, &packed_request);
    if (status != STATUS_OK) {
        return status;
    }
    JournalRecord record;
    journal_record__init(&record);
    record.number = call->number;
    record.instant_us = call->instant_us;
    record.book_day = call->book_day;
    record.user_id = call->user_id;
    record.device_id = peer->device_id;
    record.session_id = peer->session_id;
    record.key = request->key;
    record.command = call->command->number;
    record.request = binary_of(packed_request.data, packed_request.size);
    record.request_hash = binary_of(request_hash, 32);
    record.status = (uint32_t)call->status;
    record.problem = (Problem **)(uintptr_t)call->problems.list;
    record.n_problem = call->problems.count;
    record.change = call->change;
    record.n_change = call->change_count;
    record.object = text_of(call->object);
    record.object_id = call->object_id;
    record.approved_by = call->approved_by;
    record.ran = call->ran != NULL ? call->ran->number : 0;
    record.feature_level = MACHINE_FEATURE_LEVEL;
    struct bytes packed;
    status = wire_pack(call->arena, (const ProtobufCMessage *)&record, &packed);
    if (status != STATUS_OK) {
        return status;
    }
    status =
        table_put(txn, TABLE_journal, key_u64(call->number), (const ProtobufCMessage *)&record);
    return status == STATUS_OK ? head_move(txn, call, packed) : status;
}

// Is the journal record of the outcome of this device and this request?
static enum status outcome_is_of(struct txn *txn, const struct peer *peer, uint64_t number,
                                 const uint8_t request_hash[static 32])
{
    ProtobufCMessage *message = NULL;
    const enum status status = table_get(txn, TABLE_journal, key_u64(number), &message, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_INCOMPLETE : status;
    }
    const JournalRecord *record = (const JournalRecord *)message;
    const bool same = record->device_id == peer->device_id && record->request_hash.len == 32 &&
                      memcmp(record->request_hash.data, request_hash, 32) == 0;
    return same ? STATUS_OK : STATUS_KEY_REUSED;
}

enum status outcome_find(struct txn *txn, const struct peer *peer, struct arena *arena,
                         ProtobufCBinaryData key, const uint8_t request_hash[static 32],
                         Reply *reply)
{
    assert(key.len == REQUEST_KEY_BYTES);
    ProtobufCMessage *message = NULL;
    enum status status = table_get(txn, TABLE_outcome, key_hash16(key.data), &message, NULL);
    if (status != STATUS_OK) {
        return status;
    }
    const OutcomeRecord *record = (const OutcomeRecord *)message;
    status = outcome_is_of(txn, peer, record->number, request_hash);
    if (status != STATUS_OK) {
        return status;
    }
    ProtobufCMessage *stored = NULL;
    status = wire_unpack(arena, &reply__descriptor, bytes_of(record->reply.data, record->reply.len),
                         &stored);
    if (status != STATUS_OK) {
        return status == STATUS_TOO_LARGE ? STATUS_ENVIRONMENT : STATUS_TAMPERED;
    }
    *reply = *(const Reply *)stored;
    return STATUS_OK;
}

// A reply with opened personal text is kept nowhere.
static bool is_personal(const ProtobufCMessageDescriptor *reply)
{
    const struct field *fields = fields_of(reply);
    for (unsigned i = 0; fields != NULL && i < reply->n_fields; i++) {
        if (fields[i].sealed) {
            return true;
        }
    }
    return false;
}

// In itself or in a message that it holds.
static bool holds_personal(const ProtobufCMessageDescriptor *reply)
{
    bool personal = is_personal(reply);
    for (unsigned i = 0; !personal && i < reply->n_fields; i++) {
        personal = reply->fields[i].type == PROTOBUF_C_TYPE_MESSAGE &&
                   is_personal(reply->fields[i].descriptor);
    }
    return personal;
}

enum status outcome_put(struct txn *txn, const struct call *call, ProtobufCBinaryData key,
                        const Reply *reply)
{
    assert(key.len == REQUEST_KEY_BYTES);
    struct bytes packed;
    enum status status = wire_pack(call->arena, (const ProtobufCMessage *)reply, &packed);
    if (status == STATUS_OK &&
        (packed.size > OUTCOME_BYTES_MAX || holds_personal(call->command->reply))) {
        // What was done stands in the rows; the repeat learns that it was done, not how it looked.
        Reply bare;
        reply__init(&bare);
        bare.status = reply->status;
        bare.committed = reply->committed;
        status = wire_pack(call->arena, (const ProtobufCMessage *)&bare, &packed);
    }
    if (status != STATUS_OK) {
        return status;
    }
    OutcomeRecord record;
    outcome_record__init(&record);
    record.number = call->number;
    record.status = (uint32_t)call->status;
    record.reply = binary_of(packed.data, packed.size);
    return table_put(txn, TABLE_outcome, key_hash16(key.data), (const ProtobufCMessage *)&record);
}
