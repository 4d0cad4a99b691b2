// SPDX-License-Identifier: Apache-2.0
#include "client/letters.h"
#include "client/tui/admin.h"
#include "client/tui/list.h"
#include "shared/words.h"

#define DETAIL_ROWS    4
#define ROLE_WORDS_MAX 8

struct users {
    struct list list;
    uint64_t target; // whom the open form is about
};

static const struct binding KEYS[] = {
    {"n", ADMIN_INVITE, N_("invite…")},   {"e", ADMIN_EDIT, N_("roles…")},
    {"d", ADMIN_DISABLE, N_("disable…")}, {"b", ADMIN_ENABLE, N_("enable…")},
    {"r", ADMIN_RESET, N_("reset…")},
};

static const char *cell(struct console *console, const ProtobufCMessage *message, const char *field)
{
    const UserRow *row = (const UserRow *)(const void *)message;
    if (strcmp(field, "role") == 0) {
        return admin_roles(console, row->role, row->n_role);
    }
    return strcmp(field, "last_login_us") == 0 ? admin_moment(console, row->last_login_us) : NULL;
}

static enum style style(const ProtobufCMessage *message)
{
    const UserRow *row = (const UserRow *)(const void *)message;
    return row->state == USER_STATE__USER_STATE_DISABLED  ? STYLE_DIM
           : row->state == USER_STATE__USER_STATE_INVITED ? STYLE_WARN
                                                          : STYLE_PLAIN;
}

static enum status users_open(struct page *page)
{
    struct users *users = page->state;
    users->list.cell = cell;
    users->list.style = style;
    return list_open(&users->list, "user_list", "login,name,role,team,state,devices,last_login");
}

static const UserRow *chosen_user(struct page *page)
{
    const struct users *users = page->state;
    return (const UserRow *)(const void *)list_chosen(&users->list);
}

static const char *users_detail(struct page *page)
{
    const UserRow *user = chosen_user(page);
    if (user == NULL) {
        return "";
    }
    const char *seen = admin_moment(page->console, user->last_login_us);
    const char *text = arena_print(console_frame(page->console),
                                   _("%s (%s)\nroles: %s\ndevices: %u   last login: %s"),
                                   user->name[0] == '\0' ? user->login : user->name, user->login,
                                   admin_roles(page->console, user->role, user->n_role),
                                   user->devices, seen[0] == '\0' ? _("never") : seen);
    return text == NULL ? "" : text;
}

static void users_draw(struct page *page, struct canvas *canvas, struct area area)
{
    list_page_draw(page, canvas, area, _("People"), _("This person"), DETAIL_ROWS);
}

// ---- acts ----

static void invitation_show(struct page *page, const struct answer *answer,
                            const UserInviteReply *invite)
{
    if (console_refused(page->console, answer) || invite == NULL) {
        return;
    }
    const char *text = arena_print(
        console_frame(page->console),
        _("For %s, one use, valid until %s. Whoever has this text can join: hand it over in person.\n\n%s"),
        invite->login, admin_moment(page->console, invite->expires_us), invite->invitation);
    (void)console_form(page, _("Invitation"), text == NULL ? "" : text, NULL, 0);
    console_stale(page->console);
}

static void invited_hear(void *context, const struct answer *answer)
{
    invitation_show(context, answer, answer->reply == NULL ? NULL : answer->reply->user_invite);
}

static void reset_hear(void *context, const struct answer *answer)
{
    invitation_show(context, answer, answer->reply == NULL ? NULL : answer->reply->user_reset);
}

// "sales, finance" as a list of words.
static size_t roles_of(char *text, char *role[static ROLE_WORDS_MAX])
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, ", ", &rest); word != NULL && count < ROLE_WORDS_MAX;
         word = strtok_r(NULL, ", ", &rest)) {
        role[count++] = word;
    }
    return count;
}

static void invite_send(struct page *page, struct dialog *dialog)
{
    UserInvite inner;
    user_invite__init(&inner);
    char *role[ROLE_WORDS_MAX] = {0};
    inner.login = dialog->field[0].input.text;
    inner.name = dialog->field[1].input.text;
    inner.n_role = roles_of(dialog->field[2].input.text, role);
    inner.role = role;
    inner.team = dialog->field[3].input.text;
    (void)console_ask(page, "user_invite", &inner.base, invited_hear);
}

static void edit_send(struct page *page, struct dialog *dialog)
{
    const struct users *users = page->state;
    UserEdit inner;
    user_edit__init(&inner);
    char *role[ROLE_WORDS_MAX] = {0};
    inner.user_id = users->target;
    inner.n_role = roles_of(dialog->field[0].input.text, role);
    inner.role = role;
    (void)console_ask(page, "user_edit", &inner.base, admin_done);
}

