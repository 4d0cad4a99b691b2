// SPDX-License-Identifier: Apache-2.0
#include "client/letters.h"
#include "client/tui/admin.h"
#include "client/tui/table.h"
#include "shared/words.h"

#define ROWS_MAX     500 // newest; older ones are in `kontor audit list`
#define FIRST_ROWS   200
#define DETAIL_ROWS  7
#define SHORT_BYTES  64
#define LONG_BYTES   160
#define DETAIL_BYTES ((size_t)1024 * 1024)

// A record as it came, kept for the screen only.
struct record {
    uint64_t number;
    int64_t at_us;
    char actor[SHORT_BYTES];
    char device[SHORT_BYTES];
    char action[SHORT_BYTES];
    char object[SHORT_BYTES];
    char status[SHORT_BYTES];
    char text[LONG_BYTES];
};

struct audit {
    struct record *record; // a ring: the newest at `newest`, going back
    size_t count;
    size_t newest;
    size_t held; // came while paused, not counted among what is shown
    bool is_paused;
    struct table table;
    uint64_t follow;
    uint8_t from[POSITION_BYTES_MAX];
    size_t from_size;
    char filter[FIELD_INPUT_BYTES_MAX + 1];
    struct arena *arena; // of the record that is shown whole
    const AuditCard *card;
    bool is_verifying;
    uint64_t verified; // records, by this console
    bool is_whole;
};

static const struct binding KEYS[] = {
    {"Space", ADMIN_PAUSE, N_("pause")},
    {"Enter", ADMIN_OPEN, N_("details")},
    {"f", ADMIN_ONLY_ACTOR, N_("only this person")},
    {"v", ADMIN_VERIFY, N_("verify the chain")},
};

static enum status audit_open(struct page *page)
{
    struct audit *audit = page->state;
    audit->record = calloc(ROWS_MAX, sizeof *audit->record);
    audit->arena = arena_make(DETAIL_BYTES);
    return audit->record == NULL || audit->arena == NULL ? STATUS_ENVIRONMENT : STATUS_OK;
}

static void audit_close(struct page *page)
{
    struct audit *audit = page->state;
    free(audit->record);
    arena_free(audit->arena);
}

// Row 0 of what is shown is the newest that is not held back.
static const struct record *record_at(const struct audit *audit, size_t row)
{
    assert(row + audit->held < audit->count);
    return &audit->record[(audit->newest + ROWS_MAX - row - audit->held) % ROWS_MAX];
}

static size_t shown_count(const struct audit *audit)
{
    return audit->count - audit->held;
}

static void text_keep(char *out, size_t size, const char *text)
{
    // Cut at a whole character.
    size_t length = strlen(text);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((uint8_t)text[length] & 0xc0) == 0x80) {
            length--;
        }
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

static void record_keep(struct audit *audit, const AuditRow *row)
{
    audit->newest = (audit->newest + 1) % ROWS_MAX;
    audit->count += audit->count < ROWS_MAX ? 1 : 0;
    struct record *record = &audit->record[audit->newest];
    record->number = row->number;
    record->at_us = row->at_us;
    text_keep(record->actor, sizeof record->actor, row->actor);
    text_keep(record->device, sizeof record->device, row->device);
    text_keep(record->action, sizeof record->action, row->action);
    text_keep(record->object, sizeof record->object, row->object);
    text_keep(record->status, sizeof record->status, row->status);
    text_keep(record->text, sizeof record->text, row->text);
    if (audit->is_paused) {
        audit->held += audit->held + 1 < audit->count ? 1 : 0;
    } else if (audit->table.chosen > 0) {
        audit->table.chosen++; // the choice stays on its record while new ones come above
    }
    table_rows(&audit->table, shown_count(audit));
}

static void event_hear(void *context, const Event *event)
{
    struct page *page = context;
    struct audit *audit = page->state;
    if (event->position.len > 0 && event->position.len <= sizeof audit->from) {
        memcpy(audit->from, event->position.data, event->position.len);
        audit->from_size = event->position.len;
    }
    if (event->row != NULL) {
        record_keep(audit, event->row);
    }
}

// Follows from where it stood before the connection was lost; what is followed already goes on.
static void follow(struct page *page)
{
    struct audit *audit = page->state;
    AuditTail inner;
    audit_tail__init(&inner);
    inner.query = audit->filter;
    inner.from.data = audit->from;
    inner.from.len = audit->from_size;
    inner.limit = audit->from_size == 0 ? FIRST_ROWS : 0;
    (void)console_follow(page, "audit_tail", &inner.base, event_hear, &audit->follow);
}

static void audit_refresh(struct page *page)
{
    struct audit *audit = page->state;
    if (audit->follow == 0 || !console_follows(page, audit->follow)) {
        follow(page);
    }
}

// ---- drawing ----

struct source {
    const struct audit *audit;
    struct console *console;
};

