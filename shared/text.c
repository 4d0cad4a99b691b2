// SPDX-License-Identifier: Apache-2.0
#include "shared/text.h"

#include <utf8proc.h>

#define REPLACEMENT  0xfffd
#define DISTANCE_MAX 63
#define DISTANCE_FAR 1000
#define MARK_FIRST \
    0x0300 // combining diacritical marks; those of other scripts carry meaning and stay
#define MARK_LAST 0x036f
#define SELECTOR_FIRST \
    0xfe00 // variation selectors: terminals disagree about what they do to widths
#define SELECTOR_LAST 0xfe0f
// Sets of flags, which the enum of the library has no constants for.
#define FOLD_OPTIONS                                                                \
    ((utf8proc_option_t)(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | \
                         UTF8PROC_IGNORE | UTF8PROC_STABLE))
#define COMPOSE_OPTIONS ((utf8proc_option_t)(UTF8PROC_COMPOSE | UTF8PROC_STABLE))

// The next code point and its size; -1 and one byte when the bytes are broken.
static int32_t next_point(const char *text, size_t size, size_t *used)
{
    assert(size > 0);
    const uint8_t *bytes = (const uint8_t *)text;
    if (bytes[0] < 0x80) {
        *used = 1;
        return bytes[0];
    }
    utf8proc_int32_t point = -1;
    const utf8proc_ssize_t result = utf8proc_iterate(bytes, (utf8proc_ssize_t)size, &point);
    if (result <= 0 || point < 0) {
        *used = 1;
        return -1;
    }
    *used = (size_t)result;
    return point;
}

// U+4E00 to U+9FFF, what most Chinese text is made of: three bytes, no control, nothing to fold,
// two cells.
static bool is_ideograph(const char *text, size_t size)
{
    const uint8_t *bytes = (const uint8_t *)text;
    return size >= 3 && bytes[0] >= 0xe4 && bytes[0] <= 0xe9 &&
           (bytes[0] > 0xe4 || bytes[1] >= 0xb8) && (bytes[1] & 0xc0) == 0x80 &&
           (bytes[2] & 0xc0) == 0x80;
}

static bool is_control(int32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

static bool is_bidi_control(int32_t point)
{
    return point == 0x061c || (point >= 0x200e && point <= 0x200f) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

bool text_is_clean(const char *text, size_t size, bool lines)
{
    assert(text != NULL || size == 0);
    size_t at = 0;
    while (at < size) {
        const uint8_t byte = (uint8_t)text[at];
        if (byte >= 0x20 && byte < 0x7f) {
            at++;
            continue;
        }
        if (is_ideograph(text + at, size - at)) {
            at += 3;
            continue;
        }
        size_t used = 0;
        const int32_t point = next_point(text + at, size - at, &used);
        const bool is_line = lines && (point == '\n' || point == '\t');
        if (is_control(point) && !is_line) {
            return false;
        }
        at += used;
    }
    return true;
}

static size_t point_cells(int32_t point)
{
    if (point >= 0x20 && point < 0x7f) {
        return 1;
    }
    if (point < 0) {
        return 1; // drawn as U+FFFD
    }
    const int width = utf8proc_charwidth(point);
    return width > 0 ? (size_t)width : 0;
}

size_t text_cells(const char *text)
{
    assert(text != NULL);
    size_t cells = 0;
    size_t left = strlen(text);
    while (left > 0) {
        size_t used = 0;
        cells += point_cells(next_point(text, left, &used));
        text += used;
        left -= used;
    }
    return cells;
}

static enum text_sort point_sort(int32_t point)
{
    if (point < 0) {
        return TEXT_BROKEN;
    }
    if (is_control(point) || is_bidi_control(point) ||
        (point >= SELECTOR_FIRST && point <= SELECTOR_LAST)) {
        return TEXT_HIDDEN;
    }
    const utf8proc_category_t category = utf8proc_category(point);
    switch ((int)category) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
        return TEXT_MARK;
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return TEXT_HIDDEN;
    default:
        return TEXT_SPACING;
    }
}

size_t text_point(const char *text, size_t size, int32_t *point, enum text_sort *sort)
{
    assert(text != NULL && size > 0);
    size_t used = 0;
    *point = next_point(text, size, &used);
    *sort = *point >= 0x20 && *point < 0x7f ? TEXT_SPACING : point_sort(*point);
    return used;
}

size_t text_fit(const char *text, size_t cells)
{
    assert(text != NULL);
    const size_t size = strlen(text);
    size_t at = 0;
    size_t taken = 0;
    while (at < size) {
        size_t used = 0;
        const size_t wide = point_cells(next_point(text + at, size - at, &used));
        if (taken + wide > cells) {
            break;
        }
        taken += wide;
        at += used;
    }
    return at;
}

// Only ASCII and ideographs: folding changes nothing but the case of letters.
static bool is_plain(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size) {
        const bool is_wide = is_ideograph(text + at, size - at);
        if (!is_wide && (uint8_t)text[at] >= 0x80) {
            return false;
        }
        at += is_wide ? 3 : 1;
    }
    return true;
}

