// SPDX-License-Identifier: Apache-2.0
#include "server/store/seal.h"
#include "server/store/tables.h"
#include "tests/fuzz/fuzz.h"

// A value of the store: garbage on the disk never opens, and what was sealed opens to the same in
// its own place only.

// Made once: guarded memory is slow to come by.
static const struct secrets *secrets_fixed(void)
{
    static struct secrets *secrets;
    if (secrets == NULL) {
        const enum status status = keys_start();
        assert(status == STATUS_OK);
        secrets = secrets_make();
        assert(secrets != NULL);
        secrets->epoch = 2;
        secrets->dek[0].bytes[0] = 1;
        secrets->dek[1].bytes[0] = 2;
    }
    return secrets;
}

static enum table table_take(struct bytes *input)
{
    const enum table table = (enum table)(1 + input_byte(input) % (TABLE_LIMIT - 1));
    return table_facts(table)->name != NULL ? table : TABLE_head;
}

static void garbage(const struct secrets *secrets, enum table table, const struct row_key *key,
                    struct bytes input, struct arena *arena)
{
    struct bytes plain;
    uint32_t version = 0;
    (void)row_version(input);
    const enum status status = row_open(secrets, table, key, input, arena, &plain, &version);
    assert(status != STATUS_OK);
}

static void sealed(const struct secrets *secrets, enum table table, const struct row_key *key,
                   struct bytes input, struct arena *arena)
{
    uint8_t turn[4];
    input_take(&input, turn, sizeof turn);
    uint8_t *plain = arena_alloc(arena, row_padded_size(input.size));
    const struct bytes value = {.data = arena_alloc(arena, row_sealed_size(input.size)),
                                .size = row_sealed_size(input.size)};
    assert(plain != NULL && value.data != NULL);
    if (input.size > 0) {
        memcpy(plain, input.data, input.size);
    }
    uint8_t *out = arena_alloc(arena, value.size);
    assert(out != NULL);
    row_seal(secrets, table, key, 7, plain, input.size, out);

    struct bytes opened;
    uint32_t version = 0;
    enum status status =
        row_open(secrets, table, key, bytes_of(out, value.size), arena, &opened, &version);
    assert(status == STATUS_OK && version == 7 && bytes_equal(opened, input));
    out[get_u16(turn) % value.size] ^= (uint8_t)(1u << turn[2] % 8);
    status = row_open(secrets, table, key, bytes_of(out, value.size), arena, &opened, &version);
    assert(status == STATUS_TAMPERED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const struct secrets *secrets = secrets_fixed();
    CLEANUP(arena_free_at) struct arena *arena = arena_make(size * 8 + (size_t)64 * 1024);
    assert(arena != NULL);
    const bool is_garbage = (input_byte(&input) & 1) != 0;
    const enum table table = table_take(&input);
    struct row_key key = {.size = table_facts(table)->key_size};
    input_take(&input, key.bytes, key.size);
    if (is_garbage) {
        garbage(secrets, table, &key, input, arena);
    } else {
        sealed(secrets, table, &key, input, arena);
    }
    return 0;
}
