// SPDX-License-Identifier: Apache-2.0
#include "shared/scan.h"
#include "shared/wire.h"
#include "tests/unit/unit.h"

#include "proto/envelope.pb-c.h"
#include "tests/unit/shapes.pb-c.h"

#define BYTES_MAX ((size_t)1024 * 1024)
#define ROUNDS    40000

// A message written by hand, field by field.
struct draft {
    uint8_t *data;
    size_t size;
};

struct bench {
    struct arena *arena;
    struct draft draft;
};

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->arena = arena_make((size_t)64 * 1024 * 1024);
    bench->draft.data = malloc(2 * BYTES_MAX);
    assert_non_null(bench->arena);
    assert_non_null(bench->draft.data);
    *state = bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    arena_free(bench->arena);
    free(bench->draft.data);
    free(bench);
    return 0;
}

static struct draft *fresh(void **state)
{
    struct bench *bench = *state;
    arena_reset(bench->arena);
    bench->draft.size = 0;
    return &bench->draft;
}

static void add(struct draft *draft, const void *data, size_t size)
{
    assert_true(draft->size + size <= 2 * BYTES_MAX);
    memcpy(draft->data + draft->size, data, size);
    draft->size += size;
}

static void add_varint(struct draft *draft, uint64_t value)
{
    while (value >= 0x80) {
        const uint8_t byte = (uint8_t)(value & 0x7f) | 0x80;
        add(draft, &byte, 1);
        value >>= 7;
    }
    const uint8_t last = (uint8_t)value;
    add(draft, &last, 1);
}

static void add_tag(struct draft *draft, uint32_t number, unsigned wire)
{
    add_varint(draft, (uint64_t)number << 3 | wire);
}

static void add_number(struct draft *draft, uint32_t number, uint64_t value)
{
    add_tag(draft, number, 0);
    add_varint(draft, value);
}

static void add_run(struct draft *draft, uint32_t number, const void *data, size_t size)
{
    add_tag(draft, number, 2);
    add_varint(draft, size);
    add(draft, data, size);
}

static enum status scan_with(const struct draft *draft, const struct scan_limits *limits)
{
    return scan_message(&shapes__descriptor, bytes_of(draft->data, draft->size), limits, NULL);
}

static enum status scan(const struct draft *draft)
{
    return scan_with(draft, &SCAN_REQUEST);
}

// The promise: what passes unpacks, in the memory that was promised.
static void assert_unpacks(const ProtobufCMessageDescriptor *descriptor, struct bytes packed,
                           const struct scan_limits *limits)
{
    CLEANUP(arena_free_at)
    struct arena *arena = arena_make(scan_memory_max(packed.size, limits));
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_unpack(arena, descriptor, packed, &message), STATUS_OK);
}

static void nothing_is_a_message(void **state)
{
    assert_int_equal(scan(fresh(state)), STATUS_OK);
    assert_int_equal(scan_message(&request__descriptor, bytes_of(NULL, 0), &SCAN_REQUEST, NULL),
                     STATUS_OK);
}

static void every_type_of_field_passes(void **state)
{
    struct draft *draft = fresh(state);
    for (uint32_t number = 1; number <= 8; number++) {
        add_number(draft, number, 1);
    }
    for (uint32_t number = 9; number <= 11; number++) {
        add_tag(draft, number, 1);
        add(draft, "12345678", 8);
    }
    for (uint32_t number = 12; number <= 14; number++) {
        add_tag(draft, number, 5);
        add(draft, "1234", 4);
    }
    add_run(draft, 15, "张伟\n\tab", 10);
    add_run(draft, 16, "\0\1\2", 3);
    add_run(draft, 17, "\x08\x01", 2);
    for (uint32_t number = 33; number <= 38; number++) {
        add_run(draft, number, "\1\0\1", 3); // packed
        add_number(draft, number, 1);        // and not
    }
    add_run(draft, 39, "1234567812345678", 16);
    add_run(draft, 40, "12341234", 8);
    add_number(draft, 41, 7);
    add_run(draft, 42, "", 0);
    add_run(draft, 43, "", 0);
    add_run(draft, 44, "", 0);
    add_run(draft, 60, "\x08\x01", 2);
    assert_int_equal(scan(draft), STATUS_OK);
    assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), &SCAN_REQUEST);
}

