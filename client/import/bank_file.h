// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file of a bank as statements with typed lines: what the fenced child took out of it, read
// strictly. A value that cannot be read is a problem with its row, never a guess; a statement that
// does not add up says so.

#include "client/import/rows.h"
#include "client/import/sheet.h"

#include "proto/bank.pb-c.h"

struct bank_file_line {
    uint32_t row; // of the file
    int32_t value_day, booked_day;
    int64_t amount_minor; // what came in; negative: what went out
    char *type, *reference, *payer_name, *payer_account, *text;
    uint32_t occurrence; // among equal lines of the day, from 1
};

enum bank_sum { BANK_SUM_UNKNOWN, BANK_SUM_HOLDS, BANK_SUM_DIFFERS };

struct bank_file_statement {
    const char *account, *currency, *number;
    uint32_t decimals;
    bool has_opening, has_closing;
    int64_t opening_minor, closing_minor;
    int32_t from_day, to_day; // 0: the statement has no day at all
    struct bank_file_line *line;
    size_t count;
    size_t credit_count, debit_count;
    int64_t credit_minor, debit_minor;
    size_t neither_count; // neither in nor out, by the file's own word: left out
    int64_t neither_minor;
    enum bank_sum sum;
    int64_t difference_minor;
    const char *doubt; // untranslated sentence: why a balance is not taken; NULL: nothing
};

struct bank_file {
    BankFormat format;
    const char *profile; // of a table
    struct bank_file_statement *statement;
    size_t count;
    struct row_problem *problem; // at most IMPORT_PROBLEMS_MAX
    size_t problem_count;
    const char *skipped; // a last row that is no record: its first cell
};

// `map` is "FIELD=COLUMN,…" for a table that no profile knows; NULL: by its header. `currency` of a
// table that names none. READER_FAILED when the file is none of a bank; FIELD_MISSING (`bad`: the
// field) for a table without a column that is needed; what cannot be read is a problem in `out`.
MUST_CHECK enum status bank_file_make(struct arena *arena, const struct sheet *sheet,
                                      const char *map, const char *currency, struct bank_file *out,
                                      const char **bad);

// ---- for the reader of tables (bank_table.c) ----

struct bank_maker {
    struct arena *arena;
    const struct sheet *sheet;
    const char *currency;
    struct bank_file *file;
    size_t line_room;
    bool failed; // the arena is exhausted
};

struct bank_file_statement *bank_make_statement(struct bank_maker *maker, const char *account,
                                                const char *currency, const char *number);
// A new line of the last statement; texts are cut to what the server takes.
struct bank_file_line *bank_make_line(struct bank_maker *maker, size_t row,
                                      const char *const *text);
void bank_problem(struct bank_maker *maker, size_t row, enum status code, const char *field,
                  const char *value);
MUST_CHECK enum status bank_table_make(struct bank_maker *maker, size_t first, const char *map,
                                       const char **bad);