static char *fold_plain(struct arena *arena, const char *text, size_t size)
{
    char *folded = arena_alloc(arena, size + 1);
    for (size_t i = 0; folded != NULL && i < size; i++) {
        folded[i] = ascii_lower(text[i]);
    }
    return folded;
}

// Writes the points as UTF-8 into the same memory; the bytes never outgrow the points that they
// come from.
static char *encode_in_place(utf8proc_int32_t *points, size_t count)
{
    char *text = (char *)points;
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        utf8proc_uint8_t bytes[4];
        const utf8proc_ssize_t used = utf8proc_encode_char(points[i], bytes);
        assert(used > 0 && used <= 4);
        memcpy(text + size, bytes, (size_t)used);
        size += (size_t)used;
    }
    text[size] = '\0';
    return text;
}

char *text_fold(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    const size_t size = strlen(text);
    if (is_plain(text, size)) {
        return fold_plain(arena, text, size);
    }
    const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
    const utf8proc_ssize_t count =
        utf8proc_decompose(bytes, (utf8proc_ssize_t)size, NULL, 0, FOLD_OPTIONS);
    if (count < 0) {
        return arena_copy(arena, text, size);
    }
    utf8proc_int32_t *points = arena_alloc(arena, ((size_t)count + 1) * sizeof *points);
    if (points == NULL) {
        return NULL;
    }
    (void)utf8proc_decompose(bytes, (utf8proc_ssize_t)size, points, count, FOLD_OPTIONS);
    size_t kept = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        if (points[i] < MARK_FIRST || points[i] > MARK_LAST) {
            points[kept++] = points[i];
        }
    }
    const utf8proc_ssize_t composed =
        utf8proc_normalize_utf32(points, (utf8proc_ssize_t)kept, COMPOSE_OPTIONS);
    assert(composed >= 0 && (size_t)composed <= kept);
    return encode_in_place(points, (size_t)composed);
}

// Code points that never are characters; XML has no way to say most of them.
static bool is_noncharacter(int32_t point)
{
    return (point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef);
}

// Counts the marks on one character. Is this one more than a character bears?
static bool is_mark_too_many(int32_t point, size_t *marks)
{
    *marks = point >= MARK_FIRST && point_cells(point) == 0 ? *marks + 1 : 0;
    return *marks > TEXT_MARKS_MAX;
}

char *text_safe(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    size_t left = strlen(text);
    char *safe = arena_alloc(arena, left * 3 + 1);
    size_t size = 0;
    size_t marks = 0;
    while (safe != NULL && left > 0) {
        size_t used = 0;
        const int32_t point = next_point(text, left, &used);
        if (point < 0 || is_noncharacter(point)) {
            size += (size_t)utf8proc_encode_char(REPLACEMENT, (utf8proc_uint8_t *)safe + size);
        } else if (point == '\n' || point == '\t') {
            safe[size++] = ' ';
        } else if (!is_control(point) && !is_bidi_control(point) &&
                   !is_mark_too_many(point, &marks)) {
            memcpy(safe + size, text, used);
            size += used;
        }
        text += used;
        left -= used;
    }
    return safe;
}

char *text_plain(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    size_t left = strlen(text);
    char *plain = arena_alloc(arena, left * 3 + 1);
    size_t size = 0;
    while (plain != NULL && left > 0) {
        size_t used = 0;
        const int32_t point = next_point(text, left, &used);
        const bool is_line = point == '\n' || point == '\t';
        if (point < 0 || is_noncharacter(point)) {
            size += (size_t)utf8proc_encode_char(REPLACEMENT, (utf8proc_uint8_t *)plain + size);
        } else if (is_line || (!is_control(point) && !is_bidi_control(point))) {
            memcpy(plain + size, text, used);
            size += used;
        }
        text += used;
        left -= used;
    }
    return plain;
}