static void every_proper_prefix_that_ends_in_a_field_is_refused(void **state)
{
    struct draft *draft = fresh(state);
    add_run(draft, 15, "abcdef", 6);
    for (size_t size = 1; size < draft->size; size++) {
        const struct draft cut = {.data = draft->data, .size = size};
        assert_int_equal(scan(&cut), STATUS_MALFORMED);
    }
    assert_int_equal(scan(draft), STATUS_OK);
}

// Wraps what is there into field 17, from the inside out.
static void nest(struct draft *draft, size_t levels)
{
    for (size_t i = 0; i < levels; i++) {
        struct draft outer = {.data = malloc(draft->size + 16)};
        assert_non_null(outer.data);
        add_run(&outer, 17, draft->data, draft->size);
        draft->size = 0;
        add(draft, outer.data, outer.size);
        free(outer.data);
    }
}

static void eight_levels_pass_and_nine_are_refused(void **state)
{
    struct draft *draft = fresh(state);
    nest(draft, SCAN_DEPTH_MAX - 1);
    assert_int_equal(scan(draft), STATUS_OK);
    assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), &SCAN_REQUEST);
    draft = fresh(state);
    nest(draft, SCAN_DEPTH_MAX);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
    // What overflowed the stack of protobuf-c: sixteen thousand levels.
    draft = fresh(state);
    nest(draft, 16000);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
}

static void a_mebibyte_of_two_byte_fields_is_refused(void **state)
{
    struct draft *draft = fresh(state);
    while (draft->size < BYTES_MAX) {
        add(draft, "\x38\x01", 2); // the flag, again and again
    }
    assert_int_equal(scan(draft), STATUS_MALFORMED);
    // The same with a field that may repeat, under the widest limits.
    draft = fresh(state);
    while (draft->size < BYTES_MAX) {
        add(draft, "\xc8\x02\x01", 3);
    }
    assert_int_equal(scan_with(draft, &SCAN_IMPORT), STATUS_TOO_LARGE);
    // And with empty messages, each of which costs hundreds of bytes.
    draft = fresh(state);
    for (size_t i = 0; i < SCAN_REPEATED_MAX; i++) {
        add(draft, "\xe2\x02\x00", 3);
    }
    assert_int_equal(scan(draft), STATUS_TOO_LARGE);
}

static void counts_end_at_their_limit(void **state)
{
    struct draft *draft = fresh(state);
    for (size_t i = 0; i < SCAN_REPEATED_MAX; i++) {
        add_number(draft, 41, 1);
    }
    assert_int_equal(scan(draft), STATUS_OK);
    assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), &SCAN_REQUEST);
    add_number(draft, 41, 1);
    assert_int_equal(scan(draft), STATUS_TOO_LARGE);

    // Packed elements count alike, also over several runs.
    static const uint8_t ONES[SCAN_REPEATED_MAX] = {0};
    draft = fresh(state);
    add_run(draft, 35, ONES, sizeof ONES);
    assert_int_equal(scan(draft), STATUS_OK);
    assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), &SCAN_REQUEST);
    add_run(draft, 35, ONES, 1);
    assert_int_equal(scan(draft), STATUS_TOO_LARGE);

    // Fields in all, spread over repeated fields so that no other limit is met first.
    draft = fresh(state);
    static const uint8_t TEXT[40] = "0123456789012345678901234567890123456789";
    for (size_t i = 0; i < SCAN_FIELDS_MAX; i++) {
        const uint32_t number = (uint32_t)(33 + i % 5);
        if (i % 6 == 5) {
            add_run(draft, 42, TEXT, sizeof TEXT);
        } else {
            add_number(draft, number, 1);
        }
    }
    assert_int_equal(scan(draft), STATUS_OK);
    assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), &SCAN_REQUEST);
    add_number(draft, 38, 1);
    assert_int_equal(scan(draft), STATUS_TOO_LARGE);
    assert_int_equal(scan_with(draft, &SCAN_IMPORT), STATUS_OK);
}

