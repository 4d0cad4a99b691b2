// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin.h"
#include "client/tui/admin_draft.h"
#include "client/tui/matrix.h"
#include "shared/text.h"
#include "shared/words.h"

#define ROLES_BYTES           ((size_t)32 * 1024 * 1024)
#define BESIDE_COLUMNS        42
#define BELOW_ROWS            6
#define CELL_COLUMNS          6
#define HOLDERS_SHOWN         8
#define PERMISSIONS_SHOWN_MAX 256

struct roles {
    struct arena *arena; // of the roles
    const RoleListReply *reply;
    struct arena *people_arena;
    const UserListReply *people;
    struct arena *effect_arena; // of what the draft would do
    const RoleReply *effect;
    const char *plan;
    enum status effect_status; // why there is none
    unsigned effect_version;   // of the draft that it is about
    unsigned asked_version;
    bool is_trying;
    struct draft draft;
    struct matrix matrix;
    char filter[FIELD_INPUT_BYTES_MAX + 1];
    uint32_t shown[PERMISSIONS_SHOWN_MAX]; // permissions that the filter leaves
    size_t shown_count;
};

static const struct binding KEYS[] = {
    {"Space", ADMIN_CYCLE, N_("next scope")},
    {"u", ADMIN_UNDO, N_("undo")},
    {"a", ADMIN_APPLY, N_("apply…")},
    {"Ctrl-S", ADMIN_APPLY, ""},
};

// ---- what is there ----

static enum status roles_open(struct page *page)
{
    struct roles *roles = page->state;
    roles->arena = arena_make(ROLES_BYTES);
    roles->people_arena = arena_make(ROLES_BYTES);
    roles->effect_arena = arena_make(ROLES_BYTES);
    const bool is_made =
        roles->arena != NULL && roles->people_arena != NULL && roles->effect_arena != NULL;
    return is_made ? STATUS_OK : STATUS_ENVIRONMENT;
}

static void roles_close(struct page *page)
{
    struct roles *roles = page->state;
    arena_free(roles->arena);
    arena_free(roles->people_arena);
    arena_free(roles->effect_arena);
}

static void filter_use(struct page *page)
{
    struct roles *roles = page->state;
    struct arena *frame = console_frame(page->console);
    const char *wanted = text_fold(frame, roles->filter);
    roles->shown_count = 0;
    for (size_t i = 0; roles->reply != NULL && i < roles->reply->n_permission; i++) {
        const char *permission = roles->reply->permission[i];
        const bool fits = wanted == NULL || strstr(permission, wanted) != NULL;
        if (fits && roles->shown_count < PERMISSIONS_SHOWN_MAX) {
            roles->shown[roles->shown_count++] = (uint32_t)i;
        }
    }
    matrix_size(&roles->matrix, roles->shown_count, roles->reply == NULL ? 0 : roles->reply->n_row);
}

static const char *permission_at(const struct roles *roles, size_t row)
{
    assert(row < roles->shown_count);
    return roles->reply->permission[roles->shown[row]];
}

static const RoleCard *role_at(const struct roles *roles, size_t column)
{
    assert(column < roles->reply->n_row);
    return roles->reply->row[column];
}

static bool has_choice(const struct roles *roles)
{
    return roles->reply != NULL && roles->shown_count > 0 && roles->reply->n_row > 0;
}

static const char *role_name(const RoleCard *role)
{
    return role->built_in || role->name[0] == '\0' ? language_role(role->word) : role->name;
}

// What a cell is, or would become.
static struct right right_at(const struct roles *roles, size_t row, size_t column, bool *is_draft)
{
    const RoleCard *role = role_at(roles, column);
    const char *permission = permission_at(roles, row);
    const struct draft_change *change = draft_find(&roles->draft, role->id, permission);
    *is_draft = change != NULL;
    return change != NULL ? change->right : right_of(role, permission);
}

// ---- asking ----

static void effect_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct roles *roles = page->state;
    roles->is_trying = false;
    roles->effect_status = answer->status;
    roles->effect_version = roles->asked_version;
    roles->effect = NULL;
    if (answer->status == STATUS_OK && answer->reply->role_apply != NULL) {
        struct arena *old = roles->effect_arena;
        roles->effect_arena = *answer->arena;
        *answer->arena = old;
        roles->effect = answer->reply->role_apply;
        roles->plan = answer->reply->plan;
    }
}

