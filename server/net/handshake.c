// SPDX-License-Identifier: Apache-2.0
#include "server/net/state.h"

// The order of checks is what keeps strangers cheap (security.md b): magic, version, key id, the
// budgets of all and of this source, and only then the first multiplication.

static void fail(struct session *session, const char *what, uint64_t penalty_ms)
{
    session->listener->counts.handshakes_failed++;
    session_fault(session, what, penalty_ms);
}

static bool has_budget(struct session *session)
{
    struct listener *listener = session->listener;
    const struct net_limits *limits = &listener->limits;
    const uint64_t now_ms = session_now(session);
    if (session->source == NULL) {
        return true; // the Unix socket
    }
    if (!bucket_take(&session->source->handshakes, limits->handshakes_per_second / 2,
                     limits->handshakes_burst / 2, now_ms)) {
        return false;
    }
    return bucket_take(&listener->handshakes, limits->handshakes_per_second,
                       limits->handshakes_burst, now_ms);
}

static enum status make_noise(struct session *session)
{
    uint8_t prologue[PROLOGUE_BYTES];
    preamble_prologue(session->small, prologue);
    const struct noise_config config = {
        .protocol_name = wire_protocol(session->mode),
        .role = NOISE_RESPONDER,
        .prologue = bytes_of(prologue, sizeof prologue),
        .static_pair = &session->listener->key[session->key],
    };
    return noise_make(&config, &session->noise);
}

// Which of the server's keys is meant.
static bool find_key(struct session *session, const uint8_t id[static KEY_ID_BYTES])
{
    const struct listener *listener = session->listener;
    for (size_t i = 0; i < listener->key_count; i++) {
        if (memcmp(id, listener->key_id[i], KEY_ID_BYTES) == 0) {
            session->key = i;
            return true;
        }
    }
    return false;
}

// The 16 bytes in clear. False: the session has ended or says its hint.
static bool check_preamble(struct session *session)
{
    struct preamble preamble;
    const enum status status = preamble_parse(session->small, &preamble);
    if (status == STATUS_MALFORMED) {
        fail(session, "ended: not a kontor client", PENALTY_GARBAGE_MS);
        return false;
    }
    if (status == STATUS_VERSION || !find_key(session, preamble.key_id)) {
        session->listener->counts.handshakes_failed++;
        if (session->source != NULL) {
            source_penalise(session->source, PENALTY_VERSION_MS, session_now(session));
        }
        listener_note(session->listener, session, "ended: asks for another version or server key");
        session_hint(session);
        return false;
    }
    session->mode = preamble.mode;
    if (!has_budget(session)) {
        session->listener->counts.turned_away++;
        session_drop(session);
        return false;
    }
    session->opening_seen = true;
    return true;
}

// In mode 2 the psk belongs to the invitation that message 1 names. One that nobody knows gets a
// psk that nobody has, so that it looks like any other until message 3 fails.
static void choose_psk(struct session *session, const struct hello *hello)
{
    CLEANUP(key_wipe) struct key psk = {{0}};
    if (!admit_psk(session->listener->options.admit, hello->invitation_id, &psk)) {
        psk = key_random();
    }
    noise_set_psk(session->noise, &psk);
    memcpy(session->peer.invitation_id, hello->invitation_id, INVITATION_ID_BYTES);
    session->peer.invited = true;
}

static void say_greeting(struct session *session)
{
    struct listener *listener = session->listener;
    struct greeting greeting = {.api_min = API_VERSION_MIN, .api_max = API_VERSION};
    if (listener->options.greet != NULL) {
        listener->options.greet(listener->options.greet_context, &greeting);
    }
    uint8_t payload[GREETING_BYTES];
    greeting_print(&greeting, payload);
    uint8_t message[2 + HANDSHAKE_2_BYTES];
    size_t size = 0;
    const enum status status = noise_write(session->noise, bytes_of(payload, sizeof payload),
                                           message + 2, HANDSHAKE_2_BYTES, &size);
    if (status != STATUS_OK) {
        fail(session, "ended: the handshake failed", PENALTY_FAILED_MS);
        return;
    }
    assert(size == HANDSHAKE_2_BYTES);
    put_u16(message, HANDSHAKE_2_BYTES);
    session_enter(session, SESSION_IDENTITY);
    session->small_size = 0;
    output_raw(session, bytes_of(message, sizeof message));
}