static void an_unknown_field_is_refused_in_requests_only(void **state)
{
    static const char *const FIELDS[] = {"\xa0\x06\x01",
                                         "\xa1\x06"
                                         "12345678",
                                         "\xa2\x06\x02"
                                         "ab",
                                         "\xa5\x06"
                                         "1234"};
    for (size_t i = 0; i < COUNT_OF(FIELDS); i++) {
        struct draft *draft = fresh(state);
        add(draft, FIELDS[i], strlen(FIELDS[i]));
        assert_int_equal(scan(draft), STATUS_MALFORMED);
        assert_int_equal(scan_with(draft, &SCAN_IMPORT), STATUS_MALFORMED);
        assert_int_equal(scan_with(draft, &SCAN_REPLY), STATUS_OK);
        assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), &SCAN_REPLY);
    }
    // Groups are not of proto3.
    struct draft *draft = fresh(state);
    add(draft, "\xa3\x06\xa4\x06", 4);
    assert_int_equal(scan_with(draft, &SCAN_REPLY), STATUS_MALFORMED);
}

static void a_singular_field_comes_once(void **state)
{
    struct draft *draft = fresh(state);
    add_number(draft, 1, 1);
    add_number(draft, 1, 1);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
    assert_int_equal(scan_with(draft, &SCAN_REPLY), STATUS_MALFORMED);
    // Two messages in one field would be merged by protobuf-c.
    draft = fresh(state);
    add_run(draft, 17, "", 0);
    add_run(draft, 17, "", 0);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
}

static void a_oneof_has_one_member(void **state)
{
    struct draft *draft = fresh(state);
    add_number(draft, 62, 1);
    assert_int_equal(scan(draft), STATUS_OK);
    add_run(draft, 61, "a", 1);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
    draft = fresh(state);
    add_run(draft, 60, "", 0);
    add_number(draft, 62, 1);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
}

static void a_wrong_wire_type_is_refused(void **state)
{
    // For each of field 1 (varint), 9 (64 bit), 12 (32 bit), 15 (run): every other wire type, and a
    // body that fits any.
    static const struct {
        uint32_t number;
        unsigned right;
    } FIELDS[] = {{1, 0}, {9, 1}, {12, 5}, {15, 2}, {17, 2}, {42, 2}};

    for (size_t i = 0; i < COUNT_OF(FIELDS); i++) {
        for (unsigned wire = 0; wire < 8; wire++) {
            struct draft *draft = fresh(state);
            add_tag(draft, FIELDS[i].number, wire);
            add(draft, "\x00", 1);
            if (wire == 1 || wire == 5) {
                add(draft, "1234567", wire == 1 ? 7 : 3);
            }
            assert_int_equal(scan(draft), wire == FIELDS[i].right ? STATUS_OK : STATUS_MALFORMED);
        }
    }
}

static void varints_are_as_short_as_they_can_be(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } FIELDS[] = {
        {"\x08\x80\x00", 3},                                      // 0 in two bytes
        {"\x08\x81\x80\x00", 4},                                  // 1 in three
        {"\x88\x00\x01", 3},                                      // tag in two bytes
        {"\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},     // 65 bits
        {"\x30\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, // eleven bytes
        {"\x7a\x81\x00"
         "a",
         4},                             // size in two bytes
        {"\x00\x01", 2},                 // field 0
        {"\x07\x01", 2},                 // wire type 7
        {"\xff\xff\xff\xff\x7f\x01", 6}, // a tag of 35 bits
        {"\x08", 1},                     // cut
        {"\x08\x80", 2},                 // cut
        {"\x7a\x05\x61", 3},             // longer than what is left
        {"\x7a\xff\xff\xff\xff\x0f", 6}, // much longer
        {"\x8a\x01\x05\x7a\x03\x61", 6}, // longer than its message
    };

    for (size_t i = 0; i < COUNT_OF(FIELDS); i++) {
        struct draft *draft = fresh(state);
        add(draft, FIELDS[i].bytes, FIELDS[i].size);
        assert_int_equal(scan(draft), STATUS_MALFORMED);
    }
    struct draft *draft = fresh(state);
    add_number(draft, 6, UINT64_MAX);
    assert_int_equal(scan(draft), STATUS_OK);
}

static void numbers_fit_their_field(void **state)
{
    static const struct {
        uint32_t number;
        uint64_t value;
        enum status expected;
    } CASES[] = {
        {3, UINT32_MAX, STATUS_OK},
        {3, (uint64_t)UINT32_MAX + 1, STATUS_MALFORMED},
        {2, (uint64_t)UINT32_MAX + 1, STATUS_MALFORMED},
        {1, INT32_MAX, STATUS_OK},
        {1, (uint64_t)INT32_MAX + 1, STATUS_MALFORMED},
        {1, UINT64_MAX, STATUS_OK},                        // -1
        {1, UINT64_MAX - INT32_MAX, STATUS_OK},            // the least
        {1, UINT64_MAX - INT32_MAX - 1, STATUS_MALFORMED}, // less than the least
        {8, UINT64_MAX, STATUS_OK},
        {8, (uint64_t)UINT32_MAX + 1, STATUS_MALFORMED},
        {7, 1, STATUS_OK},
        {7, 2, STATUS_MALFORMED},
        {4, UINT64_MAX, STATUS_OK},
    };

    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        struct draft *draft = fresh(state);
        add_number(draft, CASES[i].number, CASES[i].value);
        assert_int_equal(scan(draft), CASES[i].expected);
    }
    // Packed ones too; and a run that ends within a number.
    struct draft *draft = fresh(state);
    add_run(draft, 37, "\x02", 1);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
    draft = fresh(state);
    add_run(draft, 35, "\x01\x80", 2);
    add_number(draft, 1, 1);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
    draft = fresh(state);
    add_run(draft, 39, "1234567", 7);
    add(draft, "\x08\x01", 2);
    assert_int_equal(scan(draft), STATUS_MALFORMED);
}

