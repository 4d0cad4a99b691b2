// SPDX-License-Identifier: Apache-2.0
#include "shared/invite.h"

#define PREFIX       "KTI1-"
#define PREFIX_BYTES (sizeof PREFIX - 1)
#define KEYS_BYTES   (3 * KEY_BYTES + INVITATION_ID_BYTES)
#define SUM_BYTES    4
#define PACKED_MAX   (KEYS_BYTES + INVITATION_ADDRESS_MAX + SUM_BYTES)

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static void checksum(struct bytes data, uint8_t out[static SUM_BYTES])
{
    uint8_t hash[KEY_BYTES];
    key_hash_personal("kontorinvitesum", data, hash);
    memcpy(out, hash, SUM_BYTES);
}

// "host:port" of visible ASCII; whether anybody listens there is found out by calling.
static bool address_is_valid(const char *address, size_t size)
{
    if (size == 0 || size > INVITATION_ADDRESS_MAX) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (address[i] <= ' ' || address[i] > '~') {
            return false;
        }
    }
    return memchr(address, ':', size) != NULL;
}

void invitation_wipe(struct invitation *invitation)
{
    explicit_bzero(invitation, sizeof *invitation);
}

static size_t pack(const struct invitation *invitation, uint8_t out[static PACKED_MAX])
{
    const size_t address_size = strlen(invitation->address);
    assert(address_is_valid(invitation->address, address_size));
    uint8_t *at = out;
    memcpy(at, invitation->server_key, KEY_BYTES);
    at += KEY_BYTES;
    memcpy(at, invitation->house_key, KEY_BYTES);
    at += KEY_BYTES;
    memcpy(at, invitation->id, INVITATION_ID_BYTES);
    at += INVITATION_ID_BYTES;
    memcpy(at, invitation->secret, KEY_BYTES);
    at += KEY_BYTES;
    memcpy(at, invitation->address, address_size);
    at += address_size;
    checksum(bytes_of(out, (size_t)(at - out)), at);
    return (size_t)(at - out) + SUM_BYTES;
}

char *invitation_print(struct arena *arena, const struct invitation *invitation)
{
    uint8_t packed[PACKED_MAX];
    const size_t size = pack(invitation, packed);
    const size_t digits = (size * 8 + 4) / 5;
    char *text = arena_alloc(arena, PREFIX_BYTES + digits + 1);
    if (text != NULL) {
        memcpy(text, PREFIX, PREFIX_BYTES);
        for (size_t i = 0; i < digits; i++) {
            // Digit i is the 5 bits from bit 5 i on; past the end there are zeros.
            const size_t byte = i * 5 / 8;
            const unsigned next = byte + 1 < size ? packed[byte + 1] : 0;
            const unsigned window = (unsigned)packed[byte] << 8 | next;
            text[PREFIX_BYTES + i] = ALPHABET[window >> (11 - i * 5 % 8) & 31];
        }
    }
    explicit_bzero(packed, sizeof packed);
    return text;
}

static bool is_blank(char letter)
{
    return letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n';
}

static char upper(char letter)
{
    return letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
}

// The letters of the text without white space, in capitals; at most `max`, which is one more than
// any invitation has.
static size_t letters_of(const char *text, char *out, size_t max)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0' && count < max; at++) {
        if (!is_blank(*at)) {
            out[count] = upper(*at);
            count++;
        }
    }
    return count;
}

// Bytes of base32 letters; false when a letter is none or the spare bits at the end are not zero.
static bool base32_parse(const char *letters, size_t count, uint8_t *out, size_t *out_size)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        const char *found = memchr(ALPHABET, letters[i], sizeof ALPHABET - 1);
        if (found == NULL) {
            return false;
        }
        bits = (bits << 5 | (uint32_t)(found - ALPHABET)) & 0xfff;
        held += 5;
        if (held >= 8) {
            held -= 8;
            out[size] = (uint8_t)(bits >> held & 0xff);
            size++;
        }
    }
    *out_size = size;
    return held < 5 && (bits & ((1u << held) - 1)) == 0;
}

static enum status unpack(const uint8_t *packed, size_t size, struct invitation *out)
{
    uint8_t sum[SUM_BYTES];
    checksum(bytes_of(packed, size - SUM_BYTES), sum);
    if (memcmp(sum, packed + size - SUM_BYTES, SUM_BYTES) != 0) {
        return STATUS_MALFORMED;
    }
    const uint8_t *at = packed;
    const size_t address_size = size - KEYS_BYTES - SUM_BYTES;
    if (!address_is_valid((const char *)at + KEYS_BYTES, address_size)) {
        return STATUS_USAGE;
    }
    *out = (struct invitation){0};
    memcpy(out->server_key, at, KEY_BYTES);
    at += KEY_BYTES;
    memcpy(out->house_key, at, KEY_BYTES);
    at += KEY_BYTES;
    memcpy(out->id, at, INVITATION_ID_BYTES);
    at += INVITATION_ID_BYTES;
    memcpy(out->secret, at, KEY_BYTES);
    at += KEY_BYTES;
    memcpy(out->address, at, address_size);
    return STATUS_OK;
}

enum status invitation_parse(const char *text, struct invitation *out)
{
    char letters[PREFIX_BYTES + (PACKED_MAX * 8 + 4) / 5 + 1];
    uint8_t packed[sizeof letters];
    size_t size = 0;
    const size_t count = letters_of(text, letters, sizeof letters);
    const bool is_one = count > PREFIX_BYTES && count < sizeof letters &&
                        memcmp(letters, PREFIX, PREFIX_BYTES) == 0 &&
                        base32_parse(letters + PREFIX_BYTES, count - PREFIX_BYTES, packed, &size) &&
                        size > KEYS_BYTES + SUM_BYTES && size <= PACKED_MAX;
    const enum status status = is_one ? unpack(packed, size, out) : STATUS_USAGE;
    explicit_bzero(letters, sizeof letters);
    explicit_bzero(packed, sizeof packed);
    return status;
}

struct key invitation_psk(const uint8_t secret[static KEY_BYTES])
{
    struct key psk = {{0}};
    key_hash_personal("kontorinvite", bytes_of(secret, KEY_BYTES), psk.bytes);
    return psk;
}
