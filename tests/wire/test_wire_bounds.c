// SPDX-License-Identifier: Apache-2.0
#include "server/net/source.h"
#include "tests/wire/bed.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// Bounds before and after login. All of 127.0.0.0/8 is this machine, so other addresses are other
// sources.

#define MANY 100

static void end_bed(struct bed *bed)
{
    void *state = bed;
    (void)bed_tear_down(&state);
}

// ---- half-open connections ----

static void await_half_open(struct bed *bed, size_t count)
{
    bed_await(bed, &listener_counts(bed->server.listener)->half_open, count);
}

static void one_source_holds_only_so_many_half_open_connections(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed_start(bed);
    struct peer_link peer[HALF_OPEN_PER_SOURCE + 2] = {0};
    for (size_t i = 0; i < HALF_OPEN_PER_SOURCE; i++) {
        peer[i].descriptor = peer_connect(&bed->server, "127.0.0.2");
    }
    await_half_open(bed, HALF_OPEN_PER_SOURCE);
    struct peer_link *one_more = &peer[HALF_OPEN_PER_SOURCE];
    one_more->descriptor = peer_connect(&bed->server, "127.0.0.2");
    assert_int_equal(peer_read_to_end(one_more), 0);
    assert_true(server_counts(&bed->server).turned_away == 1);

    struct peer_link *elsewhere = &peer[HALF_OPEN_PER_SOURCE + 1];
    elsewhere->descriptor = peer_connect(&bed->server, "127.0.0.3");
    await_half_open(bed, HALF_OPEN_PER_SOURCE + 1);
    for (size_t i = 0; i < COUNT_OF(peer); i++) {
        peer_close(&peer[i]);
    }
    server_await_empty(&bed->server);
    assert_true(server_counts(&bed->server).half_open == 0);
    end_bed(bed);
}

static void a_filling_table_turns_away_at_random_and_a_full_one_always(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.half_open = 16;
    bed->server.limits.half_open_random_from = 8;
    bed->server.limits.half_open_per_source = MANY;
    bed_start(bed);
    int descriptor[MANY];
    for (size_t i = 0; i < MANY; i++) {
        descriptor[i] = peer_connect(&bed->server, NULL);
    }
    bed_await(bed, &listener_counts(bed->server.listener)->accepted, MANY);
    const struct net_counts counts = server_counts(&bed->server);
    assert_in_range(counts.half_open, 9, 16);
    assert_true(counts.turned_away == MANY - counts.half_open);
    for (size_t i = 0; i < MANY; i++) {
        (void)close(descriptor[i]);
    }
    end_bed(bed);
}

static void connections_have_a_maximum(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.connections = 3;
    bed_start(bed);
    struct link *link[3];
    for (size_t i = 0; i < 3; i++) {
        link[i] = server_login(&bed->server);
        assert_int_equal(ask(link[i], ask_whoami(bed->arena), bed->arena), STATUS_OK);
    }
    struct peer_link peer = {.descriptor = peer_connect(&bed->server, NULL)};
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);
    for (size_t i = 0; i < 3; i++) {
        link_close(link[i]);
    }
    end_bed(bed);
}

// A busy server hangs up; a client that may try again does, until there is room.
static void a_client_that_is_turned_away_tries_again(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.half_open_per_source = 1;
    bed->server.limits.first_byte_ms = 200;
    bed_start(bed);
    struct peer_link idle = {.descriptor = peer_connect(&bed->server, NULL)};
    await_half_open(bed, 1);
    struct link_options options = server_link_options(&bed->server);
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_UNREACHABLE);
    options.retry_ms = PATIENCE_MS;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    link_close(link);
    peer_close(&idle);
    end_bed(bed);
}