static void text_that_is_not_clean_is_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } TEXTS[] = {
        {"a\0b", 3},             // NUL
        {"\x1b[2J", 4},          // escape
        {"a\rb", 3},             // carriage return
        {"\x7f", 1},             // delete
        {"\xc2\x9b", 2},         // C1 control
        {"\xff", 1},             // no UTF-8
        {"\xc0\x80", 2},         // over-long
        {"\xed\xa0\x80", 3},     // surrogate
        {"\xf4\x90\x80\x80", 4}, // beyond Unicode
        {"\xe5\xbc", 2},         // cut
    };

    for (size_t i = 0; i < COUNT_OF(TEXTS); i++) {
        struct draft *draft = fresh(state);
        add_run(draft, 42, TEXTS[i].bytes, TEXTS[i].size);
        nest(draft, 2);
        const ProtobufCFieldDescriptor *field = NULL;
        assert_int_equal(scan_message(&shapes__descriptor, bytes_of(draft->data, draft->size),
                                      &SCAN_REQUEST, &field),
                         STATUS_FIELD_NOT_TEXT);
        assert_non_null(field);
        assert_string_equal(field->name, "texts");
        // In a field of bytes they may stand.
        draft = fresh(state);
        add_run(draft, 16, TEXTS[i].bytes, TEXTS[i].size);
        assert_int_equal(scan(draft), STATUS_OK);
    }
}

// No message type nests in itself, none has more fields than a frame counts, none has what proto3
// does not have.
static void check_descriptor(const ProtobufCMessageDescriptor *descriptor)
{
    const ProtobufCMessageDescriptor *stack[SCAN_DEPTH_MAX] = {descriptor};
    size_t next[SCAN_DEPTH_MAX] = {0};
    size_t depth = 1;
    while (depth > 0) {
        const ProtobufCMessageDescriptor *top = stack[depth - 1];
        assert_true(top->n_fields <= SCAN_MESSAGE_FIELDS_MAX);
        if (next[depth - 1] == top->n_fields) {
            depth--;
            continue;
        }
        const ProtobufCFieldDescriptor *field = &top->fields[next[depth - 1]];
        next[depth - 1]++;
        assert_true(field->label == PROTOBUF_C_LABEL_NONE ||
                    field->label == PROTOBUF_C_LABEL_REPEATED);
        if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
            assert_true(depth < SCAN_DEPTH_MAX);
            stack[depth] = field->descriptor;
            next[depth] = 0;
            depth++;
        }
    }
}

static void every_message_of_the_wire_suits_the_scanner(void **state)
{
    (void)state;
    check_descriptor(&request__descriptor);
    check_descriptor(&reply__descriptor);
    check_descriptor(&event__descriptor);
}

