// SPDX-License-Identifier: Apache-2.0
#include "client/tui/admin.h"
#include "client/tui/list.h"
#include "shared/words.h"

#define DETAIL_ROWS 4

struct devices {
    struct list list;
    uint64_t target; // what the open form is about
};

static const struct binding KEYS[] = {
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
    return row->state == DEVICE_STATE__DEVICE_STATE_REVOKED ? STYLE_DIM : STYLE_PLAIN;
}

static enum status devices_open(struct page *page)
{
    struct devices *devices = page->state;
    devices->list.cell = cell;
    devices->list.style = style;
    return list_open(&devices->list, "device_list", "name,login,state,enrolled,words");
}

static void devices_close(struct page *page)
{
    struct devices *devices = page->state;
    list_close(&devices->list);
}

static void devices_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct devices *devices = page->state;
    (void)list_take(&devices->list, page, answer);
}

static void devices_refresh(struct page *page)
{
    struct devices *devices = page->state;
    list_ask(&devices->list, page, devices_hear);
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
    struct devices *devices = page->state;
    struct area first;
    struct area second;
    frame_split(canvas, area, false, DETAIL_ROWS, _("This device"), &first, &second);
    frame_heading(canvas, area, _("Machines that may connect"));
    second.column++;
    second.columns -= 2;
    (void)canvas_wrap(canvas, second, STYLE_PLAIN, devices_detail(page));
    list_draw(&devices->list, page, canvas, first);
}

static bool devices_press(struct page *page, const struct press *press)
{
    struct devices *devices = page->state;
    return table_press(&devices->list.table, press);
}

static const char *devices_line(struct page *page)
{
    (void)page;
    return "kontor device list";
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

static void revoke_done(void *context, struct dialog *dialog, int purpose)
{
    struct page *page = context;
    const struct devices *devices = page->state;
    (void)purpose;
    DeviceRevoke inner;
    device_revoke__init(&inner);
    inner.device_id = devices->target;
    inner.reason = dialog->field[0].input.text;
    (void)console_ask(page, "device_revoke", &inner.base, done_hear);
}

static void devices_act(struct page *page, int action)
{
    struct devices *devices = page->state;
    const DeviceRow *device = chosen_device(page);
    if (device == NULL || action != ADMIN_REVOKE) {
        return;
    }
    struct dialog *dialog =
        console_form(page, _("Revoke a device"),
                     _("Its connections are closed at once, and it cannot connect any more."),
                     revoke_done, action);
    if (dialog == NULL) {
        return;
    }
    devices->target = device->id;
    (void)dialog_add(dialog, _("reason"), true);
    const char *label = arena_print(dialog->arena, _("type %s to confirm"), device->name);
    struct dialog_field *field = dialog_add(dialog, label == NULL ? "" : label, true);
    field->expected = arena_copy(dialog->arena, device->name, strlen(device->name));
}

static size_t devices_items(struct page *page, int axis)
{
    const struct devices *devices = page->state;
    return axis == 0 ? list_count(&devices->list) : 0;
}

static const char *devices_item(struct page *page, int axis, size_t index)
{
    struct devices *devices = page->state;
    (void)axis;
    return list_sentence(&devices->list, page, index);
}

static void devices_choose(struct page *page, int axis, size_t index)
{
    struct devices *devices = page->state;
    (void)axis;
    devices->list.table.chosen = index;
}

const struct page_kind ADMIN_DEVICES = {
    .word = "devices",
    .title = N_("Devices"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct devices),
    .open = devices_open,
    .close = devices_close,
    .refresh = devices_refresh,
    .draw = devices_draw,
    .press = devices_press,
    .act = devices_act,
    .line = devices_line,
    .items = devices_items,
    .item = devices_item,
    .choose = devices_choose,
    .detail = devices_detail,
};
