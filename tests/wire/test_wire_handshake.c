// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/unit.h"
#include "tests/wire/ask.h"
#include "tests/wire/proxy.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

// The handshake: what is wrong by one bit or cut by one byte ends without a word and without a
// trace.

#define ENOUGH 1000000

static void begin(struct server *server)
{
    server_init(server);
    server->limits.handshakes_per_second = ENOUGH;
    server->limits.handshakes_burst = ENOUGH;
    server_start(server);
}

static void expect_no_trace(struct server *server)
{
    server_await_empty(server);
    const struct net_counts counts = server_counts(server);
    assert_true(counts.handshakes_done == 0);
    assert_true(counts.in_flight == 0);
    assert_true(counts.half_open == 0);
    assert_true(counts.output_bytes == 0);
}

// Sends bytes on a connection of its own; how many came back before the end.
static size_t say(struct server *server, const uint8_t *data, size_t size, bool cut)
{
    struct peer_link peer = {.descriptor = peer_connect(server, NULL)};
    (void)peer_try_write(&peer, data, size);
    if (cut) {
        (void)shutdown(peer.descriptor, SHUT_WR);
    }
    const size_t count = peer_read_to_end(&peer);
    peer_close(&peer);
    return count;
}

static void each_flipped_bit_of_message_1_is_answered_with_silence(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {0};
    struct peer_link peer;
    peer_prepare(&server, &options, &peer);
    for (size_t bit = PREAMBLE_BYTES * 8; bit < sizeof peer.opening * 8; bit++) {
        uint8_t opening[sizeof peer.opening];
        memcpy(opening, peer.opening, sizeof opening);
        opening[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(say(&server, opening, sizeof opening, false), 0);
    }
    expect_no_trace(&server);
    assert_true(server_counts(&server).handshakes_failed == (sizeof peer.opening - 16) * 8);
    peer_close(&peer);
    server_stop(&server);
}

static void each_flipped_bit_of_the_preamble_gets_silence_or_the_hint(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {0};
    struct peer_link peer;
    peer_prepare(&server, &options, &peer);
    for (size_t bit = 0; bit < PREAMBLE_BYTES * 8; bit++) {
        uint8_t opening[sizeof peer.opening];
        memcpy(opening, peer.opening, sizeof opening);
        opening[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const size_t expected = bit < 4 * 8 ? 0 : VERSION_HINT_BYTES;
        assert_int_equal(say(&server, opening, sizeof opening, false), expected);
    }
    expect_no_trace(&server);
    peer_close(&peer);
    server_stop(&server);
}

static void each_flipped_bit_of_message_3_is_answered_with_silence(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {0};
    for (size_t bit = 0; bit < (2 + HANDSHAKE_3_BYTES) * 8; bit++) {
        struct peer_link peer;
        peer_prepare(&server, &options, &peer);
        peer.descriptor = peer_connect(&server, NULL);
        peer_write(&peer, peer.opening, sizeof peer.opening);
        assert_true(peer_hear(&peer, &options));
        peer.last[bit / 8] ^= (uint8_t)(1u << bit % 8);
        (void)peer_try_write(&peer, peer.last, sizeof peer.last);
        assert_int_equal(peer_read_to_end(&peer), 0);
        peer_close(&peer);
    }
    expect_no_trace(&server);
    server_stop(&server);
}

// Passes one handshake on, with bit `index` of what the server says flipped.
static void flip_message_2(struct proxy *proxy, int client, size_t index)
{
    uint8_t opening[PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES];
    uint8_t greeting[2 + HANDSHAKE_2_BYTES];
    struct peer_link peer = {.descriptor = peer_connect(proxy->server, NULL)};
    if (proxy_read(client, opening, sizeof opening)) {
        peer_write(&peer, opening, sizeof opening);
        if (peer_read(&peer, greeting, sizeof greeting)) {
            greeting[index / 8] ^= (uint8_t)(1u << index % 8);
            proxy_write(client, greeting, sizeof greeting);
        }
        (void)proxy_read(client, opening, 1);
    }
    peer_close(&peer);
}

static void each_flipped_bit_of_message_2_is_refused_by_the_client(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    struct proxy proxy = {
        .server = &server, .connections = (2 + HANDSHAKE_2_BYTES) * 8, .serve = flip_message_2};
    proxy_start(&proxy);
    const struct link_options options = proxy_link_options(&proxy);
    for (size_t bit = 0; bit < proxy.connections; bit++) {
        struct link *link = NULL;
        const enum status status = link_open(&options, &link);
        assert_int_equal(status, STATUS_MALFORMED);
        assert_int_equal(status_exit(status), 12);
        assert_null(link);
    }
    proxy_join(&proxy);
    expect_no_trace(&server);
    server_stop(&server);
}

static void a_handshake_cut_at_any_byte_leaves_nothing(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {0};
    struct peer_link peer;
    peer_prepare(&server, &options, &peer);
    for (size_t size = 0; size < sizeof peer.opening; size++) {
        assert_int_equal(say(&server, peer.opening, size, true), 0);
    }
    peer_close(&peer);
    for (size_t size = 0; size < sizeof peer.last; size++) {
        peer_prepare(&server, &options, &peer);
        peer.descriptor = peer_connect(&server, NULL);
        peer_write(&peer, peer.opening, sizeof peer.opening);
        assert_true(peer_hear(&peer, &options));
        peer_write(&peer, peer.last, size);
        (void)shutdown(peer.descriptor, SHUT_WR);
        assert_int_equal(peer_read_to_end(&peer), 0);
        peer_close(&peer);
    }
    expect_no_trace(&server);
    server_stop(&server);
}

// One byte at a time is as good as all at once.
static void a_handshake_in_single_bytes_succeeds(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {.token = server.admit.device[0].token};
    struct peer_link peer;
    peer_prepare(&server, &options, &peer);
    peer.descriptor = peer_connect(&server, NULL);
    for (size_t i = 0; i < sizeof peer.opening; i++) {
        peer_write(&peer, peer.opening + i, 1);
    }
    assert_true(peer_hear(&peer, &options));
    for (size_t i = 0; i < sizeof peer.last; i++) {
        peer_write(&peer, peer.last + i, 1);
    }
    peer_split(&peer);
    peer_send(&peer, RECORD_PING, RECORD_FIN, 7, bytes_of(NULL, 0));
    struct record record;
    assert_true(peer_receive(&peer, &record));
    assert_int_equal(record.type, RECORD_PONG);
    assert_true(record.request == 7);
    assert_true(server_counts(&server).logged_in == 1);
    peer_close(&peer);
    server_stop(&server);
}

static void a_recorded_handshake_cannot_be_replayed(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {.token = server.admit.device[0].token};
    struct peer_link peer;
    peer_open(&server, &options, &peer);
    peer_send(&peer, RECORD_PING, RECORD_FIN, 1, bytes_of(NULL, 0));
    struct record record;
    assert_true(peer_receive(&peer, &record));

    struct peer_link again = {.descriptor = peer_connect(&server, NULL)};
    peer_write(&again, peer.opening, sizeof peer.opening);
    assert_true(peer_read(&again, again.greeting, sizeof again.greeting));
    assert_memory_not_equal(again.greeting, peer.greeting, sizeof peer.greeting);
    peer_write(&again, peer.last, sizeof peer.last);
    assert_int_equal(peer_read_to_end(&again), 0);
    assert_true(server_counts(&server).handshakes_done == 1);
    peer_close(&again);
    peer_close(&peer);
    server_stop(&server);
}

static void the_hint_names_the_versions(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct peer_options options = {.version = WIRE_VERSION + 1};
    struct peer_link peer;
    peer_prepare(&server, &options, &peer);
    peer.descriptor = peer_connect(&server, NULL);
    peer_write(&peer, peer.opening, sizeof peer.opening);
    uint8_t hint_bytes[VERSION_HINT_BYTES];
    struct version_hint hint;
    assert_true(peer_read(&peer, hint_bytes, sizeof hint_bytes));
    assert_int_equal(peer_read_to_end(&peer), 0);
    assert_int_equal(version_hint_parse(hint_bytes, &hint), STATUS_OK);
    assert_int_equal(hint.lowest, WIRE_VERSION_MIN);
    assert_int_equal(hint.highest, WIRE_VERSION);
    assert_true(bytes_are_zero(hint_bytes + 7, 5));
    peer_close(&peer);
    server_stop(&server);
}

// A server of the future that speaks wire versions 2 to 3 only.
static void hint_of_the_future(struct proxy *proxy, int client, size_t index)
{
    (void)proxy;
    (void)index;
    static const uint8_t HINT[VERSION_HINT_BYTES] = {'K', 'N', 'T', 'R', 255, 2, 3};
    uint8_t opening[PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES];
    (void)proxy_read(client, opening, sizeof opening);
    proxy_write(client, HINT, sizeof HINT);
}

static void the_client_tells_version_wrong_server_and_silence_apart(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    struct proxy proxy = {.server = &server, .connections = 1, .serve = hint_of_the_future};
    proxy_start(&proxy);
    struct link *link = NULL;
    struct link_options options = proxy_link_options(&proxy);
    assert_int_equal(link_open(&options, &link), STATUS_VERSION);
    proxy_join(&proxy);

    options = server_link_options(&server);
    options.server_key[3] ^= 1;
    assert_int_equal(link_open(&options, &link), STATUS_WRONG_SERVER);
    assert_int_equal(status_exit(STATUS_WRONG_SERVER), 16);

    options = proxy_link_options(&proxy); // nobody listens there any more
    assert_int_equal(link_open(&options, &link), STATUS_UNREACHABLE);
    server_stop(&server);
}

static void the_greeting_and_the_channel_id_reach_the_client(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    struct link *one = server_login(&server);
    struct link *two = server_login(&server);
    assert_int_equal(link_greeting(one)->book_id[15], 0xb0);
    assert_int_equal(link_greeting(one)->timeline, 1);
    assert_memory_not_equal(link_channel_id(one), link_channel_id(two), NOISE_HASH_BYTES);
    link_close(one);
    link_close(two);
    server_await_empty(&server);
    assert_true(server_counts(&server).cut_off == 0);
    server_stop(&server);
}

// Somebody who has the server's key, answers one call, and then counts wrongly or lets the stream
// end.
struct impostor {
    uint64_t records;
    bool says_close;
};

static void play_server(struct proxy *proxy, int client, size_t index)
{
    (void)index;
    const struct impostor *impostor = proxy->context;
    uint8_t opening[PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES];
    uint8_t message[2 + HANDSHAKE_3_BYTES];
    uint8_t payload[IDENTITY_BYTES];
    uint8_t prologue[PROLOGUE_BYTES];
    size_t size = 0;
    assert_true(proxy_read(client, opening, sizeof opening));
    preamble_prologue(opening, prologue);
    const struct noise_config config = {.protocol_name = wire_protocol(WIRE_ENROLLED),
                                        .role = NOISE_RESPONDER,
                                        .prologue = bytes_of(prologue, sizeof prologue),
                                        .static_pair = &proxy->server->key};
    CLEANUP(noise_free_at) struct noise *noise = NULL;
    assert_int_equal(noise_make(&config, &noise), STATUS_OK);
    assert_int_equal(noise_read(noise, bytes_of(opening + 18, HANDSHAKE_1_BYTES), payload,
                                sizeof payload, &size),
                     STATUS_OK);
    const struct greeting greeting = {.api_min = 1, .api_max = 1};
    greeting_print(&greeting, payload);
    assert_int_equal(noise_write(noise, bytes_of(payload, GREETING_BYTES), message + 2,
                                 HANDSHAKE_2_BYTES, &size),
                     STATUS_OK);
    put_u16(message, HANDSHAKE_2_BYTES);
    proxy_write(client, message, 2 + HANDSHAKE_2_BYTES);
    assert_true(proxy_read(client, message, sizeof message));
    assert_int_equal(
        noise_read(noise, bytes_of(message + 2, HANDSHAKE_3_BYTES), payload, sizeof payload, &size),
        STATUS_OK);
    struct channel send = {0}, receive = {0};
    noise_split(noise, &send.cipher, &receive.cipher);
    uint8_t request[RECORD_LENGTH_BYTES + RECORD_PLAIN_MIN + RECORD_TAG_BYTES];
    assert_true(proxy_read(client, request, sizeof request));
    uint8_t data[CLOSE_BYTES];
    const struct close_notice notice = {.records = impostor->records, .status = STATUS_BUSY};
    close_print(&notice, data);
    const struct record close = {
        .type = RECORD_CLOSE, .flags = RECORD_FIN, .data = bytes_of(data, sizeof data)};
    assert_int_equal(record_seal(&send, &close, request, &size), STATUS_OK);
    if (impostor->says_close) {
        proxy_write(client, request, size);
    }
}

static enum status call_impostor(struct server *server, struct impostor impostor)
{
    struct proxy proxy = {
        .server = server, .connections = 1, .serve = play_server, .context = &impostor};
    proxy_start(&proxy);
    const struct link_options options = proxy_link_options(&proxy);
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(65536);
    Reply *reply = NULL;
    const enum status status = link_call(link, ask_whoami(arena), arena, &reply);
    assert_int_equal(link_status(link), status);
    assert_int_equal(link_call(link, ask_whoami(arena), arena, &reply), status);
    link_close(link);
    proxy_join(&proxy);
    return status;
}

static void the_client_compares_the_count_of_a_close(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct impostor right = {.records = 0, .says_close = true};
    const struct impostor wrong = {.records = 1, .says_close = true};
    const struct impostor silent = {.says_close = false};
    assert_int_equal(call_impostor(&server, right), STATUS_BUSY);
    assert_int_equal(call_impostor(&server, wrong), STATUS_CUT_OFF);
    assert_int_equal(call_impostor(&server, silent), STATUS_CUT_OFF);
    server_stop(&server);
}

static void connections_that_got_the_hint_are_still_half_open(void **state)
{
    (void)state;
    struct server server;
    server_init(&server);
    server.limits.linger_ms = PATIENCE_MS;
    server_start(&server);
    const struct peer_options options = {.version = WIRE_VERSION + 1};
    struct peer_link peer[HALF_OPEN_PER_SOURCE];
    uint8_t hint[VERSION_HINT_BYTES];
    for (size_t i = 0; i < COUNT_OF(peer); i++) {
        peer_prepare(&server, &options, &peer[i]);
        peer[i].descriptor = peer_connect(&server, NULL);
        peer_write(&peer[i], peer[i].opening, sizeof peer[i].opening);
        assert_true(peer_read(&peer[i], hint, sizeof hint));
    }
    assert_int_equal(server_counts(&server).half_open, HALF_OPEN_PER_SOURCE);
    struct peer_link more = {.descriptor = peer_connect(&server, NULL)};
    assert_int_equal(peer_read_to_end(&more), 0);
    peer_close(&more);
    for (size_t i = 0; i < COUNT_OF(peer); i++) {
        peer_close(&peer[i]);
    }
    server_await_empty(&server);
    server_stop(&server);
}

static void the_unix_socket_has_no_limits_but_the_same_channel(void **state)
{
    (void)state;
    struct server server;
    server_init(&server);
    server.limits.connections = 0;
    server.limits.half_open_per_source = 0;
    server.limits.handshakes_burst = 0;
    server.with_socket = true;
    server_start(&server);
    struct link_options options = server_link_options(&server);
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_UNREACHABLE);
    options.address[0] = server.socket_address;
    options.token = server.admit.device[0].token;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    struct stat socket_stat;
    assert_int_equal(stat(server.socket_address + strlen("unix:"), &socket_stat), 0);
    assert_int_equal(socket_stat.st_mode & 0777, 0600);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(65536);
    Reply *reply = NULL;
    assert_int_equal(link_call(link, ask_whoami(arena), arena, &reply), STATUS_OK);
    assert_int_equal(reply->status, STATUS_OK);
    link_close(link);
    server_stop(&server);
}

static void an_unknown_device_is_told_inside_the_channel(void **state)
{
    (void)state;
    struct server server;
    begin(&server);
    const struct key_pair stranger = key_pair_random();
    struct link_options options = server_link_options(&server);
    options.device = &stranger;
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(65536);
    Reply *reply = NULL;
    assert_int_equal(link_call(link, ask_whoami(arena), arena, &reply), STATUS_DEVICE_UNKNOWN);
    assert_int_equal(status_exit(link_status(link)), 17);
    link_close(link);
    server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flipped_bit_of_message_1_is_answered_with_silence),
        cmocka_unit_test(each_flipped_bit_of_the_preamble_gets_silence_or_the_hint),
        cmocka_unit_test(each_flipped_bit_of_message_2_is_refused_by_the_client),
        cmocka_unit_test(each_flipped_bit_of_message_3_is_answered_with_silence),
        cmocka_unit_test(a_handshake_cut_at_any_byte_leaves_nothing),
        cmocka_unit_test(a_handshake_in_single_bytes_succeeds),
        cmocka_unit_test(a_recorded_handshake_cannot_be_replayed),
        cmocka_unit_test(the_hint_names_the_versions),
        cmocka_unit_test(the_client_tells_version_wrong_server_and_silence_apart),
        cmocka_unit_test(the_greeting_and_the_channel_id_reach_the_client),
        cmocka_unit_test(the_client_compares_the_count_of_a_close),
        cmocka_unit_test(connections_that_got_the_hint_are_still_half_open),
        cmocka_unit_test(the_unix_socket_has_no_limits_but_the_same_channel),
        cmocka_unit_test(an_unknown_device_is_told_inside_the_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
