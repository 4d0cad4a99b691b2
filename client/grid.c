// SPDX-License-Identifier: Apache-2.0
#include "client/grid.h"

#include "shared/text.h"

#define GAP 2

void grid_init(struct grid *grid, struct arena *arena)
{
    *grid = (struct grid){.arena = arena};
}

void grid_column(struct grid *grid, const char *header, bool right)
{
    assert(grid->column_count < GRID_COLUMNS_MAX && grid->row_count == 0);
    grid->header[grid->column_count] = header;
    grid->right[grid->column_count] = right;
    grid->column_count++;
}

const char **grid_row(struct grid *grid)
{
    assert(grid->column_count > 0);
    if (grid->row_count == grid->row_room) {
        size_t room = grid->row_room == 0 ? 64 : grid->row_room * 2;
        const char **cells = arena_alloc(grid->arena, room * grid->column_count * sizeof(*cells));
        if (cells == NULL) {
            return NULL;
        }
        if (grid->row_count > 0) {
            memcpy(cells, grid->cells, grid->row_count * grid->column_count * sizeof(*cells));
        }
        grid->cells = cells;
        grid->row_room = room;
    }
    const char **row = grid->cells + grid->row_count * grid->column_count;
    for (size_t c = 0; c < grid->column_count; c++) {
        row[c] = "";
    }
    grid->row_count++;
    return row;
}

static const char *cell_of(const struct grid *grid, size_t row, size_t column)
{
    return grid->cells[row * grid->column_count + column];
}

static size_t cells_of(const char *text)
{
    return text == NULL ? 0 : text_cells(text);
}

static void spaces(size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) {
        (void)fputc(' ', out);
    }
}

static void line_print(const struct grid *grid, const size_t *widths, const char *const *texts,
                       FILE *out)
{
    size_t owed = 0;
    for (size_t c = 0; c < grid->column_count; c++) {
        const char *text = texts[c] == NULL ? "" : texts[c];
        size_t size = text_cells(text);
        size_t pad = widths[c] > size ? widths[c] - size : 0;
        owed += c == 0 ? 0 : GAP;
        owed += grid->right[c] ? pad : 0;
        if (text[0] != '\0') {
            spaces(owed, out);
            (void)fputs(text, out);
            owed = 0;
        }
        owed += grid->right[c] ? 0 : pad;
    }
    (void)fputc('\n', out);
}

static void rule_print(size_t cells, FILE *out)
{
    for (size_t i = 0; i < cells; i++) {
        (void)fputs("─", out);
    }
    (void)fputc('\n', out);
}

static void records_print(const struct grid *grid, size_t width, FILE *out)
{
    size_t label = 0;
    for (size_t c = 0; c < grid->column_count; c++) {
        label = cells_of(grid->header[c]) > label ? cells_of(grid->header[c]) : label;
    }
    for (size_t r = 0; r < grid->row_count; r++) {
        char head[64];
        (void)snprintf(head, sizeof(head), "─ %zu/%zu ", r + 1, grid->row_count);
        (void)fputs(head, out);
        rule_print(width > text_cells(head) ? width - text_cells(head) : 0, out);
        for (size_t c = 0; c < grid->column_count; c++) {
            const char *text = cell_of(grid, r, c);
            if (text[0] != '\0') {
                (void)fputs(grid->header[c], out);
                spaces(label - text_cells(grid->header[c]) + GAP, out);
                (void)fprintf(out, "%s\n", text);
            }
        }
    }
}

// What would end a cell or be taken for markup is escaped.
static void markdown_cell(const char *text, FILE *out)
{
    (void)fputs("| ", out);
    for (const char *c = text == NULL ? "" : text + strspn(text, " "); *c != '\0'; c++) {
        (void)fputs(strchr("|\\`*_<[", *c) != NULL ? "\\" : "", out);
        (void)fputc(*c == '\n' || *c == '\r' ? ' ' : *c, out);
    }
    (void)fputc(' ', out);
}

static void markdown_line(const struct grid *grid, const char *const *texts, FILE *out)
{
    for (size_t c = 0; c < grid->column_count; c++) {
        markdown_cell(texts[c], out);
    }
    (void)fputs("|\n", out);
}

static void markdown_print(const struct grid *grid, FILE *out)
{
    (void)fputc('\n', out); // a table begins a paragraph of its own
    markdown_line(grid, grid->header, out);
    for (size_t c = 0; c < grid->column_count; c++) {
        (void)fputs(grid->right[c] ? "| ---: " : "| --- ", out);
    }
    (void)fputs("|\n", out);
    for (size_t r = 0; r < grid->row_count; r++) {
        markdown_line(grid, grid->cells + r * grid->column_count, out);
    }
    if (grid->has_footer) {
        markdown_line(grid, grid->footer, out);
    }
    (void)fputc('\n', out);
}

void grid_print(const struct grid *grid, size_t width, bool colour, FILE *out)
{
    if (width == GRID_MARKDOWN) {
        markdown_print(grid, out);
        return;
    }
    size_t widths[GRID_COLUMNS_MAX] = {0};
    size_t total = 0;
    for (size_t c = 0; c < grid->column_count; c++) {
        widths[c] = text_cells(grid->header[c]);
        for (size_t r = 0; r < grid->row_count; r++) {
            size_t size = text_cells(cell_of(grid, r, c));
            widths[c] = size > widths[c] ? size : widths[c];
        }
        size_t foot = grid->has_footer ? cells_of(grid->footer[c]) : 0;
        widths[c] = foot > widths[c] ? foot : widths[c];
        total += widths[c] + (c == 0 ? 0 : GAP);
    }
    if (width > 0 && total > width) {
        records_print(grid, width, out);
        return;
    }
    (void)fputs(colour ? "\033[1m" : "", out);
    line_print(grid, widths, grid->header, out);
    (void)fputs(colour ? "\033[0m" : "", out);
    rule_print(total, out);
    for (size_t r = 0; r < grid->row_count; r++) {
        line_print(grid, widths, grid->cells + r * grid->column_count, out);
    }
    if (grid->has_footer) {
        rule_print(total, out);
        line_print(grid, widths, grid->footer, out);
    }
}
