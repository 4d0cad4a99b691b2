// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a reader of bank files would write, without a child: for who looks at what comes of it.

#include "client/import/bank_text.h"
#include "client/import/sheet.h"

struct frames {
    uint8_t *data;
    size_t size;
    size_t room;
};

static inline void frames_put(struct frames *frames, const void *data, size_t size)
{
    if (frames->size + size > frames->room) {
        frames->room = 2 * (frames->room + size);
        frames->data = realloc(frames->data, frames->room);
        assert(frames->data != NULL);
    }
    if (size > 0) {
        memcpy(frames->data + frames->size, data, size);
    }
    frames->size += size;
}

static inline void frames_u32(struct frames *frames, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    frames_put(frames, bytes, sizeof bytes);
}

static inline bool frames_row(void *context, uint32_t number, const struct reader_cells *cells)
{
    struct frames *frames = context;
    frames_put(frames, &(uint8_t){READER_ROW}, 1);
    frames_u32(frames, number);
    frames_u32(frames, (uint32_t)cells->count);
    for (size_t i = 0; i < cells->count; i++) {
        frames_u32(frames, (uint32_t)cells->cell[i].size);
        frames_put(frames, cells->cell[i].data, cells->cell[i].size);
        frames_put(frames, &(uint8_t){0}, 1);
    }
    return true;
}

typedef enum status bank_parser(struct bytes text, struct bank_out *out);

// The rows of `text` read as `format`; `parse` NULL: a table. NULL: the reader refused it, in line
// `bad_row`.
static inline struct sheet *frames_read(struct bytes text, const char *format, bank_parser *parse,
                                        uint32_t *bad_row)
{
    struct frames frames = {0};
    const char head[READER_HEAD_BYTES] = READER_MAGIC "\x01,";
    frames_put(&frames, head, sizeof head);
    struct bank_out out = {.row = frames_row, .context = &frames};
    const char *const cells[] = {"format", format};
    bank_put(&out, cells, COUNT_OF(cells));
    const enum status status = parse != NULL
                                   ? parse(text, &out)
                                   : reader_parse(text, reader_delimiter(text), READER_LENIENT,
                                                  frames_row, &frames, &out.number);
    frames_put(&frames, &(uint8_t){READER_END}, 1);
    frames_u32(&frames, (uint32_t)status);
    frames_u32(&frames, out.number);
    struct sheet *sheet = NULL;
    *bad_row = 0;
    // The sheet takes the frames over, also when it refuses them.
    return sheet_of_output(frames.data, frames.size, &sheet, bad_row) == STATUS_OK ? sheet : NULL;
}
