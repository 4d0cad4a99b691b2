// SPDX-License-Identifier: Apache-2.0
#include "server/admit/boxes.h"

#define HASH_BYTES 16

enum status boxes_make(struct arena *arena, const struct key *key, uint64_t vault_id, size_t room,
                       struct boxes *out)
{
    *out = (struct boxes){.arena = arena, .key = key, .vault_id = vault_id, .room = room};
    out->list = arena_alloc(arena, (room + 1) * sizeof *out->list);
    return out->list != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status boxes_add(struct boxes *boxes, uint32_t field, uint32_t ordinal, const char *text)
{
    assert(boxes->count < boxes->room);
    Sealed *sealed = arena_alloc(boxes->arena, sizeof *sealed);
    if (sealed == NULL) {
        return STATUS_TOO_LARGE;
    }
    sealed__init(sealed);
    sealed->field = field;
    sealed->ordinal = ordinal;
    boxes->list[boxes->count++] = sealed;
    return vault_seal(boxes->key, boxes->vault_id, field, ordinal, text, boxes->arena,
                      &sealed->box);
}

uint64_t boxes_draw_vault(void)
{
    uint64_t vault_id = 0;
    random_fill(&vault_id, sizeof vault_id);
    return vault_id | (uint64_t)1 << 63;
}

enum status hashes_make(struct txn *txn, struct arena *arena, size_t room, struct hashes *out)
{
    *out = (struct hashes){.store = txn_store(txn), .arena = arena, .room = room};
    out->list = arena_alloc(arena, (room + 1) * sizeof *out->list);
    return out->list != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

enum status hashes_add(struct hashes *hashes, uint32_t field, const char *domain, const char *text)
{
    if (text[0] == '\0') {
        return STATUS_OK;
    }
    assert(hashes->count < hashes->room);
    UniqueHash *unique = arena_alloc(hashes->arena, sizeof *unique);
    uint8_t *hash = arena_alloc(hashes->arena, HASH_BYTES);
    if (unique == NULL || hash == NULL) {
        return STATUS_TOO_LARGE;
    }
    unique_hash__init(unique);
    store_hash(hashes->store, domain, bytes_of(text, strlen(text)), hash);
    unique->field = field;
    unique->hash = (ProtobufCBinaryData){.len = HASH_BYTES, .data = hash};
    hashes->list[hashes->count++] = unique;
    return STATUS_OK;
}

enum status admitted_make_room(struct arena *arena, struct admitted *admitted, size_t room)
{
    assert(admitted->key == NULL);
    admitted->key = arena_alloc(arena, room * sizeof *admitted->key);
    return admitted->key != NULL ? STATUS_OK : STATUS_TOO_LARGE;
}

const struct admitted_key *admitted_draw(struct admitted *admitted, size_t room)
{
    assert(admitted->key_count < room);
    struct admitted_key *new = &admitted->key[admitted->key_count++];
    new->vault_id = boxes_draw_vault();
    new->key = key_random();
    return new;
}
