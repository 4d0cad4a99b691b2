// SPDX-License-Identifier: Apache-2.0
#include "client/connect.h"
#include "tests/unit/unit.h"
#include "tests/wire/server.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES (RECORD_LENGTH_BYTES + RECORD_CIPHER_MAX)

static uint8_t *buffer_of(struct peer_link *peer)
{
    if (peer->buffer == NULL) {
        peer->buffer = malloc(BUFFER_BYTES);
        assert_non_null(peer->buffer);
    }
    return peer->buffer;
}

int peer_connect(struct server *server, const char *source)
{
    int descriptor = -1;
    assert_int_equal(connect_open(server->address, source, clock_ms() + PATIENCE_MS, &descriptor),
                     STATUS_OK);
    return descriptor;
}

void peer_prepare(struct server *server, const struct peer_options *options, struct peer_link *peer)
{
    memset(peer, 0, sizeof *peer);
    peer->descriptor = -1;
    const uint8_t *server_key =
        options->server_key != NULL ? options->server_key : server->key.public_bytes;
    struct preamble preamble = {
        .version = options->version != 0 ? options->version : WIRE_VERSION,
        .mode = options->invitation != NULL ? WIRE_INVITED : WIRE_ENROLLED,
    };
    server_key_id(server_key, preamble.key_id);
    preamble_print(&preamble, peer->opening);

    uint8_t prologue[PROLOGUE_BYTES];
    preamble_prologue(peer->opening, prologue);
    struct key psk = {{0}};
    struct hello hello = {.api_min = API_VERSION_MIN, .api_max = API_VERSION};
    if (options->invitation != NULL) {
        psk = options->psk != NULL ? *options->psk : invitation_psk(options->invitation->secret);
        memcpy(hello.invitation_id, options->invitation->id, INVITATION_ID_BYTES);
    }
    const struct noise_config config = {
        .protocol_name = wire_protocol(preamble.mode),
        .role = NOISE_INITIATOR,
        .prologue = bytes_of(prologue, sizeof prologue),
        .static_pair = options->device != NULL ? options->device : &server->device,
        .remote_static = server_key,
        .psk = &psk,
        .psk_count = options->invitation != NULL ? 1 : 0,
    };
    assert_int_equal(noise_make(&config, &peer->noise), STATUS_OK);
    uint8_t payload[HELLO_BYTES];
    hello_print(&hello, payload);
    size_t size = 0;
    put_u16(peer->opening + PREAMBLE_BYTES, HANDSHAKE_1_BYTES);
    assert_int_equal(noise_write(peer->noise, bytes_of(payload, sizeof payload),
                                 peer->opening + PREAMBLE_BYTES + 2, HANDSHAKE_1_BYTES, &size),
                     STATUS_OK);
    assert_int_equal(size, HANDSHAKE_1_BYTES);
}

bool peer_hear(struct peer_link *peer, const struct peer_options *options)
{
    if (!peer_read(peer, peer->greeting, sizeof peer->greeting)) {
        return false;
    }
    uint8_t greeting[GREETING_BYTES];
    size_t size = 0;
    assert_int_equal(get_u16(peer->greeting), HANDSHAKE_2_BYTES);
    assert_int_equal(noise_read(peer->noise, bytes_of(peer->greeting + 2, HANDSHAKE_2_BYTES),
                                greeting, sizeof greeting, &size),
                     STATUS_OK);
    struct identity identity = {.api = API_VERSION, .client = "peer"};
    if (options->token != NULL) {
        memcpy(identity.token, options->token, TOKEN_BYTES);
    }
    uint8_t payload[IDENTITY_BYTES];
    identity_print(&identity, payload);
    put_u16(peer->last, HANDSHAKE_3_BYTES);
    assert_int_equal(noise_write(peer->noise, bytes_of(payload, sizeof payload), peer->last + 2,
                                 HANDSHAKE_3_BYTES, &size),
                     STATUS_OK);
    return true;
}

