// SPDX-License-Identifier: Apache-2.0
#include "shared/wire.h"
#include "tests/wire/bed.h"

// Calls over an open channel: one, many at once, small and large, and how a connection ends.

static void copy_hash(struct server *server, void *context)
{
    memcpy(context, server->admit.last_hash, 32);
}

static void a_call_is_answered(void **state)
{
    struct bed *bed = *state;
    for (size_t i = 0; i < 100; i++) {
        arena_reset(bed->arena);
        assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    }
    assert_int_equal(bed_handled(bed), 100);
}

static void replies_of_every_size_come_whole(void **state)
{
    struct bed *bed = *state;
    static const size_t SIZES[] = {0,     1,     30,    31,     32,     100,   1000,
                                   16300, 16350, 16356, 16357,  16360,  16368, 16400,
                                   32720, 32736, 65536, 500000, 1040000};
    for (size_t i = 0; i < COUNT_OF(SIZES); i++) {
        bed_set(bed, &bed->server.admit.reply_bytes, SIZES[i]);
        arena_reset(bed->arena);
        Reply *reply = NULL;
        assert_int_equal(link_call(bed->link, ask_whoami(bed->arena), bed->arena, &reply),
                         STATUS_OK);
        assert_int_equal(reply->status, STATUS_OK);
        assert_int_equal(strlen(reply->session_whoami->login), SIZES[i]);
    }
}

static void a_reply_that_is_too_large_is_an_answer(void **state)
{
    struct bed *bed = *state;
    bed_set(bed, &bed->server.admit.reply_bytes, MESSAGE_REPLY_MAX + 1);
    uint64_t id = 0;
    struct link_answer answer;
    assert_int_equal(link_send(bed->link, ask_whoami(bed->arena), &id), STATUS_OK);
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_int_equal(answer.reply->status, STATUS_TOO_LARGE);
    assert_false(answer.early); // it was carried out
    bed_set(bed, &bed->server.admit.reply_bytes, 1);
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
}

static void requests_of_many_records_come_whole(void **state)
{
    struct bed *bed = *state;
    static const size_t SIZES[] = {16300, 16346, 16347, 16348, 16356, 16368, 33000, 60000};
    for (size_t i = 0; i < COUNT_OF(SIZES); i++) {
        arena_reset(bed->arena);
        const Request *request = ask_add(bed->arena, SIZES[i]);
        assert_int_equal(ask(bed->link, request, bed->arena), STATUS_OK);
    }
    arena_reset(bed->arena);
    const Request *import = ask_import(bed->arena, 1000, 1000);
    assert_int_equal(ask(bed->link, import, bed->arena), STATUS_OK);
    assert_int_equal(bed_get(bed, &bed->server.admit.rows_seen), 1000);
    assert_true(server_counts(&bed->server).assembly_bytes == 0);
}

static void sixteen_in_flight_are_all_answered(void **state)
{
    struct bed *bed = *state;
    bed_set(bed, &bed->server.admit.reply_bytes, 200000);
    bool seen[IN_FLIGHT_MAX + 1] = {false};
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        uint64_t id = 0;
        assert_int_equal(link_send(bed->link, ask_whoami(bed->arena), &id), STATUS_OK);
        assert_int_equal(id, i + 1);
    }
    assert_int_equal(link_in_flight(bed->link), IN_FLIGHT_MAX);
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        struct link_answer answer;
        arena_reset(bed->arena);
        assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
        assert_false(answer.more || answer.early);
        assert_true(answer.id >= 1 && answer.id <= IN_FLIGHT_MAX && !seen[answer.id]);
        seen[answer.id] = true;
    }
    assert_int_equal(link_in_flight(bed->link), 0);
}

