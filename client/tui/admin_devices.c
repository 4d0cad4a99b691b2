// SPDX-License-Identifier: Apache-2.0
#include "client/letters.h"
#include "client/tui/admin.h"
#include "client/tui/list.h"
#include "shared/words.h"

#define DETAIL_ROWS 4

struct devices {
    struct list list;
    uint64_t target; // what the open form is about
    char words[128]; // that were shown for it
};

static const struct binding KEYS[] = {
    {"a", ADMIN_TRUST, N_("approve…")},
    {"d", ADMIN_REVOKE, N_("revoke…")},
};

static const char *cell(struct console *console, const ProtobufCMessage *message, const char *field)
{
    const DeviceRow *row = (const DeviceRow *)(const void *)message;
    return strcmp(field, "enrolled_us") == 0 ? admin_moment(console, row->enrolled_us) : NULL;
}

static enum style style(const ProtobufCMessage *message)
{
    const DeviceRow *row = (const DeviceRow *)(const void *)message;
    return row->state == DEVICE_STATE__DEVICE_STATE_REVOKED   ? STYLE_DIM
           : row->state == DEVICE_STATE__DEVICE_STATE_PENDING ? STYLE_WARN
                                                              : STYLE_PLAIN;
}

// What waits for somebody to look at it comes first, what is gone last.
static int rank(const ProtobufCMessage *message)
{
    const DeviceRow *row = (const DeviceRow *)(const void *)message;
    return row->state == DEVICE_STATE__DEVICE_STATE_PENDING   ? 0
           : row->state == DEVICE_STATE__DEVICE_STATE_REVOKED ? 2
                                                              : 1;
}

static enum status devices_open(struct page *page)
{
    struct devices *devices = page->state;
    devices->list.cell = cell;
    devices->list.style = style;
    devices->list.rank = rank;
    return list_open(&devices->list, "device_list", "name,login,state,enrolled,words");
}

static const DeviceRow *chosen_device(struct page *page)
{
    const struct devices *devices = page->state;
    return (const DeviceRow *)(const void *)list_chosen(&devices->list);
}

static const char *devices_detail(struct page *page)
{
    const DeviceRow *device = chosen_device(page);
    if (device == NULL) {
        return "";
    }
    const char *text = arena_print(
        console_frame(page->console),
        _("%s of %s\n%s\nThe eight words are the key of the device: compare them by voice."),
        device->name, device->login, device->words);
    return text == NULL ? "" : text;
}

static void devices_draw(struct page *page, struct canvas *canvas, struct area area)
{
    list_page_draw(page, canvas, area, _("Machines that may connect"), _("This device"),
                   DETAIL_ROWS);
}

static void revoke_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct devices *devices = page->state;
    (void)purpose;
    DeviceRevoke inner;
    device_revoke__init(&inner);
    inner.device_id = devices->target;
    inner.reason = dialog->field[0].input.text;
    (void)console_ask(page, "device_revoke", &inner.base, admin_done);
}

static void trust_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct devices *devices = page->state;
    (void)dialog;
    (void)purpose;
    DeviceApprove inner;
    device_approve__init(&inner);
    inner.device_id = devices->target;
    inner.words = letters_lend(devices->words);
    (void)console_ask(page, "device_approve", &inner.base, admin_done);
}

static void trust_open(struct page *page, const DeviceRow *device)
{
    struct devices *devices = page->state;
    const char *last = strrchr(device->words, ' ');
    const char *text = arena_print(
        console_frame(page->console),
        _("Whoever sits at %s reads its eight words to you (kontor whoami). They must be:\n\n%s"),
        device->name, device->words);
    struct dialog *dialog = console_form(page, _("Approve a device"), text == NULL ? "" : text,
                                         trust_done, ADMIN_TRUST);
    if (dialog == NULL || last == NULL) {
        return;
    }
    devices->target = device->id;
    (void)snprintf(devices->words, sizeof devices->words, "%s", device->words);
    struct dialog_field *field = dialog_add(dialog, _("the last word that you heard"), true);
    field->expected = arena_copy(dialog->arena, last + 1, strlen(last + 1));
}

static void revoke_open(struct page *page, const DeviceRow *device)
{
    struct devices *devices = page->state;
    struct dialog *dialog =
        console_form(page, _("Revoke a device"),
                     _("Its connections are closed at once, and it cannot connect any more."),
                     revoke_done, ADMIN_REVOKE);
    if (dialog != NULL) {
        devices->target = device->id;
        (void)dialog_add(dialog, _("reason"), true);
        admin_confirm(dialog, device->name);
    }
}

static void devices_act(struct page *page, int action)
{
    const DeviceRow *device = chosen_device(page);
    if (device == NULL) {
        return;
    }
    if (action == ADMIN_REVOKE) {
        revoke_open(page, device);
    } else if (device->state == DEVICE_STATE__DEVICE_STATE_PENDING) {
        trust_open(page, device);
    } else {
        console_say(page->console, _("this device does not wait for its approval"));
    }
}

const struct page_kind ADMIN_DEVICES = {
    .word = "devices",
    .title = N_("Devices"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct devices),
    .open = devices_open,
    .close = list_page_close,
    .refresh = list_page_refresh,
    .draw = devices_draw,
    .press = list_page_press,
    .act = devices_act,
    .line = list_page_line,
    .items = list_page_items,
    .item = list_page_item,
    .choose = list_page_choose,
    .detail = devices_detail,
};
