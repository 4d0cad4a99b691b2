// SPDX-License-Identifier: Apache-2.0
#include "server/admit/password.h"

#include "shared/limits.h"

#include <ctype.h>

#define FORMAT 1

// The stems that people put numbers and signs around; a password is compared without those.
static const char *const COMMON[] = {
    "password",
    "passwort",
    "passw",
    "pass",
    "qwerty",
    "qwertyuiop",
    "asdfgh",
    "asdfghjkl",
    "zxcvbnm",
    "qazwsx",
    "qazwsxedc",
    "abc",
    "abcd",
    "abcdef",
    "abcdefgh",
    "iloveyou",
    "letmein",
    "welcome",
    "admin",
    "root",
    "administrator",
    "woaini",
    "wodemima",
    "mima",
    "nihao",
    "zhongguo",
    "beijing",
    "shanghai",
    "dragon",
    "monkey",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "changeme",
    "secret",
    "default",
    "test",
    "testtest",
    "kontor",
    "kontorkontor",
    "company",
    "finance",
    "owner",
    "user",
    "login",
    "master",
    "passwordpassword",
    "qwertyqwerty",
    "adminadmin",
    "",
};

// Lower-case letters only: "Woaini1314!" -> "woaini". Bytes of other scripts stay.
static void stem_of(const char *text, char out[static PASSWORD_BYTES_MAX + 1])
{
    size_t length = 0;
    for (size_t i = 0; text[i] != '\0' && length < PASSWORD_BYTES_MAX; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= 0x80 || isalpha(c)) {
            out[length++] = c < 0x80 ? (char)tolower(c) : text[i];
        }
    }
    out[length] = '\0';
}

static bool is_stem_of(const char *stem, const char *word)
{
    char other[PASSWORD_BYTES_MAX + 1];
    if (word == NULL) {
        return false;
    }
    stem_of(word, other);
    return other[0] != '\0' && strcmp(stem, other) == 0;
}

// One and the same character, or two in turn.
static bool is_monotonous(const char *password)
{
    for (size_t i = 2; password[i] != '\0'; i++) {
        if (password[i] != password[i - 2]) {
            return false;
        }
    }
    return true;
}

bool password_is_taken(const char *password, const char *login, const char *company)
{
    const size_t size = strlen(password);
    if (size < PASSWORD_BYTES_MIN || size > PASSWORD_BYTES_MAX || is_monotonous(password)) {
        return false;
    }
    char stem[PASSWORD_BYTES_MAX + 1];
    stem_of(password, stem);
    bool is_common = is_stem_of(stem, login) || is_stem_of(stem, company);
    for (size_t i = 0; i < COUNT_OF(COMMON); i++) {
        is_common = is_common || strcmp(stem, COMMON[i]) == 0;
    }
    explicit_bzero(stem, sizeof stem);
    return !is_common;
}

static enum status hash_with(const struct key *pepper, const char *password,
                             const uint8_t salt[static 16], uint8_t out[static KEY_BYTES])
{
    struct key raw CLEANUP(key_wipe);
    const enum status status =
        key_of_passphrase(password, salt, ARGON_PASSES, (size_t)ARGON_BYTES, &raw);
    if (status == STATUS_OK) {
        key_hash(pepper, bytes_of(raw.bytes, sizeof raw.bytes), out, KEY_BYTES);
    }
    return status;
}

enum status password_hash(const struct key *pepper, const char *password,
                          uint8_t out[static PASSWORD_HASH_BYTES])
{
    out[0] = FORMAT;
    random_fill(out + 1, 16);
    return hash_with(pepper, password, out + 1, out + 1 + 16);
}

enum status password_check(const struct key *pepper, const char *password, const uint8_t *stored,
                           bool *is_right)
{
    static const uint8_t NOBODY[PASSWORD_HASH_BYTES] = {FORMAT};
    const uint8_t *against = stored != NULL ? stored : NOBODY;
    uint8_t hash[KEY_BYTES];
    const enum status status = hash_with(pepper, password, against + 1, hash);
    if (status == STATUS_OK) {
        const bool is_equal = keys_equal(hash, against + 1 + 16, sizeof hash);
        *is_right = is_equal && stored != NULL && against[0] == FORMAT;
    }
    return status;
}
