// SPDX-License-Identifier: Apache-2.0
#include "shared/fields.h"

#include "shared/text.h"

// Behind the key of a rate, since a message may have an amount of the same name.
static const char RATE_KEY[] = "_rate";

struct suffix_row {
    const char *suffix;
    enum kind kind;
};

static const struct suffix_row SUFFIXES[] = {
#define KIND(suffix, name) {suffix, KIND_##name},
#include "shared/kinds.def"
#undef KIND
};

static bool ends_with(const char *name, const char *suffix)
{
    const size_t name_size = strlen(name);
    const size_t suffix_size = strlen(suffix);
    return name_size > suffix_size && strcmp(name + name_size - suffix_size, suffix) == 0;
}

// The type that a suffix promises; a text called "tax_id" is no reference.
static bool is_type_of_kind(enum kind kind, ProtobufCType type)
{
    switch (kind) {
    case KIND_MONEY:
    case KIND_INSTANT:
    case KIND_QUANTITY:
        return type == PROTOBUF_C_TYPE_SINT64;
    case KIND_DAY:
        return type == PROTOBUF_C_TYPE_SINT32;
    case KIND_REFERENCE:
        return type == PROTOBUF_C_TYPE_FIXED64;
    case KIND_RATE:
        return type == PROTOBUF_C_TYPE_UINT32;
    case KIND_TEXT:
    case KIND_NUMBER:
    case KIND_FLAG:
    case KIND_CHOICE:
    case KIND_BYTES:
    case KIND_MESSAGE:
        break;
    }
    return false;
}

static const struct suffix_row *suffix_of(const ProtobufCFieldDescriptor *descriptor)
{
    for (size_t i = 0; i < COUNT_OF(SUFFIXES); i++) {
        if (ends_with(descriptor->name, SUFFIXES[i].suffix) &&
            is_type_of_kind(SUFFIXES[i].kind, descriptor->type)) {
            return &SUFFIXES[i];
        }
    }
    return NULL;
}

enum kind field_kind(const ProtobufCFieldDescriptor *descriptor)
{
    const struct suffix_row *suffix = suffix_of(descriptor);
    if (suffix != NULL) {
        return suffix->kind;
    }
    if (descriptor->type == PROTOBUF_C_TYPE_FIXED64 && strcmp(descriptor->name, "id") == 0) {
        return KIND_REFERENCE;
    }
    switch (descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        return KIND_TEXT;
    case PROTOBUF_C_TYPE_BYTES:
        return KIND_BYTES;
    case PROTOBUF_C_TYPE_BOOL:
        return KIND_FLAG;
    case PROTOBUF_C_TYPE_ENUM:
        return KIND_CHOICE;
    case PROTOBUF_C_TYPE_MESSAGE:
        return KIND_MESSAGE;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    return KIND_NUMBER;
}

static void name_without_suffix(const ProtobufCFieldDescriptor *descriptor, char out[static 64])
{
    const struct suffix_row *suffix = suffix_of(descriptor);
    const size_t size = strlen(descriptor->name) - (suffix != NULL ? strlen(suffix->suffix) : 0);
    assert(size > 0 && size < 64);
    memcpy(out, descriptor->name, size);
    out[size] = '\0';
}

void field_option(const ProtobufCFieldDescriptor *descriptor, char out[static 64])
{
    name_without_suffix(descriptor, out);
    for (char *c = out; *c != '\0'; c++) {
        if (*c == '_') {
            *c = '-';
        }
    }
}

void field_key(const ProtobufCFieldDescriptor *descriptor, char out[static 64])
{
    name_without_suffix(descriptor, out);
    const enum kind kind = field_kind(descriptor);
    if (kind == KIND_REFERENCE) {
        assert(strlen(descriptor->name) < 64);
        memcpy(out, descriptor->name, strlen(descriptor->name) + 1);
    } else if (kind == KIND_RATE) {
        const size_t size = strlen(out);
        assert(size + sizeof RATE_KEY <= 64);
        memcpy(out + size, RATE_KEY, sizeof RATE_KEY);
    }
}

// Where the word begins in "CUSTOMER_KIND_PERSON" of the enum "CustomerKind".
static size_t choice_prefix(const ProtobufCEnumDescriptor *choice)
{
    size_t size = 1; // the underscore behind it
    for (const char *c = choice->name; *c != '\0'; c++) {
        size += c != choice->name && *c >= 'A' && *c <= 'Z' ? 2 : 1;
    }
    return size;
}

const char *field_choice_word(const ProtobufCEnumDescriptor *choice, int value, char out[static 64])
{
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(choice, value);
    if (found == NULL || value == 0) {
        return NULL;
    }
    const size_t prefix = choice_prefix(choice);
    assert(strlen(found->name) > prefix && strlen(found->name) - prefix < 64);
    size_t size = 0;
    for (const char *c = found->name + prefix; *c != '\0'; c++) {
        if (*c == '_') {
            out[size++] = '-';
        } else {
            out[size++] = ascii_lower(*c);
        }
    }
    out[size] = '\0';
    return out;
}

bool field_choice_value(const ProtobufCEnumDescriptor *choice, const char *word, int *value)
{
    assert(word != NULL && value != NULL);
    for (unsigned i = 0; i < choice->n_values; i++) {
        char known[64];
        if (field_choice_word(choice, choice->values[i].value, known) != NULL &&
            strcmp(known, word) == 0) {
            *value = choice->values[i].value;
            return true;
        }
    }
    return false;
}

void *field_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor)
{
    assert(message != NULL && descriptor != NULL);
    uint8_t *bytes = NULL;
    memcpy(&bytes, &message, sizeof bytes);
    return bytes + descriptor->offset;
}

