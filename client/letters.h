// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small things about text that the whole client needs: words with other signs, in capitals, and
// lent to protobuf-c.

#include "shared/base.h"

// Every `from` in the text becomes `to`; NULL is accepted.
void letters_replace(char *text, char from, char to);
// ASCII letters in capitals; other bytes stay. NULL is accepted.
void letters_upper(char *text);

// protobuf-c wants pointers to data that may be changed, although it only reads. What is lent must
// outlive the message.
char *letters_lend(const char *text);
uint8_t *bytes_lend(const uint8_t *bytes);
