// SPDX-License-Identifier: Apache-2.0
#include "shared/money_reader.h"

// What a numeral has come to while it is read from left to right: 一亿二千三百万零五十 元 三角.
struct numeral {
    wide total;   // closed by 万 and 亿
    wide section; // closed by 十, 百 and 千
    wide pending; // a number that waits for its unit
    bool has_pending;
    bool is_single;  // the pending number is one digit
    bool is_apart;   // 零 stands before it
    wide last_small; // the last 十, 百 or 千 of this section; 0 when there was none
    wide last_big;
    bool is_closed; // 元 was read
    wide last_coin; // the last 角 or 分
};

static wide unit_of(uint8_t symbol)
{
    switch (symbol) {
    case SYMBOL_TEN:
        return 10;
    case SYMBOL_HUNDRED:
        return 100;
    case SYMBOL_THOUSAND:
    case 'k':
    case 'K':
        return 1000;
    case SYMBOL_MYRIAD:
    case 'w':
    case 'W':
        return 10000;
    case SYMBOL_HUNDRED_MILLION:
        return 100000000;
    default:
        return 0;
    }
}

// A run of Chinese digits: one, or several by position (二〇二六).
static bool read_digits(struct reader *reader, struct numeral *numeral)
{
    size_t count = 0;
    size_t zeros = 0;
    wide number = 0;
    while (reader_peek(reader) >= SYMBOL_DIGIT && reader_peek(reader) <= SYMBOL_DIGIT + 9) {
        zeros += number == 0 && reader_peek(reader) == SYMBOL_DIGIT ? 1 : 0;
        number = number * 10 + (reader_peek(reader) - SYMBOL_DIGIT);
        reader->at++;
        if (++count > DIGITS_MAX) {
            return reader_fail(reader, FAULT_SHAPE);
        }
    }
    if (numeral->has_pending || zeros > 1) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    const bool is_only = numeral->total == 0 && numeral->section == 0 && !numeral->is_closed;
    numeral->is_apart = numeral->is_apart || zeros > 0;
    numeral->has_pending = number > 0 || is_only;
    numeral->is_single = count - zeros == 1 && number > 0;
    numeral->pending = number * SCALE;
    return true;
}

static bool apply_small(struct reader *reader, struct numeral *numeral, wide unit)
{
    const bool is_bare_ten = unit == 10 && !numeral->has_pending;
    const bool is_falling = numeral->last_small == 0 || unit < numeral->last_small;
    if ((!numeral->has_pending && !is_bare_ten) || !is_falling) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    wide part = 0;
    if (__builtin_mul_overflow(is_bare_ten ? SCALE : numeral->pending, unit, &part) ||
        part > VALUE_MAX) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    numeral->section += part;
    numeral->pending = 0;
    numeral->has_pending = false;
    numeral->is_apart = false;
    numeral->last_small = unit;
    return true;
}

static bool apply_big(struct reader *reader, struct numeral *numeral, wide unit)
{
    const wide section = numeral->section + numeral->pending;
    const bool is_of_myriads = unit > numeral->last_big && numeral->last_big > 0; // 三万亿
    if ((section == 0 && !is_of_myriads) || unit == numeral->last_big ||
        (is_of_myriads && numeral->total >= SCALE * 100000000)) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    const wide factor = is_of_myriads ? numeral->total + section : section;
    wide part = 0;
    if (__builtin_mul_overflow(factor, unit, &part) || part > VALUE_MAX) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    numeral->total = is_of_myriads ? part : numeral->total + part;
    numeral->section = 0;
    numeral->pending = 0;
    numeral->has_pending = false;
    numeral->is_apart = false;
    numeral->last_small = 0;
    numeral->last_big = unit;
    return true;
}