static void handshakes_have_a_budget(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.handshakes_per_second = 0;
    bed->server.limits.handshakes_burst = 8;
    bed_start(bed);
    size_t opened = 0;
    struct link_options options = server_link_options(&bed->server);
    for (size_t i = 0; i < 6; i++) {
        struct link *link = NULL;
        opened += link_open(&options, &link) == STATUS_OK;
        link_close(link);
    }
    assert_int_equal(opened, 4); // half of it for one source
    options.source = "127.0.0.9";
    for (size_t i = 0; i < 6; i++) {
        struct link *link = NULL;
        opened += link_open(&options, &link) == STATUS_OK;
        link_close(link);
    }
    assert_int_equal(opened, 8);
    end_bed(bed);
}

// ---- penalties ----

static void misbehave(struct bed *bed, const char *source)
{
    struct peer_link peer = {.descriptor = peer_connect(&bed->server, source)};
    (void)peer_try_write(&peer, "GET / HTTP/1.1\r\n", 16);
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);
}

static enum status try_from(struct bed *bed, const char *source)
{
    struct link_options options = server_link_options(&bed->server);
    options.source = source;
    struct link *link = NULL;
    const enum status status = link_open(&options, &link);
    link_close(link);
    return status;
}

static void a_source_that_misbehaves_is_turned_away_for_a_while(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.penalty_free_ms = PENALTY_FREE_MS;
    bed_start(bed);
    // Two faults of 5 s are free. The third reaches 15 s when it comes in the same millisecond as
    // the first, the fourth in any case.
    for (size_t i = 0; i < 4; i++) {
        if (i < 3) {
            assert_int_equal(try_from(bed, "127.0.0.5"), STATUS_OK);
        }
        misbehave(bed, "127.0.0.5");
    }
    assert_int_equal(try_from(bed, "127.0.0.5"), STATUS_UNREACHABLE);
    assert_int_equal(try_from(bed, "127.0.0.6"), STATUS_OK);
    end_bed(bed);
}

static void a_source_with_a_session_is_never_punished(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.penalty_free_ms = PENALTY_FREE_MS;
    bed_start(bed);
    struct link *link = server_login(&bed->server);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    for (size_t i = 0; i < 10; i++) {
        misbehave(bed, "127.0.0.1");
    }
    assert_int_equal(try_from(bed, "127.0.0.1"), STATUS_OK);
    link_close(link);
    server_await_empty(&bed->server);
    assert_int_equal(try_from(bed, "127.0.0.1"), STATUS_UNREACHABLE);
    end_bed(bed);
}

static struct sockaddr_storage address_of(const char *text)
{
    struct sockaddr_storage out = {0};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&out, &v4, sizeof v4);
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(&out, &v6, sizeof v6);
    }
    return out;
}

static struct source *source_of(struct sources *sources, const char *text)
{
    const struct sockaddr_storage address = address_of(text);
    return sources_find(sources, (const struct sockaddr *)&address, 1000);
}

static void a_source_is_an_address_or_half_of_one(void **state)
{
    (void)state;
    struct sources *sources = NULL;
    assert_int_equal(sources_make(&sources), STATUS_OK);
    struct source *v4 = source_of(sources, "192.0.2.1");
    assert_ptr_equal(v4, source_of(sources, "::ffff:192.0.2.1"));
    assert_ptr_not_equal(v4, source_of(sources, "192.0.2.2"));
    struct source *v6 = source_of(sources, "2001:db8:1:2::1");
    assert_ptr_equal(v6, source_of(sources, "2001:db8:1:2:ffff::9"));
    assert_ptr_not_equal(v6, source_of(sources, "2001:db8:1:3::1"));
    sources_free(sources);
}

static void penalties_add_up_and_pass(void **state)
{
    (void)state;
    struct source source = {0};
    source_penalise(&source, 5000, 1000);
    source_penalise(&source, 5000, 1000);
    assert_false(source_is_penalised(&source, 15000, 1000));
    source_penalise(&source, 5000, 1000);
    assert_true(source_is_penalised(&source, 15000, 1000));
    assert_false(source_is_penalised(&source, 15000, 1001));
    for (size_t i = 0; i < 1000; i++) {
        source_penalise(&source, 10000, 1000);
    }
    assert_true(source.penalty_until_ms == 1000 + PENALTY_MS_MAX);
    source.logged_in = 1;
    assert_false(source_is_penalised(&source, 15000, 1000));
}

