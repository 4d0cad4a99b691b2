// SPDX-License-Identifier: Apache-2.0
#pragma once

// The reader of foreign files: bytes in, rows out. It runs in a fenced child of its own (`kontor
// __read csv`, `kontor __read bank`): the file is its standard input, the rows go to its standard
// output, and nothing else is left to it. Understands CSV with comma, semicolon or tab, gzip around
// it, UTF-8 with or without a byte order mark, and GB18030. A file that ends inside a quoted field
// is refused with its row.

#include "shared/bytes.h"
#include "shared/limits.h"
#include "shared/status.h"

enum reader_encoding { READER_UTF8 = 1, READER_UTF8_BOM = 2, READER_GB18030 = 3 };

// What the child writes: READER_HEAD bytes (magic, encoding, delimiter, gzip or not), then frames.
// A frame of a row: READER_ROW, u32 number, u32 cells, and for each a u32 size, its bytes and a
// zero. The last frame: READER_END, u32 status, u32 number of the row where it happened. Integers
// are big-endian.
#define READER_MAGIC      "KREAD1"
#define READER_HEAD_BYTES 9
#define READER_ROW        'R'
#define READER_END        'E'

struct reader_cells {
    const struct bytes *cell;
    size_t count;
};

// Called for each record, counted from 1; false stops the reading.
typedef bool reader_row(void *context, uint32_t number, const struct reader_cells *cells);

// How a table is read: a strict one must quote as it should; a lenient one may hold quotes within
// its cells, as exports of banks do.
enum reader_care { READER_STRICT, READER_LENIENT };

// Parses UTF-8 text. READER_FAILED with `bad_row` when a quoted field does not end, a cell holds a
// zero byte, or a maximum is passed; CANCELLED when `row` said stop.
MUST_CHECK enum status reader_parse(struct bytes text, char delimiter, enum reader_care care,
                                    reader_row *row, void *context, uint32_t *bad_row);

// ',', ';' or tab: whichever stands in most of the first lines, outside of quotes.
char reader_delimiter(struct bytes text);

// Life of the child: returns its exit code.
int reader_main(int count, char *const *words);
