// SPDX-License-Identifier: Apache-2.0
#pragma once

// Packing and unpacking of messages in an arena. Bytes from outside are scanned first (scan.h);
// wire_unpack asserts nothing about them and trusts the scan. The landlord of protobuf-c's pack and
// unpack, together with server/store.

#include "shared/arena.h"
#include "shared/bytes.h"
#include "shared/status.h"

#include <protobuf-c/protobuf-c.h>

// STATUS_TOO_LARGE when the arena is exhausted.
MUST_CHECK enum status wire_pack(struct arena *arena, const ProtobufCMessage *message,
                                 struct bytes *out);

// STATUS_MALFORMED when protobuf-c refuses the bytes.
MUST_CHECK enum status wire_unpack(struct arena *arena,
                                   const ProtobufCMessageDescriptor *descriptor,
                                   struct bytes packed, ProtobufCMessage **out);

// A fresh message of that type, initialised; NULL when the arena is exhausted.
ProtobufCMessage *wire_make(struct arena *arena, const ProtobufCMessageDescriptor *descriptor);

// The message inside a Request or Reply that belongs to field `number`: NULL when another one or
// none is set.
ProtobufCMessage *wire_inner(const ProtobufCMessage *envelope, uint32_t number);
// Number of the oneof field that is set, 0 when none.
uint32_t wire_inner_number(const ProtobufCMessage *envelope);
void wire_set_inner(ProtobufCMessage *envelope, uint32_t number, ProtobufCMessage *inner);