// Asks what the draft would do to people, one question at a time.
static void roles_ask_on(struct page *page)
{
    struct roles *roles = page->state;
    const bool is_known = roles->effect_version == roles->draft.version;
    if (roles->is_trying || is_known || roles->draft.count == 0 || roles->reply == NULL) {
        return;
    }
    RoleApply *inner = draft_request(&roles->draft, roles->reply, console_frame(page->console));
    if (inner != NULL) {
        roles->asked_version = roles->draft.version;
        roles->is_trying = console_try(page, "role_apply", &inner->base, effect_hear);
    }
}

static void roles_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct roles *roles = page->state;
    if (console_refused(page->console, answer) || answer->reply->role_list == NULL) {
        return;
    }
    struct arena *old = roles->arena;
    roles->arena = *answer->arena;
    *answer->arena = old;
    roles->reply = answer->reply->role_list;
    filter_use(page);
    draft_settle(&roles->draft, roles->reply);
    roles->effect_version = roles->draft.version - 1; // others may have changed what it does
}

static void people_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct roles *roles = page->state;
    if (answer->status != STATUS_OK || answer->reply->user_list == NULL) {
        return; // who may see roles need not see people
    }
    struct arena *old = roles->people_arena;
    roles->people_arena = *answer->arena;
    *answer->arena = old;
    roles->people = answer->reply->user_list;
}

static void roles_refresh(struct page *page)
{
    RoleList inner;
    role_list__init(&inner);
    (void)console_ask(page, "role_list", &inner.base, roles_hear);
    UserList people;
    user_list__init(&people);
    people.limit = LIST_ROWS_MAX;
    (void)console_ask(page, "user_list", &people.base, people_hear);
}

// ---- what is told ----

static const char *conflict_text(struct arena *frame, const RoleReply *effect)
{
    char *text = arena_print(frame, "%s", "");
    for (size_t i = 0; i < effect->n_conflict && text != NULL; i++) {
        const RoleConflict *conflict = effect->conflict[i];
        text = arena_print(frame, "%s\n  ! %s: %s (%s)%s", text, conflict->login,
                           language_word(conflict->text), conflict->rule,
                           conflict->allowed ? _(", allowed to the owner") : "");
    }
    if (text == NULL || effect->n_conflict == 0) {
        return "";
    }
    const char *whole = arena_print(frame, "\n%s%s", _("Conflicts"), text);
    return whole == NULL ? "" : whole;
}

static const char *scope_word(Scope scope)
{
    const struct right right = {.scope = scope};
    return right_word(&right);
}

static const char *consequence_text(struct arena *frame, const Consequence *consequence)
{
    const bool had = consequence->before > SCOPE__SCOPE_NONE;
    const bool has = consequence->after > SCOPE__SCOPE_NONE;
    const char *who = consequence->name[0] == '\0' ? consequence->login : consequence->name;
    const char *before = scope_word(consequence->before);
    const char *after = scope_word(consequence->after);
    const char *what = consequence->permission;
    const char *text = NULL;
    if (consequence->before == consequence->after && consequence->through[0] != '\0') {
        text = arena_print(frame, _("%s has %s anyway (%s)"), who, what,
                           language_role(consequence->through));
    } else if (consequence->before == consequence->after) {
        text = arena_print(frame, _("%s: %s stays as it is"), who, what);
    } else if (!had) {
        text = arena_print(frame, _("%s gains %s (%s)"), who, what, after);
    } else if (!has) {
        text = arena_print(frame, _("%s loses %s (%s)"), who, what, before);
    } else {
        text = arena_print(frame, _("%s: %s from %s to %s"), who, what, before, after);
    }
    return text == NULL ? "" : text;
}

