// SPDX-License-Identifier: Apache-2.0
#include "client/connect.h"
#include "tests/wire/bed.h"
#include "tests/wire/proxy.h"

#include <poll.h>

// Deadlines. Each test shortens the one it is about to milliseconds and waits for what it does.

#define SOON_MS 30

static void end_bed(struct bed *bed)
{
    void *state = bed;
    (void)bed_tear_down(&state);
}

static void who_says_nothing_is_gone_soon(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.first_byte_ms = SOON_MS;
    bed_start(bed);
    const int64_t begun_ms = clock_ms();
    struct peer_link peer = {.descriptor = peer_connect(&bed->server, NULL)};
    assert_int_equal(peer_read_to_end(&peer), 0);
    assert_true(clock_ms() - begun_ms >= SOON_MS - 5);
    assert_true(server_counts(&bed->server).timeouts == 1);
    peer_close(&peer);
    end_bed(bed);
}

// The deadline of the handshake counts from the beginning: bytes do not move it.
static void who_drips_its_handshake_is_gone_too(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.handshake_ms = SOON_MS;
    bed_start(bed);
    const struct peer_options options = {0};
    struct peer_link peer;
    peer_prepare(&bed->server, &options, &peer);
    peer.descriptor = peer_connect(&bed->server, NULL);
    const int64_t begun_ms = clock_ms();
    bool going = true;
    for (size_t i = 0; going && i + 1 < sizeof peer.opening; i++) {
        short seen = 0;
        going = peer_try_write(&peer, peer.opening + i, 1) &&
                !connect_wait(peer.descriptor, POLLIN, clock_ms() + 2, &seen);
    }
    assert_false(going);
    assert_true(clock_ms() - begun_ms < 10 * SOON_MS);
    assert_true(server_counts(&bed->server).timeouts == 1);
    peer_close(&peer);

    peer_prepare(&bed->server, &options, &peer); // after message 2 it goes on counting
    peer.descriptor = peer_connect(&bed->server, NULL);
    peer_write(&peer, peer.opening, sizeof peer.opening);
    assert_true(peer_hear(&peer, &options));
    assert_int_equal(peer_read_to_end(&peer), 0);
    assert_true(server_counts(&bed->server).timeouts == 2);
    peer_close(&peer);
    end_bed(bed);
}

static void who_does_not_log_in_is_told_to(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.login_ms = SOON_MS;
    bed_start(bed);
    struct peer_link peer;
    bed_peer_logged_out(bed, &peer);
    peer_expect_close(&peer, STATUS_LOGIN_NEEDED);
    peer_close(&peer);

    uint8_t old_token[TOKEN_BYTES] = {1};
    const struct peer_options options = {.token = old_token};
    peer_open(&bed->server, &options, &peer);
    peer_expect_close(&peer, STATUS_SESSION_EXPIRED);
    peer_close(&peer);

    bed->link = server_login(&bed->server);
    bool ready = false;
    assert_int_equal(link_wait(bed->link, 3 * SOON_MS, &ready), STATUS_OK);
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    end_bed(bed);
}

static void a_message_must_come_whole_in_time(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.message_ms = SOON_MS;
    bed_start(bed);
    struct peer_link peer;
    bed_peer(bed, &peer);
    const uint8_t length[] = {0, 80, 1, 2, 3}; // the beginning of a record
    peer_write(&peer, length, sizeof length);
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);

    bed_peer(bed, &peer);
    const uint8_t one = 0;
    peer_write(&peer, &one, 1); // half a length
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);

    bed_peer(bed, &peer);
    const struct bytes packed = ask_packed(bed->arena, ask_add(bed->arena, 30000));
    peer_send(&peer, RECORD_REQ, 0, 1, bytes_of(packed.data, 16000)); // the first of two
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);
    assert_true(server_counts(&bed->server).timeouts == 3);
    assert_true(server_counts(&bed->server).assembly_bytes == 0);
    end_bed(bed);
}

static void a_silent_connection_is_asked_and_then_given_up(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.ping_ms = SOON_MS;
    bed->server.limits.dead_ms = 20 * SOON_MS;
    bed_start(bed);
    struct peer_link peer;
    bed_peer(bed, &peer);
    struct record record;
    for (size_t i = 0; i < 3; i++) { // answered: it goes on
        assert_true(peer_receive(&peer, &record));
        assert_int_equal(record.type, RECORD_PING);
        peer_send(&peer, RECORD_PONG, RECORD_FIN, record.request, bytes_of(NULL, 0));
    }
    const int64_t begun_ms = clock_ms();
    assert_true(peer_receive(&peer, &record));
    assert_int_equal(record.type, RECORD_PING);
    assert_int_equal(peer_read_to_end(&peer), 0); // one PING only, then the end
    assert_true(clock_ms() - begun_ms >= 15 * SOON_MS);
    assert_true(server_counts(&bed->server).timeouts == 1);
    peer_close(&peer);
    end_bed(bed);
}

