// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/echo.h"

#include "shared/record.h"
#include "shared/wire.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

struct echo {
    int listener;
    pthread_t thread;
    char address[64];
    struct key_pair key;
    struct key_pair device;
};

struct peer_connection {
    int fd;
    const struct key_pair *key;
    uint8_t cipher[RECORD_LENGTH_BYTES + RECORD_CIPHER_MAX];
};

static bool read_all(int fd, void *out, size_t size)
{
    size_t got = 0;
    while (got < size) {
        const ssize_t more = read(fd, (uint8_t *)out + got, size - got);
        if (more <= 0) {
            return false;
        }
        got += (size_t)more;
    }
    return true;
}

static bool shake_hands(const struct peer_connection *peer, struct channel *send,
                        struct channel *receive)
{
    uint8_t preamble[PREAMBLE_BYTES], prologue[PROLOGUE_BYTES], message[2 + HANDSHAKE_3_BYTES],
        payload[IDENTITY_BYTES];
    if (!read_all(peer->fd, preamble, sizeof preamble)) {
        return false;
    }
    preamble_prologue(preamble, prologue);
    const struct noise_config config = {.protocol_name = wire_protocol(WIRE_ENROLLED),
                                        .role = NOISE_RESPONDER,
                                        .prologue = bytes_of(prologue, sizeof prologue),
                                        .static_pair = peer->key};
    CLEANUP(noise_free_at) struct noise *noise = NULL;
    size_t size = 0;
    if (noise_make(&config, &noise) != STATUS_OK ||
        !read_all(peer->fd, message, 2 + HANDSHAKE_1_BYTES) ||
        noise_read(noise, bytes_of(message + 2, HANDSHAKE_1_BYTES), payload, sizeof payload,
                   &size) != STATUS_OK) {
        return false;
    }
    const struct greeting greeting = {.api_min = API_VERSION_MIN, .api_max = API_VERSION};
    greeting_print(&greeting, payload);
    if (noise_write(noise, bytes_of(payload, GREETING_BYTES), message + 2, HANDSHAKE_2_BYTES,
                    &size) != STATUS_OK) {
        return false;
    }
    put_u16(message, HANDSHAKE_2_BYTES);
    if (write(peer->fd, message, 2 + HANDSHAKE_2_BYTES) != 2 + HANDSHAKE_2_BYTES ||
        !read_all(peer->fd, message, 2 + HANDSHAKE_3_BYTES) ||
        noise_read(noise, bytes_of(message + 2, HANDSHAKE_3_BYTES), payload, sizeof payload,
                   &size) != STATUS_OK) {
        return false;
    }
    noise_split(noise, &send->cipher, &receive->cipher);
    return true;
}

static void *answer(void *context)
{
    struct peer_connection *peer = context;
    struct channel send = {0}, receive = {0};
    uint8_t *cipher = peer->cipher;
    bool open = shake_hands(peer, &send, &receive);
    while (open && read_all(peer->fd, cipher, RECORD_LENGTH_BYTES)) {
        const uint16_t size = get_u16(cipher);
        struct record record;
        if (!record_length_is_valid(size) || !read_all(peer->fd, cipher, size) ||
            record_open(&receive, cipher, size, &record) != STATUS_OK ||
            record.type != RECORD_REQ) {
            break;
        }
        const struct record reply = {
            .type = RECORD_RES, .flags = RECORD_FIN, .request = record.request};
        size_t out = 0;
        if (record_seal(&send, &reply, cipher, &out) != STATUS_OK ||
            write(peer->fd, cipher, out) != (ssize_t)out) {
            break;
        }
    }
    (void)close(peer->fd);
    free(peer);
    return NULL;
}

static void *accept_all(void *context)
{
    struct echo *echo = context;
    for (;;) {
        const int fd = accept4(echo->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            return NULL;
        }
        const int one = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct peer_connection *peer = malloc(sizeof *peer);
        pthread_t thread;
        assert(peer != NULL);
        peer->fd = fd;
        peer->key = &echo->key;
        if (pthread_create(&thread, NULL, answer, peer) != 0 || pthread_detach(thread) != 0) {
            abort();
        }
    }
}

struct echo *echo_start(void)
{
    struct echo *echo = calloc(1, sizeof *echo);
    assert(echo != NULL);
    echo->key = key_pair_random();
    echo->device = key_pair_random();
    echo->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    if (bind(echo->listener, (struct sockaddr *)&address, size) != 0 ||
        listen(echo->listener, 64) != 0 ||
        getsockname(echo->listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&echo->thread, NULL, accept_all, echo) != 0) {
        abort();
    }
    (void)snprintf(echo->address, sizeof echo->address, "127.0.0.1:%u", ntohs(address.sin_port));
    return echo;
}

struct link *echo_link(struct echo *echo)
{
    struct link_options options = {
        .address = {echo->address}, .address_count = 1, .device = &echo->device};
    memcpy(options.server_key, echo->key.public_bytes, KEY_BYTES);
    struct link *link = NULL;
    if (link_open(&options, &link) != STATUS_OK) {
        abort();
    }
    return link;
}

void echo_stop(struct echo *echo)
{
    (void)shutdown(echo->listener, SHUT_RDWR);
    (void)pthread_join(echo->thread, NULL);
    (void)close(echo->listener);
    free(echo);
}
