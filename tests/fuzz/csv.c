// SPDX-License-Identifier: Apache-2.0
#include "client/import/rows.h"
#include "shared/scan.h"
#include "shared/wire.h"
#include "tests/fuzz/fuzz.h"

// A file from anywhere: reader, header, dates, rows. First byte: which kind of import. And, when
// its top bit is set, bytes that a broken reader wrote, which must be refused or understood, never
// believed. Every group of rows that comes of it must pass the server's scanner.

#define ARENA_BYTES (64u * 1024 * 1024)

struct output {
    uint8_t *data;
    size_t size;
    size_t room;
};

static void output_put(struct output *output, const void *data, size_t size)
{
    if (output->size + size > output->room) {
        output->room = 2 * (output->room + size);
        output->data = realloc(output->data, output->room);
        assert(output->data != NULL);
    }
    if (size > 0) {
        memcpy(output->data + output->size, data, size);
    }
    output->size += size;
}

static void output_u32(struct output *output, uint32_t value)
{
    uint8_t bytes[4];
    put_u32(bytes, value);
    output_put(output, bytes, sizeof(bytes));
}

static bool output_row(void *context, uint32_t number, const struct reader_cells *cells)
{
    struct output *output = context;
    output_put(output, &(uint8_t){READER_ROW}, 1);
    output_u32(output, number);
    output_u32(output, (uint32_t)cells->count);
    for (size_t i = 0; i < cells->count; i++) {
        output_u32(output, (uint32_t)cells->cell[i].size);
        output_put(output, cells->cell[i].data, cells->cell[i].size);
        output_put(output, &(uint8_t){0}, 1);
    }
    return true;
}

static void group_check(const struct rows *rows, size_t first, size_t count)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make((size_t)4 * MESSAGE_IMPORT_MAX);
    assert(arena != NULL);
    ImportRows group;
    import_rows__init(&group);
    group.first = (uint32_t)first;
    group.row = rows->row + first;
    group.n_row = count;
    Request request;
    request__init(&request);
    request.command_case = REQUEST__COMMAND_IMPORT_ROWS;
    request.import_rows = &group;
    struct bytes packed;
    enum status status = wire_pack(arena, &request.base, &packed);
    assert(status == STATUS_OK && packed.size <= MESSAGE_IMPORT_MAX);
    status = scan_message(&request__descriptor, packed, &SCAN_IMPORT, NULL);
    assert(status == STATUS_OK);
}

static void rows_try(const struct sheet *sheet, ImportKind kind)
{
    CLEANUP(arena_free_at) struct arena *arena = arena_make(ARENA_BYTES);
    assert(arena != NULL);
    struct columns columns;
    const char *bad = "";
    if (columns_find(arena, sheet, kind, NULL, &columns, &bad) != STATUS_OK ||
        columns_dates(arena, sheet, NULL, &columns, &bad) != STATUS_OK) {
        return;
    }
    const struct rows_context context = {.arena = arena, .currency = "CNY", .decimals = 2};
    struct rows rows;
    if (rows_make(&context, sheet, &columns, &rows) != STATUS_OK) {
        return;
    }
    for (size_t first = 0; first < rows.count;) {
        size_t count = rows_group(&rows, first);
        assert(count > 0 && count <= IMPORT_ROWS_MAX);
        group_check(&rows, first, count);
        first += count;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    const uint8_t choice = input_byte(&input);
    struct output output = {0};
    if (choice >= 128) {
        output_put(&output, input.data, input.size);
        output_put(&output, "", 1);
    } else {
        output_put(&output, READER_MAGIC "\x01,\0", READER_HEAD_BYTES);
        uint32_t bad_row = 0;
        const enum status status = reader_parse(input, reader_delimiter(input), READER_STRICT,
                                                output_row, &output, &bad_row);
        output_put(&output, &(uint8_t){READER_END}, 1);
        output_u32(&output, (uint32_t)status);
        output_u32(&output, bad_row);
    }
    CLEANUP(sheet_free_at) struct sheet *sheet = NULL;
    uint32_t bad_row = 0;
    if (sheet_of_output(output.data, output.size, &sheet, &bad_row) == STATUS_OK) {
        rows_try(sheet, (ImportKind)(1 + choice % 4));
    }
    return 0;
}
