// SPDX-License-Identifier: Apache-2.0
#include "tests/matrix/sheet.h"

static void demand(bool done, const char *path, int line, const char *what)
{
    if (!done) {
        (void)fprintf(stderr, "%s:%d: %s\n", path, line, what);
        abort();
    }
}

static char *read_all(const char *path)
{
    FILE *file = fopen(path, "r");
    demand(file != NULL, path, 0, "cannot be read");
    size_t size = 0;
    char *text = NULL;
    const ssize_t length = getdelim(&text, &size, '\0', file);
    demand(length > 0, path, 0, "is empty");
    (void)fclose(file);
    return text;
}

static size_t split(char *line, struct sheet_row *row, const char *path)
{
    size_t count = 0;
    for (size_t i = 0; i < SHEET_COLUMNS_MAX; i++) {
        row->cell[i] = "-";
    }
    char *rest = line;
    for (char *cell = strsep(&rest, "\t"); cell != NULL; cell = strsep(&rest, "\t")) {
        if (*cell == '\0') {
            continue;
        }
        demand(count < SHEET_COLUMNS_MAX, path, row->line, "too many cells");
        row->cell[count] = cell;
        count++;
    }
    return count;
}

void sheet_read(struct sheet *sheet, const char *path)
{
    *sheet = (struct sheet){.file = path, .text = read_all(path)};
    char *rest = sheet->text;
    int number = 0;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        number++;
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (sheet->column_count == 0) {
            sheet->head.line = number;
            sheet->column_count = split(line, &sheet->head, path);
            continue;
        }
        demand(sheet->count < SHEET_ROWS_MAX, path, number, "too many rows");
        struct sheet_row *row = &sheet->row[sheet->count];
        row->line = number;
        const size_t count = split(line, row, path);
        demand(count <= sheet->column_count, path, number, "more cells than columns");
        sheet->count++;
    }
    demand(sheet->count > 0, path, number, "has no rows");
}

void sheet_free(struct sheet *sheet)
{
    free(sheet->text);
    sheet->text = NULL;
}

size_t sheet_column(const struct sheet *sheet, const char *name)
{
    for (size_t i = 0; i < sheet->column_count; i++) {
        if (strcmp(sheet->head.cell[i], name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

const char *sheet_cell(const struct sheet *sheet, size_t row, const char *name)
{
    const size_t column = sheet_column(sheet, name);
    demand(column != SIZE_MAX, sheet->file, sheet->head.line, name);
    assert(row < sheet->count);
    return sheet->row[row].cell[column];
}
