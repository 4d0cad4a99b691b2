// SPDX-License-Identifier: Apache-2.0
#pragma once

// Bank statements as the fenced child reads them: the text of a file becomes rows of cells of one
// shape, whatever its format. The first cell of a row says what it is:
//
//   format     the word of the format
//   statement  account, currency, number, opening side, opening day, opening amount
//   line       value day, booked day, side, amount, type, reference, payer, payer's account, text
//   closing    side, day, amount, currency
//
// Sides are "C" (in our favour) and "D"; days are ISO 8601; amounts have a point. What a cell holds
// is taken from the file as it is and believed by nobody: the parent reads it strictly.

#include "client/import/reader.h"

// Cells behind the word of each row.
enum { BANK_STATEMENT_CELLS = 7, BANK_LINE_CELLS = 10, BANK_CLOSING_CELLS = 5 };

#define BANK_CELL_MAX 1024 // bytes of one cell; what is longer is cut

// Where rows go; `number` is the line of the text that is being read.
struct bank_out {
    reader_row *row;
    void *context;
    uint32_t number;
    bool stopped;
};

void bank_put(struct bank_out *out, const char *const *cells, size_t count);

// A text that is gathered piece by piece, with one blank where white space was; cut at
// BANK_CELL_MAX, never inside a character.
struct bank_cell {
    char text[BANK_CELL_MAX];
    size_t size;
};

void bank_cell_add(struct bank_cell *cell, const char *text, size_t size);
void bank_cell_set(struct bank_cell *cell, const char *text);

// "mt940", "camt053", "ofx"; NULL: something else, a table perhaps.
const char *bank_sniff(struct bytes text);

// READER_FAILED with the line in `out->number` when the text is not what it should be.
MUST_CHECK enum status mt940_parse(struct bytes text, struct bank_out *out);
MUST_CHECK enum status camt_parse(struct bytes text, struct bank_out *out);
MUST_CHECK enum status ofx_parse(struct bytes text, struct bank_out *out);
