// SPDX-License-Identifier: Apache-2.0
#include "tests/wire/bed.h"

// Who is at the other end: joining, logging in and out, and no longer being anybody.

static struct link *open_invited(struct bed *bed, const struct invitation *invitation,
                                 const struct key_pair *device)
{
    struct link_options options = server_link_options(&bed->server);
    options.invitation = invitation;
    options.device = device;
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    return link;
}

static struct link *open_logged_out(struct bed *bed, const uint8_t *token)
{
    struct link_options options = server_link_options(&bed->server);
    options.token = token;
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    return link;
}

static void invite(struct server *server, void *context)
{
    const struct invitation *invitation = context;
    memcpy(server->admit.invitation_id, invitation->id, INVITATION_ID_BYTES);
    server->admit.invitation_psk = invitation_psk(invitation->secret);
    server->admit.invitation = DOUBLE_OPEN;
}

static struct invitation make_invitation(struct bed *bed)
{
    struct invitation invitation = {.id = {1, 2, 3}};
    random_fill(invitation.secret, sizeof invitation.secret);
    server_do(&bed->server, invite, &invitation);
    return invitation;
}

static void expire(struct server *server, void *context)
{
    (void)context;
    server->admit.invitation = DOUBLE_EXPIRED;
}

static void an_invitation_makes_a_device_once(void **state)
{
    struct bed *bed = *state;
    const struct invitation invitation = make_invitation(bed);
    const struct key_pair device = key_pair_random();
    struct link *link = open_invited(bed, &invitation, &device);
    const Request *join = ask_request(bed->arena, "session_join");
    assert_int_equal(ask(link, join, bed->arena), STATUS_OK);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    link_close(link);

    // The reply may have been lost: the same device may repeat it, another may not.
    link = open_invited(bed, &invitation, &device);
    assert_int_equal(ask(link, join, bed->arena), STATUS_OK);
    link_close(link);
    const struct key_pair other = key_pair_random();
    link = open_invited(bed, &invitation, &other);
    assert_int_equal(ask(link, join, bed->arena), STATUS_INVITATION_USED);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_LOGIN_NEEDED);
    link_close(link);

    server_do(&bed->server, expire, NULL);
    link = open_invited(bed, &invitation, &other);
    assert_int_equal(ask(link, join, bed->arena), STATUS_INVITATION_EXPIRED);
    link_close(link);
}

static void an_invitation_that_nobody_made_opens_nothing(void **state)
{
    struct bed *bed = *state;
    const Request *join = ask_request(bed->arena, "session_join");
    struct invitation invitation = make_invitation(bed);
    Reply *reply = NULL;
    invitation.secret[0] ^= 1;
    struct link *link = open_invited(bed, &invitation, &bed->server.device);
    assert_int_equal(link_call(link, join, bed->arena, &reply), STATUS_CUT_OFF);
    link_close(link);

    invitation.id[0] ^= 1;
    link = open_invited(bed, &invitation, &bed->server.device);
    assert_int_equal(link_call(link, join, bed->arena, &reply), STATUS_CUT_OFF);
    link_close(link);
    assert_true(server_counts(&bed->server).handshakes_failed == 2);
    assert_int_equal(bed_handled(bed), 0);
}

// The psk of an invitation that is not there must not be one that can be guessed, such as zeros.
static void an_unknown_invitation_has_no_psk_at_all(void **state)
{
    struct bed *bed = *state;
    const struct invitation invitation = {.id = {7}};
    const struct key zeros = {{0}};
    const struct peer_options options = {.invitation = &invitation, .psk = &zeros};
    struct peer_link peer;
    peer_open(&bed->server, &options, &peer);
    assert_int_equal(peer_read_to_end(&peer), 0);
    peer_close(&peer);
    assert_true(server_counts(&bed->server).handshakes_failed == 1);
}

static void a_login_opens_the_channel_and_a_logout_closes_it(void **state)
{
    struct bed *bed = *state;
    char wrong[] = "a wrong password";
    char right[] = DOUBLE_PASSWORD;
    struct link *link = open_logged_out(bed, NULL);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_LOGIN_NEEDED);
    assert_int_equal(ask(link, ask_login(bed->arena, wrong), bed->arena), STATUS_LOGIN_WRONG);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_LOGIN_NEEDED);

    Reply *reply = NULL;
    const Request *login = ask_login(bed->arena, right);
    assert_int_equal(link_call(link, login, bed->arena, &reply), STATUS_OK);
    assert_int_equal(reply->status, STATUS_OK);
    uint8_t token[TOKEN_BYTES];
    assert_int_equal(reply->session_login->token.len, sizeof token);
    memcpy(token, reply->session_login->token.data, sizeof token);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_OK);

    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) { // more than somebody logged out may have
        uint64_t id = 0;
        assert_int_equal(link_send(link, ask_whoami(bed->arena), &id), STATUS_OK);
    }
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        struct link_answer answer;
        assert_int_equal(link_receive(link, bed->arena, &answer), STATUS_OK);
        assert_int_equal(answer.reply->status, STATUS_OK);
    }

    struct link *parallel = open_logged_out(bed, token);
    assert_int_equal(ask(parallel, ask_whoami(bed->arena), bed->arena), STATUS_OK);

    const Request *logout = ask_request(bed->arena, "session_logout");
    assert_int_equal(ask(link, logout, bed->arena), STATUS_OK);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_LOGIN_NEEDED);
    assert_int_equal(link_call(parallel, ask_whoami(bed->arena), bed->arena, &reply),
                     STATUS_SESSION_EXPIRED);
    link_close(parallel);
    link_close(link);

    link = open_logged_out(bed, token);
    assert_int_equal(ask(link, ask_whoami(bed->arena), bed->arena), STATUS_SESSION_EXPIRED);
    link_close(link);
}

