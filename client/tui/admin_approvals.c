// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin.h"
#include "client/tui/list.h"
#include "shared/words.h"

#define DETAIL_ROWS  7
#define DETAIL_BYTES ((size_t)32 * 1024 * 1024)

struct approvals {
    struct list list;
    uint64_t target;     // what the open form is about
    struct arena *arena; // of the request that is shown whole
    const ApprovalCard *card;
    uint64_t asked_id; // of the request that was asked for last
};

static const struct binding KEYS[] = {
    {"a", ADMIN_APPROVE, N_("approve…")},
    {"d", ADMIN_DECLINE, N_("decline…")},
    {"w", ADMIN_WITHDRAW, N_("withdraw…")},
};

static const char *cell(struct console *console, const ProtobufCMessage *message, const char *field)
{
    const ApprovalRow *row = (const ApprovalRow *)(const void *)message;
    if (strcmp(field, "created_us") == 0) {
        return admin_moment(console, row->created_us);
    }
    if (strcmp(field, "amount_minor") == 0 && row->amount_minor == 0) {
        return "";
    }
    return strcmp(field, "expires_us") == 0 ? admin_moment(console, row->expires_us) : NULL;
}

static enum status approvals_open(struct page *page)
{
    struct approvals *approvals = page->state;
    approvals->list.cell = cell;
    approvals->arena = arena_make(DETAIL_BYTES);
    return approvals->arena == NULL
               ? STATUS_ENVIRONMENT
               : list_open(&approvals->list, "approval_list",
                           "number,action,amount,about_name,created_by,created,expires");
}

static void approvals_close(struct page *page)
{
    struct approvals *approvals = page->state;
    arena_free(approvals->arena);
    list_close(&approvals->list);
}

static const ApprovalRow *chosen_approval(struct page *page)
{
    const struct approvals *approvals = page->state;
    return (const ApprovalRow *)(const void *)list_chosen(&approvals->list);
}

static void card_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct approvals *approvals = page->state;
    if (console_refused(page->console, answer) || answer->reply->approval_show == NULL) {
        return;
    }
    struct arena *old = approvals->arena;
    approvals->arena = *answer->arena;
    *answer->arena = old;
    approvals->card = answer->reply->approval_show;
}

// What the chosen request says in full is asked for when it is chosen.
static void approvals_ask_on(struct page *page)
{
    struct approvals *approvals = page->state;
    const ApprovalRow *row = chosen_approval(page);
    if (row == NULL || row->id == approvals->asked_id) {
        return;
    }
    ApprovalShow inner;
    approval_show__init(&inner);
    inner.approval_id = row->id;
    if (console_ask(page, "approval_show", &inner.base, card_hear)) {
        approvals->asked_id = row->id;
    }
}

static const char *approvals_detail(struct page *page)
{
    const struct approvals *approvals = page->state;
    const ApprovalRow *row = chosen_approval(page);
    if (row == NULL) {
        return "";
    }
    struct arena *frame = console_frame(page->console);
    char *text =
        arena_print(frame, _("%s  %s, asked for by %s"), row->number, row->action, row->created_by);
    const ApprovalCard *card = approvals->card;
    for (size_t i = 0; card != NULL && card->id == row->id && i < card->n_line && text != NULL;
         i++) {
        text = arena_print(frame, "%s\n  %s: %s", text, language_word(card->line[i]->field),
                           card->line[i]->value);
    }
    return text == NULL ? "" : text;
}

static void approvals_draw(struct page *page, struct canvas *canvas, struct area area)
{
    list_page_draw(page, canvas, area, _("What waits for a second person"), _("This request"),
                   DETAIL_ROWS);
}

// ---- acts ----

static void form_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct approvals *approvals = page->state;
    ApprovalApprove approve;
    ApprovalDecline decline;
    ApprovalWithdraw withdraw;
    approval_approve__init(&approve);
    approval_decline__init(&decline);
    approval_withdraw__init(&withdraw);
    approve.approval_id = approvals->target;
    decline.approval_id = approvals->target;
    withdraw.approval_id = approvals->target;
    decline.reason = dialog->field[0].input.text;
    withdraw.reason = dialog->field[0].input.text;
    if (purpose == ADMIN_APPROVE) {
        (void)console_ask(page, "approval_approve", &approve.base, admin_done);
    } else if (purpose == ADMIN_DECLINE) {
        (void)console_ask(page, "approval_decline", &decline.base, admin_done);
    } else {
        (void)console_ask(page, "approval_withdraw", &withdraw.base, admin_done);
    }
}

static void approvals_act(struct page *page, int action)
{
    struct approvals *approvals = page->state;
    const ApprovalRow *row = chosen_approval(page);
    if (row == NULL) {
        return;
    }
    const char *title = action == ADMIN_APPROVE   ? _("Approve a request")
                        : action == ADMIN_DECLINE ? _("Decline a request")
                                                  : _("Withdraw a request of your own");
    struct dialog *dialog = console_form(page, title, approvals_detail(page), form_done, action);
    if (dialog != NULL) {
        approvals->target = row->id;
        if (action != ADMIN_APPROVE) {
            (void)dialog_add(dialog, _("reason"), true);
        }
        admin_confirm(dialog, row->number);
    }
}

const struct page_kind ADMIN_APPROVALS = {
    .word = "approvals",
    .title = N_("Approvals"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct approvals),
    .open = approvals_open,
    .close = approvals_close,
    .refresh = list_page_refresh,
    .ask_on = approvals_ask_on,
    .draw = approvals_draw,
    .press = list_page_press,
    .act = approvals_act,
    .line = list_page_line,
    .items = list_page_items,
    .item = list_page_item,
    .choose = list_page_choose,
    .detail = approvals_detail,
};
