// SPDX-License-Identifier: Apache-2.0
#include "server/net/outline.h"

#include "shared/scan.h"
#include "shared/wire.h"
#include "tests/fuzz/fuzz.h"

#include "proto/envelope.pb-c.h"

// The walk over the top of a request that a server makes before it believes anything: it stays
// inside the bytes, and of a request that the scanner lets pass it names the command that the
// unpacked message holds.

static void check_inside(struct bytes packed, const struct outline *outline)
{
    const struct bytes command = outline->command;
    if (outline->number != 0 && command.size > 0) {
        assert(command.data >= packed.data);
        assert(command.data + command.size <= packed.data + packed.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const bool is_partial = (input_byte(&input) & 1) != 0;
    struct outline outline;
    const enum status status = outline_of(input, is_partial, &outline);
    if (status == STATUS_OK) {
        check_inside(input, &outline);
    }
    if (scan_message(&request__descriptor, input, &SCAN_REQUEST, NULL) != STATUS_OK) {
        return 0;
    }
    assert(status == STATUS_OK);
    CLEANUP(arena_free_at)
    struct arena *arena = arena_make(scan_memory_max(input.size, &SCAN_REQUEST));
    assert(arena != NULL);
    ProtobufCMessage *request = NULL;
    const enum status unpacking = wire_unpack(arena, &request__descriptor, input, &request);
    assert(unpacking == STATUS_OK);
    assert(outline.number == wire_inner_number(request));
    return 0;
}