static void a_packed_request_passes(void **state)
{
    struct bench *bench = *state;
    (void)fresh(state);
    CustomerAdd customer;
    customer_add__init(&customer);
    customer.name = (char[]){"上海示例贸易有限公司"};
    Request request;
    request__init(&request);
    uint8_t key[REQUEST_KEY_BYTES] = {1};
    request.key = (ProtobufCBinaryData){.len = sizeof key, .data = key};
    request.command_case = REQUEST__COMMAND_CUSTOMER_ADD;
    request.customer_add = &customer;
    struct bytes packed;
    assert_int_equal(wire_pack(bench->arena, &request.base, &packed), STATUS_OK);
    assert_int_equal(scan_message(&request__descriptor, packed, &SCAN_REQUEST, NULL), STATUS_OK);
    assert_unpacks(&request__descriptor, packed, &SCAN_REQUEST);
}

// xorshift64: the same bytes in every run.
static WRAPS uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

// `inner` is what a message field gets: the message made one level further inside.
static void add_random_field(struct draft *draft, uint64_t *random, struct bytes inner)
{
    static const uint8_t TEXT[64] = "all the letters that a name may have and some more of them";
    const unsigned count = shapes__descriptor.n_fields;
    const ProtobufCFieldDescriptor *field = &shapes__descriptor.fields[next_random(random) % count];
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        add_run(draft, field->id, TEXT, next_random(random) % 58);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        add_run(draft, field->id, inner.data, inner.size);
        break;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        add_tag(draft, field->id, 1);
        add(draft, "12345678", 8);
        break;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        add_tag(draft, field->id, 5);
        add(draft, "1234", 4);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        add_number(draft, field->id, next_random(random) % 2);
        break;
    }
}

static void make_random(struct draft *draft, uint64_t *random, struct arena *arena)
{
    for (uint64_t level = next_random(random) % 5; level > 0; level--) {
        const uint8_t *inner = arena_copy(arena, draft->data, draft->size);
        assert_non_null(inner);
        const struct bytes inner_bytes = bytes_of(inner, draft->size);
        draft->size = 0;
        for (uint64_t fields = next_random(random) % 8; fields > 0; fields--) {
            add_random_field(draft, random, inner_bytes);
        }
    }
}

// Random messages, half of them spoiled in a few bytes: whatever passes must unpack within its
// memory.
static void whatever_passes_unpacks_within_its_memory(void **state)
{
    static const struct scan_limits *const LIMITS[] = {&SCAN_REQUEST, &SCAN_IMPORT, &SCAN_REPLY};
    struct bench *bench = *state;
    uint64_t random = 88172645463325252u;
    size_t passed = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        struct draft *draft = fresh(state);
        make_random(draft, &random, bench->arena);
        for (size_t i = next_random(&random) % 4; i > 0 && round % 2 == 0 && draft->size > 0; i--) {
            draft->data[next_random(&random) % draft->size] = (uint8_t)next_random(&random);
        }
        const struct scan_limits *limits = LIMITS[round % COUNT_OF(LIMITS)];
        if (scan_with(draft, limits) == STATUS_OK) {
            assert_unpacks(&shapes__descriptor, bytes_of(draft->data, draft->size), limits);
            passed++;
        }
    }
    // Both answers must have come, often.
    assert_true(passed > ROUNDS / 10 && passed < ROUNDS - ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_message),
        cmocka_unit_test(every_type_of_field_passes),
        cmocka_unit_test(every_proper_prefix_that_ends_in_a_field_is_refused),
        cmocka_unit_test(eight_levels_pass_and_nine_are_refused),
        cmocka_unit_test(a_mebibyte_of_two_byte_fields_is_refused),
        cmocka_unit_test(counts_end_at_their_limit),
        cmocka_unit_test(an_unknown_field_is_refused_in_requests_only),
        cmocka_unit_test(a_singular_field_comes_once),
        cmocka_unit_test(a_oneof_has_one_member),
        cmocka_unit_test(a_wrong_wire_type_is_refused),
        cmocka_unit_test(varints_are_as_short_as_they_can_be),
        cmocka_unit_test(numbers_fit_their_field),
        cmocka_unit_test(text_that_is_not_clean_is_named),
        cmocka_unit_test(every_message_of_the_wire_suits_the_scanner),
        cmocka_unit_test(a_packed_request_passes),
        cmocka_unit_test(whatever_passes_unpacks_within_its_memory),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
