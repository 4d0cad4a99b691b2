// SPDX-License-Identifier: Apache-2.0
#pragma once

// A foreign file as rows of text, as the fenced reader saw it. The client starts the reader,
// believes nothing it says and checks every frame.

#include "client/import/reader.h"
#include "shared/keys.h"

struct sheet;

struct sheet_row {
    uint32_t number; // record of the file, counted from 1
    uint32_t cell_count;
    size_t first; // of its cells
};

// Runs `program` __read `format` ("csv", "bank") on the open file. READER_FAILED with `bad_row` (0:
// the file as a whole), TOO_LARGE, FILE_ERROR.
MUST_CHECK enum status sheet_read(const char *program, const char *format, int file,
                                  struct sheet **out, uint32_t *bad_row);
// The same from what a reader wrote; takes `output` (malloc) over.
MUST_CHECK enum status sheet_of_output(uint8_t *output, size_t size, struct sheet **out,
                                       uint32_t *bad_row);
void sheet_free_at(struct sheet **sheet);

size_t sheet_row_count(const struct sheet *sheet);
const struct sheet_row *sheet_row(const struct sheet *sheet, size_t index);
// Text in one line, without white space around it; "" when the row has no such cell. Lives as long
// as the sheet.
const char *sheet_cell(const struct sheet *sheet, size_t row, size_t column);

enum reader_encoding sheet_encoding(const struct sheet *sheet);
bool sheet_was_zipped(const struct sheet *sheet);

// Hashes the whole file, chunk by chunk.
MUST_CHECK enum status sheet_hash(int file, uint8_t hash[static KEY_BYTES]);