static const char *effect_text(struct page *page)
{
    struct roles *roles = page->state;
    struct arena *frame = console_frame(page->console);
    if (roles->effect_status != STATUS_OK) {
        const char *text = arena_print(frame, "%s\n  %s  %s", _("The server would refuse:"),
                                       status_code(roles->effect_status),
                                       language_word(status_sentence(roles->effect_status)));
        return text == NULL ? "" : text;
    }
    const RoleReply *effect = roles->effect;
    if (effect == NULL) {
        return _("asking the server…");
    }
    const bool is_old = roles->effect_version != roles->draft.version;
    char *text = arena_print(frame, _("People affected: %u"), effect->people);
    text = text == NULL ? NULL : arena_print(frame, "%s%s", text, is_old ? _("  (computing)") : "");
    for (size_t i = 0; i < effect->n_consequence && text != NULL; i++) {
        text =
            arena_print(frame, "%s\n  %s", text, consequence_text(frame, effect->consequence[i]));
    }
    const char *whole =
        text == NULL ? NULL : arena_print(frame, "%s%s", text, conflict_text(frame, effect));
    return whole == NULL ? "" : whole;
}

// "finance payment.reverse  · → all"
static const char *change_text(struct page *page, const struct draft_change *change)
{
    const struct roles *roles = page->state;
    const RoleCard *role = role_by_id(roles->reply, change->role_id);
    const struct right now = role == NULL ? (struct right){0} : right_of(role, change->permission);
    const char *text = arena_print(console_frame(page->console), "%s  %s  %s → %s",
                                   change->permission, role == NULL ? "?" : role_name(role),
                                   right_word(&now), right_word(&change->right));
    return text == NULL ? "" : text;
}

static const char *draft_text(struct page *page)
{
    struct roles *roles = page->state;
    struct arena *frame = console_frame(page->console);
    char *text = arena_print(frame, "%s", "");
    for (size_t i = 0; i < roles->draft.count && text != NULL; i++) {
        text = arena_print(frame, "%s%s %s\n", text, _("Change"),
                           change_text(page, &roles->draft.change[i]));
    }
    const char *whole = text == NULL ? NULL : arena_print(frame, "%s%s", text, effect_text(page));
    return whole == NULL ? "" : whole;
}

