// SPDX-License-Identifier: Apache-2.0
#pragma once

// A workbook that is being written: rows go to a fenced child, and when all of them have arrived
// the file gets its name. Until then there is only a private directory beside it, "FILE.??????",
// which goes away whatever happens. The file is readable by its user alone.

#include "client/sheet/frames.h"
#include "shared/status.h"

struct workbook;

// `program` understands `__write`. The file is made beside `path`; FILE_ERROR when it cannot.
MUST_CHECK enum status workbook_open(const char *program, const char *path, uint32_t decimals,
                                     struct workbook **out);
// FILE_ERROR when the child is gone; workbook_end says why.
MUST_CHECK enum status workbook_sheet(struct workbook *workbook, const char *name);
MUST_CHECK enum status workbook_row(struct workbook *workbook, bool is_head,
                                    const struct sheet_cell *cells, size_t count);
// Waits for the file and names it `path`. A file of that name is replaced with `replace`, else it
// stays: NEEDS_CONFIRMATION. `number_texts`: numbers that stand as text.
MUST_CHECK enum status workbook_end(struct workbook *workbook, bool replace,
                                    uint32_t *number_texts);
// Ends the child after a failure: was it that the library which writes such files is missing?
bool workbook_lacks_library(struct workbook *workbook);
// Ends the child and leaves nothing, unless the workbook was ended well. For CLEANUP.
void workbook_close_at(struct workbook **workbook);
