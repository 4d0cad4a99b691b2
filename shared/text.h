// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text as people see it: UTF-8 checks, cell widths, folding for search. The only file that knows
// utf8proc.

#include "shared/arena.h"
#include "shared/status.h"

static inline char ascii_lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c;
}

static inline char ascii_upper(char c)
{
    if (c >= 'a' && c <= 'z') {
        return (char)(c - 'a' + 'A');
    }
    return c;
}

// UTF-8 without control characters (a line feed and tab are allowed when `lines`).
bool text_is_clean(const char *text, size_t size, bool lines);

// Terminal cells of the text: wide CJK 2, combining marks 0.
size_t text_cells(const char *text);

// What a code point is on a screen: a character of its own, a mark on the one before, something
// that must not be sent to a terminal (controls, bidi, joiners, selectors), or bytes that are no
// UTF-8.
enum text_sort { TEXT_SPACING, TEXT_MARK, TEXT_HIDDEN, TEXT_BROKEN };

// The first code point of `size` > 0 bytes; gives how many bytes it takes. -1 when broken.
size_t text_point(const char *text, size_t size, int32_t *point, enum text_sort *sort);

// The longest prefix, in bytes, that fits into `cells`.
size_t text_fit(const char *text, size_t cells);

// Folded for search: case, width, compatibility forms, accents of the Latin kind. Broken UTF-8 is
// kept as it is. NULL when the arena is exhausted.
char *text_fold(struct arena *arena, const char *text);

// More marks than any script stacks on one character only paint over other lines.
#define TEXT_MARKS_MAX 16

// Without control characters, bidi controls and the marks beyond TEXT_MARKS_MAX, line feeds and
// tabs as spaces, broken bytes and noncharacters as U+FFFD: safe for a terminal.
char *text_safe(struct arena *arena, const char *text);

// The same for a file of another program: line feeds, tabs and all marks stay.
char *text_plain(struct arena *arena, const char *text);

// The same for a whole page, in place: line feeds, tabs and our own bold stay, a broken byte
// becomes
// "?". Gives the size that is left; no zero is put behind it.
size_t text_calm(char *text, size_t size);

// The next character that could deceive who looks at a terminal: control or bidi control; tab and
// line feed are none. NULL when there is no more. `point` is its code point, `size` its bytes.
const char *text_next_hostile(const char *text, int32_t *point, size_t *size);

// Masks (security.md e): phone "138****2046", e-mail "a***@example.com", name "张**", anything else
// "***"; nothing of nothing.
char *text_mask_phone(struct arena *arena, const char *text);
char *text_mask_email(struct arena *arena, const char *text);
char *text_mask_name(struct arena *arena, const char *text);
char *text_mask_account(struct arena *arena, const char *text); // ****5678
char *text_mask(struct arena *arena, const char *text);

// Stateless format checks of fields (R03, R10). Tax id: the 18-character unified social credit code
// with its check character (GB 32100-2015), or of a person the resident number with its own (GB
// 11643-1999); other lengths of 5 to 20 letters and digits are foreign numbers and pass.
bool text_is_phone(const char *text);
bool text_is_email(const char *text);
bool text_is_tax_id(const char *text);

// Edit distance in bytes, for "did you mean"; a swap of neighbours counts one. Words of over 63
// bytes are just far.
size_t text_distance(const char *a, const char *b);
