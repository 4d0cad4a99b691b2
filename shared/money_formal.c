// SPDX-License-Identifier: Apache-2.0
#include "shared/limits.h"
#include "shared/money.h"

#define GROUPS_MAX 4
#define WHOLE_MAX  10000000000000000u // above it the words for the groups are not settled

static const char *const DIGITS[] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};

struct line {
    char text[320];
    size_t size;
};

static void line_add(struct line *line, const char *word)
{
    const size_t size = strlen(word);
    assert(line->size + size < sizeof line->text);
    memcpy(line->text + line->size, word, size + 1);
    line->size += size;
}

// Four digits; 零 stands once for zeros between two digits, also when the first of them belongs to
// a higher group.
static void add_group(struct line *line, uint32_t group, bool is_behind)
{
    static const char *const UNITS[] = {"仟", "佰", "拾", ""};
    static const uint32_t VALUES[] = {1000, 100, 10, 1};
    bool has_digit = is_behind;
    bool is_apart = false;
    for (size_t i = 0; i < COUNT_OF(VALUES); i++) {
        const uint32_t digit = group / VALUES[i] % 10;
        if (digit == 0) {
            is_apart = has_digit;
            continue;
        }
        line_add(line, is_apart ? DIGITS[0] : "");
        line_add(line, DIGITS[digit]);
        line_add(line, UNITS[i]);
        has_digit = true;
        is_apart = false;
    }
}

// Groups of four digits with 万 and 亿; above 亿 the count of 亿 has a 万 of its own.
static void add_integer(struct line *line, uint64_t whole)
{
    static const char *const NAMES[GROUPS_MAX] = {"", "万", "亿", "万"};
    uint32_t group[GROUPS_MAX];
    for (size_t i = 0; i < GROUPS_MAX; i++) {
        group[i] = (uint32_t)(whole % 10000);
        whole /= 10000;
    }
    bool is_behind = false;
    bool ends_in_zero = false;
    for (size_t left = GROUPS_MAX; left > 0; left--) {
        const size_t i = left - 1;
        if (group[i] > 0) {
            const bool is_apart = is_behind && ends_in_zero && group[i] >= 1000;
            line_add(line, is_apart ? DIGITS[0] : "");
            add_group(line, group[i], is_behind);
            line_add(line, NAMES[i]);
            is_behind = true;
            ends_in_zero = group[i] % 10 == 0;
        } else if (is_behind) {
            line_add(line, i == 2 ? NAMES[i] : "");
            ends_in_zero = true;
        }
    }
}

char *money_formal(struct arena *arena, int64_t minor)
{
    assert(arena != NULL);
    const uint64_t magnitude = minor < 0 ? (uint64_t) - (minor + 1) + 1 : (uint64_t)minor;
    const uint64_t whole = magnitude / 100;
    const uint32_t jiao = (uint32_t)(magnitude / 10 % 10);
    const uint32_t fen = (uint32_t)(magnitude % 10);
    if (whole >= WHOLE_MAX) {
        return money_print_grouped(arena, minor, 2);
    }
    struct line line = {.size = 0};
    line_add(&line, minor < 0 ? "负" : "");
    if (whole > 0) {
        add_integer(&line, whole);
    } else if (magnitude == 0) {
        line_add(&line, DIGITS[0]);
    }
    line_add(&line, whole > 0 || magnitude == 0 ? "元" : "");
    if (jiao > 0) {
        line_add(&line, DIGITS[jiao]);
        line_add(&line, "角");
    } else if (fen > 0 && whole > 0) {
        line_add(&line, DIGITS[0]);
    }
    if (fen > 0) {
        line_add(&line, DIGITS[fen]);
        line_add(&line, "分");
    }
    line_add(&line, jiao == 0 && fen == 0 ? "整" : "");
    return arena_copy(arena, line.text, line.size);
}
