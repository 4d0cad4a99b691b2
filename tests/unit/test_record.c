// SPDX-License-Identifier: Apache-2.0
#include "shared/record.h"
#include "tests/unit/vectors.h"

static const struct noise_cipher CIPHER = {.key = {.bytes = {9, 9}}};

// Both ends of one direction.
struct pipe {
    struct channel send;
    struct channel receive;
    uint8_t *bytes;
    size_t size;
};

static struct pipe pipe_make(struct arena *arena)
{
    uint8_t *bytes = arena_alloc(arena, RECORD_LENGTH_BYTES + RECORD_CIPHER_MAX);
    assert_non_null(bytes);
    return (struct pipe){.send = {.cipher = CIPHER}, .receive = {.cipher = CIPHER}, .bytes = bytes};
}

static enum status open_it(struct pipe *pipe, struct record *out)
{
    const uint16_t length = get_u16(pipe->bytes);
    assert_int_equal(length + RECORD_LENGTH_BYTES, pipe->size);
    return record_open(&pipe->receive, pipe->bytes + RECORD_LENGTH_BYTES, length, out);
}

static struct record pass(struct pipe *pipe, const struct record *record)
{
    struct record out;
    assert_int_equal(record_seal(&pipe->send, record, pipe->bytes, &pipe->size), STATUS_OK);
    assert_int_equal(open_it(pipe, &out), STATUS_OK);
    return out;
}

// Seals a plaintext as it stands, for what record_seal would never write.
static enum status open_plain(struct arena *arena, const uint8_t *plain, size_t plain_size)
{
    struct pipe pipe = pipe_make(arena);
    assert_int_equal(noise_encrypt(&pipe.send.cipher, bytes_of(plain, plain_size),
                                   pipe.bytes + RECORD_LENGTH_BYTES),
                     STATUS_OK);
    pipe.size = RECORD_LENGTH_BYTES + plain_size + RECORD_TAG_BYTES;
    put_u16(pipe.bytes, (uint16_t)(plain_size + RECORD_TAG_BYTES));
    struct record out;
    return open_it(&pipe, &out);
}

static void every_size_class_passes(void **state)
{
    struct arena *arena = *state;
    struct pipe pipe = pipe_make(arena);
    static uint8_t data[RECORD_DATA_MAX];
    memset(data, 0xee, sizeof data);
    for (size_t plain = RECORD_PLAIN_MIN; plain <= RECORD_PLAIN_MAX; plain *= 2) {
        // The fullest of this class, and the emptiest: one more than the class below holds.
        const size_t full = plain - RECORD_HEADER_BYTES;
        const size_t least = plain == RECORD_PLAIN_MIN ? 0 : plain / 2 - RECORD_HEADER_BYTES + 1;
        const size_t sizes[] = {full, least};
        for (size_t i = 0; i < COUNT_OF(sizes); i++) {
            const struct record record = {.type = RECORD_RES,
                                          .flags = RECORD_FIN | RECORD_MORE,
                                          .request = UINT64_MAX - i,
                                          .data = bytes_of(data, sizes[i])};
            const struct record out = pass(&pipe, &record);
            assert_int_equal(pipe.size, RECORD_LENGTH_BYTES + plain + RECORD_TAG_BYTES);
            assert_int_equal(out.type, RECORD_RES);
            assert_int_equal(out.flags, RECORD_FIN | RECORD_MORE);
            assert_int_equal(out.request, UINT64_MAX - i);
            assert_bytes_equal(out.data, record.data);
        }
    }
}

static void only_nine_lengths_are_valid(void **state)
{
    struct arena *arena = *state;
    size_t valid = 0;
    for (uint32_t length = 0; length <= UINT16_MAX; length++) {
        valid += record_length_is_valid((uint16_t)length) ? 1 : 0;
    }
    assert_int_equal(valid, 9);
    assert_true(record_length_is_valid(80) && record_length_is_valid(16400));
    struct pipe pipe = pipe_make(arena);
    struct record out;
    assert_int_equal(record_open(&pipe.receive, pipe.bytes, 96, &out), STATUS_MALFORMED);
    assert_int_equal(record_open(&pipe.receive, pipe.bytes, 65536 + 80, &out), STATUS_MALFORMED);
}

