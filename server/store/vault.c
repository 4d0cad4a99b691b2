// SPDX-License-Identifier: Apache-2.0
#include "server/store/inside.h"

// The keys of customers. A vault row is a row like others: its seal under the data key of the epoch
// is what wraps the customer's key, so that rotating an epoch out ends erased keys for good.

static struct bytes associated_print(uint64_t vault_id, uint32_t field, uint32_t ordinal,
                                     uint8_t out[static 16])
{
    put_u64(out, vault_id);
    put_u32(out + 8, field);
    put_u32(out + 12, ordinal);
    return bytes_of(out, 16);
}

enum status vault_seal(const struct key *vault_key, uint64_t vault_id, uint32_t field,
                       uint32_t ordinal, const char *text, struct arena *arena,
                       ProtobufCBinaryData *box)
{
    assert(vault_id != 0);
    const size_t size = strlen(text);
    uint8_t *data = arena_alloc(arena, size + BOX_BYTES);
    if (data == NULL) {
        return STATUS_TOO_LARGE;
    }
    uint8_t bound[16];
    key_seal(vault_key, associated_print(vault_id, field, ordinal, bound), bytes_of(text, size),
             data);
    *box = (ProtobufCBinaryData){.len = size + BOX_BYTES, .data = data};
    return STATUS_OK;
}

enum status vault_key(struct txn *txn, uint64_t vault_id, struct key *out)
{
    ProtobufCMessage *message = NULL;
    const enum status status = table_get(txn, TABLE_vault, key_u64(vault_id), &message, NULL);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_KEY_DESTROYED : status;
    }
    const VaultRecord *record = (const VaultRecord *)message;
    if (record->key.len != KEY_BYTES) {
        return STATUS_TAMPERED;
    }
    memcpy(out->bytes, record->key.data, KEY_BYTES);
    return STATUS_OK;
}

enum status vault_open_with(const struct key *vault_key, uint64_t vault_id, uint32_t field,
                            uint32_t ordinal, ProtobufCBinaryData box, struct arena *arena,
                            char **text)
{
    if (box.len < BOX_BYTES) {
        return STATUS_TAMPERED;
    }
    char *opened = arena_alloc(arena, box.len - BOX_BYTES + 1);
    if (opened == NULL) {
        return STATUS_TOO_LARGE;
    }
    uint8_t bound[16];
    const enum status status =
        key_open(vault_key, associated_print(vault_id, field, ordinal, bound),
                 bytes_of(box.data, box.len), (uint8_t *)opened);
    if (status == STATUS_OK) {
        *text = opened;
    }
    return status;
}

enum status vault_open(struct txn *txn, uint64_t vault_id, uint32_t field, uint32_t ordinal,
                       ProtobufCBinaryData box, char **text)
{
    CLEANUP(key_wipe) struct key key;
    const enum status status = vault_key(txn, vault_id, &key);
    return status == STATUS_OK
               ? vault_open_with(&key, vault_id, field, ordinal, box, txn->arena, text)
               : status;
}
