// SPDX-License-Identifier: Apache-2.0
#include "shared/fields.h"
#include "shared/limits.h"
#include "shared/text.h"

#include "proto/envelope.pb-c.h"

// Facts are looked up by name once, before main, for every message that Request or Reply reaches;
// the pool is read only from then on. Rows of the store are not in it: their facts are worked out
// when asked for.

#define MESSAGES_MAX    1024
#define SLOTS           4096
#define POOL_FIELDS_MAX 8192
#define ADMISSION_FIRST 90
#define ADMISSION_LAST  99

struct class_row {
    const char *noun;
    const char *field;
    enum field_class field_class;
    bool sealed;
    uint32_t length_max;
};

struct name_row {
    const char *scope; // a noun or a message
    const char *field;
    uint32_t value;
};

enum { SEAL_CLEAR, SEAL_SEALED };

static const struct class_row CLASSES[] = {
#define FIELD(noun, field, field_class, seal, length_max) \
    {#noun, #field, CLASS_##field_class, SEAL_##seal == SEAL_SEALED, length_max},
#include "proto/fields.def"
};

static const struct name_row FORMATS[] = {
#define FORMAT(noun, field, format) {#noun, #field, FORMAT_##format},
#include "proto/fields.def"
};

static const struct name_row NEEDS[] = {
#define NEED(message, field) {#message, #field, 1},
#include "proto/fields.def"
};

static const struct name_row POSITIVES[] = {
#define POSITIVE(message, field) {#message, #field, 1},
#include "proto/fields.def"
};

static const struct name_row MOSTS[] = {
#define MOST(message, field, most) {#message, #field, most},
#include "proto/fields.def"
};

static const struct name_row VEILS[] = {
#define VEIL(noun, field) {#noun, #field, 1},
#include "proto/fields.def"
};

static const struct name_row COMPUTED[] = {
#define COMPUTED(message, field) {#message, #field, 1},
#include "proto/fields.def"
};

struct cross_row {
    const char *message;
    enum cross_kind kind;
    const char *field[CROSS_FIELDS_MAX];
};

static const struct cross_row CROSSES[] = {
#define CROSS(message, kind, ...) {#message, CROSS_##kind, {__VA_ARGS__}},
#include "proto/fields.def"
};

struct message_facts {
    const ProtobufCMessageDescriptor *message;
    const struct field *field;
    const struct cross *cross;
    size_t cross_count;
};

static struct field pool[POOL_FIELDS_MAX];
static struct cross crosses[COUNT_OF(CROSSES)];
static struct message_facts slots[SLOTS];

WRAPS static size_t slot_of(const ProtobufCMessageDescriptor *message)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)message * 0x9e3779b97f4a7c15u;
    return (size_t)(mixed >> 52);
}

static_assert(SLOTS == 1u << (64 - 52), "a hash of twelve bits addresses every slot");

static struct message_facts *slot_find(const ProtobufCMessageDescriptor *message)
{
    size_t slot = slot_of(message);
    while (slots[slot].message != NULL && slots[slot].message != message) {
        slot = (slot + 1) % SLOTS;
    }
    return &slots[slot];
}

// "CustomerAdd" -> "customer"
static void noun_of(const char *message, char out[static 64])
{
    size_t size = 0;
    while (size < 63 && message[size] != '\0' &&
           (size == 0 || message[size] < 'A' || message[size] > 'Z')) {
        out[size] = ascii_lower(message[size]);
        size++;
    }
    out[size] = '\0';
}

static uint32_t name_value(const struct name_row *rows, size_t count, const char *scope,
                           const char *field)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].field, field) == 0 && strcmp(rows[i].scope, scope) == 0) {
            return rows[i].value;
        }
    }
    return 0;
}

