// SPDX-License-Identifier: Apache-2.0
#include "shared/record.h"

// Plaintext: type (1), flags (1), size of the data (2), request (8), zeros (4), data, zero padding.
#define AT_FLAGS   1
#define AT_SIZE    2
#define AT_REQUEST 4
#define AT_ZEROS   12

#define ASSEMBLY_ROOM_MIN ((size_t)2 * RECORD_PLAIN_MAX)

static_assert(AT_ZEROS + 4 == RECORD_HEADER_BYTES, "the header is what its fields say");
static_assert(RECORD_TAG_BYTES == NOISE_TAG_BYTES, "a record is one Noise transport message");

static bool plain_size_is_valid(size_t size)
{
    const bool is_power = size != 0 && (size & (size - 1)) == 0;
    return is_power && size >= RECORD_PLAIN_MIN && size <= RECORD_PLAIN_MAX;
}

static bool type_is_valid(uint8_t type)
{
    return type >= RECORD_REQ && type <= RECORD_CLOSE;
}

// A record that is a message of its own and never fragmented.
static bool type_is_control(enum record_type type)
{
    return type >= RECORD_PING;
}

static bool is_zero(const uint8_t *data, size_t size)
{
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++) {
        all |= data[i];
    }
    return all == 0;
}

// After each record, on both sides, so nobody has to say it.
static void count(struct channel *channel, size_t cipher_size)
{
    channel->records++;
    channel->rekey_records++;
    channel->rekey_bytes += cipher_size;
    if (channel->rekey_records >= REKEY_RECORDS || channel->rekey_bytes >= REKEY_BYTES) {
        noise_rekey(&channel->cipher);
        channel->rekey_records = 0;
        channel->rekey_bytes = 0;
    }
}

size_t record_plain_size(size_t data_size)
{
    assert(data_size <= RECORD_DATA_MAX);
    size_t size = RECORD_PLAIN_MIN;
    while (size < RECORD_HEADER_BYTES + data_size) {
        size *= 2;
    }
    assert(plain_size_is_valid(size));
    return size;
}

enum status record_seal(struct channel *channel, const struct record *record, uint8_t *out,
                        size_t *out_size)
{
    assert(type_is_valid((uint8_t)record->type));
    assert((record->flags & ~(RECORD_FIN | RECORD_MORE)) == 0);
    assert(!type_is_control(record->type) || (record->flags & RECORD_FIN) != 0);
    const size_t plain_size = record_plain_size(record->data.size);
    uint8_t *plain = out + RECORD_LENGTH_BYTES;
    memset(plain, 0, plain_size);
    plain[0] = (uint8_t)record->type;
    plain[AT_FLAGS] = record->flags;
    put_u16(plain + AT_SIZE, (uint16_t)record->data.size);
    put_u64(plain + AT_REQUEST, record->request);
    if (record->data.size > 0) {
        memcpy(plain + RECORD_HEADER_BYTES, record->data.data, record->data.size);
    }

    const enum status status = noise_encrypt(&channel->cipher, bytes_of(plain, plain_size), plain);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t cipher_size = plain_size + RECORD_TAG_BYTES;
    put_u16(out, (uint16_t)cipher_size);
    count(channel, cipher_size);
    *out_size = RECORD_LENGTH_BYTES + cipher_size;
    return STATUS_OK;
}

// The plaintext is authentic; it is still checked to the last byte, so that nothing can hide in it.
static enum status plain_parse(const uint8_t *plain, size_t plain_size, struct record *out)
{
    const uint8_t flags = plain[AT_FLAGS];
    const size_t data_size = get_u16(plain + AT_SIZE);
    const uint8_t *data = plain + RECORD_HEADER_BYTES;
    if (!type_is_valid(plain[0]) || (flags & ~(RECORD_FIN | RECORD_MORE)) != 0) {
        return STATUS_MALFORMED;
    }
    const enum record_type type = (enum record_type)plain[0];
    if (type_is_control(type) && flags != RECORD_FIN) {
        return STATUS_MALFORMED;
    }
    if (data_size > plain_size - RECORD_HEADER_BYTES) {
        return STATUS_MALFORMED;
    }
    if (!is_zero(plain + AT_ZEROS, RECORD_HEADER_BYTES - AT_ZEROS) ||
        !is_zero(data + data_size, plain_size - RECORD_HEADER_BYTES - data_size)) {
        return STATUS_MALFORMED;
    }
    *out = (struct record){.type = type,
                           .flags = flags,
                           .request = get_u64(plain + AT_REQUEST),
                           .data = bytes_of(data, data_size)};
    return STATUS_OK;
}

