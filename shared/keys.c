// SPDX-License-Identifier: Apache-2.0
#include "shared/keys.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/random.h>

#define RANDOM_PAGE 4096
#define WORDS       8
#define WORD_LENGTH 5

static_assert(KEY_BYTES == crypto_scalarmult_BYTES, "an X25519 key is a key");
static_assert(KEY_BYTES == crypto_scalarmult_SCALARBYTES, "an X25519 secret is a key");
static_assert(KEY_BYTES == crypto_sign_SEEDBYTES, "an Ed25519 seed is a key");
static_assert(KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "an Ed25519 public key is a key");
static_assert(KEY_BYTES == crypto_kdf_KEYBYTES, "a master key is a key");
static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a sealing key is a key");
static_assert(SEAL_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce of a seal");
static_assert(SEAL_TAG == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag of a seal");
static_assert(SIGNATURE_BYTES == crypto_sign_BYTES, "size of a signature");
static_assert(PERSONAL_MAX == crypto_generichash_blake2b_PERSONALBYTES,
              "size of a personal string");

struct random_page {
    uint8_t bytes[RANDOM_PAGE];
    size_t left; // unused bytes, at the end of `bytes`
};

// One getrandom per value costs twice the seal it is for, so each thread draws a page at a time.
// Bytes that were handed out are wiped here at once; a fork forgets the page, or parent and child
// would repeat nonces.
static struct random_page *random_page(void)
{
    static _Thread_local struct random_page page;
    return &page;
}

static void random_page_forget(void)
{
    explicit_bzero(random_page(), sizeof(struct random_page));
}

static void draw(uint8_t *out, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t got = getrandom(out + done, size - done, 0);
        // Without randomness nothing that this program promises holds: there is no way on.
        assert(got > 0 || errno == EINTR);
        done += got > 0 ? (size_t)got : 0;
    }
}

enum status keys_start(void)
{
    if (sodium_init() < 0) {
        return STATUS_ENVIRONMENT;
    }
    return pthread_atfork(NULL, NULL, random_page_forget) == 0 ? STATUS_OK : STATUS_ENVIRONMENT;
}

void key_wipe(struct key *key)
{
    explicit_bzero(key, sizeof *key);
}

void key_pair_wipe(struct key_pair *pair)
{
    explicit_bzero(pair, sizeof *pair);
}

void random_fill(void *out, size_t size)
{
    assert(out != NULL || size == 0);
    if (size >= RANDOM_PAGE) {
        draw(out, size);
        return;
    }
    struct random_page *page = random_page();
    if (page->left < size) {
        draw(page->bytes, RANDOM_PAGE);
        page->left = RANDOM_PAGE;
    }
    uint8_t *from = page->bytes + (RANDOM_PAGE - page->left);
    if (size > 0) {
        memcpy(out, from, size);
        explicit_bzero(from, size);
    }
    page->left -= size;
}

struct key key_random(void)
{
    struct key key = {{0}};
    random_fill(key.bytes, sizeof key.bytes);
    return key;
}

struct key_pair key_pair_of_secret(const struct key *secret)
{
    struct key_pair pair = {.secret = *secret};
    const int failure = crypto_scalarmult_base(pair.public_bytes, pair.secret.bytes);
    assert(failure == 0);
    return pair;
}

struct key_pair key_pair_random(void)
{
    CLEANUP(key_wipe) struct key secret = key_random();
    return key_pair_of_secret(&secret);
}

void key_sign_pair(struct key_pair *pair, const uint8_t seed[static KEY_BYTES])
{
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    const int failure = crypto_sign_seed_keypair(pair->public_bytes, expanded, seed);
    assert(failure == 0);
    memcpy(pair->secret.bytes, seed, KEY_BYTES);
    explicit_bzero(expanded, sizeof expanded);
}

void key_sign(const struct key_pair *pair, struct bytes data, uint8_t out[static SIGNATURE_BYTES])
{
    // libsodium's secret key is the seed with the public key behind it.
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];
    memcpy(expanded, pair->secret.bytes, KEY_BYTES);
    memcpy(expanded + KEY_BYTES, pair->public_bytes, KEY_BYTES);
    const int failure = crypto_sign_detached(out, NULL, data.data, data.size, expanded);
    assert(failure == 0);
    explicit_bzero(expanded, sizeof expanded);
}

enum status key_verify(const uint8_t public_bytes[static KEY_BYTES], struct bytes data,
                       const uint8_t signature[static SIGNATURE_BYTES])
{
    const int failure = crypto_sign_verify_detached(signature, data.data, data.size, public_bytes);
    return failure == 0 ? STATUS_OK : STATUS_TAMPERED;
}

struct key key_derive(const struct key *master, uint64_t id, const char context[static 8])
{
    struct key key;
    const int failure =
        crypto_kdf_derive_from_key(key.bytes, sizeof key.bytes, id, context, master->bytes);
    assert(failure == 0);
    return key;
}

