// SPDX-License-Identifier: Apache-2.0
#include "shared/money_reader.h"

struct word_row {
    const char *word;
    uint8_t symbol;
};

static const struct word_row WORDS[] = {
    {"零", 0x80},
    {"〇", 0x80},
    {"一", 0x81},
    {"二", 0x82},
    {"两", 0x82},
    {"兩", 0x82},
    {"三", 0x83},
    {"四", 0x84},
    {"五", 0x85},
    {"六", 0x86},
    {"七", 0x87},
    {"八", 0x88},
    {"九", 0x89},
    {"壹", 0x81},
    {"贰", 0x82},
    {"貳", 0x82},
    {"叁", 0x83},
    {"參", 0x83},
    {"肆", 0x84},
    {"伍", 0x85},
    {"陆", 0x86},
    {"陸", 0x86},
    {"柒", 0x87},
    {"捌", 0x88},
    {"玖", 0x89},
    {"十", SYMBOL_TEN},
    {"拾", SYMBOL_TEN},
    {"百", SYMBOL_HUNDRED},
    {"佰", SYMBOL_HUNDRED},
    {"千", SYMBOL_THOUSAND},
    {"仟", SYMBOL_THOUSAND},
    {"万", SYMBOL_MYRIAD},
    {"萬", SYMBOL_MYRIAD},
    {"亿", SYMBOL_HUNDRED_MILLION},
    {"億", SYMBOL_HUNDRED_MILLION},
    {"元", SYMBOL_YUAN},
    {"圆", SYMBOL_YUAN},
    {"圓", SYMBOL_YUAN},
    {"块", SYMBOL_YUAN},
    {"塊", SYMBOL_YUAN},
    {"角", SYMBOL_JIAO},
    {"毛", SYMBOL_JIAO},
    {"分", SYMBOL_FEN},
    {"整", SYMBOL_WHOLE},
    {"正", SYMBOL_WHOLE},
    {"人民币", SYMBOL_RENMINBI},
    {"人民幣", SYMBOL_RENMINBI},
    {"¥", SYMBOL_YEN},
    {"￥", SYMBOL_YEN},
    {"€", SYMBOL_EURO},
    {"£", SYMBOL_POUND},
    {"−", '-'},
    {"×", '*'},
    {"负", '-'},
    {"負", '-'},
    {"　", ' '},
};

// The ASCII character of a full-width form, its three bytes given; 0 when it is none.
static uint8_t full_width(const char *text)
{
    const uint8_t *bytes = (const uint8_t *)text;
    if (bytes[0] != 0xef || (bytes[1] != 0xbc && bytes[1] != 0xbd)) {
        return 0;
    }
    const uint32_t offset = (bytes[1] == 0xbd ? 0x40u : 0u) + bytes[2] - 0x80u;
    return offset >= 1 && offset <= 0x5e ? (uint8_t)(0x20 + offset) : 0;
}

bool reader_fill(struct reader *reader, const char *text)
{
    while (*text != '\0' && reader->count < SYMBOLS_MAX) {
        uint8_t symbol = 0;
        size_t used = 1;
        if ((uint8_t)*text < 0x80) {
            symbol = (uint8_t)*text;
        } else {
            for (size_t i = 0; i < COUNT_OF(WORDS) && symbol == 0; i++) {
                used = strlen(WORDS[i].word);
                symbol = strncmp(text, WORDS[i].word, used) == 0 ? WORDS[i].symbol : 0;
            }
            if (symbol == 0) {
                symbol = full_width(text);
                used = 3;
            }
        }
        if (symbol == 0) {
            return false;
        }
        reader->symbol[reader->count++] = symbol;
        text += used;
    }
    return *text == '\0';
}

static void trim(struct reader *reader)
{
    while (reader->count > 0 && reader->symbol[reader->count - 1] == ' ') {
        reader->count--;
    }
    while (reader->at < reader->count && reader->symbol[reader->at] == ' ') {
        reader->at++;
    }
}

static bool is_ascii_letter(uint8_t symbol)
{
    return (symbol >= 'a' && symbol <= 'z') || (symbol >= 'A' && symbol <= 'Z');
}

// The constant text of a code typed at `symbol`, or NULL.
static const char *code_at(const uint8_t *symbol, struct arena *arena)
{
    char code[4] = {0};
    for (size_t i = 0; i < 3; i++) {
        if (!is_ascii_letter(symbol[i])) {
            return NULL;
        }
        code[i] = (char)(symbol[i] >= 'a' ? symbol[i] - 'a' + 'A' : symbol[i]);
    }
    if (strcmp(code, "RMB") == 0) {
        return "CNY";
    }
    uint32_t decimals = 0;
    return money_currency(code, &decimals) ? arena_copy(arena, code, 3) : NULL;
}

static const char *sign_of(uint8_t symbol)
{
    switch (symbol) {
    case SYMBOL_YEN:
        return "¥";
    case SYMBOL_EURO:
        return "EUR";
    case SYMBOL_POUND:
        return "GBP";
    case SYMBOL_RENMINBI:
        return "CNY";
    case '$':
        return "$";
    default:
        return NULL;
    }
}

const char *reader_currency(struct reader *reader, struct arena *arena)
{
    trim(reader);
    const char *found = NULL;
    const uint8_t *first = reader->symbol + reader->at;
    const size_t count = reader->count - reader->at;
    if (count >= 2 && first[0] == '-' && sign_of(first[1]) != NULL) {
        found = sign_of(first[1]); // "-¥200"
        reader->symbol[++reader->at] = '-';
    } else if (count >= 1 && sign_of(first[0]) != NULL) {
        found = sign_of(first[0]);
        reader->at += 1;
    } else if (count >= 4 && (found = code_at(first, arena)) != NULL) {
        reader->at += 3;
    } else if (count >= 4 && !is_ascii_letter(first[count - 4]) &&
               (found = code_at(first + count - 3, arena)) != NULL) {
        reader->count -= 3;
    }
    trim(reader);
    return found != NULL ? found : "";
}

// "1,234.50": digits in regular groups, then a point and digits. `decimals` counts the digits
// behind the point.
bool reader_plain(struct reader *reader, wide *value, size_t *digits, size_t *decimals)
{
    wide number = 0;
    size_t group = 0;
    bool grouped = false;
    for (*digits = 0; reader_is_digit(reader_peek(reader)) || reader_peek(reader) == ',';
         reader->at++) {
        if (reader_peek(reader) == ',') {
            if (group == 0 || group > 3 || (grouped && group != 3)) {
                return reader_fail(reader, FAULT_GROUPING);
            }
            grouped = true;
            group = 0;
            continue;
        }
        number = number * 10 + (reader_peek(reader) - '0');
        group++;
        if (++*digits > DIGITS_MAX) {
            return reader_fail(reader, FAULT_SHAPE);
        }
    }
    if (*digits == 0 || (grouped && group != 3)) {
        return reader_fail(reader, *digits == 0 ? FAULT_SHAPE : FAULT_GROUPING);
    }
    number *= SCALE;
    *decimals = 0;
    if (reader_peek(reader) == '.') {
        wide unit = SCALE;
        for (reader->at++; reader_is_digit(reader_peek(reader)); reader->at++) {
            unit /= 10;
            number += unit * (reader_peek(reader) - '0');
            ++*decimals;
        }
        if (*decimals == 0 || *decimals > SCALE_DIGITS) {
            return reader_fail(reader, FAULT_SHAPE);
        }
    }
    if (reader_peek(reader) == '.' || reader_peek(reader) == ',') {
        return reader_fail(reader, FAULT_EUROPEAN);
    }
    *value = number;
    return true;
}
