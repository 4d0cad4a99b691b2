// SPDX-License-Identifier: Apache-2.0
#include "client/import/bank_file.h"
#include "tests/fuzz/frames.h"
#include "tests/fuzz/fuzz.h"

// A file that says it comes from a bank: the reader of its format, and what the client makes of the
// rows. The first byte says which reader. What comes of it must add up as it says, each amount and
// day within what the server takes.

#define ARENA_BYTES (64u * 1024 * 1024)

static const struct {
    const char *format;
    bank_parser *parse;
} FORMATS[] = {{"mt940", mt940_parse}, {"camt053", camt_parse}, {"ofx", ofx_parse}, {"csv", NULL}};

static void check(const struct bank_file_statement *statement)
{
    int64_t total = statement->has_opening ? statement->opening_minor : 0;
    size_t in = 0;
    for (size_t i = 0; i < statement->count; i++) {
        const struct bank_file_line *line = &statement->line[i];
        assert(line->amount_minor <= AMOUNT_MAX && line->amount_minor >= -AMOUNT_MAX);
        assert(line->occurrence >= 1 && line->occurrence <= statement->count);
        assert(line->value_day >= statement->from_day && line->value_day <= statement->to_day);
        assert(strlen(line->text) <= TEXT_BYTES_MAX);
        total += line->amount_minor;
        in += line->amount_minor > 0 ? 1 : 0;
    }
    assert(in == statement->credit_count);
    if (statement->sum == BANK_SUM_HOLDS) {
        assert(total == statement->closing_minor);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const size_t which = input_byte(&input) % COUNT_OF(FORMATS);
    uint32_t bad_row = 0;
    const char *bad = "";
    CLEANUP(sheet_free_at)
    struct sheet *sheet = frames_read(input, FORMATS[which].format, FORMATS[which].parse, &bad_row);
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    struct bank_file file;
    assert(arena != NULL);
    if (sheet == NULL || bank_file_make(arena, sheet, NULL, "CNY", &file, &bad) != STATUS_OK) {
        return 0;
    }
    for (size_t i = 0; i < file.count && file.problem_count == 0; i++) {
        check(&file.statement[i]);
    }
    return 0;
}