static void tokens_come_back_with_time(void **state)
{
    (void)state;
    struct bucket bucket = {0};
    for (size_t i = 0; i < 3; i++) {
        assert_true(bucket_take(&bucket, 10, 3, 5000));
    }
    assert_false(bucket_take(&bucket, 10, 3, 5000));
    assert_false(bucket_take(&bucket, 10, 3, 5099));
    assert_true(bucket_take(&bucket, 10, 3, 5199));
    assert_false(bucket_take(&bucket, 10, 3, 5199));
    for (size_t i = 0; i < 3; i++) {
        assert_true(bucket_take(&bucket, 10, 3, 500000));
    }
    assert_false(bucket_take(&bucket, 10, 3, 500000));
}

// ---- logged out ----

static void who_is_logged_out_may_ask_for_little(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    struct record record;
    bed_peer_logged_out(bed, &peer);
    bed_send(bed, &peer, 1, 0, ask_list(bed->arena));
    assert_true(peer_receive(&peer, &record));
    assert_int_equal(record.type, RECORD_ERR);
    bed_send(bed, &peer, 2, 0, ask_add(bed->arena, MESSAGE_LOGGED_OUT_MAX));
    peer_expect_close(&peer, STATUS_LOGIN_NEEDED);
    peer_close(&peer);

    bed_peer_logged_out(bed, &peer); // in several records: refused at the second
    const struct bytes packed = ask_packed(bed->arena, ask_add(bed->arena, 6000));
    peer_send(&peer, RECORD_REQ, 0, 1, bytes_of(packed.data, 4000));
    peer_send(&peer, RECORD_REQ, 0, 1, bytes_of(packed.data + 4000, 2000));
    peer_expect_close(&peer, STATUS_LOGIN_NEEDED);
    peer_close(&peer);

    char password[] = "no";
    server_hold(&bed->server);
    bed_peer_logged_out(bed, &peer);
    for (uint64_t id = 1; id <= IN_FLIGHT_LOGGED_OUT_MAX + 1; id++) {
        bed_send(bed, &peer, id, 0, ask_login(bed->arena, password));
    }
    peer_expect_close(&peer, STATUS_LOGIN_NEEDED);
    peer_close(&peer);
    server_release(&bed->server);
    assert_int_equal(server_counts(&bed->server).malformed, 0);
}

