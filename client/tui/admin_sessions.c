// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin.h"
#include "client/tui/list.h"
#include "shared/words.h"

#define DETAIL_ROWS 3

struct sessions {
    struct list list;
    uint64_t target; // what the open form is about
};

static const struct binding KEYS[] = {
    {"d", ADMIN_END, N_("end…")},
    {"o", ADMIN_END_OTHERS, N_("end my others…")},
};

static const char *cell(struct console *console, const ProtobufCMessage *message, const char *field)
{
    const SessionRow *row = (const SessionRow *)(const void *)message;
    if (strcmp(field, "begun_us") == 0) {
        return admin_moment(console, row->begun_us);
    }
    if (strcmp(field, "expires_us") == 0) {
        return admin_moment(console, row->expires_us);
    }
    return strcmp(field, "here") == 0 ? (row->here ? "✓" : "") : NULL;
}

static enum status sessions_open(struct page *page)
{
    struct sessions *sessions = page->state;
    sessions->list.cell = cell;
    sessions->list.everybody = true;
    return list_open(&sessions->list, "session_list", "login,device,begun,expires,here");
}

static const SessionRow *chosen_session(struct page *page)
{
    const struct sessions *sessions = page->state;
    return (const SessionRow *)(const void *)list_chosen(&sessions->list);
}

static const char *sessions_detail(struct page *page)
{
    const SessionRow *session = chosen_session(page);
    if (session == NULL) {
        return "";
    }
    const char *text =
        arena_print(console_frame(page->console), _("%s at %s, until %s%s"), session->login,
                    session->device, admin_moment(page->console, session->expires_us),
                    session->here ? _("\nThis is the session of this console.") : "");
    return text == NULL ? "" : text;
}

static void sessions_draw(struct page *page, struct canvas *canvas, struct area area)
{
    list_page_draw(page, canvas, area, _("Sessions that are open"), _("This session"), DETAIL_ROWS);
}

static void end_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct sessions *sessions = page->state;
    (void)dialog;
    SessionEnd inner;
    session_end__init(&inner);
    if (purpose == ADMIN_END) {
        inner.session_id = sessions->target;
    } else {
        inner.others = true;
    }
    (void)console_ask(page, "session_end", &inner.base, admin_done);
}

static void sessions_act(struct page *page, int action)
{
    struct sessions *sessions = page->state;
    const SessionRow *session = chosen_session(page);
    if (session == NULL) {
        return;
    }
    const bool is_one = action == ADMIN_END;
    struct dialog *dialog =
        console_form(page, is_one ? _("End a session") : _("End my other sessions"),
                     _("It ends at once; its open connections are closed."), end_done, action);
    if (dialog != NULL) {
        sessions->target = session->id;
        admin_confirm(dialog, is_one ? session->login : console_login_name(page->console));
    }
}

const struct page_kind ADMIN_SESSIONS = {
    .word = "sessions",
    .title = N_("Sessions"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct sessions),
    .open = sessions_open,
    .close = list_page_close,
    .refresh = list_page_refresh,
    .draw = sessions_draw,
    .press = list_page_press,
    .act = sessions_act,
    .line = list_page_line,
    .items = list_page_items,
    .item = list_page_item,
    .choose = list_page_choose,
    .detail = sessions_detail,
};
