// SPDX-License-Identifier: Apache-2.0
#include "shared/wire.h"

struct supply {
    struct arena *arena;
    bool is_exhausted;
};

static void *supply_alloc(void *context, size_t size)
{
    struct supply *supply = context;
    void *memory = arena_alloc(supply->arena, size);
    if (memory == NULL) {
        supply->is_exhausted = true;
    }
    return memory;
}

static void supply_free(void *context, void *memory)
{
    // What an arena gave ends with the arena.
    (void)context;
    (void)memory;
}

enum status wire_pack(struct arena *arena, const ProtobufCMessage *message, struct bytes *out)
{
    assert(message != NULL);
    const size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_alloc(arena, size);
    if (data == NULL) {
        return STATUS_TOO_LARGE;
    }
    const size_t written = protobuf_c_message_pack(message, data);
    assert(written == size);
    *out = bytes_of(data, written);
    return STATUS_OK;
}

enum status wire_unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                        struct bytes packed, ProtobufCMessage **out)
{
    assert(descriptor != NULL);
    assert(packed.data != NULL || packed.size == 0);
    struct supply supply = {.arena = arena};
    ProtobufCAllocator allocator = {
        .alloc = supply_alloc, .free = supply_free, .allocator_data = &supply};
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, packed.size, packed.data);
    if (message == NULL) {
        return supply.is_exhausted ? STATUS_TOO_LARGE : STATUS_MALFORMED;
    }
    *out = message;
    return STATUS_OK;
}

ProtobufCMessage *wire_make(struct arena *arena, const ProtobufCMessageDescriptor *descriptor)
{
    assert(descriptor != NULL);
    ProtobufCMessage *message = arena_alloc(arena, descriptor->sizeof_message);
    if (message != NULL) {
        protobuf_c_message_init(descriptor, message);
    }
    return message;
}

static bool is_inner(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
           field->type == PROTOBUF_C_TYPE_MESSAGE;
}

// The generated code keeps the number of the set field in an enum beside the union; its size is the
// one protobuf-c itself relies on.
static uint32_t case_of(const ProtobufCMessage *envelope, const ProtobufCFieldDescriptor *field)
{
    uint32_t number = 0;
    memcpy(&number, (const uint8_t *)envelope + field->quantifier_offset, sizeof number);
    return number;
}

ProtobufCMessage *wire_inner(const ProtobufCMessage *envelope, uint32_t number)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(envelope->descriptor, number);
    if (field == NULL || !is_inner(field) || case_of(envelope, field) != number) {
        return NULL;
    }
    ProtobufCMessage *inner = NULL;
    memcpy(&inner, (const uint8_t *)envelope + field->offset, sizeof inner);
    return inner;
}

uint32_t wire_inner_number(const ProtobufCMessage *envelope)
{
    const ProtobufCMessageDescriptor *descriptor = envelope->descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (is_inner(&descriptor->fields[i])) {
            return case_of(envelope, &descriptor->fields[i]);
        }
    }
    return 0;
}

void wire_set_inner(ProtobufCMessage *envelope, uint32_t number, ProtobufCMessage *inner)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(envelope->descriptor, number);
    assert(field != NULL && is_inner(field));
    assert(inner != NULL && inner->descriptor == field->descriptor);
    memcpy((uint8_t *)envelope + field->quantifier_offset, &number, sizeof number);
    memcpy((uint8_t *)envelope + field->offset, &inner, sizeof inner);
}
