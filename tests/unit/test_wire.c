// SPDX-License-Identifier: Apache-2.0
#include "shared/wire.h"
#include "tests/unit/unit.h"

#include "proto/envelope.pb-c.h"

static int arena_begin(void **state)
{
    *state = arena_make((size_t)1024 * 1024);
    return *state != NULL ? 0 : -1;
}

static int arena_end(void **state)
{
    arena_free(*state);
    return 0;
}

static void what_is_packed_unpacks_to_the_same(void **state)
{
    struct arena *arena = *state;
    Request *request = (Request *)wire_make(arena, &request__descriptor);
    CustomerShow *show = (CustomerShow *)wire_make(arena, &customer_show__descriptor);
    show->customer_id = 4711;
    request->dry_run = true;
    wire_set_inner(&request->base, 42, &show->base);

    struct bytes packed;
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_pack(arena, &request->base, &packed), STATUS_OK);
    assert_int_equal(wire_unpack(arena, &request__descriptor, packed, &message), STATUS_OK);
    const Request *again = (const Request *)message;
    assert_true(again->dry_run);
    assert_int_equal(again->command_case, REQUEST__COMMAND_CUSTOMER_SHOW);
    assert_int_equal(again->customer_show->customer_id, 4711);
}

static void an_empty_message_packs_to_nothing(void **state)
{
    struct arena *arena = *state;
    struct bytes packed;
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_pack(arena, wire_make(arena, &empty__descriptor), &packed), STATUS_OK);
    assert_int_equal(packed.size, 0);
    assert_int_equal(wire_unpack(arena, &empty__descriptor, bytes_of(NULL, 0), &message),
                     STATUS_OK);
}

static void the_inner_message_is_found_by_its_number_only(void **state)
{
    struct arena *arena = *state;
    ProtobufCMessage *request = wire_make(arena, &request__descriptor);
    assert_int_equal(wire_inner_number(request), 0);
    assert_null(wire_inner(request, 42));
    ProtobufCMessage *show = wire_make(arena, &customer_show__descriptor);
    wire_set_inner(request, 42, show);
    assert_int_equal(wire_inner_number(request), 42);
    assert_ptr_equal(wire_inner(request, 42), show);
    assert_null(wire_inner(request, 43));
    assert_null(wire_inner(request, 1));
    assert_null(wire_inner(request, 9999));
}

static void broken_bytes_are_malformed(void **state)
{
    struct arena *arena = *state;
    static const uint8_t CUT[] = {0x0a, 0x05, 'a'};
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_unpack(arena, &request__descriptor, bytes_of(CUT, sizeof CUT), &message),
                     STATUS_MALFORMED);
    assert_null(message);
}

static void an_exhausted_arena_is_too_large(void **state)
{
    (void)state;
    CLEANUP(arena_free_at) struct arena *small = arena_make(512);
    static const uint8_t KEY
    [600] = {0x0a, 0xd5, 0x04}; // field 1, 597 bytes
    ProtobufCMessage *message = NULL;
    assert_int_equal(wire_unpack(small, &request__descriptor, bytes_of(KEY, sizeof KEY), &message),
                     STATUS_TOO_LARGE);

    Request request;
    request__init(&request);
    request.key = (ProtobufCBinaryData)
    {
        .len = sizeof KEY
        , .data = (uint8_t[600])
        {
            0
        }
    };
    struct bytes packed;
    assert_int_equal(wire_pack(small, &request.base, &packed), STATUS_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_unpacks_to_the_same),
        cmocka_unit_test(an_empty_message_packs_to_nothing),
        cmocka_unit_test(the_inner_message_is_found_by_its_number_only),
        cmocka_unit_test(broken_bytes_are_malformed),
        cmocka_unit_test(an_exhausted_arena_is_too_large),
    };
    return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
