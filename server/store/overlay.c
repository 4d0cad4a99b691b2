// SPDX-License-Identifier: Apache-2.0
#include "server/store/overlay.h"

#include "server/store/tables.h"

#define ROOM_FIRST 16

size_t overlay_seek(const struct overlay_table *table, const struct row_key *key)
{
    if (table->count == 0 || row_key_compare(&table->row[table->count - 1].key, key) < 0) {
        return table->count;
    }
    size_t low = 0;
    size_t high = table->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (row_key_compare(&table->row[middle].key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct overlay_row *overlay_find(const struct overlay *overlay, enum table table,
                                 const struct row_key *key)
{
    assert(table > TABLE_NONE && table < TABLE_LIMIT);
    const struct overlay_table *rows = &overlay->table[table];
    const size_t index = overlay_seek(rows, key);
    if (index == rows->count || row_key_compare(&rows->row[index].key, key) != 0) {
        return NULL;
    }
    return &rows->row[index];
}

static bool grow(struct overlay_table *rows, struct arena *arena)
{
    const size_t room = rows->room == 0 ? ROOM_FIRST : rows->room * 2;
    struct overlay_row *row = arena_alloc(arena, room * sizeof *row);
    if (row == NULL) {
        return false;
    }
    if (rows->count > 0) {
        assert(rows->row != NULL);
        memcpy(row, rows->row, rows->count * sizeof *row);
    }
    rows->row = row;
    rows->room = room;
    return true;
}

struct overlay_row *overlay_touch(struct overlay *overlay, struct arena *arena, enum table table,
                                  const struct row_key *key)
{
    struct overlay_row *found = overlay_find(overlay, table, key);
    if (found != NULL) {
        return found;
    }
    struct overlay_table *rows = &overlay->table[table];
    if (rows->count == rows->room && !grow(rows, arena)) {
        return NULL;
    }
    const size_t index = overlay_seek(rows, key);
    assert(rows->row != NULL);
    memmove(rows->row + index + 1, rows->row + index, (rows->count - index) * sizeof *rows->row);
    rows->row[index] = (struct overlay_row){.key = *key, .deleted = true};
    rows->count++;
    overlay->count++;
    return &rows->row[index];
}
