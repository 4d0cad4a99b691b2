// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin_roles_own.h"
#include "shared/words.h"

#define BESIDE_COLUMNS 42
#define BELOW_ROWS     6
#define CELL_COLUMNS   6

const char *roles_permission(const struct roles *roles, size_t row)
{
    assert(row < roles->shown_count);
    return roles->reply->permission[roles->shown[row]];
}

const RoleCard *roles_role(const struct roles *roles, size_t column)
{
    assert(column < roles->reply->n_row);
    return roles->reply->row[column];
}

bool roles_have_choice(const struct roles *roles)
{
    return roles->reply != NULL && roles->shown_count > 0 && roles->reply->n_row > 0;
}

const char *role_name(const RoleCard *role)
{
    return role->built_in || role->name[0] == '\0' ? language_role(role->word) : role->name;
}

// What a cell is, or would become.
struct right roles_right(const struct roles *roles, size_t row, size_t column, bool *is_draft)
{
    const RoleCard *role = roles_role(roles, column);
    const char *permission = roles_permission(roles, row);
    const struct draft_change *change = draft_find(&roles->draft, role->id, permission);
    *is_draft = change != NULL;
    return change != NULL ? change->right : right_of(role, permission);
}

static const char *row_head(void *context, size_t row)
{
    return roles_permission(((struct page *)context)->state, row);
}

static const char *column_head(void *context, size_t column)
{
    return role_name(roles_role(((struct page *)context)->state, column));
}

static const char *cell(void *context, size_t row, size_t column, enum style *style)
{
    const struct page *page = context;
    const struct roles *roles = page->state;
    bool is_draft = false;
    const struct right right = roles_right(roles, row, column, &is_draft);
    const char *word = right_word(&right);
    const char *text = word;
    if (is_draft) {
        *style = STYLE_DRAFT;
    } else if (right.limit_minor != 0) {
        text = arena_print(console_frame(page->console), "%s≤", word);
    } else if (right.denied) {
        *style = STYLE_BAD;
    } else if (right.scope <= SCOPE__SCOPE_NONE) {
        *style = STYLE_DIM;
    }
    return text == NULL ? word : text;
}

static void legend_draw(struct page *page, struct canvas *canvas, struct area area)
{
    const struct roles *roles = page->state;
    const char *legend = _("own  team  region  all: whose rows   deny: never   ≤ with a limit");
    const char *text = legend;
    if (roles->draft.count > 0) {
        text =
            arena_print(console_frame(page->console),
                        _("Draft: %zu not applied   a applies   u takes back"), roles->draft.count);
    }
    (void)canvas_put(canvas, area.row, area.column, area.columns,
                     roles->draft.count > 0 ? STYLE_DRAFT : STYLE_DIM, text == NULL ? "" : text);
}

void roles_draw(struct page *page, struct canvas *canvas, struct area area)
{
    struct roles *roles = page->state;
    const struct matrix_source source = {
        .context = page,
        .corner = _("permission \\ role"),
        .row = row_head,
        .column = column_head,
        .cell = cell,
        .cell_columns = CELL_COLUMNS,
    };
    struct area first;
    struct area second;
    const bool beside = console_is_wide(page->console);
    const char *heading =
        roles->draft.count > 0 ? _("What the change does to people") : _("This role");
    frame_split(canvas, area, beside, beside ? BESIDE_COLUMNS : BELOW_ROWS, heading, &first,
                &second);
    frame_heading(canvas, first, _("Roles and permissions"));
    second.column++;
    second.columns -= 2;
    (void)canvas_wrap(canvas, second, STYLE_PLAIN, roles_detail(page));
    legend_draw(page, canvas,
                (struct area){first.row + first.rows - 1, first.column + 1, 1, first.columns - 2});
    first.rows--;
    if (roles_have_choice(roles)) {
        matrix_draw(&roles->matrix, &source, canvas, first);
    } else {
        (void)canvas_put(canvas, first.row + 1, first.column + 1, first.columns - 2, STYLE_DIM,
                         roles->reply == NULL ? _("Nothing was heard from the server yet.")
                                              : _("Nothing matches."));
    }
}