// The hash that a request id is bound to: the command's number, four bytes, and its message.
static void the_hash_is_of_the_command_alone(void **state)
{
    struct bed *bed = *state;
    uint8_t hash[3][32];
    Request *request = ask_add(bed->arena, 10);
    assert_int_equal(ask(bed->link, request, bed->arena), STATUS_OK);
    server_do(&bed->server, copy_hash, hash[0]);

    uint8_t inner[64] = {0, 0, 0, 40};
    const size_t size = protobuf_c_message_pack(&request->customer_add->base, inner + 4);
    uint8_t expected[32];
    key_hash(NULL, bytes_of(inner, size + 4), expected, sizeof expected);
    assert_memory_equal(hash[0], expected, sizeof expected);

    uint8_t bytes[48] = {7};
    request->key = (ProtobufCBinaryData){.data = bytes, .len = 16};
    request->position = (ProtobufCBinaryData){.data = bytes, .len = 48};
    request->dry_run = true;
    assert_int_equal(ask(bed->link, request, bed->arena), STATUS_OK);
    server_do(&bed->server, copy_hash, hash[1]);
    assert_memory_equal(hash[1], expected, sizeof expected);

    request->customer_add->name[0] = 'b';
    assert_int_equal(ask(bed->link, request, bed->arena), STATUS_OK);
    server_do(&bed->server, copy_hash, hash[2]);
    assert_memory_not_equal(hash[2], expected, sizeof expected);
}

static void a_command_that_nobody_knows_is_refused_early(void **state)
{
    struct bed *bed = *state;
    static const uint8_t UNKNOWN[] = {0xfa, 0x3f, 2, 8, 1}; // field 1023, two bytes
    uint64_t id = 0;
    struct link_answer answer;
    const struct bytes packed = bytes_of(UNKNOWN, sizeof UNKNOWN);
    assert_int_equal(link_send_packed(bed->link, packed, &id), STATUS_OK);
    assert_int_equal(link_receive(bed->link, bed->arena, &answer), STATUS_OK);
    assert_int_equal(answer.reply->status, STATUS_UNKNOWN_COMMAND);
    assert_true(answer.early);

    const Request *open = ask_request(bed->arena, "book_open");
    assert_int_equal(ask(bed->link, open, bed->arena), STATUS_UNKNOWN_COMMAND);
    assert_int_equal(bed_handled(bed), 0);
}

static void text_that_is_not_clean_is_refused_early(void **state)
{
    struct bed *bed = *state;
    Request *request = ask_add(bed->arena, 4);
    request->customer_add->name[2] = '\x1b';
    assert_int_equal(ask(bed->link, request, bed->arena), STATUS_FIELD_NOT_TEXT);
    assert_int_equal(bed_handled(bed), 0);
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
}

// More than 65,536 records each way: both sides change their keys at the same place.
static void both_directions_change_their_keys(void **state)
{
    struct bed *bed = *state;
    const struct peer_options options = {.token = bed->server.admit.device[0].token};
    struct peer_link peer;
    peer_open(&bed->server, &options, &peer);
    const uint64_t batch = 64;
    for (uint64_t i = 0; i < REKEY_RECORDS + 2 * batch; i += batch) {
        for (uint64_t k = 0; k < batch; k++) {
            peer_send(&peer, RECORD_PING, RECORD_FIN, i + k, bytes_of(NULL, 0));
        }
        for (uint64_t k = 0; k < batch; k++) {
            struct record record;
            assert_true(peer_receive(&peer, &record));
            assert_int_equal(record.type, RECORD_PONG);
            assert_true(record.request == i + k);
        }
    }
    assert_true(peer.send.records > REKEY_RECORDS && peer.receive.records > REKEY_RECORDS);
    assert_true(peer.send.rekey_records < 2 * batch + 1);
    peer_close(&peer);
}

static void say_close(struct peer_link *peer, uint64_t records)
{
    uint8_t data[CLOSE_BYTES];
    const struct close_notice notice = {.records = records, .status = STATUS_OK};
    close_print(&notice, data);
    peer_send(peer, RECORD_CLOSE, RECORD_FIN, 0, bytes_of(data, sizeof data));
}

static void a_close_is_answered_when_its_count_is_right(void **state)
{
    struct bed *bed = *state;
    const struct peer_options options = {.token = bed->server.admit.device[0].token};
    struct peer_link peer;
    peer_open(&bed->server, &options, &peer);
    peer_send(&peer, RECORD_PING, RECORD_FIN, 1, bytes_of(NULL, 0));
    struct record record;
    assert_true(peer_receive(&peer, &record));
    say_close(&peer, 1);
    peer_expect_close(&peer, STATUS_OK);
    peer_close(&peer);
    assert_true(server_counts(&bed->server).cut_off == 0);

    peer_open(&bed->server, &options, &peer);
    say_close(&peer, 1);
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);
    assert_true(server_counts(&bed->server).cut_off == 1);
}

