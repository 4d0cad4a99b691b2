// SPDX-License-Identifier: Apache-2.0
#include "client/connect.h"
#include "client/link_record.h"

#include <unistd.h>

#define CONNECT_MS_DEFAULT 5000
#define ANSWER_MS_DEFAULT  30000
#define RETRY_MS_FIRST     10
#define RETRY_MS_MAX       320
// A message of 1 MiB, and what growing to it leaves behind.
#define SCRATCH_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define CLIENT_TEXT       "kontor " KONTOR_VERSION

static enum status make_noise(const struct link_options *options,
                              const uint8_t preamble[static PREAMBLE_BYTES], const struct key *psk,
                              struct noise **out)
{
    uint8_t prologue[PROLOGUE_BYTES];
    preamble_prologue(preamble, prologue);
    const struct noise_config config = {
        .protocol_name = wire_protocol(psk != NULL ? WIRE_INVITED : WIRE_ENROLLED),
        .role = NOISE_INITIATOR,
        .prologue = bytes_of(prologue, sizeof prologue),
        .static_pair = options->device,
        .remote_static = options->server_key,
        .psk = psk,
        .psk_count = psk != NULL ? 1 : 0,
    };
    return noise_make(&config, out);
}

static enum status send_handshake(struct link *link, struct noise *noise, struct bytes before,
                                  struct bytes payload, int64_t deadline_ms)
{
    uint8_t *at = link->output;
    if (before.size > 0) {
        memcpy(at, before.data, before.size);
        at += before.size;
    }
    size_t size = 0;
    const enum status status = noise_write(noise, payload, at + 2, HANDSHAKE_3_BYTES, &size);
    if (status != STATUS_OK) {
        return status;
    }
    put_u16(at, (uint16_t)size);
    return write_all(link, bytes_of(link->output, before.size + 2 + size), deadline_ms);
}

// Preamble and message 1 in one write.
static enum status say_hello(struct link *link, struct noise *noise,
                             const uint8_t preamble[static PREAMBLE_BYTES],
                             const struct invitation *invitation, int64_t deadline_ms)
{
    struct hello hello = {.api_min = API_VERSION_MIN, .api_max = API_VERSION};
    if (invitation != NULL) {
        memcpy(hello.invitation_id, invitation->id, INVITATION_ID_BYTES);
    }
    uint8_t payload[HELLO_BYTES];
    hello_print(&hello, payload);
    return send_handshake(link, noise, bytes_of(preamble, PREAMBLE_BYTES),
                          bytes_of(payload, sizeof payload), deadline_ms);
}

// The server answers message 2, or a version hint, or nothing. BUSY: it hung up without a byte, as
// one does who is too busy (or who could not read message 1).
static enum status hear_greeting(struct link *link, struct noise *noise, int64_t deadline_ms)
{
    if (await_input(link, VERSION_HINT_BYTES, deadline_ms) != STATUS_OK) {
        const bool silent = link->input.size == 0 && clock_ms() < deadline_ms;
        return silent ? STATUS_BUSY : STATUS_UNREACHABLE;
    }
    struct version_hint hint;
    if (version_hint_parse(link->input.data, &hint) == STATUS_OK) {
        const bool speaks = hint.lowest <= WIRE_VERSION && WIRE_VERSION <= hint.highest;
        return speaks ? STATUS_WRONG_SERVER : STATUS_VERSION;
    }
    if (get_u16(link->input.data) != HANDSHAKE_2_BYTES) {
        return STATUS_MALFORMED;
    }
    if (await_input(link, 2 + HANDSHAKE_2_BYTES, deadline_ms) != STATUS_OK) {
        return STATUS_UNREACHABLE;
    }
    uint8_t payload[GREETING_BYTES];
    size_t size = 0;
    const struct bytes message = bytes_of(link->input.data + 2, HANDSHAKE_2_BYTES);
    if (noise_read(noise, message, payload, sizeof payload, &size) != STATUS_OK) {
        return STATUS_MALFORMED;
    }
    assert(size == sizeof payload);
    link->input.start += 2 + HANDSHAKE_2_BYTES;
    greeting_parse(payload, &link->greeting);
    const bool common =
        link->greeting.api_min <= API_VERSION && API_VERSION_MIN <= link->greeting.api_max;
    return common ? STATUS_OK : STATUS_VERSION;
}

static enum status say_identity(struct link *link, struct noise *noise,
                                const struct link_options *options, int64_t deadline_ms)
{
    CLEANUP(identity_wipe)
    struct identity identity = {
        .checkpoint_size = options->checkpoint_size,
        .timeline = options->timeline,
        .api = API_VERSION,
        .client = CLIENT_TEXT,
    };
    memcpy(identity.checkpoint_root, options->checkpoint_root, sizeof identity.checkpoint_root);
    if (options->token != NULL) {
        memcpy(identity.token, options->token, TOKEN_BYTES);
    }
    uint8_t payload[IDENTITY_BYTES];
    identity_print(&identity, payload);
    const enum status status = send_handshake(link, noise, bytes_of(NULL, 0),
                                              bytes_of(payload, sizeof payload), deadline_ms);
    explicit_bzero(payload, sizeof payload);
    return status;
}

