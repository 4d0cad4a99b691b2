// SPDX-License-Identifier: Apache-2.0
#include "shared/text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Digits with the usual separators, a plus sign in front, an extension behind.
bool text_is_phone(const char *text)
{
    assert(text != NULL);
    size_t digits = 0;
    size_t at = text[0] == '+' ? 1 : 0;
    while (text[at] != '\0' && strchr("0123456789 -().", text[at]) != NULL) {
        digits += is_digit(text[at]) ? 1 : 0;
        at++;
    }
    if (digits < 5 || digits > 20) {
        return false;
    }
    static const char *const EXTENSIONS[] = {"ext.", "ext", "x", "#", "转"};
    for (size_t i = 0; i < COUNT_OF(EXTENSIONS) && text[at] != '\0'; i++) {
        const size_t size = strlen(EXTENSIONS[i]);
        if (strncmp(text + at, EXTENSIONS[i], size) == 0) {
            const char *extension = text + at + size + (text[at + size] == ' ' ? 1 : 0);
            const size_t count = strspn(extension, "0123456789");
            return count >= 1 && count <= 8 && extension[count] == '\0';
        }
    }
    return text[at] == '\0';
}

static bool is_mail_local(const char *text, size_t size)
{
    if (size == 0 || size > 64 || text[0] == '.' || text[size - 1] == '.') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        const bool is_twice = text[i] == '.' && text[i - 1] == '.';
        const bool is_plain = is_digit(text[i]) || is_letter(text[i]) || (uint8_t)text[i] >= 0x80;
        if (is_twice || (!is_plain && strchr(".!#$%&'*+/=?^_`{|}~-", text[i]) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool is_mail_domain(const char *text)
{
    size_t labels = 0;
    while (true) {
        const size_t size = strcspn(text, ".");
        if (size == 0 || size > 63 || text[0] == '-' || text[size - 1] == '-') {
            return false;
        }
        for (size_t i = 0; i < size; i++) {
            if (!is_digit(text[i]) && !is_letter(text[i]) && text[i] != '-' &&
                (uint8_t)text[i] < 0x80) {
                return false;
            }
        }
        labels++;
        if (text[size] == '\0') {
            return labels >= 2;
        }
        text += size + 1;
    }
}

bool text_is_email(const char *text)
{
    assert(text != NULL);
    const char *at = strchr(text, '@');
    if (at == NULL || strlen(text) > 254 || !text_is_clean(text, strlen(text), false)) {
        return false;
    }
    return is_mail_local(text, (size_t)(at - text)) && is_mail_domain(at + 1);
}

// GB 32100-2015: weights 3^i modulo 31 over the first 17 characters.
static bool is_credit_code(const char *code)
{
    static const char ALPHABET[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    uint32_t weight = 1;
    uint32_t sum = 0;
    for (size_t i = 0; i < 17; i++) {
        const char *found = strchr(ALPHABET, code[i]);
        if (found == NULL) {
            return false;
        }
        sum += weight * (uint32_t)(found - ALPHABET);
        weight = weight * 3 % 31;
    }
    return code[17] == ALPHABET[(31 - sum % 31) % 31];
}

// GB 11643-1999: ISO 7064 MOD 11-2 over 17 digits, of which 7 to 14 are the day of birth.
static bool is_resident_number(const char *code)
{
    uint32_t rest = 0;
    for (size_t i = 0; i < 17; i++) {
        if (!is_digit(code[i])) {
            return false;
        }
        rest = (rest + (uint32_t)(code[i] - '0')) * 2 % 11;
    }
    const uint32_t month = (uint32_t)(code[10] - '0') * 10 + (uint32_t)(code[11] - '0');
    const uint32_t day = (uint32_t)(code[12] - '0') * 10 + (uint32_t)(code[13] - '0');
    const bool is_born = (memcmp(code + 6, "19", 2) == 0 || memcmp(code + 6, "20", 2) == 0) &&
                         month >= 1 && month <= 12 && day >= 1 && day <= 31;
    return is_born && code[17] == "0123456789X"[(12 - rest) % 11];
}

bool text_is_tax_id(const char *text)
{
    assert(text != NULL);
    const size_t size = strlen(text);
    if (size < 5 || size > 20) {
        return false;
    }
    char code[21] = {0};
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]) && !is_letter(text[i])) {
            return false;
        }
        code[i] = ascii_upper(text[i]);
    }
    return size != 18 || is_credit_code(code) || is_resident_number(code);
}