static bool holds(const UserRow *user, const char *word)
{
    for (size_t i = 0; i < user->n_role; i++) {
        if (strcmp(user->role[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static const char *holders_text(struct page *page, const RoleCard *role)
{
    const struct roles *roles = page->state;
    struct arena *frame = console_frame(page->console);
    char *text = arena_print(frame, "%s", "");
    size_t count = 0;
    for (size_t i = 0; roles->people != NULL && i < roles->people->n_row && text != NULL; i++) {
        const UserRow *user = roles->people->row[i];
        if (!holds(user, role->word) || user->state == USER_STATE__USER_STATE_DISABLED ||
            count++ >= HOLDERS_SHOWN) {
            continue;
        }
        text =
            arena_print(frame, "%s\n  %s", text, user->name[0] == '\0' ? user->login : user->name);
    }
    if (count > HOLDERS_SHOWN && text != NULL) {
        text = arena_print(frame, "%s\n  …", text);
    }
    return text == NULL ? "" : text;
}

static const char *masks_text(struct page *page, const RoleCard *role)
{
    static const char *const VIEWS[] = {"", N_("hidden"), N_("masked"), N_("full")};
    struct arena *frame = console_frame(page->console);
    char *text = arena_print(frame, "%s", _("Fields"));
    for (size_t i = 0; i < role->n_mask && text != NULL; i++) {
        const RoleMaskRow *mask = role->mask[i];
        const size_t view = (size_t)mask->view < COUNT_OF(VIEWS) ? (size_t)mask->view : 0;
        text = arena_print(frame, "%s\n  %s: %s%s", text, language_word(mask->class_),
                           language_word(VIEWS[view]), mask->writable ? "" : _(", not changeable"));
    }
    return text == NULL ? "" : text;
}

static const char *role_text(struct page *page)
{
    const struct roles *roles = page->state;
    struct arena *frame = console_frame(page->console);
    if (!has_choice(roles)) {
        return "";
    }
    const RoleCard *role = role_at(roles, roles->matrix.column);
    const struct right right = right_of(role, permission_at(roles, roles->matrix.row));
    const char *amount =
        right.limit_minor == 0 ? "" : admin_amount(page->console, right.limit_minor);
    const char *text = arena_print(frame, _("%s\n%s: %s%s%s\nHeld by %u%s\n%s"), role_name(role),
                                   permission_at(roles, roles->matrix.row), right_word(&right),
                                   amount[0] == '\0' ? "" : " ≤ ", amount, role->users,
                                   holders_text(page, role), masks_text(page, role));
    return text == NULL ? "" : text;
}

static const char *roles_detail(struct page *page)
{
    const struct roles *roles = page->state;
    return roles->draft.count > 0 ? draft_text(page) : role_text(page);
}

// ---- drawing ----

static const char *row_head(void *context, size_t row)
{
    return permission_at(((struct page *)context)->state, row);
}

static const char *column_head(void *context, size_t column)
{
    return role_name(role_at(((struct page *)context)->state, column));
}

static const char *cell(void *context, size_t row, size_t column, enum style *style)
{
    const struct page *page = context;
    const struct roles *roles = page->state;
    bool is_draft = false;
    const struct right right = right_at(roles, row, column, &is_draft);
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

static void roles_draw(struct page *page, struct canvas *canvas, struct area area)
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
    if (has_choice(roles)) {
        matrix_draw(&roles->matrix, &source, canvas, first);
    } else {
        (void)canvas_put(canvas, first.row + 1, first.column + 1, first.columns - 2, STYLE_DIM,
                         roles->reply == NULL ? _("Nothing was heard from the server yet.")
                                              : _("Nothing matches."));
    }
}

static bool roles_press(struct page *page, const struct press *press)
{
    struct roles *roles = page->state;
    return matrix_press(&roles->matrix, press);
}

static const char *roles_line(struct page *page)
{
    const struct roles *roles = page->state;
    if (!has_choice(roles)) {
        return "kontor role list";
    }
    const RoleCard *role = role_at(roles, roles->matrix.column);
    const char *permission = permission_at(roles, roles->matrix.row);
    const struct draft_change *change = draft_find(&roles->draft, role->id, permission);
    struct arena *frame = console_frame(page->console);
    const char *line = NULL;
    if (change == NULL) {
        line = arena_print(frame, "kontor role show %s", role->word);
    } else if (change->right.denied) {
        line = arena_print(frame, "kontor role deny %s %s --dry-run", role->word, permission);
    } else if (change->right.scope <= SCOPE__SCOPE_NONE) {
        line = arena_print(frame, "kontor role %s %s %s --dry-run",
                           right_of(role, permission).denied ? "allow" : "revoke", role->word,
                           permission);
    } else {
        line = arena_print(frame, "kontor role grant %s %s --scope %s --dry-run", role->word,
                           permission, right_word(&change->right));
    }
    return line == NULL ? "" : line;
}

static const char *roles_loses(struct page *page)
{
    const struct roles *roles = page->state;
    return roles->draft.count > 0 ? _("The draft is not applied.") : NULL;
}

// ---- acts ----

static void applied_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct roles *roles = page->state;
    if (console_refused(page->console, answer) || answer->reply->role_apply == NULL) {
        return;
    }
    const char *text = arena_print(console_frame(page->console), _("Applied: %u people affected."),
                                   answer->reply->role_apply->people);
    console_say(page->console, text == NULL ? "" : text);
    draft_clear(&roles->draft);
    console_stale(page->console);
}

static void apply_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct roles *roles = page->state;
    (void)dialog;
    (void)purpose;
    RoleApply *inner = draft_request(&roles->draft, roles->reply, console_frame(page->console));
    if (inner != NULL) {
        (void)console_commit(page, "role_apply", &inner->base, roles->plan, applied_hear);
    }
}

// The roles that the draft changes, each once: as words, or as they are called.
static const char *changed_roles(struct page *page, bool names)
{
    const struct roles *roles = page->state;
    struct arena *frame = console_frame(page->console);
    char *text = arena_print(frame, "%s", "");
    for (size_t i = 0; i < roles->reply->n_row && text != NULL; i++) {
        const RoleCard *role = roles->reply->row[i];
        bool is_changed = false;
        for (size_t c = 0; c < roles->draft.count; c++) {
            is_changed = is_changed || roles->draft.change[c].role_id == role->id;
        }
        if (is_changed) {
            text = arena_print(frame, "%s%s%s", text, text[0] == '\0' ? "" : " ",
                               names ? role_name(role) : role->word);
        }
    }
    return text == NULL ? "" : text;
}

static void apply_open(struct page *page)
{
    struct roles *roles = page->state;
    if (roles->draft.count == 0) {
        console_say(page->console, _("there is no draft: Space changes a cell"));
        return;
    }
    if (roles->effect == NULL || roles->effect_version != roles->draft.version) {
        console_say(page->console, roles->effect_status == STATUS_OK
                                       ? _("what it does to people is not known yet")
                                       : _("the server would refuse it: see beside"));
        return;
    }
    struct dialog *dialog =
        console_form(page, _("Apply the draft"), draft_text(page), apply_done, ADMIN_APPLY);
    if (dialog == NULL) {
        return;
    }
    const char *words = changed_roles(page, false);
    const char *names = changed_roles(page, true);
    const char *label = arena_print(dialog->arena, _("type %s to confirm"), names);
    struct dialog_field *field = dialog_add(dialog, label == NULL ? "" : label, true);
    field->expected = arena_copy(dialog->arena, words, strlen(words));
    field->or_else = arena_copy(dialog->arena, names, strlen(names));
}

static void cycle(struct page *page)
{
    struct roles *roles = page->state;
    if (!has_choice(roles)) {
        return;
    }
    bool is_draft = false;
    const struct right now = right_at(roles, roles->matrix.row, roles->matrix.column, &is_draft);
    const struct right next = right_next(&now);
    if (!draft_set(&roles->draft, role_at(roles, roles->matrix.column),
                   permission_at(roles, roles->matrix.row), &next)) {
        console_say(page->console, _("the draft is full: apply it first"));
    }
}

static void roles_act(struct page *page, int action)
{
    struct roles *roles = page->state;
    switch (action) {
    case ADMIN_CYCLE:
        cycle(page);
        break;
    case ADMIN_UNDO:
        draft_undo(&roles->draft);
        break;
    case ADMIN_APPLY:
        apply_open(page);
        break;
    default:
        break;
    }
}

static const char *roles_filter(struct page *page)
{
    const struct roles *roles = page->state;
    return roles->filter;
}

static void roles_filter_set(struct page *page, const char *filter)
{
    struct roles *roles = page->state;
    (void)snprintf(roles->filter, sizeof roles->filter, "%s", filter);
    filter_use(page);
}

// ---- in lines: permissions are rows, roles are columns ----

static size_t roles_items(struct page *page, int axis)
{
    const struct roles *roles = page->state;
    return !has_choice(roles) ? 0 : axis == 0 ? roles->shown_count : roles->reply->n_row;
}

static const char *roles_item(struct page *page, int axis, size_t index)
{
    const struct roles *roles = page->state;
    if (axis == 1) {
        return role_name(role_at(roles, index));
    }
    bool is_draft = false;
    const struct right right = right_at(roles, index, roles->matrix.column, &is_draft);
    const char *text = arena_print(
        console_frame(page->console), "%s: %s %s%s", permission_at(roles, index),
        role_name(role_at(roles, roles->matrix.column)),
        right.denied || right.scope > SCOPE__SCOPE_NONE ? right_word(&right) : _("nothing"),
        is_draft ? _(" (draft)") : "");
    return text == NULL ? "" : text;
}

static void roles_choose(struct page *page, int axis, size_t index)
{
    struct roles *roles = page->state;
    if (axis == 1) {
        roles->matrix.column = index;
    } else {
        roles->matrix.row = index;
    }
}

const struct page_kind ADMIN_ROLES = {
    .word = "roles",
    .title = N_("Roles"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct roles),
    .open = roles_open,
    .close = roles_close,
    .refresh = roles_refresh,
    .ask_on = roles_ask_on,
    .draw = roles_draw,
    .press = roles_press,
    .act = roles_act,
    .line = roles_line,
    .loses = roles_loses,
    .filter = roles_filter,
    .filter_set = roles_filter_set,
    .items = roles_items,
    .item = roles_item,
    .choose = roles_choose,
    .detail = roles_detail,
};
