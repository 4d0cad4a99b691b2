// SPDX-License-Identifier: Apache-2.0
#include "client/tui/matrix.h"

#define HEAD_MIN 16
#define STEP     10
#define MARK     "▸"

static size_t within(size_t value, size_t count)
{
    return value < count ? value : count > 0 ? count - 1 : 0;
}

void matrix_size(struct matrix *matrix, size_t row_count, size_t column_count)
{
    matrix->row_count = row_count;
    matrix->column_count = column_count;
    matrix->row = within(matrix->row, row_count);
    matrix->column = within(matrix->column, column_count);
}

static size_t moved(size_t at, size_t count, size_t steps, bool forward)
{
    if (count == 0) {
        return 0;
    }
    if (forward) {
        return steps < count - 1 - at ? at + steps : count - 1;
    }
    return steps < at ? at - steps : 0;
}

bool matrix_press(struct matrix *matrix, const struct press *press)
{
    static const struct {
        const char *name;
        size_t steps; // 0: as many as are shown
        bool across;
        bool forward;
    } MOVES[] = {
        {"↑", 1, false, false},
        {"k", 1, false, false},
        {"↓", 1, false, true},
        {"j", 1, false, true},
        {"←", 1, true, false},
        {"h", 1, true, false},
        {"→", 1, true, true},
        {"l", 1, true, true},
        {"K", STEP, false, false},
        {"J", STEP, false, true},
        {"PgUp", 0, false, false},
        {"PgDn", 0, false, true},
        {"Home", SIZE_MAX, true, false},
        {"End", SIZE_MAX, true, true},
        {"G", SIZE_MAX, false, true},
    };

    const bool second_g = matrix->g_was_pressed;
    matrix->g_was_pressed = false;
    if (press_is(press, "g")) {
        matrix->g_was_pressed = !second_g;
        matrix->row = second_g ? 0 : matrix->row;
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(MOVES); i++) {
        if (!press_is(press, MOVES[i].name)) {
            continue;
        }
        const size_t page = matrix->shown > 1 ? matrix->shown - 1 : 1;
        const size_t steps = MOVES[i].steps == 0 ? page : MOVES[i].steps;
        if (MOVES[i].across) {
            matrix->column = moved(matrix->column, matrix->column_count, steps, MOVES[i].forward);
        } else {
            matrix->row = moved(matrix->row, matrix->row_count, steps, MOVES[i].forward);
        }
        return true;
    }
    return false;
}

static size_t column_cells(const struct matrix_source *source, size_t column)
{
    const size_t head = cells_of(source->column(source->context, column));
    return 1 + (head > source->cell_columns ? head : source->cell_columns);
}

static size_t head_cells(const struct matrix *matrix, const struct matrix_source *source,
                         size_t room)
{
    size_t head = cells_of(source->corner);
    size_t columns = 0;
    for (size_t r = 0; r < matrix->row_count; r++) {
        const size_t cells = cells_of(source->row(source->context, r));
        head = cells > head ? cells : head;
    }
    for (size_t c = 0; c < matrix->column_count; c++) {
        columns += column_cells(source, c);
    }
    // The heads of rows give way before a column does, as long as they can be told apart; where
    // that is not enough, columns scroll and the heads are whole.
    const size_t left = columns < room ? room - columns : 0;
    const size_t whole = head < room / 2 ? head : room / 2;
    return left < HEAD_MIN && left < head ? whole : left < head ? left : head;
}

// How many columns from `left` on find room.
static size_t columns_shown(const struct matrix *matrix, const struct matrix_source *source,
                            size_t room)
{
    size_t used = 0;
    size_t count = 0;
    while (matrix->left + count < matrix->column_count) {
        used += column_cells(source, matrix->left + count);
        if (used > room) {
            break;
        }
        count++;
    }
    return count > 0 ? count : 1;
}

