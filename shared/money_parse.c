// SPDX-License-Identifier: Apache-2.0
#include "shared/limits.h"
#include "shared/money_reader.h"

// a * b, exact or not at all.
static bool multiply(wide a, wide b, wide *out)
{
    size_t left = SCALE_DIGITS;
    for (; left > 0 && a % 10 == 0 && a != 0; left--) {
        a /= 10;
    }
    for (; left > 0 && b % 10 == 0 && b != 0; left--) {
        b /= 10;
    }
    if (a == 0 || b == 0) {
        *out = 0;
        return true;
    }
    return left == 0 && !__builtin_mul_overflow(a, b, out) && *out <= VALUE_MAX;
}

static uint8_t next_visible(struct reader *reader)
{
    while (reader_peek(reader) == ' ') {
        reader->at++;
    }
    return reader_peek(reader);
}

// "3000+120.5*2": plain numbers; a product binds tighter.
static bool read_sum(struct reader *reader, bool is_minus, wide *value)
{
    wide sum = 0;
    while (true) {
        wide product = SCALE;
        uint8_t operator= '*';
        while (operator== '*') {
            wide factor = 0;
            size_t digits = 0;
            size_t decimals = 0;
            (void)next_visible(reader);
            if (!reader_plain(reader, &factor, &digits, &decimals) ||
                !multiply(product, factor, &product)) {
                return reader_fail(reader, FAULT_SHAPE);
            }
            operator= next_visible(reader);
            reader->at += operator!= 0 ? 1 : 0;
        }
        sum += is_minus ? -product : product;
        if (sum > VALUE_MAX || sum < -VALUE_MAX) {
            return reader_fail(reader, FAULT_SHAPE);
        }
        if (operator== 0) {
            *value = sum;
            return true;
        }
        if (operator!= '+' && operator!= '-') {
            return reader_fail(reader, FAULT_SHAPE);
        }
        is_minus = operator== '-';
    }
}

static bool is_sum(const struct reader *reader)
{
    for (size_t i = reader->at; i < reader->count; i++) {
        if (reader->symbol[i] == '+' || reader->symbol[i] == '-' || reader->symbol[i] == '*') {
            return true;
        }
    }
    return false;
}

// "2026-11-21" would add up to 1994.
static bool is_date(const struct reader *reader)
{
    size_t run[3] = {0};
    size_t part = 0;
    for (size_t i = reader->at; i < reader->count; i++) {
        if (reader->symbol[i] == '-' && part < 2) {
            part++;
        } else if (reader_is_digit(reader->symbol[i])) {
            run[part]++;
        } else {
            return false;
        }
    }
    return run[0] == 4 && run[1] >= 1 && run[1] <= 2 && run[2] >= 1 && run[2] <= 2;
}

static bool to_minor(wide value, uint32_t decimals, int64_t *minor)
{
    wide unit = SCALE;
    for (uint32_t i = 0; i < decimals; i++) {
        unit /= 10;
    }
    if (value % unit != 0 || value / unit > INT64_MAX || value / unit < -INT64_MAX) {
        return false;
    }
    *minor = (int64_t)(value / unit);
    return true;
}

// "1,5", "12,34": one comma with one or two digits behind it and no point.
static bool is_decimal_comma(const struct reader *typed, size_t start)
{
    size_t commas = 0;
    size_t behind = 0;
    for (size_t i = start; i < typed->count; i++) {
        if (typed->symbol[i] == '.') {
            return false;
        }
        const bool is_comma = typed->symbol[i] == ',';
        commas += is_comma ? 1 : 0;
        behind = is_comma ? 0 : behind + 1;
    }
    return commas == 1 && behind >= 1 && behind <= 2;
}

// The same with point and comma exchanged, or without commas, where that is an amount.
static const char *suggest(struct arena *arena, const struct reader *typed, size_t start,
                           uint32_t decimals)
{
    wide value = typed->suggestion;
    int64_t minor = 0;
    if (typed->fault == FAULT_GROUPING || typed->fault == FAULT_EUROPEAN) {
        const bool is_european = typed->fault == FAULT_EUROPEAN || is_decimal_comma(typed, start);
        struct reader other = {0};
        size_t digits = 0;
        size_t behind = 0;
        for (size_t i = start; i < typed->count; i++) {
            const uint8_t symbol = typed->symbol[i];
            if (symbol == ',' && !is_european) {
                continue;
            }
            const uint8_t swapped = symbol == ',' ? '.' : symbol == '.' ? ',' : symbol;
            other.symbol[other.count++] = is_european ? swapped : symbol;
        }
        if (!reader_plain(&other, &value, &digits, &behind) || other.at != other.count) {
            return NULL;
        }
    } else if (typed->fault != FAULT_COLLOQUIAL) {
        return NULL;
    }
    return to_minor(value, decimals, &minor) ? money_print_grouped(arena, minor, decimals) : NULL;
}

enum status money_parse(struct arena *arena, const char *text, uint32_t decimals, int64_t *minor,
                        const char **currency, const char **hint)
{
    assert(arena != NULL && text != NULL && minor != NULL && decimals <= DECIMALS_MAX);
    struct reader reader = {0};
    if (hint != NULL) {
        *hint = NULL;
    }
    if (!reader_fill(&reader, text)) {
        return STATUS_FIELD_NOT_AMOUNT;
    }
    const char *typed_currency = reader_currency(&reader, arena);
    const bool is_negative = reader_peek(&reader) == '-';
    reader.at += is_negative || reader_peek(&reader) == '+' ? 1 : 0;
    const size_t start = reader.at;
    wide value = 0;
    size_t behind = 0;
    bool is_read = false;
    if (is_sum(&reader)) {
        is_read = !is_date(&reader) && read_sum(&reader, is_negative, &value);
    } else {
        is_read = reader_numeral(&reader, &value, &behind);
        value = is_negative ? -value : value;
    }
    int64_t result = 0;
    if (!is_read || behind > decimals || !to_minor(value, decimals, &result)) {
        if (hint != NULL && !is_negative) {
            *hint = suggest(arena, &reader, start, decimals);
        }
        return STATUS_FIELD_NOT_AMOUNT;
    }
    *minor = result;
    if (currency != NULL) {
        *currency = typed_currency;
    }
    return STATUS_OK;
}

bool money_currency_is(const char *typed, const char *code)
{
    assert(typed != NULL && code != NULL);
    static const char *const YEN_CODES[] = {"CNY", "JPY"};
    static const char *const DOLLAR_CODES[] = {"USD", "AUD", "CAD", "HKD",
                                               "MXN", "NZD", "SGD", "TWD"};
    if (typed[0] == '\0' || strcmp(typed, code) == 0) {
        return true;
    }
    const bool is_yen = strcmp(typed, "¥") == 0;
    const bool is_dollar = strcmp(typed, "$") == 0;
    bool found = false;
    for (size_t i = 0; is_yen && i < COUNT_OF(YEN_CODES); i++) {
        found = found || strcmp(YEN_CODES[i], code) == 0;
    }
    for (size_t i = 0; is_dollar && i < COUNT_OF(DOLLAR_CODES); i++) {
        found = found || strcmp(DOLLAR_CODES[i], code) == 0;
    }
    return found;
}
