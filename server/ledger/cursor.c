// SPDX-License-Identifier: Apache-2.0
#include "server/ledger/cursor.h"

#include <inttypes.h>

uint32_t cursor_limit(uint32_t limit)
{
    if (limit == 0) {
        return LIST_ROWS_DEFAULT;
    }
    return limit < LIST_ROWS_MAX ? limit : LIST_ROWS_MAX;
}

char *cursor_print(struct arena *arena, uint64_t id)
{
    return arena_print(arena, "%" PRIx64, id);
}

bool cursor_parse(const char *text, uint64_t *id)
{
    static const char DIGITS[] = "0123456789abcdef";
    uint64_t value = 0;
    const size_t length = strlen(text);
    if (length > 16) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const char *at = strchr(DIGITS, text[i]);
        if (at == NULL) {
            return false;
        }
        value = value << 4 | (uint64_t)(at - DIGITS);
    }
    *id = value;
    return true;
}

Page *cursor_page(struct arena *arena, uint64_t count, uint64_t next_id)
{
    Page *page = arena_alloc(arena, sizeof *page);
    char *next = next_id != 0 ? cursor_print(arena, next_id) : NULL;
    if (page == NULL || (next_id != 0 && next == NULL)) {
        return NULL;
    }
    page__init(page);
    page->count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    if (next != NULL) {
        page->next = next;
    }
    return page;
}
