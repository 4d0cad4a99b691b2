// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin_roles_own.h"
#include "shared/day.h"
#include "shared/words.h"

#define DAYS_BACK 7

static const char *scope_text(Scope scope)
{
    const struct right right = {.scope = scope};
    return scope > SCOPE__SCOPE_NONE ? right_word(&right) : "";
}

// ---- why ----

static const char *step_text(WhyStep step)
{
    static const char *const STEPS[] = {
        "",
        N_("the person is active"),
        N_("no role denies it"),
        N_("a role grants it"),
        N_("the scope reaches the customer"),
        N_("no second person is needed"),
        N_("no fresh proof is needed"),
    };
    const size_t index = (size_t)step;
    return index < COUNT_OF(STEPS) ? language_word(STEPS[index]) : "";
}

static void why_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct arena *frame = console_frame(page->console);
    if (console_refused(page->console, answer) || answer->reply->role_why == NULL) {
        return;
    }
    const RoleWhyReply *why = answer->reply->role_why;
    char *text = arena_print(frame, why->can ? _("%s may %s.\n") : _("%s may not %s.\n"),
                             why->login, why->permission);
    for (size_t i = 0; i < why->n_row && text != NULL; i++) {
        const WhyRow *row = why->row[i];
        const char *amount =
            row->limit_minor == 0 ? "" : admin_amount(page->console, row->limit_minor);
        text = arena_print(frame, "%s\n%s %s  %s %s%s%s %s", text, row->passed ? "✓" : "✗",
                           step_text(row->step), language_role(row->role), scope_text(row->scope),
                           amount[0] == '\0' ? "" : " ≤ ", amount, row->rule);
    }
    (void)console_form(page, _("Why"), text == NULL ? "" : text, NULL, 0);
}

static const UserRow *user_named(const struct roles *roles, const char *text)
{
    for (size_t i = 0; roles->people != NULL && i < roles->people->n_row; i++) {
        const UserRow *user = roles->people->row[i];
        if (strcmp(user->login, text) == 0 || strcmp(user->name, text) == 0) {
            return user;
        }
    }
    return NULL;
}

static void why_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct roles *roles = page->state;
    (void)purpose;
    const UserRow *user = user_named(roles, dialog->field[0].input.text);
    if (user == NULL || !roles_have_choice(roles)) {
        console_say(page->console, _("there is nobody of that name"));
        return;
    }
    const char *permission = roles_permission(roles, roles->matrix.row);
    RoleWhy inner;
    role_why__init(&inner);
    inner.user_id = user->id;
    inner.permission = arena_copy(console_frame(page->console), permission, strlen(permission));
    (void)console_ask(page, "role_why", &inner.base, why_hear);
}

// Somebody who holds the chosen role is proposed.
static const char *holder_of(const struct roles *roles)
{
    const char *word = roles_role(roles, roles->matrix.column)->word;
    for (size_t i = 0; roles->people != NULL && i < roles->people->n_row; i++) {
        const UserRow *user = roles->people->row[i];
        for (size_t r = 0; r < user->n_role; r++) {
            if (strcmp(user->role[r], word) == 0) {
                return user->login;
            }
        }
    }
    return "";
}

void roles_why(struct page *page)
{
    const struct roles *roles = page->state;
    if (!roles_have_choice(roles)) {
        return;
    }
    const char *text =
        arena_print(console_frame(page->console), _("Who may %s, or not, and through what?"),
                    roles_permission(roles, roles->matrix.row));
    struct dialog *dialog = console_form(page, _("Why"), text == NULL ? "" : text, why_done, 0);
    if (dialog != NULL) {
        struct dialog_field *field = dialog_add(dialog, _("login or name"), true);
        input_set(&field->input, holder_of(roles));
    }
}

// ---- since last week ----

static void diff_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct arena *frame = console_frame(page->console);
    if (console_refused(page->console, answer) || answer->reply->role_diff == NULL) {
        return;
    }
    const RoleDiffReply *diff = answer->reply->role_diff;
    char *text =
        arena_print(frame, "%s", diff->n_row == 0 ? _("Nothing changed in roles and people.") : "");
    for (size_t i = 0; i < diff->n_row && text != NULL; i++) {
        const DiffRow *row = diff->row[i];
        text = arena_print(frame, "%s%s%s%s %s: %s → %s  (%s %s)", text, i == 0 ? "" : "\n",
                           row->role[0] == '\0' ? "" : language_role(row->role), row->login,
                           row->permission, row->before[0] == '\0' ? "·" : row->before,
                           row->after[0] == '\0' ? "·" : row->after, row->actor,
                           admin_moment(page->console, row->at_us));
    }
    (void)console_form(page, _("Changed within a week"), text == NULL ? "" : text, NULL, 0);
}

void roles_diff(struct page *page)
{
    const int64_t offset_s = (int64_t)console_render(page->console)->offset_minutes * 60;
    RoleDiff inner;
    role_diff__init(&inner);
    inner.from_day = (int32_t)((client_now_ms() / 1000 + offset_s) / 86400) - DAYS_BACK;
    (void)console_ask(page, "role_diff", &inner.base, diff_hear);
}
