// SPDX-License-Identifier: Apache-2.0
#include "shared/handshake.h"

#include "shared/noise.h"
#include "tests/fuzz/fuzz.h"

// The server's side of a connection that opens: first a stranger with any preamble and any bytes
// for the messages, then a client that knows the keys and puts anything into the payloads. No
// stranger gets through; what parses prints again to the same bytes.

struct house {
    struct key_pair server;
    struct key_pair server_ephemeral;
    struct key_pair client;
    struct key_pair client_ephemeral;
    struct key psk;
};

// The same keys in every run, or a finding could not be repeated.
static struct house house_make(void)
{
    struct house house = {.psk = {.bytes = {5}}};
    struct key_pair *pairs[] = {&house.server, &house.server_ephemeral, &house.client,
                                &house.client_ephemeral};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        const struct key secret = {.bytes = {(uint8_t)(i + 1)}};
        *pairs[i] = key_pair_of_secret(&secret);
    }
    return house;
}

static struct noise *side_make(const struct house *house, enum noise_role role, enum wire_mode mode,
                               const uint8_t prologue[static PROLOGUE_BYTES])
{
    const bool is_client = role == NOISE_INITIATOR;
    const struct noise_config config = {
        .protocol_name = wire_protocol(mode),
        .role = role,
        .prologue = bytes_of(prologue, PROLOGUE_BYTES),
        .static_pair = is_client ? &house->client : &house->server,
        .remote_static = is_client ? house->server.public_bytes : NULL,
        .psk = &house->psk,
        .psk_count = is_client && mode == WIRE_INVITED ? 1 : 0,
        .ephemeral = is_client ? &house->client_ephemeral : &house->server_ephemeral,
    };
    struct noise *noise = NULL;
    const enum status status = noise_make(&config, &noise);
    assert(status == STATUS_OK);
    return noise;
}

static enum status send(struct noise *from, struct noise *to, struct bytes payload, uint8_t *got,
                        size_t message_bytes)
{
    uint8_t message[HANDSHAKE_3_BYTES];
    size_t size = 0;
    const enum status status = noise_write(from, payload, message, message_bytes, &size);
    assert(status == STATUS_OK && size == message_bytes);
    size_t got_size = 0;
    const enum status read_status =
        noise_read(to, bytes_of(message, size), got, payload.size, &got_size);
    assert(read_status != STATUS_OK || got_size == payload.size);
    return read_status;
}

static void check_hello(const uint8_t payload[static HELLO_BYTES])
{
    struct hello hello;
    uint8_t again[HELLO_BYTES];
    if (hello_parse(payload, &hello) == STATUS_OK) {
        hello_print(&hello, again);
        assert(memcmp(again, payload, sizeof again) == 0);
    }
}

static void check_identity(const uint8_t payload[static IDENTITY_BYTES])
{
    struct identity identity;
    uint8_t again[IDENTITY_BYTES];
    if (identity_parse(payload, &identity) == STATUS_OK) {
        assert(strlen(identity.client) <= CLIENT_TEXT_BYTES);
        identity_print(&identity, again);
        assert(memcmp(again, payload, sizeof again) == 0);
    }
}

// Bytes of the stranger as message 1 or, after an honest one, as message 3.
static void stranger(const struct house *house, struct bytes *input, enum wire_mode mode,
                     const uint8_t *prologue)
{
    CLEANUP(noise_free_at)
    struct noise *server = side_make(house, NOISE_RESPONDER, mode, prologue);
    CLEANUP(noise_free_at)
    struct noise *client = side_make(house, NOISE_INITIATOR, mode, prologue);
    uint8_t payload[IDENTITY_BYTES] = {0};
    size_t message_bytes = HANDSHAKE_1_BYTES;
    if ((input_byte(input) & 1) != 0) {
        uint8_t got[IDENTITY_BYTES];
        (void)send(client, server, bytes_of(payload, HELLO_BYTES), got, HANDSHAKE_1_BYTES);
        (void)send(server, client, bytes_of(payload, GREETING_BYTES), got, HANDSHAKE_2_BYTES);
        if (mode == WIRE_INVITED) {
            noise_set_psk(server, &house->psk);
        }
        message_bytes = HANDSHAKE_3_BYTES;
    }
    uint8_t message[HANDSHAKE_3_BYTES];
    input_take(input, message, message_bytes);
    size_t size = 0;
    const enum status status =
        noise_read(server, bytes_of(message, message_bytes), payload, sizeof payload, &size);
    assert(status != STATUS_OK);
    assert(!noise_is_done(server));
}

// A client that has the keys.
static void member(const struct house *house, struct bytes *input, enum wire_mode mode,
                   const uint8_t *prologue)
{
    CLEANUP(noise_free_at)
    struct noise *server = side_make(house, NOISE_RESPONDER, mode, prologue);
    CLEANUP(noise_free_at)
    struct noise *client = side_make(house, NOISE_INITIATOR, mode, prologue);
    uint8_t payload[IDENTITY_BYTES];
    uint8_t got[IDENTITY_BYTES];
    input_take(input, payload, HELLO_BYTES);
    enum status status =
        send(client, server, bytes_of(payload, HELLO_BYTES), got, HANDSHAKE_1_BYTES);
    assert(status == STATUS_OK);
    check_hello(got);
    input_take(input, payload, GREETING_BYTES);
    status = send(server, client, bytes_of(payload, GREETING_BYTES), got, HANDSHAKE_2_BYTES);
    assert(status == STATUS_OK);
    struct greeting greeting;
    greeting_parse(got, &greeting);
    if (mode == WIRE_INVITED) {
        noise_set_psk(server, &house->psk);
    }
    input_take(input, payload, IDENTITY_BYTES);
    status = send(client, server, bytes_of(payload, IDENTITY_BYTES), got, HANDSHAKE_3_BYTES);
    assert(status == STATUS_OK && noise_is_done(server));
    check_identity(got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    uint8_t opening[PREAMBLE_BYTES];
    input_take(&input, opening, sizeof opening);
    struct version_hint hint;
    if (version_hint_parse(opening, &hint) == STATUS_OK) {
        assert(hint.lowest <= hint.highest);
    }
    struct preamble preamble;
    if (preamble_parse(opening, &preamble) != STATUS_OK) {
        return 0;
    }
    uint8_t again[PREAMBLE_BYTES];
    preamble_print(&preamble, again);
    assert(memcmp(again, opening, sizeof again) == 0);

    uint8_t prologue[PROLOGUE_BYTES];
    preamble_prologue(opening, prologue);
    const struct house house = house_make();
    if ((input_byte(&input) & 1) != 0) {
        stranger(&house, &input, preamble.mode, prologue);
    } else {
        member(&house, &input, preamble.mode, prologue);
    }
    struct close_notice notice;
    if (close_parse(input, &notice) == STATUS_OK) {
        assert(status_is_known((uint32_t)notice.status));
    }
    return 0;
}