// "\033[1m" and "\033[0m": what we make bold with.
static bool is_colour(const char *text, size_t size)
{
    return size >= 4 && text[0] == '\033' && text[1] == '[' && (text[2] == '0' || text[2] == '1') &&
           text[3] == 'm';
}

size_t text_calm(char *text, size_t size)
{
    assert(text != NULL);
    size_t kept = 0;
    size_t marks = 0;
    for (size_t at = 0; at < size;) {
        size_t used = 0;
        const int32_t point = next_point(text + at, size - at, &used);
        if (point < 0) {
            text[kept++] = '?';
        } else if (is_noncharacter(point)) { // of three bytes at least
            kept += (size_t)utf8proc_encode_char(REPLACEMENT, (utf8proc_uint8_t *)text + kept);
        } else if (point == '\n' || point == '\t' || is_colour(text + at, size - at) ||
                   (!is_control(point) && !is_bidi_control(point) &&
                    !is_mark_too_many(point, &marks))) {
            memmove(text + kept, text + at, used);
            kept += used;
        }
        at += used;
    }
    return kept;
}

const char *text_next_hostile(const char *text, int32_t *point, size_t *size)
{
    assert(text != NULL && point != NULL && size != NULL);
    size_t left = strlen(text);
    while (left > 0) {
        *point = next_point(text, left, size);
        const bool is_line = *point == '\n' || *point == '\t';
        if (*point >= 0 && !is_line && (is_control(*point) || is_bidi_control(*point))) {
            return text;
        }
        text += *size;
        left -= *size;
    }
    return NULL;
}

// The digits of a phone number: all of them, or what stands behind +86 and 0086.
static size_t phone_digits(const char *text, char out[static 32])
{
    size_t count = 0;
    for (const char *c = text; *c != '\0' && count < 31; c++) {
        if (*c >= '0' && *c <= '9') {
            out[count++] = *c;
        }
    }
    const size_t skip = text[0] == '+' && strncmp(out, "86", 2) == 0 ? 2
                        : count > 4 && strncmp(out, "0086", 4) == 0  ? 4
                                                                     : 0;
    memmove(out, out + skip, count - skip);
    out[count - skip] = '\0';
    return count - skip;
}

char *text_mask_phone(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    char digits[32] = {0};
    const size_t count = phone_digits(text, digits);
    if (count >= 11) {
        return arena_print(arena, "%.3s****%s", digits, digits + count - 4);
    }
    return count >= 7 ? arena_print(arena, "****%s", digits + count - 2) : text_mask(arena, text);
}

char *text_mask_email(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    const char *domain = strrchr(text, '@');
    if (domain == NULL || domain == text) {
        return text_mask(arena, text);
    }
    size_t used = 0;
    (void)next_point(text, strlen(text), &used);
    return arena_print(arena, "%.*s***%s", (int)used, text, domain);
}

char *text_mask_name(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    if (text[0] == '\0') {
        return text_mask(arena, text);
    }
    size_t used = 0;
    (void)next_point(text, strlen(text), &used);
    return arena_print(arena, "%.*s**", (int)used, text);
}

char *text_mask_account(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    const size_t size = strlen(text);
    const bool has_tail = size >= 8 && strspn(text, "0123456789 ") == size;
    return has_tail ? arena_print(arena, "****%s", text + size - 4) : text_mask(arena, text);
}

char *text_mask(struct arena *arena, const char *text)
{
    assert(arena != NULL && text != NULL);
    return arena_print(arena, "%s", text[0] == '\0' ? "" : "***");
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t text_distance(const char *a, const char *b)
{
    assert(a != NULL && b != NULL);
    const size_t a_size = strlen(a);
    const size_t b_size = strlen(b);
    if (a_size > DISTANCE_MAX || b_size > DISTANCE_MAX) {
        return DISTANCE_FAR;
    }
    size_t rows[3][DISTANCE_MAX + 1];
    for (size_t j = 0; j <= b_size; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above_that = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least(least(row[j - 1], above[j]) + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = least(row[j], above_that[j - 2] + 1);
            }
        }
    }
    return rows[a_size % 3][b_size];
}