enum status record_open(struct channel *channel, uint8_t *cipher, size_t size, struct record *out)
{
    if (size > UINT16_MAX || !record_length_is_valid((uint16_t)size)) {
        return STATUS_MALFORMED;
    }
    const enum status status = noise_decrypt(&channel->cipher, bytes_of(cipher, size), cipher);
    if (status != STATUS_OK) {
        return status;
    }
    count(channel, size);
    return plain_parse(cipher, size - RECORD_TAG_BYTES, out);
}

bool record_length_is_valid(uint16_t length)
{
    return length > RECORD_TAG_BYTES && plain_size_is_valid((size_t)length - RECORD_TAG_BYTES);
}

size_t record_count(size_t message_size)
{
    return message_size == 0 ? 1 : (message_size + RECORD_DATA_MAX - 1) / RECORD_DATA_MAX;
}

struct record record_fragment(const struct record *message, size_t index)
{
    const size_t records = record_count(message->data.size);
    assert(index < records);
    const size_t from = index * RECORD_DATA_MAX;
    const size_t left = message->data.size - from;
    struct record fragment = *message;
    fragment.flags = index + 1 == records ? message->flags | RECORD_FIN : 0;
    fragment.data = bytes_of(left > 0 ? message->data.data + from : NULL,
                             left < RECORD_DATA_MAX ? left : RECORD_DATA_MAX);
    return fragment;
}

// Doubling wastes at most as much of the arena as the message takes.
static enum status assembly_grow(struct assembly *assembly, struct arena *arena, size_t size)
{
    if (size <= assembly->room) {
        return STATUS_OK;
    }
    size_t room = assembly->room > 0 ? assembly->room : ASSEMBLY_ROOM_MIN;
    while (room < size) {
        room *= 2;
    }
    uint8_t *data = arena_alloc(arena, room);
    if (data == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (assembly->size > 0) {
        memcpy(data, assembly->data, assembly->size);
    }
    assembly->data = data;
    assembly->room = room;
    return STATUS_OK;
}

// A fragment that another follows; an empty one would cost its sender less than it costs us.
static bool is_inner(const struct record *record)
{
    return record->flags == 0 && record->data.size > 0;
}

static bool belongs(const struct assembly *assembly, const struct record *record)
{
    return !assembly->is_open || (record->type == assembly->type &&
                                  record->request == assembly->request && record->data.size > 0);
}

enum status assembly_add(struct assembly *assembly, struct arena *arena, size_t size_max,
                         const struct record *record, bool *is_complete, struct record *message)
{
    const bool is_last = (record->flags & RECORD_FIN) != 0;
    if (!belongs(assembly, record) || (!is_last && !is_inner(record))) {
        return STATUS_MALFORMED;
    }
    if (record->data.size > size_max || assembly->size > size_max - record->data.size) {
        return STATUS_TOO_LARGE;
    }
    if (!assembly->is_open && is_last) {
        *message = *record;
        *is_complete = true;
        return STATUS_OK;
    }

    const enum status status = assembly_grow(assembly, arena, assembly->size + record->data.size);
    if (status != STATUS_OK) {
        return status;
    }
    assembly->type = record->type;
    assembly->request = record->request;
    assembly->is_open = true;
    memcpy(assembly->data + assembly->size, record->data.data, record->data.size);
    assembly->size += record->data.size;
    *is_complete = is_last;
    if (is_last) {
        *message = *record;
        message->data = bytes_of(assembly->data, assembly->size);
        memset(assembly, 0, sizeof *assembly);
    }
    return STATUS_OK;
}