static void enrol_another(struct server *server, void *context)
{
    const struct key_pair *pair = context;
    struct double_device *device = &server->admit.device[server->admit.device_count++];
    memcpy(device->key, pair->public_bytes, KEY_BYTES);
    memset(device->token, 9, TOKEN_BYTES);
    device->session_live = true;
}

static struct link *open_other(struct bed *bed, const struct key_pair *pair)
{
    uint8_t token[TOKEN_BYTES];
    memset(token, 9, sizeof token);
    struct link_options options = server_link_options(&bed->server);
    options.device = pair;
    options.token = token;
    struct link *link = NULL;
    assert_int_equal(link_open(&options, &link), STATUS_OK);
    return link;
}

static Request *ask_revoke(struct bed *bed, uint64_t device_id)
{
    Request *request = ask_request(bed->arena, "device_revoke");
    request->device_revoke->device_id = device_id;
    return request;
}

static void revoking_a_device_ends_its_open_connections(void **state)
{
    struct bed *bed = *state;
    struct key_pair other = key_pair_random();
    server_do(&bed->server, enrol_another, &other);
    struct link *owner = open_other(bed, &other);
    struct peer_link peer;
    bed_peer(bed, &peer);
    peer_send(&peer, RECORD_PING, RECORD_FIN, 1, bytes_of(NULL, 0));
    struct record record;
    assert_true(peer_receive(&peer, &record));

    // When the owner has the answer, the connections are already ended.
    assert_int_equal(ask(owner, ask_revoke(bed, 1), bed->arena), STATUS_OK);
    peer_expect_close(&peer, STATUS_DEVICE_UNKNOWN);
    Reply *reply = NULL;
    assert_int_equal(link_call(bed->link, ask_whoami(bed->arena), bed->arena, &reply),
                     STATUS_DEVICE_UNKNOWN);
    assert_int_equal(ask(owner, ask_whoami(bed->arena), bed->arena), STATUS_OK);
    peer_close(&peer);
    link_close(owner);
}

static void who_revokes_itself_still_gets_the_answer(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    bed_peer(bed, &peer);
    bed_send(bed, &peer, 1, 0, ask_revoke(bed, 1));
    struct record record;
    assert_true(peer_receive(&peer, &record));
    assert_int_equal(record.type, RECORD_RES);
    assert_true(record.request == 1);
    peer_expect_close(&peer, STATUS_DEVICE_UNKNOWN);
    peer_close(&peer);
}

static void end_session(struct server *server, void *context)
{
    (void)context;
    server->admit.device[0].session_live = false;
    listener_committed(server->listener, 1);
}

// A session that the server ends by itself, for instance because its time is over.
static void a_session_that_ended_is_noticed_after_the_commit(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    bed_peer(bed, &peer);
    peer_send(&peer, RECORD_PING, RECORD_FIN, 1, bytes_of(NULL, 0));
    struct record record;
    assert_true(peer_receive(&peer, &record));
    server_do(&bed->server, end_session, NULL);
    peer_expect_close(&peer, STATUS_SESSION_EXPIRED);
    peer_close(&peer);
}

static void what_was_read_for_somebody_who_is_no_more_is_not_sent(void **state)
{
    struct bed *bed = *state;
    struct peer_link peer;
    bed_peer(bed, &peer);
    server_hold(&bed->server);
    bed_send(bed, &peer, 1, 0, ask_revoke(bed, 1));
    bed_send(bed, &peer, 2, 0, ask_whoami(bed->arena));
    bed_send(bed, &peer, 3, 0, ask_add(bed->arena, 4));
    bed_await(bed, &listener_counts(bed->server.listener)->in_flight, 3);
    server_release(&bed->server);
    // The write that was under way is answered, the read is not.
    struct record record;
    assert_true(peer_receive(&peer, &record));
    assert_true(record.request == 1);
    assert_true(peer_receive(&peer, &record));
    assert_true(record.request == 3);
    peer_expect_close(&peer, STATUS_DEVICE_UNKNOWN);
    peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BED_TEST(an_invitation_makes_a_device_once),
        BED_TEST(an_invitation_that_nobody_made_opens_nothing),
        BED_TEST(an_unknown_invitation_has_no_psk_at_all),
        BED_TEST(a_login_opens_the_channel_and_a_logout_closes_it),
        BED_TEST(revoking_a_device_ends_its_open_connections),
        BED_TEST(who_revokes_itself_still_gets_the_answer),
        BED_TEST(a_session_that_ended_is_noticed_after_the_commit),
        BED_TEST(what_was_read_for_somebody_who_is_no_more_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