static void take_hello(struct session *session)
{
    uint8_t payload[HELLO_BYTES];
    size_t size = 0;
    struct hello hello;
    const struct bytes message = bytes_of(session->small + PREAMBLE_BYTES + 2, HANDSHAKE_1_BYTES);
    if (make_noise(session) != STATUS_OK ||
        noise_read(session->noise, message, payload, sizeof payload, &size) != STATUS_OK ||
        size != sizeof payload || hello_parse(payload, &hello) != STATUS_OK) {
        fail(session, "ended: the handshake failed", PENALTY_FAILED_MS);
        return;
    }
    const bool names_invitation = !bytes_are_zero(hello.invitation_id, INVITATION_ID_BYTES);
    if (names_invitation != (session->mode == WIRE_INVITED)) {
        fail(session, "ended: the handshake failed", PENALTY_FAILED_MS);
        return;
    }
    if (session->mode == WIRE_INVITED) {
        choose_psk(session, &hello);
    }
    say_greeting(session);
}

void handshake_opening(struct session *session)
{
    if (session->small_size >= PREAMBLE_BYTES && !session->opening_seen &&
        !check_preamble(session)) {
        return;
    }
    if (session->small_size >= PREAMBLE_BYTES + 2 &&
        get_u16(session->small + PREAMBLE_BYTES) != HANDSHAKE_1_BYTES) {
        fail(session, "ended: the handshake failed", PENALTY_GARBAGE_MS);
        return;
    }
    if (session->small_size == PREAMBLE_BYTES + 2 + HANDSHAKE_1_BYTES) {
        take_hello(session);
    }
}

// The device is not enrolled: told inside the channel, and not at once, so that trying devices is
// slow.
static void refuse_device(struct session *session)
{
    const struct net_limits *limits = &session->listener->limits;
    uint32_t draw = 0;
    random_fill(&draw, sizeof draw);
    const uint64_t span = limits->refusal_ms_max - limits->refusal_ms_min + 1;
    session_enter(session, SESSION_REFUSED);
    session->refuse_at_ms = session_now(session) + limits->refusal_ms_min + draw % span;
    if (session->source != NULL) {
        source_penalise(session->source, PENALTY_FAILED_MS, session_now(session));
    }
    listener_note(session->listener, session, "refused: the device is not enrolled");
}

static void begin(struct session *session, const struct identity *identity)
{
    struct listener *listener = session->listener;
    struct peer *peer = &session->peer;
    memcpy(peer->device_key, noise_remote_static(session->noise), KEY_BYTES);
    peer->local = session->source == NULL;
    session->token_presented = !bytes_are_zero(identity->token, TOKEN_BYTES);
    if (session->mode == WIRE_ENROLLED) {
        struct peer known = {0};
        admit_peer(listener->options.admit, peer->device_key,
                   session->token_presented ? identity->token : NULL, &known);
        peer->device_id = known.device_id;
        peer->session_id = known.session_id;
    }
    noise_split(session->noise, &session->send.cipher, &session->receive.cipher);
    noise_free(session->noise);
    session->noise = NULL;
    session->small_size = 0;
    explicit_bzero(session->small, sizeof session->small);
    session->received_ms = session_now(session);
    listener->counts.handshakes_done++;
    if (session->mode == WIRE_ENROLLED && peer->device_id == 0) {
        refuse_device(session);
        return;
    }
    session_enter(session, peer->session_id != 0 ? SESSION_LOGGED_IN : SESSION_LOGGED_OUT);
    if (session->source != NULL && session->state == SESSION_LOGGED_OUT &&
        session->source->logged_out > listener->limits.logged_out_per_source) {
        session_close(session, STATUS_BUSY);
    }
}

void handshake_identity(struct session *session)
{
    if (session->small_size >= 2 && get_u16(session->small) != HANDSHAKE_3_BYTES) {
        fail(session, "ended: the handshake failed", PENALTY_GARBAGE_MS);
        return;
    }
    if (session->small_size < 2 + HANDSHAKE_3_BYTES) {
        return;
    }
    uint8_t payload[IDENTITY_BYTES];
    size_t size = 0;
    CLEANUP(identity_wipe) struct identity identity = {0};
    const struct bytes message = bytes_of(session->small + 2, HANDSHAKE_3_BYTES);
    if (noise_read(session->noise, message, payload, sizeof payload, &size) != STATUS_OK ||
        size != sizeof payload || identity_parse(payload, &identity) != STATUS_OK) {
        fail(session, "ended: the handshake failed", PENALTY_FAILED_MS);
        return;
    }
    explicit_bzero(payload, sizeof payload);
    assert(noise_is_done(session->noise));
    begin(session, &identity);
}
