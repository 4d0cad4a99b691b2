// SPDX-License-Identifier: Apache-2.0
#include "shared/scan.h"

#include "shared/wire.h"
#include "tests/fuzz/fuzz.h"

#include "proto/envelope.pb-c.h"
#include "tests/unit/shapes.pb-c.h"

// The scanner against protobuf-c: what passes must unpack, in the memory that the scanner promised,
// and pack again to bytes that pass.

// First byte of the input: which type of message, under which limits.
static const ProtobufCMessageDescriptor *const TYPES[] = {&request__descriptor, &reply__descriptor,
                                                          &event__descriptor, &shapes__descriptor};
static const struct scan_limits *const LIMITS[] = {&SCAN_REQUEST, &SCAN_IMPORT, &SCAN_REPLY};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const uint8_t choice = input_byte(&input);
    const ProtobufCMessageDescriptor *type = TYPES[choice % COUNT_OF(TYPES)];
    const struct scan_limits *limits = LIMITS[choice / COUNT_OF(TYPES) % COUNT_OF(LIMITS)];
    if (scan_message(type, input, limits, NULL) != STATUS_OK) {
        return 0;
    }
    CLEANUP(arena_free_at)
    struct arena *arena = arena_make(scan_memory_max(input.size, limits));
    assert(arena != NULL);
    ProtobufCMessage *message = NULL;
    const enum status status = wire_unpack(arena, type, input, &message);
    assert(status == STATUS_OK);

    CLEANUP(arena_free_at)
    struct arena *again = arena_make(size * 2 + 4096);
    struct bytes packed;
    const enum status pack_status = wire_pack(again, message, &packed);
    assert(pack_status == STATUS_OK);
    const enum status scan_status = scan_message(type, packed, limits, NULL);
    assert(scan_status == STATUS_OK);
    return 0;
}
