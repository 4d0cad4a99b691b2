// SPDX-License-Identifier: Apache-2.0
#include "client/letters.h"

void letters_replace(char *text, char from, char to)
{
    for (char *c = text; c != NULL && *c != '\0'; c++) {
        if (*c == from) {
            *c = to;
        }
    }
}

void letters_upper(char *text)
{
    for (char *c = text; c != NULL && *c != '\0'; c++) {
        if (*c >= 'a' && *c <= 'z') {
            *c = (char)(*c - 'a' + 'A');
        }
    }
}

char *letters_lend(const char *text)
{
    char *lent = NULL;
    memcpy(&lent, &text, sizeof(lent));
    return lent;
}

uint8_t *bytes_lend(const uint8_t *bytes)
{
    uint8_t *lent = NULL;
    memcpy(&lent, &bytes, sizeof(lent));
    return lent;
}
