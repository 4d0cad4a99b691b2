// SPDX-License-Identifier: Apache-2.0
#include "shared/record.h"

#include "tests/fuzz/fuzz.h"

// A peer that has the keys and is hostile: sealed plaintexts of any content, and ciphertexts that
// were never sealed. What opens must lie inside its record; messages in assembly never grow above
// their limit.

#define MESSAGE_MAX 70000

static const struct noise_cipher CIPHER = {.key = {.bytes = {1}}};

// One record out of the input into `out`; its size. Sealed under the keys, or garbage of any
// length.
static size_t record_make(struct bytes *input, struct channel *send, uint8_t *out)
{
    const uint8_t choice = input_byte(input);
    if ((choice & 0xf0) == 0xf0) {
        const size_t size = (size_t)input_byte(input) * 65 % (RECORD_CIPHER_MAX + 1);
        input_take(input, out, size);
        return size;
    }
    const size_t plain_size = (size_t)RECORD_PLAIN_MIN << choice % 9;
    uint8_t header[RECORD_HEADER_BYTES];
    input_take(input, header, sizeof header);
    memset(out, 0, plain_size);
    memcpy(out, header, sizeof header);
    // As much data as the header says comes from the input; so that padding is mostly zero, as in
    // life.
    const size_t data_size = get_u16(header + 2) % (plain_size - RECORD_HEADER_BYTES + 1);
    input_take(input, out + RECORD_HEADER_BYTES, data_size);
    if ((choice & 0x80) != 0) {
        out[RECORD_HEADER_BYTES + input_byte(input) % (plain_size - RECORD_HEADER_BYTES)] |= 1;
    }
    const enum status status = noise_encrypt(&send->cipher, bytes_of(out, plain_size), out);
    assert(status == STATUS_OK);
    return plain_size + RECORD_TAG_BYTES;
}

static void check(const struct record *record, const uint8_t *cipher, size_t size)
{
    assert(record->type >= RECORD_REQ && record->type <= RECORD_CLOSE);
    assert((record->flags & ~(RECORD_FIN | RECORD_MORE)) == 0);
    assert(record->data.data >= cipher + RECORD_HEADER_BYTES);
    assert(record->data.data + record->data.size <= cipher + size - RECORD_TAG_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    struct channel send = {.cipher = CIPHER};
    struct channel receive = {.cipher = CIPHER};
    receive.rekey_records = REKEY_RECORDS - 1 - input_byte(&input);
    struct assembly assembly = {.size = 0};
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)4 * MESSAGE_MAX);
    uint8_t *cipher = malloc(RECORD_CIPHER_MAX);
    assert(arena != NULL && cipher != NULL);

    enum status status = STATUS_OK;
    while (status == STATUS_OK && input.size > 0) {
        struct record record;
        const size_t cipher_size = record_make(&input, &send, cipher);
        status = record_open(&receive, cipher, cipher_size, &record);
        // The sender has counted as the receiver did.
        send.cipher = receive.rekey_records == 0 ? receive.cipher : send.cipher;
        if (status == STATUS_OK) {
            check(&record, cipher, cipher_size);
            bool is_complete = false;
            struct record message;
            status = assembly_add(&assembly, arena, MESSAGE_MAX, &record, &is_complete, &message);
            assert(assembly.size <= MESSAGE_MAX);
            if (status == STATUS_OK && is_complete) {
                assert(message.data.size <= MESSAGE_MAX && !assembly.is_open);
                arena_reset(arena);
            }
        }
    }
    free(cipher);
    return 0;
}
