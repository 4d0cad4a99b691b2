// SPDX-License-Identifier: Apache-2.0
#include "shared/noise.h"

#include "shared/noise_state.h"

#include <sodium.h>

#define MESSAGES_MAX 4
#define TOKENS_MAX   6
#define NAME_PREFIX  "Noise_"
#define NAME_SUFFIX  "_25519_ChaChaPoly_BLAKE2b"

enum token { END, E, S, EE, ES, SE, SS, PSK };

struct pattern {
    const char *name;
    bool is_server_known;
    uint8_t messages[MESSAGES_MAX][TOKENS_MAX];
};

#define MESSAGE(...) \
    {                \
        __VA_ARGS__  \
    }
#define PATTERN(name, known, ...) {name, known, {__VA_ARGS__}},
static const struct pattern PATTERNS[] = {
#include "shared/noise_patterns.def"
};
#undef PATTERN
#undef MESSAGE

// The names are the specification's: s, e own keys, rs, re the other side's; the symmetric state is
// beside them.
struct noise {
    const struct pattern *pattern;
    enum noise_role role;
    size_t message; // the next one; MESSAGES_MAX or an empty row: done
    bool is_psk_handshake;
    bool has_failed;
    bool has_s, has_e, has_rs, has_re;
    bool is_ephemeral_given;
    struct key_pair s, e;
    uint8_t rs[KEY_BYTES];
    uint8_t re[KEY_BYTES];
    struct key psk[NOISE_PSKS_MAX];
    size_t psk_count;
    size_t psk_used;
    struct noise_state state;
};

// `es` is the initiator's ephemeral and the responder's static key, `se` the reverse; both sides
// come to the same secret.
static enum status mix_dh(struct noise *noise, enum token token)
{
    const bool is_initiator = noise->role == NOISE_INITIATOR;
    const bool own_is_static = token == SS || token == (is_initiator ? SE : ES);
    const bool remote_is_static = token == SS || token == (is_initiator ? ES : SE);
    assert(own_is_static ? noise->has_s : noise->has_e);
    assert(remote_is_static ? noise->has_rs : noise->has_re);
    const struct key_pair *own = own_is_static ? &noise->s : &noise->e;
    const uint8_t *remote = remote_is_static ? noise->rs : noise->re;
    CLEANUP(key_wipe) struct key shared;
    if (crypto_scalarmult(shared.bytes, own->secret.bytes, remote) != 0) {
        // An all-zero result: the other side sent a point of small order.
        return STATUS_TAMPERED;
    }
    state_mix_key(&noise->state, bytes_of(shared.bytes, sizeof shared.bytes));
    return STATUS_OK;
}

static void mix_psk(struct noise *noise)
{
    assert(noise->psk_used < noise->psk_count);
    const struct key *psk = &noise->psk[noise->psk_used];
    noise->psk_used++;
    state_mix_key_and_hash(&noise->state, bytes_of(psk->bytes, sizeof psk->bytes));
}

static void mix_ephemeral(struct noise *noise, const uint8_t public_bytes[static KEY_BYTES])
{
    state_mix_hash(&noise->state, bytes_of(public_bytes, KEY_BYTES));
    if (noise->is_psk_handshake) {
        state_mix_key(&noise->state, bytes_of(public_bytes, KEY_BYTES));
    }
}

static enum status write_ephemeral(struct noise *noise, struct noise_writer *writer)
{
    if (writer->left < KEY_BYTES) {
        return STATUS_TOO_LARGE;
    }
    if (!noise->is_ephemeral_given) {
        noise->e = key_pair_random();
    }
    noise->has_e = true;
    memcpy(writer->at, noise->e.public_bytes, KEY_BYTES);
    writer->at += KEY_BYTES;
    writer->left -= KEY_BYTES;
    mix_ephemeral(noise, noise->e.public_bytes);
    return STATUS_OK;
}

