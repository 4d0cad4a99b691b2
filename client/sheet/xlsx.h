// SPDX-License-Identifier: Apache-2.0
#pragma once

// The XLSX format: rows go in, one behind the other, a file comes out; memory does not grow with
// them. The only file that knows libxlsxwriter, which is loaded when it is needed and only into the
// fenced child. A text is a string whatever it begins with. A number is written as one only if a
// reader gets all of its digits back, which the format promises up to 15 of them; else as text.

#include "client/sheet/frames.h"
#include "shared/status.h"

struct xlsx;

// Loads the library. NOT_FOUND when it is not installed.
MUST_CHECK enum status xlsx_load(struct xlsx **out);
// Makes the book. Its scratch files lie in the current directory, its name in the end is `path`.
MUST_CHECK enum status xlsx_begin(struct xlsx *xlsx, const char *path, uint32_t decimals);
// Closes the sheet before, if any.
MUST_CHECK enum status xlsx_sheet(struct xlsx *xlsx, const char *name);
// A head is bold and stays in sight. TOO_LARGE beyond the last row or column of the format.
MUST_CHECK enum status xlsx_row(struct xlsx *xlsx, bool is_head, const struct sheet_cell *cells,
                                size_t count);
// Writes the file.
MUST_CHECK enum status xlsx_end(struct xlsx *xlsx);
// Numbers that stand as text.
uint32_t xlsx_number_texts(const struct xlsx *xlsx);
void xlsx_free_at(struct xlsx **xlsx);
