// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin_roles_own.h"
#include "shared/text.h"
#include "shared/words.h"

#define ROLES_BYTES ((size_t)32 * 1024 * 1024)

static const struct binding KEYS[] = {
    {"Space", ADMIN_CYCLE, N_("next scope")}, {"u", ADMIN_UNDO, N_("undo")},
    {"a", ADMIN_APPLY, N_("apply…")},         {"w", ADMIN_WHY, N_("why…")},
    {"d", ADMIN_DIFF, N_("last week")},       {"Ctrl-S", ADMIN_APPLY, ""},
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
    const bool is_known = !roles->is_effect_old && roles->effect_version == roles->draft.version;
    if (roles->is_trying || is_known || roles->draft.count == 0 || roles->reply == NULL) {
        return;
    }
    RoleApply *inner = draft_request(&roles->draft, roles->reply, console_frame(page->console));
    if (inner != NULL) {
        roles->asked_version = roles->draft.version;
        roles->is_effect_old = false;
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
    roles->is_effect_old = true; // others may have changed what it does
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

static bool roles_press(struct page *page, const struct press *press)
{
    struct roles *roles = page->state;
    return matrix_press(&roles->matrix, press);
}

static const char *roles_line(struct page *page)
{
    const struct roles *roles = page->state;
    if (!roles_have_choice(roles)) {
        return "kontor role list";
    }
    const RoleCard *role = roles_role(roles, roles->matrix.column);
    const char *permission = roles_permission(roles, roles->matrix.row);
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
        console_form(page, _("Apply the draft"), roles_draft_text(page), apply_done, ADMIN_APPLY);
    if (dialog == NULL) {
        return;
    }
    const char *words = roles_changed(page, false);
    const char *names = roles_changed(page, true);
    const char *label = arena_print(dialog->arena, _("type %s to confirm"), names);
    struct dialog_field *field = dialog_add(dialog, label == NULL ? "" : label, true);
    field->expected = arena_copy(dialog->arena, words, strlen(words));
    field->or_else = arena_copy(dialog->arena, names, strlen(names));
}

static void cycle(struct page *page)
{
    struct roles *roles = page->state;
    if (!roles_have_choice(roles)) {
        return;
    }
    bool is_draft = false;
    const struct right now = roles_right(roles, roles->matrix.row, roles->matrix.column, &is_draft);
    const struct right next = right_next(&now);
    if (!draft_set(&roles->draft, roles_role(roles, roles->matrix.column),
                   roles_permission(roles, roles->matrix.row), &next)) {
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
    case ADMIN_WHY:
        roles_why(page);
        break;
    case ADMIN_DIFF:
        roles_diff(page);
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
    return !roles_have_choice(roles) ? 0 : axis == 0 ? roles->shown_count : roles->reply->n_row;
}

static const char *roles_item(struct page *page, int axis, size_t index)
{
    const struct roles *roles = page->state;
    if (axis == 1) {
        return role_name(roles_role(roles, index));
    }
    bool is_draft = false;
    const struct right right = roles_right(roles, index, roles->matrix.column, &is_draft);
    const char *text = arena_print(
        console_frame(page->console), "%s: %s %s%s", roles_permission(roles, index),
        role_name(roles_role(roles, roles->matrix.column)),
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