static enum status write_token(struct noise *noise, enum token token, struct noise_writer *writer)
{
    switch (token) {
    case E:
        return write_ephemeral(noise, writer);
    case S:
        assert(noise->has_s);
        return state_encrypt(&noise->state, bytes_of(noise->s.public_bytes, KEY_BYTES), writer);
    case PSK:
        mix_psk(noise);
        return STATUS_OK;
    case EE:
    case ES:
    case SE:
    case SS:
        return mix_dh(noise, token);
    case END:
        break;
    }
    return STATUS_MALFORMED;
}

// Takes `size` bytes from the front of the message.
static enum status take(struct bytes *message, size_t size, struct bytes *out)
{
    if (message->size < size) {
        return STATUS_MALFORMED;
    }
    *out = bytes_of(message->data, size);
    *message = bytes_of(message->data + size, message->size - size);
    return STATUS_OK;
}

static enum status read_token(struct noise *noise, enum token token, struct bytes *message)
{
    struct bytes part;
    enum status status;
    switch (token) {
    case E:
        status = take(message, KEY_BYTES, &part);
        if (status == STATUS_OK) {
            memcpy(noise->re, part.data, KEY_BYTES);
            noise->has_re = true;
            mix_ephemeral(noise, noise->re);
        }
        return status;
    case S:
        assert(!noise->has_rs);
        status = take(message, KEY_BYTES + state_tag_bytes(&noise->state), &part);
        if (status == STATUS_OK) {
            status = state_decrypt(&noise->state, part, noise->rs);
            noise->has_rs = status == STATUS_OK;
        }
        return status;
    case PSK:
        mix_psk(noise);
        return STATUS_OK;
    case EE:
    case ES:
    case SE:
    case SS:
        return mix_dh(noise, token);
    case END:
        break;
    }
    return STATUS_MALFORMED;
}

static const struct pattern *pattern_of(const char *protocol_name)
{
    const size_t length = strlen(protocol_name);
    for (size_t i = 0; i < COUNT_OF(PATTERNS); i++) {
        const char *name = PATTERNS[i].name;
        const size_t name_length = strlen(name);
        const size_t prefix_length = sizeof NAME_PREFIX - 1;
        if (length == prefix_length + name_length + sizeof NAME_SUFFIX - 1 &&
            memcmp(protocol_name, NAME_PREFIX, prefix_length) == 0 &&
            memcmp(protocol_name + prefix_length, name, name_length) == 0 &&
            strcmp(protocol_name + prefix_length + name_length, NAME_SUFFIX) == 0) {
            return &PATTERNS[i];
        }
    }
    return NULL;
}

static bool has_psk_token(const struct pattern *pattern)
{
    for (size_t i = 0; i < MESSAGES_MAX; i++) {
        if (memchr(pattern->messages[i], PSK, TOKENS_MAX) != NULL) {
            return true;
        }
    }
    return false;
}

static void keys_take(struct noise *noise, const struct noise_config *config)
{
    if (config->static_pair != NULL) {
        noise->s = *config->static_pair;
        noise->has_s = true;
    }
    if (config->ephemeral != NULL) {
        noise->e = *config->ephemeral;
        noise->is_ephemeral_given = true;
    }
    if (config->remote_static != NULL) {
        memcpy(noise->rs, config->remote_static, KEY_BYTES);
        noise->has_rs = true;
    }
    assert(config->psk_count <= NOISE_PSKS_MAX);
    for (size_t i = 0; i < config->psk_count; i++) {
        noise->psk[i] = config->psk[i];
    }
    noise->psk_count = config->psk_count;
}

enum status noise_make(const struct noise_config *config, struct noise **out)
{
    const struct pattern *pattern = pattern_of(config->protocol_name);
    if (pattern == NULL) {
        return STATUS_VERSION;
    }
    struct noise *noise = calloc(1, sizeof *noise);
    if (noise == NULL) {
        return STATUS_ENVIRONMENT;
    }
    noise->pattern = pattern;
    noise->role = config->role;
    noise->is_psk_handshake = has_psk_token(pattern);
    keys_take(noise, config);

