// SPDX-License-Identifier: Apache-2.0
#include "client/tui/dialog.h"

#include "shared/words.h"

#define SIDE 3 // blank cells left and right of the text

static const char *keep(struct dialog *dialog, const char *text)
{
    const char *copy = arena_copy(dialog->arena, text, strlen(text));
    return copy == NULL ? "" : copy;
}

void dialog_open(struct dialog *dialog, const char *title, const char *text, dialog_function *done,
                 void *context, int purpose)
{
    struct arena *arena = dialog->arena;
    assert(arena != NULL && !dialog->is_open);
    arena_reset(arena);
    *dialog = (struct dialog){
        .is_open = true,
        .arena = arena,
        .refusal = "",
        .done = done,
        .context = context,
        .purpose = purpose,
    };
    dialog->title = keep(dialog, title);
    dialog->text = keep(dialog, text);
}

struct dialog_field *dialog_add(struct dialog *dialog, const char *label, bool needed)
{
    assert(dialog->is_open && dialog->field_count < DIALOG_FIELDS_MAX);
    struct dialog_field *field = &dialog->field[dialog->field_count++];
    field->label = keep(dialog, label);
    field->needed = needed;
    return field;
}

void dialog_close(struct dialog *dialog)
{
    struct arena *arena = dialog->arena;
    explicit_bzero(dialog, sizeof *dialog);
    dialog->arena = arena;
    dialog->refusal = "";
    arena_reset(arena);
}

static bool field_is_right(const struct dialog_field *field)
{
    const char *text = field->input.text;
    if (field->expected == NULL) {
        return !field->needed || field->input.size > 0;
    }
    return strcmp(text, field->expected) == 0 ||
           (field->or_else != NULL && strcmp(text, field->or_else) == 0);
}

bool dialog_is_whole(struct dialog *dialog)
{
    for (size_t i = 0; i < dialog->field_count; i++) {
        const struct dialog_field *field = &dialog->field[i];
        if (!field_is_right(field)) {
            dialog->focus = i;
            dialog->refusal = field->expected == NULL
                                  ? _("this is needed")
                                  : _("not confirmed: type the word as it stands there");
            return false;
        }
    }
    dialog->refusal = "";
    return true;
}

static enum dialog_end read_press(struct dialog *dialog, const struct press *press)
{
    const size_t last =
        dialog->lines > dialog->lines_shown ? dialog->lines - dialog->lines_shown : 0;
    const size_t page = dialog->lines_shown > 1 ? dialog->lines_shown - 1 : 1;
    if (press_is(press, "Enter") || press_is(press, "q")) {
        return DIALOG_DROPPED;
    }
    if (press_is(press, "↓") || press_is(press, "j")) {
        dialog->top += dialog->top < last ? 1 : 0;
    } else if (press_is(press, "↑") || press_is(press, "k")) {
        dialog->top -= dialog->top > 0 ? 1 : 0;
    } else if (press_is(press, "PgDn") || press_is(press, "Space")) {
        dialog->top = dialog->top + page < last ? dialog->top + page : last;
    } else if (press_is(press, "PgUp")) {
        dialog->top = dialog->top > page ? dialog->top - page : 0;
    }
    return DIALOG_STAYS;
}

enum dialog_end dialog_press(struct dialog *dialog, const struct press *press)
{
    assert(dialog->is_open);
    if (press->kind == PRESS_ESCAPE) {
        return DIALOG_DROPPED;
    }
    if (dialog->field_count == 0) {
        return read_press(dialog, press);
    }
    const size_t count = dialog->field_count;
    switch ((int)press->kind) {
    case PRESS_TAB:
    case PRESS_DOWN:
        dialog->focus = (dialog->focus + 1) % count;
        break;
    case PRESS_BACK_TAB:
    case PRESS_UP:
        dialog->focus = (dialog->focus + count - 1) % count;
        break;
    case PRESS_ENTER:
        if (dialog->focus + 1 < count) {
            dialog->focus++;
        } else if (dialog_is_whole(dialog)) {
            return DIALOG_DONE;
        }
        break;
    default:
        dialog->refusal = "";
        (void)input_press(&dialog->field[dialog->focus].input, press);
        break;
    }
    return DIALOG_STAYS;
}

