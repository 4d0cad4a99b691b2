// SPDX-License-Identifier: Apache-2.0
#include "shared/scan.h"

#include "shared/text.h"

// The wire format: https://protobuf.dev/programming-guides/encoding. The memory of an unpacked
// message is counted as protobuf-c 1.4 asks for it (protobuf-c.c, protobuf_c_message_unpack), each
// piece rounded as arena.c rounds it.

#define MEMORY_SLACK     ((size_t)64 * 1024)
#define MEMORY_ALIGN     16
#define TAG_VARINT_MAX   5
#define VARINT_MAX       10
#define MEMBER_BYTES     40 // protobuf-c's note of one field that it has seen
#define MEMBERS_ON_STACK 16 // its first notes cost nothing; then slabs of 32, 64, ... notes
#define UNKNOWN_BYTES    sizeof(ProtobufCMessageUnknownField)

enum wire_type {
    WIRE_VARINT = 0,
    WIRE_64 = 1,
    WIRE_BYTES = 2,
    WIRE_32 = 5,
};

const struct scan_limits SCAN_REQUEST = {
    .fields_max = SCAN_FIELDS_MAX,
    .repeated_max = SCAN_REPEATED_MAX,
    .memory_factor = 8,
    .strict = true,
};
const struct scan_limits SCAN_IMPORT = {
    .fields_max = SCAN_IMPORT_FIELDS_MAX,
    .repeated_max = SCAN_IMPORT_REPEATED_MAX,
    .memory_factor = 8,
    .strict = true,
};
// Rows of a reply are mostly empty fields, which cost memory and no bytes; and the server is known
// to its client.
const struct scan_limits SCAN_REPLY = {
    .fields_max = SCAN_IMPORT_FIELDS_MAX,
    .repeated_max = SCAN_IMPORT_REPEATED_MAX,
    .memory_factor = 32,
    .strict = false,
};

// What one type of field is on the wire, what an element of it takes in an array, and which numbers
// it holds: protobuf-c would silently cut others to the field's width.
enum range { ANY, BIT, UNSIGNED_32, SIGNED_32 };

struct shape {
    enum wire_type wire;
    uint8_t element_bytes;
    enum range range;
};

static const struct shape SHAPES[] = {
    [PROTOBUF_C_TYPE_INT32] = {WIRE_VARINT, 4, SIGNED_32},
    [PROTOBUF_C_TYPE_SINT32] = {WIRE_VARINT, 4, UNSIGNED_32},
    [PROTOBUF_C_TYPE_SFIXED32] = {WIRE_32, 4, ANY},
    [PROTOBUF_C_TYPE_INT64] = {WIRE_VARINT, 8, ANY},
    [PROTOBUF_C_TYPE_SINT64] = {WIRE_VARINT, 8, ANY},
    [PROTOBUF_C_TYPE_SFIXED64] = {WIRE_64, 8, ANY},
    [PROTOBUF_C_TYPE_UINT32] = {WIRE_VARINT, 4, UNSIGNED_32},
    [PROTOBUF_C_TYPE_FIXED32] = {WIRE_32, 4, ANY},
    [PROTOBUF_C_TYPE_UINT64] = {WIRE_VARINT, 8, ANY},
    [PROTOBUF_C_TYPE_FIXED64] = {WIRE_64, 8, ANY},
    [PROTOBUF_C_TYPE_FLOAT] = {WIRE_32, 4, ANY},
    [PROTOBUF_C_TYPE_DOUBLE] = {WIRE_64, 8, ANY},
    [PROTOBUF_C_TYPE_BOOL] = {WIRE_VARINT, sizeof(protobuf_c_boolean), BIT},
    [PROTOBUF_C_TYPE_ENUM] = {WIRE_VARINT, 4, SIGNED_32},
    [PROTOBUF_C_TYPE_STRING] = {WIRE_BYTES, sizeof(char *), ANY},
    [PROTOBUF_C_TYPE_BYTES] = {WIRE_BYTES, sizeof(ProtobufCBinaryData), ANY},
    [PROTOBUF_C_TYPE_MESSAGE] = {WIRE_BYTES, sizeof(void *), ANY},
};

static const struct shape *shape_of(const ProtobufCFieldDescriptor *field)
{
    assert((size_t)field->type < COUNT_OF(SHAPES));
    return &SHAPES[field->type];
}

static bool range_holds(enum range range, uint64_t value)
{
    switch (range) {
    case BIT:
        return value <= 1;
    case UNSIGNED_32:
        return value <= UINT32_MAX;
    case SIGNED_32:
        // A negative one comes sign-extended to 64 bits.
        return value <= INT32_MAX || value >= UINT64_MAX - INT32_MAX;
    case ANY:
        break;
    }
    return true;
}