static enum status handshake(struct link *link, const struct link_options *options,
                             int64_t deadline_ms)
{
    struct preamble preamble = {
        .version = WIRE_VERSION,
        .mode = options->invitation != NULL ? WIRE_INVITED : WIRE_ENROLLED,
    };
    server_key_id(options->server_key, preamble.key_id);
    uint8_t opening[PREAMBLE_BYTES];
    preamble_print(&preamble, opening);

    CLEANUP(key_wipe) struct key psk = {{0}};
    if (options->invitation != NULL) {
        psk = invitation_psk(options->invitation->secret);
    }
    CLEANUP(noise_free_at) struct noise *noise = NULL;
    enum status status =
        make_noise(options, opening, options->invitation != NULL ? &psk : NULL, &noise);
    if (status != STATUS_OK) {
        return status;
    }
    status = say_hello(link, noise, opening, options->invitation, deadline_ms);
    if (status != STATUS_OK) {
        return STATUS_BUSY;
    }
    status = hear_greeting(link, noise, deadline_ms);
    if (status != STATUS_OK) {
        return status;
    }
    if (say_identity(link, noise, options, deadline_ms) != STATUS_OK) {
        return STATUS_UNREACHABLE;
    }
    assert(noise_is_done(noise));
    memcpy(link->channel_id, noise_hash(noise), sizeof link->channel_id);
    noise_split(noise, &link->send.cipher, &link->receive.cipher);
    return STATUS_OK;
}

static enum status open_at(const char *address, const struct link_options *options,
                           struct link **out)
{
    const uint32_t connect_ms = options->connect_ms != 0 ? options->connect_ms : CONNECT_MS_DEFAULT;
    const int64_t deadline_ms = clock_ms() + connect_ms;
    int descriptor = -1;
    enum status status = connect_open(address, options->source, deadline_ms, &descriptor);
    if (status != STATUS_OK) {
        return status;
    }
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        (void)close(descriptor);
        return STATUS_ENVIRONMENT;
    }
    link->descriptor = descriptor;
    link->scratch = arena_make(SCRATCH_BYTES_MAX);
    link->assembly_arena = arena_make(SCRATCH_BYTES_MAX);
    if (link->scratch == NULL || link->assembly_arena == NULL) {
        link_free(link);
        return STATUS_ENVIRONMENT;
    }
    link->dead_ms = options->dead_ms != 0 ? options->dead_ms : DEAD_MS;
    link->answer_ms = options->answer_ms != 0 ? options->answer_ms : ANSWER_MS_DEFAULT;
    link->flight_max = options->token != NULL ? IN_FLIGHT_MAX : IN_FLIGHT_LOGGED_OUT_MAX;
    status = handshake(link, options, deadline_ms);
    if (status != STATUS_OK) {
        link_free(link);
        return status;
    }
    assert(link->status == STATUS_OK);
    *out = link;
    return STATUS_OK;
}

// The addresses in order; only an address that cannot be reached or is busy gives way to the next.
static enum status open_any(const struct link_options *options, struct link **out)
{
    enum status status = STATUS_UNREACHABLE;
    for (size_t i = 0; i < options->address_count; i++) {
        const enum status tried = open_at(options->address[i], options, out);
        if (tried != STATUS_UNREACHABLE && tried != STATUS_BUSY) {
            return tried;
        }
        status = status == STATUS_BUSY ? status : tried;
    }
    return status;
}

static void pause_ms(uint32_t wait_ms)
{
    const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                  .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    (void)nanosleep(&wait, NULL);
}

enum status link_open(const struct link_options *options, struct link **out)
{
    assert(options->device != NULL);
    assert(options->address_count > 0 && options->address_count <= LINK_ADDRESSES_MAX);
    const int64_t retry_until_ms = clock_ms() + options->retry_ms;
    uint32_t wait_ms = RETRY_MS_FIRST;
    for (;;) {
        const enum status status = open_any(options, out);
        if (status != STATUS_BUSY) {
            return status;
        }
        uint16_t draw = 0;
        random_fill(&draw, sizeof draw);
        const uint32_t pause = wait_ms + draw % wait_ms;
        if (clock_ms() + pause >= retry_until_ms) {
            return STATUS_UNREACHABLE;
        }
        pause_ms(pause);
        wait_ms = wait_ms < RETRY_MS_MAX ? wait_ms * 2 : wait_ms;
    }
}