static const char *result_sign(const struct record *record)
{
    return strcmp(record->status, "done") == 0 ? "✓" : "✗";
}

static const char *cell(void *context, size_t row, size_t column)
{
    const struct source *source = context;
    const struct record *record = record_at(source->audit, row);
    struct arena *frame = console_frame(source->console);
    const char *text = NULL;
    switch (column) {
    case 0:
        text = arena_print(frame, "%llu", (unsigned long long)record->number);
        break;
    case 1:
        text = admin_clock(source->console, record->at_us);
        break;
    case 2:
        text = record->actor[0] == '\0' ? _("system") : record->actor;
        break;
    case 3:
        text = record->device;
        break;
    case 4:
        text = record->action;
        break;
    case 5:
        text = strcmp(record->status, "done") == 0
                   ? record->object
                   : arena_print(frame, "%s %s", record->status, record->object);
        break;
    default:
        text = result_sign(record);
        break;
    }
    return text == NULL ? "" : text;
}

static enum style style(void *context, size_t row)
{
    const struct source *source = context;
    const struct record *record = record_at(source->audit, row);
    return strcmp(record->status, "done") == 0 ? STYLE_PLAIN : STYLE_BAD;
}

static const char *state_text(struct page *page)
{
    struct audit *audit = page->state;
    struct arena *frame = console_frame(page->console);
    const char *follows =
        audit->is_paused ? arena_print(frame, _("■ paused, %zu newer (Space goes on)"), audit->held)
                         : _("▶ following (Space pauses)");
    const char *chain = _("chain not verified here yet (v)");
    if (audit->is_verifying) {
        chain =
            arena_print(frame, _("verifying: %llu records"), (unsigned long long)audit->verified);
    } else if (audit->verified > 0) {
        chain = arena_print(frame,
                            audit->is_whole ? _("chain ✓ whole up to #%llu")
                                            : _("chain ✗ BROKEN: kontor audit verify (%llu)"),
                            (unsigned long long)audit->verified);
    }
    const char *text = arena_print(frame, "/ %s   %s   %s",
                                   audit->filter[0] == '\0' ? _("everything") : audit->filter,
                                   follows == NULL ? "" : follows, chain == NULL ? "" : chain);
    return text == NULL ? "" : text;
}

static const char *changes_text(struct arena *frame, const AuditCard *card)
{
    char *text = arena_print(frame, "%s", "");
    for (size_t i = 0; i < card->n_change && text != NULL; i++) {
        const AuditChange *change = card->change[i];
        text = arena_print(frame, "%s\n  %s %s: %s → %s", text, change->object, change->field,
                           change->before[0] == '\0' ? "·" : change->before,
                           change->after[0] == '\0' ? "·" : change->after);
    }
    for (size_t i = 0; i < card->n_problem && text != NULL; i++) {
        const Problem *problem = card->problem[i];
        text = arena_print(frame, "%s\n  %s %s", text, problem->field, problem->asked);
    }
    return text == NULL ? "" : text;
}

static const char *audit_detail(struct page *page)
{
    const struct audit *audit = page->state;
    if (audit->table.chosen >= shown_count(audit)) {
        return "";
    }
    const struct record *record = record_at(audit, audit->table.chosen);
    struct arena *frame = console_frame(page->console);
    const bool has_card = audit->card != NULL && audit->card->number == record->number;
    const char *text = arena_print(
        frame, "#%llu  %s  %s %s%s%s%s", (unsigned long long)record->number,
        admin_moment(page->console, record->at_us),
        record->actor[0] == '\0' ? _("system") : record->actor,
        record->text[0] == '\0' ? record->action : language_word(record->text),
        record->object[0] == '\0' ? "" : "  ", record->object,
        has_card ? changes_text(frame, audit->card) : _("\n  Enter shows before and after"));
    return text == NULL ? "" : text;
}

static void audit_draw(struct page *page, struct canvas *canvas, struct area area)
{
    struct audit *audit = page->state;
    struct source source = {audit, page->console};
    const struct table_source rows = {
        .column_count = 7,
        .header = {_("number"), _("time"), _("who"), _("device"), _("action"), _("object"), ""},
        .right = {true},
        .context = &source,
        .cell = cell,
        .style = style,
    };
    struct area first;
    struct area second;
    const size_t share = area.rows > 20 ? DETAIL_ROWS : 4;
    frame_split(canvas, area, false, share, _("This record"), &first, &second);
    frame_heading(canvas, area, _("What happens"));
    (void)canvas_put(canvas, first.row, first.column + 1, first.columns - 2, STYLE_DIM,
                     state_text(page));
    second.column++;
    second.columns -= 2;
    (void)canvas_wrap(canvas, second, STYLE_PLAIN, audit_detail(page));
    first.row++;
    first.rows--;
    table_rows(&audit->table, shown_count(audit));
    table_draw(&audit->table, &rows, canvas, first);
}

static bool audit_press(struct page *page, const struct press *press)
{
    struct audit *audit = page->state;
    return table_press(&audit->table, press);
}

