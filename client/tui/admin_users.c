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
    {"n", ADMIN_INVITE, N_("invite…")},
    {"e", ADMIN_EDIT, N_("roles…")},
    {"d", ADMIN_DISABLE, N_("disable…")},
    {"b", ADMIN_ENABLE, N_("enable…")},
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

static void users_close(struct page *page)
{
    struct users *users = page->state;
    list_close(&users->list);
}

static const UserRow *chosen_user(struct page *page)
{
    const struct users *users = page->state;
    return (const UserRow *)(const void *)list_chosen(&users->list);
}

static void users_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct users *users = page->state;
    (void)list_take(&users->list, page, answer);
}

static void users_refresh(struct page *page)
{
    struct users *users = page->state;
    list_ask(&users->list, page, users_hear);
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
    struct users *users = page->state;
    struct area first;
    struct area second;
    frame_split(canvas, area, false, DETAIL_ROWS, _("This person"), &first, &second);
    frame_heading(canvas, area, _("People"));
    second.column++;
    second.columns -= 2;
    (void)canvas_wrap(canvas, second, STYLE_PLAIN, users_detail(page));
    list_draw(&users->list, page, canvas, first);
}

static bool users_press(struct page *page, const struct press *press)
{
    struct users *users = page->state;
    return table_press(&users->list.table, press);
}

static const char *users_line(struct page *page)
{
    const struct users *users = page->state;
    if (users->list.filter[0] == '\0') {
        return "kontor user list";
    }
    const char *line =
        arena_print(console_frame(page->console), "kontor user list -q '%s'", users->list.filter);
    return line == NULL ? "" : line;
}

// ---- acts ----

static void done_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    if (console_refused(page->console, answer)) {
        return;
    }
    console_say(page->console, _("Done."));
    console_stale(page->console);
}

static void invited_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    if (console_refused(page->console, answer) || answer->reply->user_invite == NULL) {
        return;
    }
    const UserInviteReply *invite = answer->reply->user_invite;
    const char *text = arena_print(
        console_frame(page->console),
        _("For %s, one use, valid until %s. Whoever has this text can join: hand it over in person.\n\n%s"),
        invite->login, admin_moment(page->console, invite->expires_us), invite->invitation);
    (void)console_form(page, _("Invitation"), text == NULL ? "" : text, NULL, 0);
    console_stale(page->console);
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
    (void)console_ask(page, "user_edit", &inner.base, done_hear);
}

static void disable_send(struct page *page, struct dialog *dialog)
{
    const struct users *users = page->state;
    UserDisable inner;
    user_disable__init(&inner);
    inner.user_id = users->target;
    inner.reason = dialog->field[0].input.text;
    (void)console_ask(page, "user_disable", &inner.base, done_hear);
}

static void enable_send(struct page *page)
{
    const struct users *users = page->state;
    UserEnable inner;
    user_enable__init(&inner);
    inner.user_id = users->target;
    (void)console_ask(page, "user_enable", &inner.base, done_hear);
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
    default:
        break;
    }
}

// The last field of a form that changes somebody: the login, typed.
static void confirm_add(struct dialog *dialog, const char *login)
{
    const char *label = arena_print(dialog->arena, _("type %s to confirm"), login);
    struct dialog_field *field = dialog_add(dialog, label == NULL ? login : label, true);
    field->expected = arena_copy(dialog->arena, login, strlen(login));
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

static void user_form(struct page *page, int action)
{
    struct users *users = page->state;
    const UserRow *user = chosen_user(page);
    if (user == NULL) {
        return;
    }
    const char *title = action == ADMIN_DISABLE  ? _("Disable a person")
                        : action == ADMIN_ENABLE ? _("Enable a person")
                                                 : _("Roles of a person");
    const char *text = action == ADMIN_DISABLE
                           ? _("Sessions end at once; open connections are closed.")
                       : action == ADMIN_ENABLE ? _("The person may log in again.")
                                                : _("The new roles hold from the next command on.");
    struct dialog *dialog = console_form(page, title, text, form_done, action);
    if (dialog == NULL) {
        return;
    }
    users->target = user->id;
    if (action == ADMIN_EDIT) {
        struct dialog_field *field = dialog_add(dialog, _("roles, by commas"), true);
        char words[FIELD_INPUT_BYTES_MAX + 1] = "";
        size_t size = 0;
        for (size_t i = 0; i < user->n_role && size < sizeof words; i++) {
            size += (size_t)snprintf(words + size, sizeof words - size, "%s%s", i == 0 ? "" : ",",
                                     user->role[i]);
        }
        input_set(&field->input, words);
    } else if (action == ADMIN_DISABLE) {
        (void)dialog_add(dialog, _("reason"), true);
    }
    confirm_add(dialog, user->login);
}

static void users_act(struct page *page, int action)
{
    if (action == ADMIN_INVITE) {
        invite_open(page);
    } else {
        user_form(page, action);
    }
}

static const char *users_filter(struct page *page)
{
    const struct users *users = page->state;
    return users->list.filter;
}

static void users_filter_set(struct page *page, const char *filter)
{
    struct users *users = page->state;
    list_filter(&users->list, filter);
    users_refresh(page);
}

static size_t users_items(struct page *page, int axis)
{
    const struct users *users = page->state;
    return axis == 0 ? list_count(&users->list) : 0;
}

static const char *users_item(struct page *page, int axis, size_t index)
{
    struct users *users = page->state;
    (void)axis;
    return list_sentence(&users->list, page, index);
}

static void users_choose(struct page *page, int axis, size_t index)
{
    struct users *users = page->state;
    (void)axis;
    users->list.table.chosen = index;
}

const struct page_kind ADMIN_USERS = {
    .word = "users",
    .title = N_("Users"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct users),
    .open = users_open,
    .close = users_close,
    .refresh = users_refresh,
    .draw = users_draw,
    .press = users_press,
    .act = users_act,
    .line = users_line,
    .filter = users_filter,
    .filter_set = users_filter_set,
    .items = users_items,
    .item = users_item,
    .choose = users_choose,
    .detail = users_detail,
};