static void every_byte_of_padding_must_be_zero(void **state)
{
    struct arena *arena = *state;
    uint8_t plain[64] = {RECORD_REQ, RECORD_FIN, 0, 3, [RECORD_HEADER_BYTES] = 'a', 'b', 'c'};
    assert_int_equal(open_plain(arena, plain, sizeof plain), STATUS_OK);
    for (size_t i = 12; i < sizeof plain; i++) {
        if (i < RECORD_HEADER_BYTES || i >= RECORD_HEADER_BYTES + 3) {
            plain[i] = 1;
            assert_int_equal(open_plain(arena, plain, sizeof plain), STATUS_MALFORMED);
            plain[i] = 0;
        }
    }
}

static void a_header_that_lies_is_refused(void **state)
{
    struct arena *arena = *state;
    static const uint8_t HEADERS[][4] = {
        {0, RECORD_FIN, 0, 0},                          // no type
        {9, RECORD_FIN, 0, 0},                          // unknown type
        {RECORD_REQ, 4, 0, 0},                          // unknown flag
        {RECORD_REQ, 0x81, 0, 0},                       // unknown flag
        {RECORD_REQ, RECORD_FIN, 0, 49},                // more data than there is room
        {RECORD_REQ, RECORD_FIN, 0xff, 0xff},           // more data than there is room
        {RECORD_PING, 0, 0, 0},                         // a control record in fragments
        {RECORD_CLOSE, RECORD_FIN | RECORD_MORE, 0, 0}, // and one that continues
    };
    for (size_t i = 0; i < COUNT_OF(HEADERS); i++) {
        uint8_t plain[64] = {0};
        memcpy(plain, HEADERS[i], sizeof HEADERS[i]);
        assert_int_equal(open_plain(arena, plain, sizeof plain), STATUS_MALFORMED);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    struct arena *arena = *state;
    const struct record record = {
        .type = RECORD_REQ, .flags = RECORD_FIN, .request = 1, .data = bytes_of("abc", 3)};
    for (size_t bit = 0; bit < (RECORD_PLAIN_MIN + RECORD_TAG_BYTES) * 8; bit++) {
        struct pipe pipe = pipe_make(arena);
        struct record out;
        assert_int_equal(record_seal(&pipe.send, &record, pipe.bytes, &pipe.size), STATUS_OK);
        pipe.bytes[RECORD_LENGTH_BYTES + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(open_it(&pipe, &out), STATUS_TAMPERED);
    }
}

static void a_repeated_record_is_refused(void **state)
{
    struct arena *arena = *state;
    struct pipe pipe = pipe_make(arena);
    const struct record record = {.type = RECORD_REQ, .flags = RECORD_FIN, .request = 1};
    assert_int_equal(record_seal(&pipe.send, &record, pipe.bytes, &pipe.size), STATUS_OK);
    uint8_t copy[RECORD_LENGTH_BYTES + RECORD_PLAIN_MIN + RECORD_TAG_BYTES];
    assert_int_equal(pipe.size, sizeof copy);
    memcpy(copy, pipe.bytes, pipe.size);
    struct record out;
    assert_int_equal(open_it(&pipe, &out), STATUS_OK);
    memcpy(pipe.bytes, copy, pipe.size);
    assert_int_equal(open_it(&pipe, &out), STATUS_TAMPERED);
}

static void both_sides_rekey_after_as_many_records(void **state)
{
    struct arena *arena = *state;
    struct pipe pipe = pipe_make(arena);
    const struct record record = {.type = RECORD_PING, .flags = RECORD_FIN};
    // Both ends stand three records before the count.
    pipe.send.rekey_records = REKEY_RECORDS - 3;
    pipe.receive.rekey_records = REKEY_RECORDS - 3;
    (void)pass(&pipe, &record);
    (void)pass(&pipe, &record);
    assert_memory_equal(&pipe.send.cipher.key, &CIPHER.key, sizeof CIPHER.key);
    (void)pass(&pipe, &record);
    assert_memory_not_equal(&pipe.send.cipher.key, &CIPHER.key, sizeof CIPHER.key);
    assert_memory_equal(&pipe.send.cipher, &pipe.receive.cipher, sizeof CIPHER);
    assert_int_equal(pipe.send.rekey_records, 0);
    assert_int_equal(pipe.send.records, 3);
    for (size_t i = 0; i < 10; i++) {
        (void)pass(&pipe, &record);
    }
}

static void both_sides_rekey_after_as_many_bytes(void **state)
{
    struct arena *arena = *state;
    struct pipe pipe = pipe_make(arena);
    const struct record record = {.type = RECORD_PING, .flags = RECORD_FIN};
    pipe.send.rekey_bytes = REKEY_BYTES - 81;
    pipe.receive.rekey_bytes = REKEY_BYTES - 81;
    (void)pass(&pipe, &record);
    assert_memory_equal(&pipe.send.cipher.key, &CIPHER.key, sizeof CIPHER.key);
    (void)pass(&pipe, &record);
    assert_memory_not_equal(&pipe.send.cipher.key, &CIPHER.key, sizeof CIPHER.key);
    (void)pass(&pipe, &record);
    assert_int_equal(pipe.send.rekey_bytes, 80);
}

static void a_side_that_does_not_rekey_is_refused(void **state)
{
    struct arena *arena = *state;
    struct pipe pipe = pipe_make(arena);
    const struct record record = {.type = RECORD_PING, .flags = RECORD_FIN};
    struct record out;
    pipe.receive.rekey_records = REKEY_RECORDS - 1;
    (void)pass(&pipe, &record);
    assert_int_equal(record_seal(&pipe.send, &record, pipe.bytes, &pipe.size), STATUS_OK);
    assert_int_equal(open_it(&pipe, &out), STATUS_TAMPERED);
}

static void a_message_of_any_size_comes_back_whole(void **state)
{
    struct arena *arena = *state;
    static const size_t SIZES[] = {0,
                                   1,
                                   RECORD_DATA_MAX - 1,
                                   RECORD_DATA_MAX,
                                   RECORD_DATA_MAX + 1,
                                   2 * RECORD_DATA_MAX,
                                   MESSAGE_IMPORT_MAX};
    for (size_t i = 0; i < COUNT_OF(SIZES); i++) {
        struct pipe pipe = pipe_make(arena);
        uint8_t *data = arena_alloc(arena, SIZES[i] + 1);
        for (size_t at = 0; at < SIZES[i]; at++) {
            data[at] = (uint8_t)(at % 251);
        }
        const struct record message = {.type = RECORD_REQ,
                                       .flags = RECORD_MORE,
                                       .request = 7,
                                       .data = bytes_of(data, SIZES[i])};
        struct assembly assembly = {.size = 0};
        struct record out = {.flags = 0};
        const size_t records = record_count(SIZES[i]);
        for (size_t index = 0; index < records; index++) {
            const struct record fragment = record_fragment(&message, index);
            const struct record came = pass(&pipe, &fragment);
            bool is_complete = false;
            assert_int_equal(assembly_add(&assembly, arena, SIZES[i], &came, &is_complete, &out),
                             STATUS_OK);
            assert_int_equal(is_complete, index + 1 == records);
        }
        assert_int_equal(out.type, RECORD_REQ);
        assert_int_equal(out.flags, RECORD_FIN | RECORD_MORE);
        assert_int_equal(out.request, 7);
        assert_bytes_equal(out.data, message.data);
        assert_false(assembly.is_open);
        arena_reset(arena);
    }
}

static void fragments_of_two_messages_do_not_mix(void **state)
{
    struct arena *arena = *state;
    static const struct record OTHERS[] = {
        {.type = RECORD_REQ, .flags = RECORD_FIN, .request = 8, .data = {(const uint8_t *)"b", 1}},
        {.type = RECORD_RES, .flags = RECORD_FIN, .request = 7, .data = {(const uint8_t *)"b", 1}},
        {.type = RECORD_PING, .flags = RECORD_FIN, .request = 7},
        {.type = RECORD_REQ, .flags = 0, .request = 7},          // empty
        {.type = RECORD_REQ, .flags = RECORD_FIN, .request = 7}, // empty
        {.type = RECORD_REQ, .flags = RECORD_MORE, .request = 7, .data = {(const uint8_t *)"b", 1}},
    };
    const struct record first = {.type = RECORD_REQ, .request = 7, .data = bytes_of("a", 1)};
    for (size_t i = 0; i < COUNT_OF(OTHERS); i++) {
        struct assembly assembly = {.size = 0};
        struct record out;
        bool is_complete = false;
        assert_int_equal(assembly_add(&assembly, arena, 100, &first, &is_complete, &out),
                         STATUS_OK);
        assert_false(is_complete);
        assert_int_equal(assembly_add(&assembly, arena, 100, &OTHERS[i], &is_complete, &out),
                         STATUS_MALFORMED);
    }
}

static void a_message_above_its_limit_is_refused(void **state)
{
    struct arena *arena = *state;
    static uint8_t data[1000];
    const struct record half = {.type = RECORD_REQ, .request = 7, .data = bytes_of(data, 500)};
    const struct record rest = {
        .type = RECORD_REQ, .flags = RECORD_FIN, .request = 7, .data = bytes_of(data, 501)};
    struct assembly assembly = {.size = 0};
    struct record out;
    bool is_complete = false;
    assert_int_equal(assembly_add(&assembly, arena, 1000, &half, &is_complete, &out), STATUS_OK);
    assert_int_equal(assembly_add(&assembly, arena, 1000, &rest, &is_complete, &out),
                     STATUS_TOO_LARGE);
    struct assembly other = {.size = 0};
    assert_int_equal(assembly_add(&other, arena, 500, &rest, &is_complete, &out), STATUS_TOO_LARGE);
    CLEANUP(arena_free_at) struct arena *small = arena_make(1024);
    assert_int_equal(assembly_add(&other, small, 1000, &half, &is_complete, &out),
                     STATUS_TOO_LARGE);
}

static int begin(void **state)
{
    *state = arena_make((size_t)64 * 1024 * 1024);
    return keys_start() == STATUS_OK && *state != NULL ? 0 : -1;
}

static int fresh(void **state)
{
    arena_reset(*state);
    return 0;
}

static int end(void **state)
{
    arena_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_size_class_passes, fresh),
        cmocka_unit_test_setup(only_nine_lengths_are_valid, fresh),
        cmocka_unit_test_setup(every_byte_of_padding_must_be_zero, fresh),
        cmocka_unit_test_setup(a_header_that_lies_is_refused, fresh),
        cmocka_unit_test_setup(every_flipped_bit_is_refused, fresh),
        cmocka_unit_test_setup(a_repeated_record_is_refused, fresh),
        cmocka_unit_test_setup(both_sides_rekey_after_as_many_records, fresh),
        cmocka_unit_test_setup(both_sides_rekey_after_as_many_bytes, fresh),
        cmocka_unit_test_setup(a_side_that_does_not_rekey_is_refused, fresh),
        cmocka_unit_test_setup(a_message_of_any_size_comes_back_whole, fresh),
        cmocka_unit_test_setup(fragments_of_two_messages_do_not_mix, fresh),
        cmocka_unit_test_setup(a_message_above_its_limit_is_refused, fresh),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