static bool is_repeated(const ProtobufCFieldDescriptor *descriptor)
{
    return descriptor->label == PROTOBUF_C_LABEL_REPEATED;
}

static size_t type_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return sizeof(uint32_t);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return sizeof(void *);
}

// Another member of its oneof is set.
static bool is_other_member(const ProtobufCMessage *message,
                            const ProtobufCFieldDescriptor *descriptor)
{
    if ((descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0) {
        return false;
    }
    uint32_t chosen = 0;
    memcpy(&chosen, (const uint8_t *)message + descriptor->quantifier_offset, sizeof chosen);
    return chosen != descriptor->id;
}

static bool is_value_set(const void *value, ProtobufCType type)
{
    uint32_t narrow = 0;
    uint64_t wide = 0;
    const char *text = NULL;
    if (type == PROTOBUF_C_TYPE_STRING) {
        memcpy(&text, value, sizeof text);
        return text != NULL && text[0] != '\0';
    }
    if (type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *bytes = value;
        return bytes->len > 0;
    }
    if (type_size(type) == sizeof narrow) {
        memcpy(&narrow, value, sizeof narrow);
        return narrow != 0;
    }
    memcpy(&wide, value, sizeof wide); // pointers of messages too
    return wide != 0;
}

static_assert(sizeof(void *) == sizeof(uint64_t), "a pointer is as wide as the widest number");
static_assert(sizeof(protobuf_c_boolean) == sizeof(uint32_t), "a flag is as wide as a number");

bool field_is_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor)
{
    return field_count(message, descriptor) > 0;
}

size_t field_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor)
{
    assert(message != NULL && descriptor != NULL);
    if (is_repeated(descriptor)) {
        size_t count = 0;
        memcpy(&count, (const uint8_t *)message + descriptor->quantifier_offset, sizeof count);
        return count;
    }
    if (is_other_member(message, descriptor)) {
        return 0;
    }
    return is_value_set(field_at(message, descriptor), descriptor->type) ? 1 : 0;
}

void *field_element(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor,
                    size_t index)
{
    if (!is_repeated(descriptor)) {
        assert(index == 0);
        return field_at(message, descriptor);
    }
    assert(index < field_count(message, descriptor));
    uint8_t *const *first = field_at(message, descriptor);
    return *first + index * type_size(descriptor->type);
}

void field_clear(ProtobufCMessage *message, const ProtobufCFieldDescriptor *descriptor)
{
    assert(message != NULL && descriptor != NULL);
    uint8_t *at = (uint8_t *)message + descriptor->offset;
    if (is_repeated(descriptor)) {
        memset((uint8_t *)message + descriptor->quantifier_offset, 0, sizeof(size_t));
    } else if (descriptor->type == PROTOBUF_C_TYPE_STRING) {
        const char *nothing = "";
        memcpy(at, &nothing, sizeof nothing);
    } else {
        memset(at, 0, type_size(descriptor->type));
    }
}
