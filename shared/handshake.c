// SPDX-License-Identifier: Apache-2.0
#include "shared/handshake.h"

#define HINT_MARK      255
#define STATE_DEGRADED 1

static const uint8_t MAGIC[4] = {'K', 'N', 'T', 'R'};
static const char PROLOGUE[] = "kontor wire prologue v1";

static_assert(sizeof PROLOGUE + PREAMBLE_BYTES == PROLOGUE_BYTES, "text, zero byte, preamble");
static_assert(HELLO_BYTES + 48 == HANDSHAKE_1_BYTES, "e, es and a tag");
static_assert(GREETING_BYTES + 48 == HANDSHAKE_2_BYTES, "e, ee and a tag");
static_assert(IDENTITY_BYTES + 64 == HANDSHAKE_3_BYTES, "s with its tag, se and a tag");

bool bytes_are_zero(const uint8_t *data, size_t size)
{
    uint8_t seen = 0;
    for (size_t i = 0; i < size; i++) {
        seen |= data[i];
    }
    return seen == 0;
}

const char *wire_protocol(enum wire_mode mode)
{
    assert(mode == WIRE_ENROLLED || mode == WIRE_INVITED);
    return mode == WIRE_ENROLLED ? "Noise_XK_25519_ChaChaPoly_BLAKE2b"
                                 : "Noise_XKpsk3_25519_ChaChaPoly_BLAKE2b";
}

void server_key_id(const uint8_t server_key[static KEY_BYTES], uint8_t out[static KEY_ID_BYTES])
{
    uint8_t hash[32];
    key_hash(NULL, bytes_of(server_key, KEY_BYTES), hash, sizeof hash);
    memcpy(out, hash, KEY_ID_BYTES);
}

void preamble_print(const struct preamble *preamble, uint8_t out[static PREAMBLE_BYTES])
{
    memset(out, 0, PREAMBLE_BYTES);
    memcpy(out, MAGIC, sizeof MAGIC);
    out[4] = preamble->version;
    out[5] = (uint8_t)preamble->mode;
    memcpy(out + 8, preamble->key_id, KEY_ID_BYTES);
}

enum status preamble_parse(const uint8_t in[static PREAMBLE_BYTES], struct preamble *out)
{
    if (memcmp(in, MAGIC, sizeof MAGIC) != 0) {
        return STATUS_MALFORMED;
    }
    const uint8_t version = in[4];
    const uint8_t mode = in[5];
    if (version < WIRE_VERSION_MIN || version > WIRE_VERSION) {
        return STATUS_VERSION;
    }
    if ((mode != WIRE_ENROLLED && mode != WIRE_INVITED) || in[6] != 0 || in[7] != 0) {
        return STATUS_VERSION;
    }
    out->version = version;
    out->mode = mode == WIRE_ENROLLED ? WIRE_ENROLLED : WIRE_INVITED;
    memcpy(out->key_id, in + 8, KEY_ID_BYTES);
    return STATUS_OK;
}

void preamble_prologue(const uint8_t preamble[static PREAMBLE_BYTES],
                       uint8_t out[static PROLOGUE_BYTES])
{
    memcpy(out, PROLOGUE, sizeof PROLOGUE);
    memcpy(out + sizeof PROLOGUE, preamble, PREAMBLE_BYTES);
}

void version_hint_print(uint8_t out[static VERSION_HINT_BYTES])
{
    memset(out, 0, VERSION_HINT_BYTES);
    memcpy(out, MAGIC, sizeof MAGIC);
    out[4] = HINT_MARK;
    out[5] = WIRE_VERSION_MIN;
    out[6] = WIRE_VERSION;
}

enum status version_hint_parse(const uint8_t in[static VERSION_HINT_BYTES],
                               struct version_hint *out)
{
    if (memcmp(in, MAGIC, sizeof MAGIC) != 0 || in[4] != HINT_MARK || in[5] > in[6]) {
        return STATUS_MALFORMED;
    }
    *out = (struct version_hint){.lowest = in[5], .highest = in[6]};
    return STATUS_OK;
}

void hello_print(const struct hello *hello, uint8_t out[static HELLO_BYTES])
{
    memset(out, 0, HELLO_BYTES);
    memcpy(out, hello->invitation_id, INVITATION_ID_BYTES);
    put_u64(out + 16, hello->features);
    put_u16(out + 24, hello->api_min);
    put_u16(out + 26, hello->api_max);
}

