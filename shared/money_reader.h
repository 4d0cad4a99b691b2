// SPDX-License-Identifier: Apache-2.0
#pragma once

// Inside of money.h: the reading of typed amounts. What was typed becomes a row of symbols, one
// byte each: ASCII stands for itself, full-width forms for their ASCII, Chinese numerals for the
// codes below. Values are scaled by 10^12 on the way, so that "1.23456789亿" is exact; whatever
// would need rounding is refused.

#include "shared/money.h"

__extension__ typedef __int128 wide;

#define SYMBOLS_MAX  128
#define SCALE_DIGITS 12
#define SCALE        ((wide)1000000000000)
#define VALUE_MAX    (SCALE * 10000000000 * 1000000000)
#define DIGITS_MAX   19

enum symbol {
    SYMBOL_DIGIT = 0x80, // and the nine behind it
    SYMBOL_TEN = 0x90,
    SYMBOL_HUNDRED,
    SYMBOL_THOUSAND,
    SYMBOL_MYRIAD,
    SYMBOL_HUNDRED_MILLION,
    SYMBOL_YUAN,
    SYMBOL_JIAO,
    SYMBOL_FEN,
    SYMBOL_WHOLE,
    SYMBOL_RENMINBI,
    SYMBOL_YEN,
    SYMBOL_EURO,
    SYMBOL_POUND,
};

// Why an amount was not understood; decides which suggestion is made.
enum fault { FAULT_NONE, FAULT_SHAPE, FAULT_GROUPING, FAULT_EUROPEAN, FAULT_COLLOQUIAL };

struct reader {
    uint8_t symbol[SYMBOLS_MAX];
    size_t count;
    size_t at;
    enum fault fault;
    wide suggestion; // with FAULT_COLLOQUIAL
};

static inline uint8_t reader_peek(const struct reader *reader)
{
    return reader->at < reader->count ? reader->symbol[reader->at] : 0;
}

static inline bool reader_is_digit(uint8_t symbol)
{
    return symbol >= '0' && symbol <= '9';
}

static inline bool reader_fail(struct reader *reader, enum fault fault)
{
    reader->fault = reader->fault == FAULT_NONE ? fault : reader->fault;
    return false;
}

// false when there is something that no amount has.
bool reader_fill(struct reader *reader, const char *text);

// Takes a currency off the front or the end; "" when there is none.
const char *reader_currency(struct reader *reader, struct arena *arena);

// "1,234.50": digits in regular groups, then a point and digits. `decimals` counts the digits
// behind the point.
bool reader_plain(struct reader *reader, wide *value, size_t *digits, size_t *decimals);

// One amount with Chinese numerals and units, or a plain one, to the end. `decimals` counts those
// of a plain one.
bool reader_numeral(struct reader *reader, wide *value, size_t *decimals);
