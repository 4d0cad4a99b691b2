// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scan before unpack: walks bytes from outside with the message descriptor, iteratively and without allocating, and refuses
// what protobuf-c must never see (design 3; security.md b): depth, field and element counts, unknown fields (strict),
// repeated singular fields, wrong wire types, over-long varints, text that is not clean UTF-8, estimated memory.

#include <protobuf-c/protobuf-c.h>

#include "shared/bytes.h"
#include "shared/limits.h"
#include "shared/status.h"

struct scan_limits {
    size_t fields_max;
    size_t repeated_max;
    bool strict;  // refuse unknown fields: requests; replies let them pass
};

// For a request on the wire (the import command gets the import limits), and for a reply.
extern const struct scan_limits SCAN_REQUEST;
extern const struct scan_limits SCAN_IMPORT;
extern const struct scan_limits SCAN_REPLY;

// STATUS_MALFORMED, or STATUS_FIELD_NOT_TEXT for a text field that is not clean (then *field_number is its path's last
// number), or STATUS_TOO_LARGE.
MUST_CHECK enum status scan_message(const ProtobufCMessageDescriptor *descriptor, struct bytes packed,
                                    const struct scan_limits *limits);
