// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scan before unpack: walks bytes from outside with the message descriptor, iteratively and without
// allocating, and refuses what protobuf-c must never see (design 3; security.md b): depth, field
// and element counts, unknown fields (strict), repeated singular fields, two members of a oneof,
// wrong wire types, over-long varints, numbers that their field cannot hold, text that is not clean
// UTF-8, estimated memory. What passes unpacks in an arena of scan_memory_max.

#include "shared/bytes.h"
#include "shared/limits.h"
#include "shared/status.h"

#include <protobuf-c/protobuf-c.h>

#define SCAN_MESSAGE_FIELDS_MAX 512 // of one message type

struct scan_limits {
    size_t fields_max;    // in all; above: TOO_LARGE
    size_t repeated_max;  // elements of one repeated field; above: TOO_LARGE
    size_t memory_factor; // memory of the unpacked message as a multiple of the bytes; above:
                          // TOO_LARGE
    bool strict;          // refuse unknown fields: requests; replies let them pass
};

// For a request on the wire (the import command gets the import limits), and for a reply.
extern const struct scan_limits SCAN_REQUEST;
extern const struct scan_limits SCAN_IMPORT;
extern const struct scan_limits SCAN_REPLY;

// The bytes of arena that a message of `size` bytes may need once it has passed.
size_t scan_memory_max(size_t size, const struct scan_limits *limits);

// STATUS_MALFORMED, STATUS_TOO_LARGE, or STATUS_FIELD_NOT_TEXT for a text field that is not clean
// (line feeds and tabs are): then `*field`, unless `field` is NULL, is the field that it is about.
MUST_CHECK enum status scan_message(const ProtobufCMessageDescriptor *descriptor,
                                    struct bytes packed, const struct scan_limits *limits,
                                    const ProtobufCFieldDescriptor **field);