static void scroll(struct matrix *matrix, const struct matrix_source *source, size_t rows,
                   size_t room)
{
    matrix->shown = rows;
    matrix->top = matrix->row < matrix->top ? matrix->row : matrix->top;
    if (rows > 0 && matrix->row >= matrix->top + rows) {
        matrix->top = matrix->row - rows + 1;
    }
    if (matrix->row_count <= rows) {
        matrix->top = 0;
    } else if (matrix->top > matrix->row_count - rows) {
        matrix->top = matrix->row_count - rows;
    }
    matrix->left = matrix->column < matrix->left ? matrix->column : matrix->left;
    while (matrix->column >= matrix->left + columns_shown(matrix, source, room)) {
        matrix->left++;
    }
    while (matrix->left > 0) {
        matrix->left--;
        const size_t shown = columns_shown(matrix, source, room);
        if (matrix->left + shown < matrix->column_count || matrix->column >= matrix->left + shown) {
            matrix->left++;
            break;
        }
    }
}

static void heads_draw(const struct matrix *matrix, const struct matrix_source *source,
                       struct canvas *canvas, struct area area, size_t head, size_t shown)
{
    (void)canvas_put(canvas, area.row, area.column + 1, head, STYLE_STRONG, source->corner);
    size_t column = area.column + 1 + head;
    if (matrix->left > 0) {
        (void)canvas_put(canvas, area.row, column, 1, STYLE_STRONG, "‹");
    }
    for (size_t i = 0; i < shown; i++) {
        const size_t c = matrix->left + i;
        const size_t cells = column_cells(source, c);
        (void)canvas_put(canvas, area.row, column + 1, cells - 1,
                         c == matrix->column ? STYLE_CHOSEN : STYLE_STRONG,
                         source->column(source->context, c));
        column += cells;
    }
    if (matrix->left + shown < matrix->column_count) {
        (void)canvas_put(canvas, area.row, area.column + area.columns - 1, 1, STYLE_STRONG, "›");
    }
}

static void row_draw(const struct matrix *matrix, const struct matrix_source *source,
                     struct canvas *canvas, struct area area, size_t row, size_t head, size_t shown)
{
    const bool is_chosen = row == matrix->row;
    if (is_chosen) {
        (void)canvas_put(canvas, area.row, area.column, 1, STYLE_STRONG, MARK);
    }
    (void)canvas_put(canvas, area.row, area.column + 1, head,
                     is_chosen ? STYLE_STRONG : STYLE_PLAIN, source->row(source->context, row));
    size_t column = area.column + 1 + head;
    for (size_t i = 0; i < shown; i++) {
        const size_t c = matrix->left + i;
        const size_t cells = column_cells(source, c);
        enum style style = STYLE_PLAIN;
        const char *text = source->cell(source->context, row, c, &style);
        const size_t room = cells - 1 < area.column + area.columns - column - 1
                                ? cells - 1
                                : area.column + area.columns - column - 1;
        (void)canvas_put(canvas, area.row, column + 1, room, style, text);
        const bool is_cell = is_chosen && c == matrix->column;
        if (is_cell) {
            canvas_restyle(canvas, (struct area){area.row, column, 1, room + 1},
                           style == STYLE_DRAFT ? STYLE_DRAFT : STYLE_CHOSEN);
            const size_t used = cells_of(text) < room ? cells_of(text) : room;
            (void)canvas_put(canvas, area.row, column + 1 + used, 1, STYLE_STRONG, "]");
            canvas_cursor(canvas, area.row, column + 1);
        }
        // Signs beside looks: what is chosen or a draft is also seen where nothing shines.
        if (is_cell || style == STYLE_DRAFT) {
            (void)canvas_put(canvas, area.row, column, 1, STYLE_STRONG,
                             style == STYLE_DRAFT ? "→" : "[");
        }
        column += cells;
    }
}

void matrix_draw(struct matrix *matrix, const struct matrix_source *source, struct canvas *canvas,
                 struct area area)
{
    if (area.rows < 2 || area.columns < 2 * HEAD_MIN || matrix->column_count == 0) {
        return;
    }
    const size_t head = head_cells(matrix, source, area.columns - 2);
    const size_t room = area.columns - 2 - head;
    scroll(matrix, source, area.rows - 1, room);
    const size_t shown = columns_shown(matrix, source, room);
    heads_draw(matrix, source, canvas, area, head, shown);
    for (size_t i = 0; i + 1 < area.rows && matrix->top + i < matrix->row_count; i++) {
        const struct area line = {area.row + 1 + i, area.column, 1, area.columns};
        row_draw(matrix, source, canvas, line, matrix->top + i, head, shown);
    }
}
