// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin_roles_own.h"
#include "shared/words.h"

#define HOLDERS_SHOWN 8

// Rules that the change would break, or that it brushes and may.
static const char *conflict_text(struct arena *frame, const RoleReply *effect, bool allowed)
{
    char *text = arena_print(frame, "%s", "");
    for (size_t i = 0; i < effect->n_conflict && text != NULL; i++) {
        const RoleConflict *conflict = effect->conflict[i];
        if (conflict->allowed == allowed) {
            text = arena_print(frame, "%s\n  ! %s: %s (%s)", text, conflict->login,
                               language_word(conflict->text), conflict->rule);
        }
    }
    if (text == NULL || text[0] == '\0') {
        return "";
    }
    const char *whole = arena_print(
        frame, "\n%s%s", allowed ? _("Conflicts that are allowed") : _("Conflicts"), text);
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
    // What would be broken stands before the people, what is allowed behind them.
    text = text == NULL ? NULL
                        : arena_print(frame, "%s%s%s", text, is_old ? _("  (computing)") : "",
                                      conflict_text(frame, effect, false));
    for (size_t i = 0; i < effect->n_consequence && text != NULL; i++) {
        text =
            arena_print(frame, "%s\n  %s", text, consequence_text(frame, effect->consequence[i]));
    }
    const char *whole =
        text == NULL ? NULL : arena_print(frame, "%s%s", text, conflict_text(frame, effect, true));
    return whole == NULL ? "" : whole;
}

// "finance payment.reverse  · → all"
static const char *change_text(struct page *page, const struct draft_change *change)
{
    const struct roles *roles = page->state;
    const RoleCard *role = role_by_id(roles->reply, change->role_id);
    struct right now = {0};
    if (role != NULL) {
        now = right_of(role, change->permission);
    }
    const char *text = arena_print(console_frame(page->console), "%s  %s  %s → %s",
                                   change->permission, role == NULL ? "?" : role_name(role),
                                   right_word(&now), right_word(&change->right));
    return text == NULL ? "" : text;
}

const char *roles_draft_text(struct page *page)
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
    if (!roles_have_choice(roles)) {
        return "";
    }
    const RoleCard *role = roles_role(roles, roles->matrix.column);
    const struct right right = right_of(role, roles_permission(roles, roles->matrix.row));
    const char *amount =
        right.limit_minor == 0 ? "" : admin_amount(page->console, right.limit_minor);
    const char *text = arena_print(frame, _("%s\n%s: %s%s%s\nHeld by %u%s\n%s"), role_name(role),
                                   roles_permission(roles, roles->matrix.row), right_word(&right),
                                   amount[0] == '\0' ? "" : " ≤ ", amount, role->users,
                                   holders_text(page, role), masks_text(page, role));
    return text == NULL ? "" : text;
}

// The roles that the draft changes, each once: as words, or as they are called.
const char *roles_changed(struct page *page, bool names)
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

const char *roles_detail(struct page *page)
{
    const struct roles *roles = page->state;
    return roles->draft.count > 0 ? roles_draft_text(page) : role_text(page);
}
