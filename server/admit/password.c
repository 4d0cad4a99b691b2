// SPDX-License-Identifier: Apache-2.0
#include "server/admit/password.h"

#include "shared/limits.h"

#include <ctype.h>
#include <zxcvbn.h>

#define FORMAT          1
#define OWNER_WORDS_MAX 24
#define WORD_BYTES_MAX  64
#define WORD_BYTES_MIN  2

static const char *const WORDS[] = {
#define WORD(text) text,
#include "server/admit/passwords.def"
#undef WORD
};

// The words of this house and of this owner, as libzxcvbn wants them: lower case, NULL at the end.
struct dictionary {
    char own[OWNER_WORDS_MAX][WORD_BYTES_MAX + 1];
    size_t own_count;
    const char *list[COUNT_OF(WORDS) + OWNER_WORDS_MAX + 1];
};

static bool is_word_byte(char c)
{
    return (unsigned char)c >= 0x80 || isalnum((unsigned char)c);
}

static void add_word(struct dictionary *dictionary, const char *text, size_t size)
{
    if (size < WORD_BYTES_MIN || size > WORD_BYTES_MAX ||
        dictionary->own_count == OWNER_WORDS_MAX) {
        return;
    }
    char *word = dictionary->own[dictionary->own_count++];
    for (size_t i = 0; i < size; i++) {
        word[i] = (char)tolower((unsigned char)text[i]);
    }
    word[size] = '\0';
}

// The text as a whole, and the words that it is made of: "Lan.Ting Ltd" gives four.
static void add_text(struct dictionary *dictionary, const char *text)
{
    if (text == NULL) {
        return;
    }
    add_word(dictionary, text, strlen(text));
    for (const char *at = text; *at != '\0';) {
        size_t size = 0;
        while (at[size] != '\0' && is_word_byte(at[size])) {
            size++;
        }
        if (size != strlen(text)) {
            add_word(dictionary, at, size);
        }
        at += size + (at[size] != '\0');
    }
}

static void dictionary_fill(struct dictionary *dictionary, const struct password_owner *owner)
{
    *dictionary = (struct dictionary){.own_count = 0};
    add_text(dictionary, owner->login);
    add_text(dictionary, owner->name);
    add_text(dictionary, owner->company);
    size_t count = 0;
    for (size_t i = 0; i < dictionary->own_count; i++) {
        dictionary->list[count++] = dictionary->own[i];
    }
    for (size_t i = 0; i < COUNT_OF(WORDS); i++) {
        dictionary->list[count++] = WORDS[i];
    }
}

// Does the password hold one of the owner's words of some length?
static bool is_personal(const char *password, const struct dictionary *dictionary)
{
    for (size_t i = 0; i < dictionary->own_count; i++) {
        const char *word = dictionary->own[i];
        if (strlen(word) > WORD_BYTES_MIN && strcasestr(password, word) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_common_part(const ZxcMatch_t *match, size_t size)
{
    size_t known = 0;
    for (; match != NULL; match = match->Next) {
        const bool is_known = ((unsigned)match->Type & ~(unsigned)MULTIPLE_MATCH) != BRUTE_MATCH;
        known += is_known ? (size_t)match->Length : 0;
    }
    return 2 * known > size;
}

enum status password_judge(const char *password, const struct password_owner *owner)
{
    const size_t size = strlen(password);
    if (size < PASSWORD_BYTES_MIN || size > PASSWORD_BYTES_MAX) {
        return STATUS_PASSWORD_LENGTH;
    }
    struct dictionary dictionary;
    dictionary_fill(&dictionary, owner);
    ZxcMatch_t *match = NULL;
    const double bits = ZxcvbnMatch(password, dictionary.list, &match);
    const bool is_common = has_common_part(match, size);
    ZxcvbnFreeInfo(match);
    if (bits >= PASSWORD_BITS_MIN) {
        return STATUS_OK;
    }
    if (is_personal(password, &dictionary)) {
        return STATUS_PASSWORD_PERSONAL;
    }
    return is_common ? STATUS_PASSWORD_COMMON : STATUS_PASSWORD_GUESSABLE;
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
