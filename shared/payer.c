// SPDX-License-Identifier: Apache-2.0
#include "shared/payer.h"

#include "shared/text.h"

#include <strings.h>

#define WORD_MIN 3
#define WORD_MAX 40

// ---- names ----

// Longer ones first, since they hold the shorter.
static const char *const KINDS_OF_FIRM[] = {
    "股份有限公司", "有限责任公司", "有限公司", "责任公司", "分公司", "公司", "集团", "limited",
    "incorporated", "corporation",  "company",  "gmbh",     "ltd",    "inc",  "corp", "llc",
};

static bool is_sign(char c)
{
    return c == ' ' || (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
           (c >= '{' && c <= '~');
}

// Signs that folding leaves as they are: brackets and points of Chinese text.
static size_t wide_sign(const char *at)
{
    static const char *const SIGNS[] = {"（", "）", "【", "】", "《", "》", "、", "。", "，", "·"};

    for (size_t i = 0; i < COUNT_OF(SIGNS); i++) {
        const size_t size = strlen(SIGNS[i]);
        if (strncmp(at, SIGNS[i], size) == 0) {
            return size;
        }
    }
    return 0;
}

static bool ends_with(const char *text, size_t size, const char *end)
{
    const size_t end_size = strlen(end);
    return size > end_size && strncmp(text + size - end_size, end, end_size) == 0;
}

char *payer_fold_name(struct arena *arena, const char *name)
{
    char *folded = text_fold(arena, name);
    if (folded == NULL) {
        return NULL;
    }
    size_t size = 0;
    for (const char *at = folded; *at != '\0';) {
        const size_t wide = wide_sign(at);
        if (wide > 0) {
            at += wide;
        } else if (is_sign(*at)) {
            at++;
        } else {
            folded[size++] = *at++;
        }
    }
    folded[size] = '\0';
    for (size_t i = 0; i < COUNT_OF(KINDS_OF_FIRM); i++) {
        if (ends_with(folded, size, KINDS_OF_FIRM[i])) {
            size -= strlen(KINDS_OF_FIRM[i]);
            folded[size] = '\0';
            break;
        }
    }
    return folded;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char *payer_fold_account(struct arena *arena, const char *account)
{
    char *folded = arena_copy(arena, account, strlen(account));
    if (folded == NULL) {
        return NULL;
    }
    size_t size = 0;
    for (const char *at = account; *at != '\0'; at++) {
        if (is_digit(*at) || is_letter(*at) || *at == '*') {
            folded[size++] = ascii_upper(*at);
        }
    }
    folded[size] = '\0';
    return folded;
}

bool payer_is_same_account(const char *a, const char *b)
{
    static const char SKIPPED[] = " -/.";
    for (;;) {
        a += strspn(a, SKIPPED);
        b += strspn(b, SKIPPED);
        if (*a == '\0' || *b == '\0' || strncasecmp(a, b, 1) != 0) {
            return *a == *b;
        }
        a++;
        b++;
    }
}

// ---- words ----

static bool is_of_word(char c)
{
    return is_digit(c) || is_letter(c) || c == '-' || c == '_' || c == '/' || c == '#' || c == '.';
}

bool payer_next_word(const char **text, const char **word, size_t *size)
{
    const char *at = *text;
    while (*at != '\0') {
        while (*at != '\0' && !is_digit(*at) && !is_letter(*at)) {
            at++;
        }
        const char *begin = at;
        bool has_digit = false;
        while (is_of_word(*at)) {
            has_digit = has_digit || is_digit(*at);
            at++;
        }
        size_t length = (size_t)(at - begin);
        while (length > 0 && !is_digit(begin[length - 1]) && !is_letter(begin[length - 1])) {
            length--;
        }
        if (has_digit && length >= WORD_MIN && length <= WORD_MAX) {
            *word = begin;
            *size = length;
            *text = at;
            return true;
        }
    }
    *text = at;
    return false;
}

// ---- numbers ----

// `least` to `most` digits behind an optional hyphen or blank.
static bool take_digits(const char **at, size_t least, size_t most, uint32_t *out)
{
    const char *from = *at + (**at == '-' || **at == ' ' ? 1 : 0);
    uint32_t value = 0;
    size_t count = 0;
    while (count < most && is_digit(from[count])) {
        value = value * 10 + (uint32_t)(from[count] - '0');
        count++;
    }
    if (count < least) {
        return false;
    }
    *at = from + count;
    *out = value;
    return true;
}

static bool take_number(const char **text, enum series *series, uint32_t *year, uint32_t *sequence)
{
    static const struct {
        const char *prefix;
        enum series series;
    } PREFIXES[] = {{"INV", SERIES_INVOICE}, {"CN", SERIES_CREDIT_NOTE}, {"PAY", SERIES_PAYMENT}};

    for (size_t i = 0; i < COUNT_OF(PREFIXES); i++) {
        const size_t size = strlen(PREFIXES[i].prefix);
        if (strncasecmp(*text, PREFIXES[i].prefix, size) != 0) {
            continue;
        }
        const char *at = *text + size;
        if (take_digits(&at, 4, 4, year) && take_digits(&at, 1, 8, sequence) && *sequence > 0 &&
            *year > 0 && !is_digit(*at)) {
            *series = PREFIXES[i].series;
            *text = at;
            return true;
        }
    }
    return false;
}

bool payer_next_number(const char **text, enum series *series, uint32_t *year, uint32_t *sequence)
{
    bool is_inside = false; // of a word
    while (**text != '\0') {
        if (!is_inside && take_number(text, series, year, sequence)) {
            return true;
        }
        is_inside = is_letter(**text) || is_digit(**text);
        (*text)++;
    }
    return false;
}