    state_init(&noise->state, config->protocol_name);
    state_mix_hash(&noise->state, config->prologue);
    if (pattern->is_server_known) {
        const bool is_initiator = noise->role == NOISE_INITIATOR;
        assert(is_initiator ? noise->has_rs : noise->has_s);
        state_mix_hash(&noise->state,
                       bytes_of(is_initiator ? noise->rs : noise->s.public_bytes, KEY_BYTES));
    }
    *out = noise;
    return STATUS_OK;
}

void noise_free(struct noise *noise)
{
    if (noise != NULL) {
        explicit_bzero(noise, sizeof *noise);
        free(noise);
    }
}

void noise_free_at(struct noise **noise)
{
    noise_free(*noise);
    *noise = NULL;
}

void noise_set_psk(struct noise *noise, const struct key *psk)
{
    assert(noise->is_psk_handshake && noise->psk_used == 0);
    noise->psk[0] = *psk;
    noise->psk_count = 1;
}

static bool is_own_turn(const struct noise *noise)
{
    return (noise->message % 2 == 0) == (noise->role == NOISE_INITIATOR);
}

enum status noise_write(struct noise *noise, struct bytes payload, uint8_t *out, size_t out_max,
                        size_t *out_size)
{
    if (noise->has_failed) {
        return STATUS_TAMPERED;
    }
    assert(!noise_is_done(noise) && is_own_turn(noise));
    struct noise_writer writer = {.at = out, .left = out_max};
    const uint8_t *tokens = noise->pattern->messages[noise->message];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < TOKENS_MAX && tokens[i] != END && status == STATUS_OK; i++) {
        status = write_token(noise, tokens[i], &writer);
    }
    if (status == STATUS_OK) {
        status = state_encrypt(&noise->state, payload, &writer);
    }
    if (status != STATUS_OK) {
        noise->has_failed = true;
        return status;
    }
    noise->message++;
    *out_size = out_max - writer.left;
    return STATUS_OK;
}

static enum status read_payload(struct noise *noise, struct bytes rest, uint8_t *payload,
                                size_t payload_max, size_t *payload_size)
{
    const size_t tag = state_tag_bytes(&noise->state);
    if (rest.size < tag) {
        return STATUS_MALFORMED;
    }
    if (rest.size - tag > payload_max) {
        return STATUS_TOO_LARGE;
    }
    const enum status status = state_decrypt(&noise->state, rest, payload);
    if (status == STATUS_OK) {
        *payload_size = rest.size - tag;
    }
    return status;
}

enum status noise_read(struct noise *noise, struct bytes message, uint8_t *payload,
                       size_t payload_max, size_t *payload_size)
{
    if (noise->has_failed) {
        return STATUS_TAMPERED;
    }
    assert(!noise_is_done(noise) && !is_own_turn(noise));
    const uint8_t *tokens = noise->pattern->messages[noise->message];
    struct bytes rest = message;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < TOKENS_MAX && tokens[i] != END && status == STATUS_OK; i++) {
        status = read_token(noise, tokens[i], &rest);
    }
    if (status == STATUS_OK) {
        status = read_payload(noise, rest, payload, payload_max, payload_size);
    }
    if (status != STATUS_OK) {
        noise->has_failed = true;
        return status;
    }
    noise->message++;
    return STATUS_OK;
}

bool noise_is_done(const struct noise *noise)
{
    return noise->message == MESSAGES_MAX || noise->pattern->messages[noise->message][0] == END;
}

const uint8_t *noise_remote_static(const struct noise *noise)
{
    return noise->has_rs ? noise->rs : NULL;
}

const uint8_t *noise_hash(const struct noise *noise)
{
    assert(noise_is_done(noise) && !noise->has_failed);
    return noise->state.h;
}

void noise_split(struct noise *noise, struct noise_cipher *send, struct noise_cipher *receive)
{
    assert(noise_is_done(noise) && !noise->has_failed);
    const bool is_initiator = noise->role == NOISE_INITIATOR;
    state_split(&noise->state, is_initiator ? send : receive, is_initiator ? receive : send);
    // A later theft of this memory opens nothing.
    key_pair_wipe(&noise->e);
    explicit_bzero(noise->psk, sizeof noise->psk);
}