static void the_link_answers_pings_while_it_waits(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.ping_ms = SOON_MS;
    bed->server.limits.dead_ms = 40 * SOON_MS;
    bed_start(bed);
    bed->link = server_login(&bed->server);
    bool ready = false;
    assert_int_equal(link_wait(bed->link, 50 * SOON_MS, &ready), STATUS_OK);
    assert_false(ready);
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    end_bed(bed);
}

static void a_connection_grows_old(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.connection_ms = SOON_MS;
    bed_start(bed);
    struct peer_link peer;
    bed_peer(bed, &peer);
    peer_expect_close(&peer, STATUS_OK);
    peer_close(&peer);

    // A call that is under way is answered first.
    bed_peer(bed, &peer);
    server_hold(&bed->server);
    bed_send(bed, &peer, 1, 0, ask_whoami(bed->arena));
    bed_await(bed, &listener_counts(bed->server.listener)->in_flight, 1);
    short seen = 0;
    assert_false(connect_wait(peer.descriptor, POLLIN, clock_ms() + 2 * SOON_MS, &seen));
    server_release(&bed->server);
    struct record record;
    assert_true(peer_receive(&peer, &record));
    assert_int_equal(record.type, RECORD_RES);
    peer_expect_close(&peer, STATUS_OK);
    peer_close(&peer);
    end_bed(bed);
}

static void who_does_not_read_is_given_up(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.slow_reader_ms = SOON_MS;
    bed->server.limits.output_max = (size_t)64 * 1024 * 1024;
    bed->server.limits.linger_ms = 1;
    bed->server.admit.reply_bytes = 1000000;
    bed_start(bed);
    struct peer_link peer;
    bed_peer(bed, &peer);
    for (uint64_t i = 1; i <= IN_FLIGHT_MAX; i++) {
        bed_send(bed, &peer, i, 0, ask_whoami(bed->arena));
    }
    server_await_empty(&bed->server);
    const struct net_counts counts = server_counts(&bed->server);
    assert_true(counts.slow_readers == 1);
    assert_true(counts.output_bytes == 0);
    peer_close(&peer);
    end_bed(bed);
}

// Passes one handshake on, and nothing after it: a cable that was pulled.
static void go_dark(struct proxy *proxy, int client, size_t index)
{
    uint8_t opening[PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES];
    uint8_t greeting[2 + HANDSHAKE_2_BYTES];
    uint8_t last[2 + HANDSHAKE_3_BYTES];
    struct peer_link peer = {.descriptor = peer_connect(proxy->server, NULL)};
    (void)index;
    if (proxy_read(client, opening, sizeof opening)) {
        peer_write(&peer, opening, sizeof opening);
        if (peer_read(&peer, greeting, sizeof greeting)) {
            proxy_write(client, greeting, sizeof greeting);
        }
        if (proxy_read(client, last, sizeof last)) {
            peer_write(&peer, last, sizeof last);
        }
        while (proxy_read(client, last, 1)) {
        }
    }
    peer_close(&peer);
}

static void a_server_that_is_silent_for_too_long_is_gone(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed_start(bed);
    struct proxy proxy = {.server = &bed->server, .connections = 1, .serve = go_dark};
    proxy_start(&proxy);
    struct link_options options = proxy_link_options(&proxy);
    options.dead_ms = SOON_MS;
    struct link *link = NULL;
    bool is_ready = false;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    const int64_t begun_ms = clock_ms();
    while (link_wait(link, SOON_MS / 3, &is_ready) == STATUS_OK) {
        assert_false(is_ready);
        assert_true(clock_ms() - begun_ms < PATIENCE_MS);
    }
    assert_int_equal(link_status(link), STATUS_CUT_OFF);
    assert_true(clock_ms() - begun_ms >= SOON_MS - 5);
    link_close(link);
    proxy_join(&proxy);
    end_bed(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_says_nothing_is_gone_soon),
        cmocka_unit_test(who_drips_its_handshake_is_gone_too),
        cmocka_unit_test(who_does_not_log_in_is_told_to),
        cmocka_unit_test(a_message_must_come_whole_in_time),
        cmocka_unit_test(a_silent_connection_is_asked_and_then_given_up),
        cmocka_unit_test(the_link_answers_pings_while_it_waits),
        cmocka_unit_test(a_server_that_is_silent_for_too_long_is_gone),
        cmocka_unit_test(a_connection_grows_old),
        cmocka_unit_test(who_does_not_read_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