// One message being walked. `seen` counts the occurrences (elements) of each field; of a oneof, its
// first member counts for all.
struct frame {
    const ProtobufCMessageDescriptor *descriptor;
    const uint8_t *end;
    size_t members;
    uint16_t seen[SCAN_MESSAGE_FIELDS_MAX];
};

struct scan {
    const struct scan_limits *limits;
    const uint8_t *at;
    size_t depth;
    size_t fields;
    size_t memory;
    size_t memory_max;
    const ProtobufCFieldDescriptor *field; // the last known one that was read
    struct frame frames[SCAN_DEPTH_MAX];
};

static size_t rounded(size_t size)
{
    return (size + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
}

static enum status take_memory(struct scan *scan, size_t size)
{
    scan->memory += rounded(size);
    return scan->memory <= scan->memory_max ? STATUS_OK : STATUS_TOO_LARGE;
}

static size_t left_of(const struct scan *scan)
{
    return (size_t)(scan->frames[scan->depth - 1].end - scan->at);
}

// At most `max` bytes, within the message, and no byte longer than the number needs.
static enum status take_varint(struct scan *scan, size_t max, uint64_t *out)
{
    const size_t left = left_of(scan);
    uint64_t value = 0;
    for (size_t i = 0; i < max && i < left; i++) {
        const uint8_t byte = scan->at[i];
        if (i == VARINT_MAX - 1 && byte > 1) {
            return STATUS_MALFORMED;
        }
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            if (byte == 0 && i > 0) {
                return STATUS_MALFORMED;
            }
            scan->at += i + 1;
            *out = value;
            return STATUS_OK;
        }
    }
    return STATUS_MALFORMED;
}

static enum status take_size(struct scan *scan, size_t *out)
{
    uint64_t size = 0;
    const enum status status = take_varint(scan, TAG_VARINT_MAX, &size);
    if (status != STATUS_OK) {
        return status;
    }
    if (size > left_of(scan)) {
        return STATUS_MALFORMED;
    }
    *out = (size_t)size;
    return STATUS_OK;
}

static enum status take_number(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    uint64_t value = 0;
    const enum status status = take_varint(scan, VARINT_MAX, &value);
    if (status != STATUS_OK) {
        return status;
    }
    return range_holds(shape_of(field)->range, value) ? STATUS_OK : STATUS_MALFORMED;
}

static enum status take_fixed(struct scan *scan, size_t size)
{
    if (left_of(scan) < size) {
        return STATUS_MALFORMED;
    }
    scan->at += size;
    return STATUS_OK;
}

static enum status push(struct scan *scan, const ProtobufCMessageDescriptor *descriptor,
                        size_t size)
{
    assert(descriptor->n_fields <= SCAN_MESSAGE_FIELDS_MAX);
    if (scan->depth == SCAN_DEPTH_MAX) {
        return STATUS_MALFORMED;
    }
    struct frame *frame = &scan->frames[scan->depth];
    scan->depth++;
    frame->descriptor = descriptor;
    frame->end = scan->at + size;
    frame->members = 0;
    memset(frame->seen, 0, descriptor->n_fields * sizeof frame->seen[0]);
    return take_memory(scan, descriptor->sizeof_message);
}

// Counts the field; a slab more for protobuf-c's notes when the ones before it are full.
static enum status count_member(struct scan *scan)
{
    struct frame *frame = &scan->frames[scan->depth - 1];
    scan->fields++;
    if (scan->fields > scan->limits->fields_max) {
        return STATUS_TOO_LARGE;
    }
    // Full after 16, 16 + 32, 16 + 32 + 64, ... members, each a power of two once 16 are added.
    const size_t sum = frame->members + MEMBERS_ON_STACK;
    const bool is_full = sum >= 2 * MEMBERS_ON_STACK && (sum & (sum - 1)) == 0;
    frame->members++;
    return is_full ? take_memory(scan, sum * MEMBER_BYTES) : STATUS_OK;
}

// The place in `seen` of the field: its own, or that of the first member of its oneof.
static uint16_t *seen_of(struct frame *frame, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCFieldDescriptor *fields = frame->descriptor->fields;
    size_t index = (size_t)(field - fields);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        index = 0;
        while ((fields[index].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
               fields[index].quantifier_offset != field->quantifier_offset) {
            index++;
        }
    }
    assert(index < frame->descriptor->n_fields);
    return &frame->seen[index];
}

static enum status count_element(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    uint16_t *seen = seen_of(&scan->frames[scan->depth - 1], field);
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        if (*seen > 0) {
            return STATUS_MALFORMED;
        }
        *seen = 1;
        return STATUS_OK;
    }
    if (*seen >= scan->limits->repeated_max) {
        return STATUS_TOO_LARGE;
    }
    *seen = (uint16_t)(*seen + 1);
    // The array is asked for once; only its first element pays for the rounding.
    const size_t size = shape_of(field)->element_bytes;
    scan->memory += size + (*seen == 1 ? MEMORY_ALIGN : 0);
    return scan->memory <= scan->memory_max ? STATUS_OK : STATUS_TOO_LARGE;
}