void peer_split(struct peer_link *peer)
{
    noise_split(peer->noise, &peer->send.cipher, &peer->receive.cipher);
}

void peer_open(struct server *server, const struct peer_options *options, struct peer_link *peer)
{
    peer_prepare(server, options, peer);
    peer->descriptor = peer_connect(server, options->source);
    peer_write(peer, peer->opening, sizeof peer->opening);
    assert_true(peer_hear(peer, options));
    peer_write(peer, peer->last, sizeof peer->last);
    peer_split(peer);
}

void peer_close(struct peer_link *peer)
{
    if (peer->descriptor >= 0) {
        (void)close(peer->descriptor);
    }
    noise_free(peer->noise);
    free(peer->buffer);
    peer->buffer = NULL;
    peer->descriptor = -1;
    peer->noise = NULL;
}

bool peer_try_write(struct peer_link *peer, const void *data, size_t size)
{
    const uint8_t *at = data;
    const int64_t deadline_ms = clock_ms() + PATIENCE_MS;
    while (size > 0) {
        const ssize_t count = send(peer->descriptor, at, size, MSG_NOSIGNAL);
        if (count > 0) {
            at += count;
            size -= (size_t)count;
            continue;
        }
        short seen = 0;
        if (errno != EAGAIN || !connect_wait(peer->descriptor, POLLOUT, deadline_ms, &seen)) {
            return false;
        }
    }
    return true;
}

void peer_write(struct peer_link *peer, const void *data, size_t size)
{
    assert_true(peer_try_write(peer, data, size));
}

// What is there, at most `size`; 0 at the end of the stream (also when it was reset).
static size_t read_some(struct peer_link *peer, void *data, size_t size)
{
    const int64_t deadline_ms = clock_ms() + PATIENCE_MS;
    short seen = 0;
    assert_true(connect_wait(peer->descriptor, POLLIN, deadline_ms, &seen));
    const ssize_t count = recv(peer->descriptor, data, size, 0);
    return count > 0 ? (size_t)count : 0;
}

bool peer_read(struct peer_link *peer, void *data, size_t size)
{
    uint8_t *at = data;
    while (size > 0) {
        const size_t count = read_some(peer, at, size);
        if (count == 0) {
            return false;
        }
        at += count;
        size -= count;
    }
    return true;
}

size_t peer_read_to_end(struct peer_link *peer)
{
    size_t total = 0;
    for (;;) {
        const size_t count = read_some(peer, buffer_of(peer), BUFFER_BYTES);
        if (count == 0) {
            return total;
        }
        total += count;
    }
}

void peer_send(struct peer_link *peer, enum record_type type, uint8_t flags, uint64_t request,
               struct bytes data)
{
    const struct record record = {.type = type, .flags = flags, .request = request, .data = data};
    size_t size = 0;
    assert_int_equal(record_seal(&peer->send, &record, buffer_of(peer), &size), STATUS_OK);
    peer_write(peer, peer->buffer, size);
}

bool peer_receive(struct peer_link *peer, struct record *record)
{
    uint8_t length[2];
    if (!peer_read(peer, length, sizeof length)) {
        return false;
    }
    assert_true(record_length_is_valid(get_u16(length)));
    assert_true(peer_read(peer, buffer_of(peer), get_u16(length)));
    assert_int_equal(record_open(&peer->receive, peer->buffer, get_u16(length), record), STATUS_OK);
    return true;
}

void peer_expect_close(struct peer_link *peer, enum status status)
{
    struct record record;
    assert_true(peer_receive(peer, &record));
    assert_int_equal(record.type, RECORD_CLOSE);
    struct close_notice notice;
    assert_int_equal(close_parse(record.data, &notice), STATUS_OK);
    assert_int_equal(notice.status, status);
    assert_true(notice.records == peer->receive.records - 1);
    assert_int_equal(peer_read_to_end(peer), 0);
}