static void one_source_holds_only_so_many_logged_out_connections(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.logged_out_per_source = 2;
    bed_start(bed);
    struct peer_link peer[3];
    struct record record;
    for (size_t i = 0; i < 2; i++) {
        bed_peer_logged_out(bed, &peer[i]);
        peer_send(&peer[i], RECORD_PING, RECORD_FIN, 1, bytes_of(NULL, 0));
        assert_true(peer_receive(&peer[i], &record));
    }
    bed_peer_logged_out(bed, &peer[2]);
    peer_expect_close(&peer[2], STATUS_BUSY);
    bed->link = server_login(&bed->server); // with a session it is no such connection
    assert_int_equal(ask(bed->link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    for (size_t i = 0; i < 3; i++) {
        peer_close(&peer[i]);
    }
    end_bed(bed);
}

// ---- logged in ----

static void requests_have_a_size(void **state)
{
    struct bed *bed = *state;
    Reply *reply = NULL;
    assert_int_equal(ask(bed->link, ask_add(bed->arena, MESSAGE_REQUEST_MAX - 100), bed->arena),
                     STATUS_OK);
    const Request *large = ask_add(bed->arena, MESSAGE_REQUEST_MAX);
    assert_int_equal(link_call(bed->link, large, bed->arena, &reply), STATUS_TOO_LARGE);
    assert_int_equal(link_status(bed->link), STATUS_TOO_LARGE);

    struct link *link = server_login(&bed->server);
    const Request *import = ask_import(bed->arena, 1000, 1100);
    assert_int_equal(link_call(link, import, bed->arena, &reply), STATUS_TOO_LARGE);
    assert_int_equal(link_status(link), STATUS_OK); // not even sent
    link_close(link);
    assert_int_equal(bed_get(bed, &bed->server.admit.rows_seen), 0);
}

static void sixteen_requests_may_be_under_way(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    bed_peer(bed, &peer);
    server_hold(&bed->server);
    for (uint64_t id = 1; id <= IN_FLIGHT_MAX; id++) {
        bed_send(bed, &peer, id, 0, ask_whoami(bed->arena));
    }
    bed_await(bed, &listener_counts(bed->server.listener)->in_flight, IN_FLIGHT_MAX);
    bed_send(bed, &peer, IN_FLIGHT_MAX + 1, 0, ask_whoami(bed->arena));
    peer_expect_close(&peer, STATUS_BUSY);
    server_release(&bed->server);
    peer_close(&peer);
}

static void a_request_id_is_used_by_one_request_at_a_time(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    bed_peer(bed, &peer);
    server_hold(&bed->server);
    bed_send(bed, &peer, 5, 0, ask_whoami(bed->arena));
    bed_send(bed, &peer, 5, 0, ask_whoami(bed->arena));
    assert_int_equal(peer_read_to_end(&peer), 0);
    assert_true(server_counts(&bed->server).malformed == 1);
    peer_close(&peer);
    server_release(&bed->server);
}

static void fragments_of_two_messages_do_not_mix(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    bed_peer(bed, &peer);
    const struct bytes packed = ask_packed(bed->arena, ask_add(bed->arena, 30000));
    peer_send(&peer, RECORD_REQ, 0, 1, bytes_of(packed.data, 16000));
    peer_send(&peer, RECORD_REQ, RECORD_FIN, 2, bytes_of(packed.data + 16000, 10));
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);
    const struct net_counts counts = server_counts(&bed->server);
    assert_true(counts.malformed == 1);
    assert_true(counts.assembly_bytes == 0);
}

static void all_assemblies_together_have_a_bound(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.assembly_total = 100000;
    bed_start(bed);
    const struct bytes packed = ask_packed(bed->arena, ask_add(bed->arena, 30000));
    struct peer_link peer[4];
    const size_t *held = &listener_counts(bed->server.listener)->assembly_bytes;
    size_t each = 0;
    for (size_t i = 0; i < 3; i++) {
        bed_peer(bed, &peer[i]);
        peer_send(&peer[i], RECORD_REQ, 0, 1, bytes_of(packed.data, 16000));
        bed_await(bed, held, i * each + 16000);
        each = i == 0 ? bed_get(bed, held) : each;
    }
    bed_peer(bed, &peer[3]);
    peer_send(&peer[3], RECORD_REQ, 0, 1, bytes_of(packed.data, 16000));
    peer_expect_close(&peer[3], STATUS_BUSY);
    assert_int_equal(bed_get(bed, held), 3 * each);
    for (size_t i = 0; i < 4; i++) {
        peer_close(&peer[i]);
    }
    server_await_empty(&bed->server);
    assert_int_equal(bed_get(bed, held), 0);
    end_bed(bed);
}

// ---- readers that do not read ----

static void a_reader_that_does_not_read_is_no_longer_read(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.output_max = (size_t)64 * 1024 * 1024;
    bed->server.admit.reply_bytes = 1000000;
    bed_start(bed);
    struct peer_link peer;
    bed_peer(bed, &peer);
    const size_t half = IN_FLIGHT_MAX / 2;
    // All of these are under way before the first is answered, so that all of them are read.
    server_hold(&bed->server);
    for (uint64_t id = 1; id <= half; id++) {
        bed_send(bed, &peer, id, 0, ask_whoami(bed->arena));
    }
    bed_await(bed, &listener_counts(bed->server.listener)->in_flight, half);
    server_release(&bed->server);
    bed_await(bed, &bed->server.admit.handled, half);
    const struct net_counts counts = server_counts(&bed->server);
    assert_true(counts.output_bytes > OUTPUT_HIGH_WATER);
    for (uint64_t id = half + 1; id <= IN_FLIGHT_MAX; id++) {
        bed_send(bed, &peer, id, 0, ask_whoami(bed->arena));
    }
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(bed_handled(bed), half);
    }
    // As soon as it reads, everything is answered.
    size_t answered = 0;
    while (answered < IN_FLIGHT_MAX) {
        struct record record;
        assert_true(peer_receive(&peer, &record));
        answered += (record.flags & RECORD_FIN) != 0;
    }
    assert_int_equal(bed_handled(bed), IN_FLIGHT_MAX);
    peer_close(&peer);
    end_bed(bed);
}