static enum status take_scalar(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    switch (shape_of(field)->wire) {
    case WIRE_64:
        return take_fixed(scan, 8);
    case WIRE_32:
        return take_fixed(scan, 4);
    case WIRE_VARINT:
        return take_number(scan, field);
    case WIRE_BYTES:
        break;
    }
    return STATUS_MALFORMED;
}

static enum status take_packed(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    size_t size = 0;
    enum status status = take_size(scan, &size);
    const uint8_t *end = scan->at + size;
    while (status == STATUS_OK && scan->at < end) {
        status = count_element(scan, field);
        if (status == STATUS_OK) {
            status = take_scalar(scan, field);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    return scan->at == end ? STATUS_OK : STATUS_MALFORMED;
}

static enum status take_run(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    size_t size = 0;
    const enum status status = take_size(scan, &size);
    if (status != STATUS_OK) {
        return status;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return push(scan, field->descriptor, size);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING &&
        !text_is_clean((const char *)scan->at, size, true)) {
        return STATUS_FIELD_NOT_TEXT;
    }
    scan->at += size;
    return take_memory(scan, size + 1);
}

static enum status take_field(struct scan *scan, const ProtobufCFieldDescriptor *field,
                              unsigned came)
{
    const enum wire_type wire = shape_of(field)->wire;
    const bool is_packable = field->label == PROTOBUF_C_LABEL_REPEATED && wire != WIRE_BYTES;
    scan->field = field;
    if (is_packable && came == WIRE_BYTES) {
        return take_packed(scan, field);
    }
    if (came != (unsigned)wire) {
        return STATUS_MALFORMED;
    }
    const enum status status = count_element(scan, field);
    if (status != STATUS_OK) {
        return status;
    }
    return wire == WIRE_BYTES ? take_run(scan, field) : take_scalar(scan, field);
}

// A field that this program does not know: protobuf-c keeps its bytes.
static enum status skip_field(struct scan *scan, unsigned came)
{
    const uint8_t *from = scan->at;
    uint64_t value = 0;
    size_t size = 0;
    enum status status;
    switch (came) {
    case WIRE_VARINT:
        status = take_varint(scan, VARINT_MAX, &value);
        break;
    case WIRE_64:
        status = take_fixed(scan, 8);
        break;
    case WIRE_32:
        status = take_fixed(scan, 4);
        break;
    case WIRE_BYTES:
        status = take_size(scan, &size);
        scan->at += size;
        break;
    default:
        return STATUS_MALFORMED;
    }
    if (status != STATUS_OK) {
        return status;
    }
    return take_memory(scan, UNKNOWN_BYTES + MEMORY_ALIGN + (size_t)(scan->at - from));
}

static enum status step(struct scan *scan)
{
    uint64_t tag = 0;
    enum status status = take_varint(scan, TAG_VARINT_MAX, &tag);
    if (status != STATUS_OK) {
        return status;
    }
    if (tag > UINT32_MAX || tag >> 3 == 0) {
        return STATUS_MALFORMED;
    }
    status = count_member(scan);
    if (status != STATUS_OK) {
        return status;
    }
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
        scan->frames[scan->depth - 1].descriptor, (unsigned)(tag >> 3));
    const unsigned came = (unsigned)(tag & 7);
    if (field != NULL) {
        return take_field(scan, field, came);
    }
    return scan->limits->strict ? STATUS_MALFORMED : skip_field(scan, came);
}

size_t scan_memory_max(size_t size, const struct scan_limits *limits)
{
    return size * limits->memory_factor + MEMORY_SLACK;
}

enum status scan_message(const ProtobufCMessageDescriptor *descriptor, struct bytes packed,
                         const struct scan_limits *limits, const ProtobufCFieldDescriptor **field)
{
    assert(packed.size <= UINT32_MAX && limits->repeated_max < UINT16_MAX);
    static const uint8_t NOTHING = 0;
    struct scan scan;
    scan.limits = limits;
    scan.at = packed.size > 0 ? packed.data : &NOTHING;
    scan.depth = 0;
    scan.fields = 0;
    scan.memory = 0;
    scan.memory_max = scan_memory_max(packed.size, limits);
    scan.field = NULL;

    enum status status = push(&scan, descriptor, packed.size);
    while (status == STATUS_OK && scan.depth > 0) {
        if (left_of(&scan) == 0) {
            scan.depth--;
        } else {
            status = step(&scan);
        }
    }
    if (status == STATUS_FIELD_NOT_TEXT && field != NULL) {
        *field = scan.field;
    }
    return status;
}