static struct field facts_of(const ProtobufCMessageDescriptor *message, unsigned index)
{
    const ProtobufCFieldDescriptor *descriptor = &message->fields[index];
    const bool envelope = message == &request__descriptor || message == &reply__descriptor;
    char noun[64];
    noun_of(message->name, noun);
    struct field field = {
        .descriptor = descriptor,
        .kind = field_kind(descriptor),
        .field_class = CLASS_PUBLIC,
        .admission =
            !envelope && descriptor->id >= ADMISSION_FIRST && descriptor->id <= ADMISSION_LAST,
        .length_max = TEXT_BYTES_MAX,
    };
    for (size_t i = 0; i < COUNT_OF(CLASSES); i++) {
        const struct class_row *row = &CLASSES[i];
        if (strcmp(row->field, descriptor->name) == 0 && strcmp(row->noun, noun) == 0) {
            field.field_class = row->field_class;
            field.sealed = row->sealed;
            field.length_max = row->length_max > 0 ? row->length_max : TEXT_BYTES_MAX;
        }
    }
    const char *name = descriptor->name;
    const uint32_t format = name_value(FORMATS, COUNT_OF(FORMATS), noun, name);
    field.format = (enum field_format)format;
    field.veiled = name_value(VEILS, COUNT_OF(VEILS), noun, name) != 0;
    field.needed = name_value(NEEDS, COUNT_OF(NEEDS), message->name, name) != 0;
    field.positive = name_value(POSITIVES, COUNT_OF(POSITIVES), message->name, name) != 0;
    field.reply_only = name_value(COMPUTED, COUNT_OF(COMPUTED), message->name, name) != 0;
    field.most = name_value(MOSTS, COUNT_OF(MOSTS), message->name, name);
    return field;
}

// Rules of a message stand together in `crosses`, from `used` on. Returns how many they are.
static size_t crosses_fill(const ProtobufCMessageDescriptor *message, size_t used)
{
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(CROSSES); i++) {
        const struct cross_row *row = &CROSSES[i];
        if (strcmp(row->message, message->name) != 0) {
            continue;
        }
        assert(used + count < COUNT_OF(crosses));
        struct cross *cross = &crosses[used + count++];
        cross->kind = row->kind;
        while (cross->count < CROSS_FIELDS_MAX && row->field[cross->count] != NULL) {
            const ProtobufCFieldDescriptor *field =
                protobuf_c_message_descriptor_get_field_by_name(message, row->field[cross->count]);
            assert(field != NULL);
            cross->field[cross->count++] = (unsigned)(field - message->fields);
        }
    }
    return count;
}

__attribute__((constructor)) static void fields_fill(void)
{
    const ProtobufCMessageDescriptor *queue[MESSAGES_MAX] = {&request__descriptor,
                                                             &reply__descriptor};
    size_t known = 2;
    size_t used = 0;
    size_t crosses_used = 0;
    slot_find(&request__descriptor)->message = &request__descriptor;
    slot_find(&reply__descriptor)->message = &reply__descriptor;
    for (size_t next = 0; next < known; next++) {
        const ProtobufCMessageDescriptor *message = queue[next];
        assert(used + message->n_fields <= POOL_FIELDS_MAX);
        struct message_facts *facts = slot_find(message);
        facts->field = &pool[used];
        facts->cross = &crosses[crosses_used];
        facts->cross_count = crosses_fill(message, crosses_used);
        crosses_used += facts->cross_count;
        for (unsigned i = 0; i < message->n_fields; i++) {
            pool[used++] = facts_of(message, i);
            if (message->fields[i].type != PROTOBUF_C_TYPE_MESSAGE) {
                continue;
            }
            struct message_facts *inner = slot_find(message->fields[i].descriptor);
            if (inner->message == NULL) {
                assert(known < MESSAGES_MAX);
                inner->message = message->fields[i].descriptor;
                queue[known++] = inner->message;
            }
        }
    }
}

const struct field *fields_of(const ProtobufCMessageDescriptor *message)
{
    assert(message != NULL);
    return slot_find(message)->field;
}

struct field field_of(const ProtobufCMessageDescriptor *message, unsigned index)
{
    assert(message != NULL && index < message->n_fields);
    const struct field *known = fields_of(message);
    return known != NULL ? known[index] : facts_of(message, index);
}

size_t crosses_of(const ProtobufCMessageDescriptor *message, const struct cross **first)
{
    assert(message != NULL && first != NULL);
    const struct message_facts *facts = slot_find(message);
    *first = facts->cross;
    return facts->cross_count;
}