static size_t label_cells(const struct dialog *dialog)
{
    size_t cells = 0;
    for (size_t i = 0; i < dialog->field_count; i++) {
        const size_t size = cells_of(dialog->field[i].label);
        cells = size > cells ? size : cells;
    }
    return cells;
}

static void fields_draw(struct dialog *dialog, struct canvas *canvas, struct area area)
{
    const size_t wanted = label_cells(dialog) + 2;
    const size_t indent = wanted < area.columns / 2 ? wanted : area.columns / 2;
    for (size_t i = 0; i < dialog->field_count; i++) {
        struct dialog_field *field = &dialog->field[i];
        const bool focused = i == dialog->focus;
        (void)canvas_put(canvas, area.row + i, area.column, indent - 1,
                         focused ? STYLE_STRONG : STYLE_PLAIN, field->label);
        const struct area line = {area.row + i, area.column + indent, 1, area.columns - indent};
        canvas_line(canvas, line.row, line.column, line.columns, "_");
        canvas_restyle(canvas, line, STYLE_DIM);
        input_draw(&field->input, canvas, line.row, line.column, line.columns, focused);
    }
}

// The part of the text from the line `top` on.
static size_t text_draw(struct dialog *dialog, struct canvas *canvas, struct area area)
{
    // All of it on a canvas of its own first, since only wrapping tells where lines are.
    CLEANUP(canvas_free_at) struct canvas *whole = canvas_make(CANVAS_ROWS_MAX, area.columns);
    if (whole == NULL) {
        return 0;
    }
    const struct area all = {0, 0, whole->rows, whole->columns};
    dialog->lines = canvas_wrap(whole, all, STYLE_PLAIN, dialog->text);
    size_t shown = 0;
    for (; shown < area.rows && dialog->top + shown < dialog->lines; shown++) {
        for (size_t c = 0; c < area.columns; c++) {
            const struct cell *cell = canvas_cell(whole, dialog->top + shown, c);
            if (cell->width > 0) {
                (void)canvas_put(canvas, area.row + shown, area.column + c, cell->width,
                                 STYLE_PLAIN, cell->text);
            }
        }
    }
    return shown;
}

static size_t text_lines(const struct dialog *dialog, size_t columns)
{
    CLEANUP(canvas_free_at) struct canvas *whole = canvas_make(CANVAS_ROWS_MAX, columns);
    return whole == NULL ? 0
                         : canvas_wrap(whole, (struct area){0, 0, whole->rows, whole->columns},
                                       STYLE_PLAIN, dialog->text);
}

void dialog_draw(struct dialog *dialog, struct canvas *canvas)
{
    assert(dialog->is_open);
    const size_t columns = canvas->columns > 84 ? 80 : canvas->columns - 4;
    const size_t inner = columns - 2 * SIDE;
    const size_t fields = dialog->field_count == 0 ? 0 : dialog->field_count + 1;
    const size_t rows_max = canvas->rows - 4;
    size_t rows = text_lines(dialog, inner) + fields + 5;
    rows = rows > rows_max ? rows_max : rows;
    const struct area box = {(canvas->rows - rows) / 2, (canvas->columns - columns) / 2, rows,
                             columns};
    canvas_blank(canvas, box);
    canvas_box(canvas, box, dialog->title);
    dialog->lines_shown = rows > fields + 5 ? rows - fields - 5 : 0;
    const struct area text = {box.row + 2, box.column + SIDE, dialog->lines_shown, inner};
    const size_t used = text_draw(dialog, canvas, text);
    canvas_cursor(canvas, text.row, text.column);
    if (dialog->field_count > 0) {
        const struct area below = {text.row + used + 1, text.column, dialog->field_count, inner};
        fields_draw(dialog, canvas, below);
    }
    const char *hint = dialog->field_count > 0
                           ? _("Enter next / do it   Tab other field   Esc back")
                           : _("↑↓ read on   Esc back");
    const bool is_refused = dialog->refusal[0] != '\0';
    (void)canvas_put(canvas, box.row + rows - 2, text.column, inner,
                     is_refused ? STYLE_BAD : STYLE_DIM, is_refused ? dialog->refusal : hint);
}