void key_hash(const struct key *key, struct bytes data, uint8_t *out, size_t out_size)
{
    assert(out_size >= crypto_generichash_BYTES_MIN && out_size <= crypto_generichash_BYTES_MAX);
    const int failure =
        crypto_generichash(out, out_size, data.data, data.size, key != NULL ? key->bytes : NULL,
                           key != NULL ? sizeof key->bytes : 0);
    assert(failure == 0);
}

void key_hash_personal(const char *personal, struct bytes data, uint8_t out[static KEY_BYTES])
{
    const size_t length = strlen(personal);
    assert(length > 0 && length <= PERSONAL_MAX);
    uint8_t padded[PERSONAL_MAX] = {0};
    memcpy(padded, personal, length);
    const int failure = crypto_generichash_blake2b_salt_personal(out, KEY_BYTES, data.data,
                                                                 data.size, NULL, 0, NULL, padded);
    assert(failure == 0);
}

void key_seal(const struct key *key, struct bytes associated, struct bytes plain, uint8_t *out)
{
    assert(plain.data != NULL || plain.size == 0);
    random_fill(out, SEAL_NONCE);
    const int failure = crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + SEAL_NONCE, NULL, plain.data, plain.size, associated.data, associated.size, NULL, out,
        key->bytes);
    assert(failure == 0);
}

enum status key_open(const struct key *key, struct bytes associated, struct bytes sealed,
                     uint8_t *out)
{
    if (sealed.size < BOX_BYTES) {
        return STATUS_TAMPERED;
    }
    const int failure = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, sealed.data + SEAL_NONCE, sealed.size - SEAL_NONCE, associated.data,
        associated.size, sealed.data, key->bytes);
    return failure == 0 ? STATUS_OK : STATUS_TAMPERED;
}

enum status key_of_passphrase(const char *passphrase, const uint8_t salt[static 16],
                              uint64_t passes, size_t memory, struct key *out)
{
    static_assert(crypto_pwhash_SALTBYTES == 16, "size of a salt");
    assert(passphrase != NULL);
    // The one way to fail is memory that the machine does not have.
    const int failure = crypto_pwhash(out->bytes, sizeof out->bytes, passphrase, strlen(passphrase),
                                      salt, passes, memory, crypto_pwhash_ALG_ARGON2ID13);
    return failure == 0 ? STATUS_OK : STATUS_ENVIRONMENT;
}

void key_sha256(struct bytes data, uint8_t out[static KEY_BYTES])
{
    (void)crypto_hash_sha256(out, data.data, data.size);
}

void base64_print(struct bytes data, char *out)
{
    (void)sodium_bin2base64(out, BASE64_BYTES(data.size), data.data, data.size,
                            sodium_base64_VARIANT_ORIGINAL);
}

// libsodium 1.0.18 takes the byte 0xaf for '/': so what was read is written and compared.
bool base64_parse(struct bytes text, uint8_t *out, size_t size)
{
    static const char ALPHABET[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    // The library takes some bytes outside of the alphabet for letters.
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == 0 || strchr(ALPHABET, text.data[i]) == NULL) {
            return false;
        }
    }
    size_t found = 0;
    const char *end = NULL;
    if (text.size != BASE64_BYTES(size) - 1 ||
        sodium_base642bin(out, size, (const char *)text.data, text.size, NULL, &found, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        found != size || end != (const char *)text.data + text.size) {
        return false;
    }
    for (size_t at = 0; at < size; at += 3) {
        char again[BASE64_BYTES(3)];
        base64_print(bytes_of(out + at, size - at < 3 ? size - at : 3), again);
        if (memcmp(again, text.data + at / 3 * 4, 4) != 0) {
            return false;
        }
    }
    return true;
}

bool keys_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

char *key_words(struct arena *arena, const uint8_t public_bytes[static KEY_BYTES])
{
    // Proquints: consonant, vowel, consonant, vowel, consonant carry 4 + 2 + 4 + 2 + 4 bits.
    static const char CONSONANTS[] = "bdfghjklmnprstvz";
    static const char VOWELS[] = "aiou";
    uint8_t hash[KEY_BYTES];
    key_hash_personal("kontor words", bytes_of(public_bytes, KEY_BYTES), hash);

    char *text = arena_alloc(arena, (size_t)WORDS * (WORD_LENGTH + 1));
    if (text == NULL) {
        return NULL;
    }
    char *at = text;
    for (size_t i = 0; i < WORDS; i++) {
        const unsigned bits = get_u16(hash + 2 * i);
        *at++ = CONSONANTS[bits >> 12];
        *at++ = VOWELS[bits >> 10 & 3];
        *at++ = CONSONANTS[bits >> 6 & 15];
        *at++ = VOWELS[bits >> 4 & 3];
        *at++ = CONSONANTS[bits & 15];
        *at++ = i + 1 < WORDS ? ' ' : '\0';
    }
    return text;
}