static const char *audit_line(struct page *page)
{
    const struct audit *audit = page->state;
    const char *line =
        audit->filter[0] == '\0'
            ? "kontor audit tail"
            : arena_print(console_frame(page->console), "kontor audit tail -q '%s'", audit->filter);
    return line == NULL ? "" : line;
}

// ---- acts ----

static void card_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct audit *audit = page->state;
    if (console_refused(page->console, answer) || answer->reply->audit_show == NULL) {
        return;
    }
    struct arena *old = audit->arena;
    audit->arena = *answer->arena;
    *answer->arena = old;
    audit->card = answer->reply->audit_show;
}

static void card_ask(struct page *page)
{
    const struct audit *audit = page->state;
    if (audit->table.chosen >= shown_count(audit)) {
        return;
    }
    AuditShow inner;
    audit_show__init(&inner);
    inner.number = record_at(audit, audit->table.chosen)->number;
    (void)console_ask(page, "audit_show", &inner.base, card_hear);
}

static AuditVerify verify_from(const char *cursor)
{
    AuditVerify inner;
    audit_verify__init(&inner);
    inner.cursor = letters_lend(cursor);
    return inner;
}

static void verify_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    struct audit *audit = page->state;
    audit->is_verifying = false;
    if (console_refused(page->console, answer) || answer->reply->audit_verify == NULL) {
        return;
    }
    const AuditVerifyReply *reply = answer->reply->audit_verify;
    audit->verified = reply->records;
    audit->is_whole = reply->whole;
    if (reply->page != NULL && reply->page->next[0] != '\0') {
        AuditVerify inner = verify_from(reply->page->next);
        audit->is_verifying = console_ask(page, "audit_verify", &inner.base, verify_hear);
    }
}

static void verify_ask(struct page *page)
{
    struct audit *audit = page->state;
    if (!audit->is_verifying) {
        AuditVerify inner = verify_from("");
        audit->is_verifying = console_ask(page, "audit_verify", &inner.base, verify_hear);
    }
}

static const char *audit_filter(struct page *page)
{
    const struct audit *audit = page->state;
    return audit->filter;
}

static void audit_filter_set(struct page *page, const char *filter)
{
    struct audit *audit = page->state;
    if (strcmp(filter, audit->filter) == 0) {
        return;
    }
    (void)snprintf(audit->filter, sizeof audit->filter, "%s", filter);
    console_unfollow(page, audit->follow);
    audit->follow = 0;
    audit->from_size = 0;
    audit->count = 0;
    audit->held = 0;
    table_rows(&audit->table, 0);
    follow(page);
}

static void only_actor(struct page *page)
{
    const struct audit *audit = page->state;
    if (audit->table.chosen < shown_count(audit)) {
        const char *filter = arena_print(console_frame(page->console), "actor:%s",
                                         record_at(audit, audit->table.chosen)->actor);
        audit_filter_set(page, filter == NULL ? "" : filter);
    }
}

static void audit_act(struct page *page, int action)
{
    struct audit *audit = page->state;
    switch (action) {
    case ADMIN_PAUSE:
        audit->is_paused = !audit->is_paused;
        audit->held = 0;
        table_rows(&audit->table, shown_count(audit));
        break;
    case ADMIN_OPEN:
        card_ask(page);
        break;
    case ADMIN_ONLY_ACTOR:
        only_actor(page);
        break;
    case ADMIN_VERIFY:
        verify_ask(page);
        break;
    default:
        break;
    }
}

static size_t audit_items(struct page *page, int axis)
{
    const struct audit *audit = page->state;
    return axis == 0 ? shown_count(audit) : 0;
}

static const char *audit_item(struct page *page, int axis, size_t index)
{
    struct source source = {page->state, page->console};
    (void)axis;
    const char *text = arena_print(
        console_frame(page->console), "#%s; %s; %s; %s; %s; %s", cell(&source, index, 0),
        cell(&source, index, 1), cell(&source, index, 2), cell(&source, index, 4),
        cell(&source, index, 5), language_word(record_at(source.audit, index)->status));
    return text == NULL ? "" : text;
}

static void audit_choose(struct page *page, int axis, size_t index)
{
    struct audit *audit = page->state;
    (void)axis;
    audit->table.chosen = index;
    card_ask(page);
}

const struct page_kind ADMIN_AUDIT = {
    .word = "audit",
    .title = N_("Audit"),
    .binding = KEYS,
    .binding_count = COUNT_OF(KEYS),
    .state_size = sizeof(struct audit),
    .open = audit_open,
    .close = audit_close,
    .refresh = audit_refresh,
    .draw = audit_draw,
    .press = audit_press,
    .act = audit_act,
    .line = audit_line,
    .filter = audit_filter,
    .filter_set = audit_filter_set,
    .items = audit_items,
    .item = audit_item,
    .choose = audit_choose,
    .detail = audit_detail,
};