static void an_end_without_close_is_cut_off(void **state)
{
    struct bed *bed = *state;
    struct link *second = server_login(&bed->server);
    link_drop(second);
    bed_await(bed, &listener_counts(bed->server.listener)->cut_off, 1);
    assert_int_equal(server_counts(&bed->server).open, 1);
}

static void bytes_that_do_not_open_end_the_connection_without_a_word(void **state)
{
    struct bed *bed = *state;
    const struct peer_options options = {.token = bed->server.admit.device[0].token};
    for (size_t i = 0; i < 82; i++) {
        struct peer_link peer;
        peer_open(&bed->server, &options, &peer);
        const struct record ping = {.type = RECORD_PING, .flags = RECORD_FIN};
        uint8_t bytes[RECORD_LENGTH_BYTES + RECORD_PLAIN_MIN + RECORD_TAG_BYTES];
        peer_send(&peer, RECORD_PING, RECORD_FIN, 0, bytes_of(NULL, 0));
        struct record record;
        assert_true(peer_receive(&peer, &record));
        size_t size = 0;
        uint8_t *buffer = peer.buffer;
        assert_int_equal(record_seal(&peer.send, &ping, buffer, &size), STATUS_OK);
        assert_int_equal(size, sizeof bytes);
        memcpy(bytes, buffer, sizeof bytes);
        bytes[i] ^= 0x80;
        (void)peer_try_write(&peer, bytes, sizeof bytes);
        assert_int_equal(peer_read_to_end(&peer), 0);
        peer_close(&peer);
    }
    assert_true(server_counts(&bed->server).malformed == 82);
    assert_int_equal(bed_handled(bed), 0);
}

static void a_request_that_is_not_understood_ends_the_connection(void **state)
{
    struct bed *bed = *state;

    static const struct {
        const char *bytes;
        size_t size;
    } WRONG[] = {
        {"", 0},                         // no command
        {"\xaa\x01\x05\x00", 4},         // a length that is not there
        {"\xaa\x01", 2},                 // a tag without its value
        {"\xaa\x01\x00\xaa\x01\x00", 6}, // the command twice
        {"\xa8\x01\x00", 3},             // a command that is a number
        {"\x28\x01\xaa\x01\x00", 5},     // field 5, which nobody knows
        {"\xaa\x01\x02\x08\x01", 5},     // a field that SessionWhoami does not have
        {"\x00\x01\x02\x08\x01", 5},     // field 0
        {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11},
    };
    const struct peer_options options = {.token = bed->server.admit.device[0].token};
    for (size_t i = 0; i < COUNT_OF(WRONG); i++) {
        struct peer_link peer;
        peer_open(&bed->server, &options, &peer);
        peer_send(&peer, RECORD_REQ, RECORD_FIN, 1, bytes_of(WRONG[i].bytes, WRONG[i].size));
        assert_int_equal(peer_read_to_end(&peer), 0);
        peer_close(&peer);
    }
    assert_int_equal(bed_handled(bed), 0);
    assert_true(server_counts(&bed->server).malformed == COUNT_OF(WRONG));
}

static void a_server_that_stops_says_so(void **state)
{
    (void)state;
    struct server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    server_init(server);
    server_start(server);
    const struct peer_options options = {.token = server->admit.device[0].token};
    struct peer_link peer;
    peer_open(server, &options, &peer);
    peer_send(&peer, RECORD_PING, RECORD_FIN, 1, bytes_of(NULL, 0));
    struct record record;
    assert_true(peer_receive(&peer, &record));
    server_stop(server);
    peer_expect_close(&peer, STATUS_OK);
    peer_close(&peer);
    free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(a_call_is_answered),
        BED_TEST(replies_of_every_size_come_whole),
        BED_TEST(a_reply_that_is_too_large_is_an_answer),
        BED_TEST(requests_of_many_records_come_whole),
        BED_TEST(sixteen_in_flight_are_all_answered),
        BED_TEST(the_hash_is_of_the_command_alone),
        BED_TEST(a_command_that_nobody_knows_is_refused_early),
        BED_TEST(text_that_is_not_clean_is_refused_early),
        BED_TEST(both_directions_change_their_keys),
        BED_TEST(a_close_is_answered_when_its_count_is_right),
        BED_TEST(an_end_without_close_is_cut_off),
        BED_TEST(bytes_that_do_not_open_end_the_connection_without_a_word),
        BED_TEST(a_request_that_is_not_understood_ends_the_connection),
        cmocka_unit_test(a_server_that_stops_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