static void too_much_output_ends_a_slow_reader(void **state)
{
    (void)state;
    struct bed *bed = bed_make();
    bed->server.limits.output_max = 3000000;
    bed->server.limits.linger_ms = PATIENCE_MS;
    bed->server.admit.reply_bytes = 1000000;
    bed_start(bed);
    const uint64_t *slow_readers = &listener_counts(bed->server.listener)->slow_readers;
    struct peer_link peer;
    bed_peer(bed, &peer);
    // All are under way before the first is answered: the server stops reading when answers pile
    // up.
    server_hold(&bed->server);
    for (uint64_t id = 1; id <= IN_FLIGHT_MAX; id++) {
        bed_send(bed, &peer, id, 0, ask_whoami(bed->arena));
    }
    bed_await(bed, &listener_counts(bed->server.listener)->in_flight, IN_FLIGHT_MAX);
    server_release(&bed->server);
    bed_await(bed, slow_readers, 1);
    const struct net_counts counts = server_counts(&bed->server);
    assert_true(counts.slow_readers == 1);
    assert_true(counts.output_bytes <= 3000000 + 2 * RECORD_CIPHER_MAX);
    // What was written can be read; its last record says why.
    struct record record = {.type = RECORD_RES};
    while (record.type != RECORD_CLOSE && peer_receive(&peer, &record)) {
        assert_true(record.type == RECORD_RES || record.type == RECORD_CLOSE);
    }
    assert_int_equal(record.type, RECORD_CLOSE);
    struct close_notice notice;
    assert_int_equal(close_parse(record.data, &notice), STATUS_OK);
    assert_int_equal(notice.status, STATUS_SLOW_READER);
    peer_close(&peer);
    end_bed(bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_source_holds_only_so_many_half_open_connections),
        cmocka_unit_test(a_filling_table_turns_away_at_random_and_a_full_one_always),
        cmocka_unit_test(connections_have_a_maximum),
        cmocka_unit_test(a_client_that_is_turned_away_tries_again),
        cmocka_unit_test(handshakes_have_a_budget),
        cmocka_unit_test(a_source_that_misbehaves_is_turned_away_for_a_while),
        cmocka_unit_test(a_source_with_a_session_is_never_punished),
        cmocka_unit_test(a_source_is_an_address_or_half_of_one),
        cmocka_unit_test(penalties_add_up_and_pass),
        cmocka_unit_test(tokens_come_back_with_time),
        BED_TEST(who_is_logged_out_may_ask_for_little),
        cmocka_unit_test(one_source_holds_only_so_many_logged_out_connections),
        BED_TEST(requests_have_a_size),
        BED_TEST(sixteen_requests_may_be_under_way),
        BED_TEST(a_request_id_is_used_by_one_request_at_a_time),
        BED_TEST(fragments_of_two_messages_do_not_mix),
        cmocka_unit_test(all_assemblies_together_have_a_bound),
        cmocka_unit_test(a_reader_that_does_not_read_is_no_longer_read),
        cmocka_unit_test(too_much_output_ends_a_slow_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
