// SPDX-License-Identifier: Apache-2.0
#include "server/net/outline.h"

#define COMMAND_NUMBER_MIN 16
#define VARINT_BYTES_MAX   10

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

static bool take_varint(struct bytes *in, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < in->size && i < VARINT_BYTES_MAX; i++) {
        if (i == VARINT_BYTES_MAX - 1 && in->data[i] > 1) {
            return false; // more than 64 bits
        }
        *value |= (uint64_t)(in->data[i] & 0x7f) << (7 * i);
        if ((in->data[i] & 0x80) == 0) {
            *in = bytes_of(in->data + i + 1, in->size - i - 1);
            return true;
        }
    }
    return false;
}

// The value behind a tag. `partial`: more bytes follow in another record, so the last value may be
// cut.
static bool take_value(struct bytes *in, uint64_t tag, bool partial, struct bytes *value)
{
    uint64_t size = 0;
    switch (tag & 7) {
    case WIRE_VARINT:
        *value = bytes_of(NULL, 0);
        return take_varint(in, &size);
    case WIRE_FIXED64:
        size = 8;
        break;
    case WIRE_FIXED32:
        size = 4;
        break;
    case WIRE_BYTES:
        if (!take_varint(in, &size)) {
            return false;
        }
        break;
    default:
        return false;
    }
    if (size > in->size) {
        if (!partial) {
            return false;
        }
        size = in->size;
    }
    *value = bytes_of(in->data, (size_t)size);
    *in = bytes_of(in->data + size, in->size - (size_t)size);
    return true;
}

enum status outline_of(struct bytes packed, bool partial, struct outline *out)
{
    *out = (struct outline){0};
    while (packed.size > 0) {
        uint64_t tag = 0;
        struct bytes value;
        if (!take_varint(&packed, &tag) || !take_value(&packed, tag, partial, &value)) {
            return partial ? STATUS_OK : STATUS_MALFORMED;
        }
        const uint64_t number = tag >> 3;
        if (number == 0 || number > UINT32_MAX) {
            return STATUS_MALFORMED;
        }
        if (number >= COMMAND_NUMBER_MIN) {
            if (out->number != 0 || (tag & 7) != WIRE_BYTES) {
                return STATUS_MALFORMED;
            }
            *out = (struct outline){.number = (uint32_t)number, .command = value};
        }
    }
    return STATUS_OK;
}