// Adds a number without a unit behind it. One digit straight behind 百 or more ("三千五") means
// what people differ about.
static bool close_integer(struct reader *reader, struct numeral *numeral)
{
    const wide last = numeral->last_small > 0 ? numeral->last_small : numeral->last_big;
    if (numeral->has_pending && numeral->is_single && !numeral->is_apart && last >= 100) {
        reader->suggestion = numeral->total + numeral->section + numeral->pending * (last / 10);
        return reader_fail(reader, FAULT_COLLOQUIAL);
    }
    const bool is_dangling = numeral->is_apart && !numeral->has_pending; // 三百零
    if (is_dangling || (numeral->has_pending && last > 0 && numeral->pending >= last * SCALE)) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    numeral->total += numeral->section + numeral->pending;
    numeral->section = 0;
    numeral->pending = 0;
    numeral->has_pending = false;
    numeral->is_apart = false;
    return true;
}

// 角 and 分 behind 元, or alone.
static bool apply_coin(struct reader *reader, struct numeral *numeral, wide coin)
{
    const bool is_falling = numeral->last_coin == 0 || coin < numeral->last_coin;
    const bool is_alone = numeral->total == 0 && numeral->section == 0;
    if (!numeral->has_pending || numeral->pending > 9 * SCALE || numeral->pending % SCALE != 0 ||
        !is_falling || (!numeral->is_closed && !is_alone)) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    numeral->total += numeral->pending / SCALE * coin;
    numeral->pending = 0;
    numeral->has_pending = false;
    numeral->is_apart = false;
    numeral->is_closed = true;
    numeral->last_coin = coin;
    return true;
}

static bool apply_symbol(struct reader *reader, struct numeral *numeral)
{
    const uint8_t symbol = reader_peek(reader);
    const wide unit = unit_of(symbol);
    reader->at++;
    if (symbol == SYMBOL_JIAO || symbol == SYMBOL_FEN) {
        return apply_coin(reader, numeral, symbol == SYMBOL_JIAO ? SCALE / 10 : SCALE / 100);
    }
    if (symbol == SYMBOL_WHOLE) {
        const bool is_behind = numeral->is_closed || numeral->total + numeral->section > 0;
        return is_behind && reader_peek(reader) == 0 && !numeral->has_pending;
    }
    if (numeral->is_closed) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    if (symbol == SYMBOL_YUAN) {
        const bool is_empty = numeral->total + numeral->section == 0 && !numeral->has_pending;
        numeral->is_closed = true;
        return is_empty ? reader_fail(reader, FAULT_SHAPE) : close_integer(reader, numeral);
    }
    if (unit == 0) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    return unit < 10000 ? apply_small(reader, numeral, unit) : apply_big(reader, numeral, unit);
}

bool reader_numeral(struct reader *reader, wide *value, size_t *decimals)
{
    struct numeral numeral = {0};
    const size_t start = reader->at;
    size_t symbols = 0;
    *decimals = 0;
    while (reader_peek(reader) != 0) {
        bool is_read = false;
        if (reader_peek(reader) == ' ' && symbols == 1 &&
            !reader_is_digit(reader->symbol[reader->at + 1])) {
            reader->at++; // "800 元"
        }
        if (reader_is_digit(reader_peek(reader))) {
            size_t digits = 0;
            is_read =
                !numeral.has_pending && reader_plain(reader, &numeral.pending, &digits, decimals);
            numeral.has_pending = true;
            numeral.is_single = digits == 1 && *decimals == 0;
        } else if (reader_peek(reader) >= SYMBOL_DIGIT && reader_peek(reader) <= SYMBOL_DIGIT + 9) {
            is_read = read_digits(reader, &numeral);
        } else {
            is_read = apply_symbol(reader, &numeral);
        }
        if (!is_read) {
            return reader_fail(reader, FAULT_SHAPE);
        }
        symbols++;
    }
    const bool has_rest = numeral.is_closed && numeral.has_pending; // 三元五
    if (reader->at == start || has_rest || !close_integer(reader, &numeral)) {
        return reader_fail(reader, FAULT_SHAPE);
    }
    *decimals = symbols > 1 ? 0 : *decimals;
    *value = numeral.total;
    return true;
}
