// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which currency the amounts of a message are in (proto/README.md, "Kinds"): that of its field
// `currency`, else that of the message it stands in, else the book's. Readers of words and writers
// of text need its decimals; the wire has minor units of it.

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

// Decimals of the amounts of `message`, which stands in one whose amounts have `above`.
uint32_t denomination_of(const ProtobufCMessage *message, uint32_t above, uint32_t book);
// Does its `currency` say what its amounts are in? Some name one for something else (fields.def,
// ASIDE).
bool denomination_is_named(const ProtobufCMessageDescriptor *message);
// Is the amount in the book's currency beside others of its message that are in the one it names?
bool denomination_is_book(const ProtobufCMessageDescriptor *message,
                          const ProtobufCFieldDescriptor *amount);