enum status hello_parse(const uint8_t in[static HELLO_BYTES], struct hello *out)
{
    if (!bytes_are_zero(in + 28, HELLO_BYTES - 28)) {
        return STATUS_MALFORMED;
    }
    memcpy(out->invitation_id, in, INVITATION_ID_BYTES);
    out->features = get_u64(in + 16);
    out->api_min = get_u16(in + 24);
    out->api_max = get_u16(in + 26);
    return STATUS_OK;
}

void greeting_print(const struct greeting *greeting, uint8_t out[static GREETING_BYTES])
{
    memset(out, 0, GREETING_BYTES);
    memcpy(out, greeting->book_id, BOOK_ID_BYTES);
    put_u32(out + 16, greeting->timeline);
    put_u64(out + 20, greeting->tree_size);
    memcpy(out + 28, greeting->tree_root, sizeof greeting->tree_root);
    put_u64(out + 60, (uint64_t)greeting->server_us);
    memcpy(out + 68, greeting->next_key_id, KEY_ID_BYTES);
    put_u64(out + 76, greeting->features);
    put_u16(out + 84, greeting->api_min);
    put_u16(out + 86, greeting->api_max);
    out[88] = greeting->degraded ? STATE_DEGRADED : 0;
}

void greeting_parse(const uint8_t in[static GREETING_BYTES], struct greeting *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->book_id, in, BOOK_ID_BYTES);
    out->timeline = get_u32(in + 16);
    out->tree_size = get_u64(in + 20);
    memcpy(out->tree_root, in + 28, sizeof out->tree_root);
    out->server_us = (int64_t)get_u64(in + 60);
    memcpy(out->next_key_id, in + 68, KEY_ID_BYTES);
    out->features = get_u64(in + 76);
    out->api_min = get_u16(in + 84);
    out->api_max = get_u16(in + 86);
    out->degraded = (in[88] & STATE_DEGRADED) != 0;
}

void identity_print(const struct identity *identity, uint8_t out[static IDENTITY_BYTES])
{
    memset(out, 0, IDENTITY_BYTES);
    memcpy(out, identity->token, TOKEN_BYTES);
    put_u64(out + 32, identity->checkpoint_size);
    memcpy(out + 40, identity->checkpoint_root, sizeof identity->checkpoint_root);
    put_u32(out + 72, identity->timeline);
    put_u16(out + 76, identity->api);
    memcpy(out + 80, identity->client, strnlen(identity->client, CLIENT_TEXT_BYTES));
}

// Printable ASCII, then zeros only: it may stand in a log.
static bool is_client_text(const uint8_t text[static CLIENT_TEXT_BYTES])
{
    const size_t length = strnlen((const char *)text, CLIENT_TEXT_BYTES);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] > 0x7e) {
            return false;
        }
    }
    return bytes_are_zero(text + length, CLIENT_TEXT_BYTES - length);
}

enum status identity_parse(const uint8_t in[static IDENTITY_BYTES], struct identity *out)
{
    if (!bytes_are_zero(in + 78, 2) || !is_client_text(in + 80) ||
        !bytes_are_zero(in + 112, IDENTITY_BYTES - 112)) {
        return STATUS_MALFORMED;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->token, in, TOKEN_BYTES);
    out->checkpoint_size = get_u64(in + 32);
    memcpy(out->checkpoint_root, in + 40, sizeof out->checkpoint_root);
    out->timeline = get_u32(in + 72);
    out->api = get_u16(in + 76);
    memcpy(out->client, in + 80, CLIENT_TEXT_BYTES);
    return STATUS_OK;
}

void identity_wipe(struct identity *identity)
{
    explicit_bzero(identity, sizeof *identity);
}

void close_print(const struct close_notice *notice, uint8_t out[static CLOSE_BYTES])
{
    put_u64(out, notice->records);
    put_u16(out + 8, (uint16_t)notice->status);
    put_u16(out + 10, 0);
}

enum status close_parse(struct bytes data, struct close_notice *out)
{
    if (data.size != CLOSE_BYTES || !bytes_are_zero(data.data + 10, 2)) {
        return STATUS_MALFORMED;
    }
    const uint16_t number = get_u16(data.data + 8);
    out->records = get_u64(data.data);
    out->status = status_is_known(number) ? (enum status)number : STATUS_CUT_OFF;
    return STATUS_OK;
}
