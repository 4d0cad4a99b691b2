// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the client tells the writer of a workbook. The writer runs in a fenced child of its own
// (`kontor __write xlsx DIRECTORY`), in a directory of its own: frames are its standard input, the
// file WORKBOOK_NAME appears in that directory, one report goes to its standard output. Integers
// are big-endian.
//
// FRAMES_MAGIC, u8 decimals of amounts, then frames:
//   FRAME_SHEET  u32 size, name          a new sheet
//   FRAME_HEAD   u32 cells, each: cell   the head of the sheet
//   FRAME_ROW    u32 cells, each: cell   a row
//   FRAME_END    u32 frames before it    nothing comes behind it
// A cell: u8 kind, u32 size, text. The report: u8 enum writer_end, u32 numbers that stand as text.

#include "shared/limits.h"

#define FRAMES_MAGIC       "KSHEET1"
#define FRAME_SHEET        'S'
#define FRAME_HEAD         'H'
#define FRAME_ROW          'R'
#define FRAME_END          'E'
#define WORKBOOK_NAME      "workbook"
#define WRITER_REPORT_SIZE 5

// Values travel as text: nothing is rounded on the way.
enum cell_kind {
    CELL_TEXT = 't',
    CELL_AMOUNT = 'a',  // "-1234.50"
    CELL_NUMBER = 'n',  // "12", "0.5"
    CELL_PERCENT = 'p', // "0.13" for 13 %
    CELL_DAY = 'd',     // days since 1970-01-01
    CELL_MOMENT = 'm',  // seconds since then, on the book's clock
};

enum writer_end {
    WRITER_DONE = 1,
    WRITER_NO_LIBRARY, // libxlsxwriter is not there
    WRITER_CUT_OFF,    // no FRAME_END: the client ended or gave up
    WRITER_BAD_FRAME,
    WRITER_FILE_ERROR, // the disk is full, or a maximum is reached
};

struct sheet_cell {
    enum cell_kind kind;
    const char *text; // NULL or "": empty
};