static void disable_send(struct page *page, struct dialog *dialog)
{
    const struct users *users = page->state;
    UserDisable inner;
    user_disable__init(&inner);
    inner.user_id = users->target;
    inner.reason = dialog->field[0].input.text;
    (void)console_ask(page, "user_disable", &inner.base, admin_done);
}

static void reset_send(struct page *page, struct dialog *dialog)
{
    const struct users *users = page->state;
    UserReset inner;
    user_reset__init(&inner);
    inner.user_id = users->target;
    inner.devices = strcmp(dialog->field[0].input.text, "y") == 0;
    (void)console_ask(page, "user_reset", &inner.base, reset_hear);
}

static void enable_send(struct page *page)
{
    const struct users *users = page->state;
    UserEnable inner;
    user_enable__init(&inner);
    inner.user_id = users->target;
    (void)console_ask(page, "user_enable", &inner.base, admin_done);
}

static void form_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    switch (purpose) {
    case ADMIN_INVITE:
        invite_send(page, dialog);
        break;
    case ADMIN_EDIT:
        edit_send(page, dialog);
        break;
    case ADMIN_DISABLE:
        disable_send(page, dialog);
        break;
    case ADMIN_ENABLE:
        enable_send(page);
        break;
    case ADMIN_RESET:
        reset_send(page, dialog);
        break;
    default:
        break;
    }
}

static void invite_open(struct page *page)
{
    struct dialog *dialog = console_form(
        page, _("Invite a person"),
        _("An invitation works once and for a day. It is shown when this form is done."), form_done,
        ADMIN_INVITE);
    if (dialog != NULL) {
        (void)dialog_add(dialog, _("login"), true);
        (void)dialog_add(dialog, _("name"), false);
        (void)dialog_add(dialog, _("roles, by commas"), true);
        (void)dialog_add(dialog, _("team"), false);
    }
}

static const struct {
    int action;
    const char *title;
    const char *text;
} FORMS[] = {
    {ADMIN_EDIT, N_("Roles of a person"), N_("The new roles hold from the next command on.")},
    {ADMIN_DISABLE, N_("Disable a person"),
     N_("Sessions end at once; open connections are closed.")},
    {ADMIN_ENABLE, N_("Enable a person"), N_("The person may log in again.")},
    {ADMIN_RESET, N_("Reset a person"),
     N_("Password and one-time codes are void, sessions end, and a new invitation is drawn.")},
};

static void roles_fill(struct dialog_field *field, const UserRow *user)
{
    char words[FIELD_INPUT_BYTES_MAX + 1] = "";
    size_t size = 0;
    for (size_t i = 0; i < user->n_role && size < sizeof words; i++) {
        size += (size_t)snprintf(words + size, sizeof words - size, "%s%s", i == 0 ? "" : ",",
                                 user->role[i]);
    }
    input_set(&field->input, words);
}

static void user_form(struct page *page, int action)
{
    struct users *users = page->state;
    const UserRow *user = chosen_user(page);
    size_t i = 0;
    while (i < COUNT_OF(FORMS) && FORMS[i].action != action) {
        i++;
    }
    if (user == NULL || i == COUNT_OF(FORMS)) {
        return;
    }
    struct dialog *dialog = console_form(page, language_word(FORMS[i].title),
                                         language_word(FORMS[i].text), form_done, action);
    if (dialog == NULL) {
        return;
    }
    users->target = user->id;
    if (action == ADMIN_EDIT) {
        roles_fill(dialog_add(dialog, _("roles, by commas"), true), user);
    } else if (action == ADMIN_DISABLE) {
        (void)dialog_add(dialog, _("reason"), true);
    } else if (action == ADMIN_RESET) {
        (void)dialog_add(dialog, _("revoke the devices too (y)"), false);
    }
    admin_confirm(dialog, user->login);
}

static void users_act(struct page *page, int action)
{
    if (action == ADMIN_INVITE) {
        invite_open(page);
    } else {
        user_form(page, action);
    }
}

const struct page_kind ADMIN_USERS = {
    .word = "users",
    .title = N_("Users"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct users),
    .open = users_open,
    .close = list_page_close,
    .refresh = list_page_refresh,
    .draw = users_draw,
    .press = list_page_press,
    .act = users_act,
    .line = list_page_line,
    .filter = list_page_filter,
    .filter_set = list_page_filter_set,
    .items = list_page_items,
    .item = list_page_item,
    .choose = list_page_choose,
    .detail = users_detail,
};
