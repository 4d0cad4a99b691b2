// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a field of a message is: its kind (from the suffix of its name, kinds.def), its class, length and need
// (proto/fields.def). One place for option names, JSON keys, columns and checks.

#include <protobuf-c/protobuf-c.h>

#include "shared/command.h"
#include "shared/status.h"

enum kind {
    KIND_TEXT,
    KIND_NUMBER,
    KIND_FLAG,
    KIND_CHOICE,
    KIND_BYTES,
    KIND_MESSAGE,
#define KIND(suffix, name) KIND_##name,
#include "shared/kinds.def"
#undef KIND
};

struct field {
    const ProtobufCFieldDescriptor *descriptor;
    enum kind kind;
    enum field_class field_class;
    bool sealed;
    bool needed;
    bool positive;
    bool admission;       // numbers 90 to 99: filled by the server
    size_t length_max;    // bytes of UTF-8, of text fields
};

// The facts of field `index` of `message`.
struct field field_of(const ProtobufCMessageDescriptor *message, unsigned index);

// Name without its kind's suffix, with '-' ("amount_minor" -> "amount", "no_allocate" -> "no-allocate"): option name.
// With '_' it is the JSON key and the column. `out` has room for 64 bytes.
void field_option(const ProtobufCFieldDescriptor *descriptor, char out[static 64]);
void field_key(const ProtobufCFieldDescriptor *descriptor, char out[static 64]);

// "CUSTOMER_KIND_PERSON" <-> "person".
const char *field_choice_word(const ProtobufCEnumDescriptor *choice, int value, char out[static 64]);
bool field_choice_value(const ProtobufCEnumDescriptor *choice, const char *word, int *value);

// Is the field present in the message (not zero, not empty)?
bool field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
// Address of a singular field's value inside the message, or of the repeated field's pointer.
void *field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
