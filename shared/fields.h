// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a field of a message is: its kind (from the suffix of its name, kinds.def), its class,
// length, format and need (proto/fields.def). One place for option names, JSON keys, columns and
// checks. The facts of every message that Request and Reply can hold are worked out before main;
// asking for them costs one lookup a message.

#include "shared/command.h"
#include "shared/status.h"

#include <protobuf-c/protobuf-c.h>

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

// What the text of a field must look like.
enum field_format {
    FORMAT_LINE,  // one line
    FORMAT_LINES, // line feeds and tabs are allowed
    FORMAT_PHONE,
    FORMAT_EMAIL,
    FORMAT_TAX_ID,
    FORMAT_TERMS,
    FORMAT_CURRENCY,
    FORMAT_LOGIN, // 2 to 64 of a-z 0-9 . _ -, a letter first
    FORMAT_ROLE,
    FORMAT_ACCOUNT, // digits
    FORMAT_PERIOD,  // a month or a year
};

struct field {
    const ProtobufCFieldDescriptor *descriptor;
    enum kind kind;
    enum field_class field_class;
    enum field_format format;
    bool sealed;
    bool veiled; // masked for everybody until revealed by a journalled act
    bool needed;
    bool positive;
    bool admission;      // numbers 90 to 99: filled by the server
    bool reply_only;     // of a message that requests and replies share
    uint32_t length_max; // bytes of UTF-8, of text fields
    uint32_t most; // elements of a repeated field, or the largest number; 0: no limit of its own
};

#define CROSS_FIELDS_MAX 4

// A rule about several fields of one message.
enum cross_kind {
    CROSS_EXCLUDES, // the first one excludes the others
    CROSS_ONE_OF,   // at least one of them
    CROSS_IN_ORDER, // the first day is not behind the second
};

struct cross {
    enum cross_kind kind;
    unsigned field[CROSS_FIELDS_MAX];
    size_t count;
};

// The facts of field `index` of `message`.
struct field field_of(const ProtobufCMessageDescriptor *message, unsigned index);

// The facts of all fields of a message of the wire, as many as it has, for ever; NULL for one that
// is not of the wire.
const struct field *fields_of(const ProtobufCMessageDescriptor *message);

// The rules about several fields of a message of the wire.
size_t crosses_of(const ProtobufCMessageDescriptor *message, const struct cross **first);

enum kind field_kind(const ProtobufCFieldDescriptor *descriptor);

// Name without its kind's suffix, with '-' ("amount_minor" -> "amount", "no_allocate" ->
// "no-allocate"): option name. With '_' it is the JSON key and the column, but a rate's ends in
// "_rate" ("tax_bp" -> "tax_rate") and a reference keeps its "_id", because an amount or a number
// of the same name may stand beside them. `out` has room for 64 bytes.
void field_option(const ProtobufCFieldDescriptor *descriptor, char out[static 64]);
void field_key(const ProtobufCFieldDescriptor *descriptor, char out[static 64]);

// "CUSTOMER_KIND_PERSON" <-> "person". NULL for a value that is not one of the choices; UNSET is
// none.
const char *field_choice_word(const ProtobufCEnumDescriptor *choice, int value,
                              char out[static 64]);
bool field_choice_value(const ProtobufCEnumDescriptor *choice, const char *word, int *value);

// Is the field present in the message (not zero, not empty)?
bool field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
// Address of a singular field's value inside the message, or of the repeated field's pointer.
void *field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
// Elements of a repeated field; of a singular one 1 when it is set.
size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
// Address of element `index` of a repeated field, or of the value of a singular one (index 0).
void *field_element(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor,
                    size_t index);
// Makes the field absent.
void field_clear(ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor);
