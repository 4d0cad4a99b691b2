// SPDX-License-Identifier: Apache-2.0
#include "server/store/seal.h"

#define END_MARK         0x80
#define ASSOCIATED_BYTES (ROW_HEADER_BYTES + 2 + STORE_KEY_BYTES_MAX)
#define SEALED_MIN       (ROW_HEADER_BYTES + BOX_BYTES + 1)

static_assert(TABLE_LIMIT < 256, "a table's number is one byte of the bound data");
static_assert(EPOCHS_MAX < (1 << 24), "a key epoch has three bytes");

size_t row_sealed_size(size_t size)
{
    const size_t least = ROW_HEADER_BYTES + BOX_BYTES + size + 1;
    return (least + ROW_CLASS_BYTES - 1) / ROW_CLASS_BYTES * ROW_CLASS_BYTES;
}

size_t row_padded_size(size_t size)
{
    return row_sealed_size(size) - ROW_HEADER_BYTES - BOX_BYTES;
}

static struct bytes associated_print(const uint8_t header[static ROW_HEADER_BYTES],
                                     enum table table, const struct row_key *key,
                                     uint8_t out[static ASSOCIATED_BYTES])
{
    assert(table > TABLE_NONE && table < TABLE_LIMIT);
    assert(key->size > 0 && key->size <= STORE_KEY_BYTES_MAX);
    memcpy(out, header, ROW_HEADER_BYTES);
    out[ROW_HEADER_BYTES] = (uint8_t)table;
    out[ROW_HEADER_BYTES + 1] = key->size;
    memcpy(out + ROW_HEADER_BYTES + 2, key->bytes, key->size);
    return bytes_of(out, ROW_HEADER_BYTES + 2 + (size_t)key->size);
}

void row_seal(const struct secrets *secrets, enum table table, const struct row_key *key,
              uint32_t version, uint8_t *plain, size_t size, uint8_t *out)
{
    assert(secrets->epoch >= 1 && secrets->epoch <= EPOCHS_MAX);
    assert(version > 0);
    plain[size] = END_MARK;
    put_u32(out, (uint32_t)ROW_FORMAT << 24 | secrets->epoch);
    put_u32(out + 4, version);
    uint8_t associated[ASSOCIATED_BYTES];
    const struct bytes bound = associated_print(out, table, key, associated);
    key_seal(&secrets->dek[secrets->epoch - 1], bound, bytes_of(plain, row_padded_size(size)),
             out + ROW_HEADER_BYTES);
}

enum status row_open(const struct secrets *secrets, enum table table, const struct row_key *key,
                     struct bytes sealed, struct arena *arena, struct bytes *plain,
                     uint32_t *version)
{
    if (sealed.size < SEALED_MIN || sealed.size > STORE_VALUE_BYTES_MAX + ROW_CLASS_BYTES ||
        sealed.data[0] != ROW_FORMAT) {
        return STATUS_TAMPERED;
    }
    const uint32_t epoch = get_u32(sealed.data) & 0xffffff;
    if (epoch < 1 || epoch > secrets->epoch) {
        return STATUS_TAMPERED;
    }
    size_t size = sealed.size - ROW_HEADER_BYTES - BOX_BYTES;
    uint8_t *opened = arena_alloc(arena, size);
    if (opened == NULL) {
        return STATUS_TOO_LARGE;
    }
    uint8_t associated[ASSOCIATED_BYTES];
    const struct bytes bound = associated_print(sealed.data, table, key, associated);
    const enum status status =
        key_open(&secrets->dek[epoch - 1], bound,
                 bytes_of(sealed.data + ROW_HEADER_BYTES, sealed.size - ROW_HEADER_BYTES), opened);
    if (status != STATUS_OK) {
        return STATUS_TAMPERED;
    }
    while (size > 0 && opened[size - 1] == 0) {
        size--;
    }
    if (size == 0 || opened[size - 1] != END_MARK) {
        return STATUS_TAMPERED;
    }
    *plain = bytes_of(opened, size - 1);
    *version = get_u32(sealed.data + 4);
    return STATUS_OK;
}

uint32_t row_version(struct bytes sealed)
{
    return sealed.size < SEALED_MIN ? 0 : get_u32(sealed.data + 4);
}
