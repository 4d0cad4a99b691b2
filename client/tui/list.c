// SPDX-License-Identifier: Apache-2.0
#include "client/tui/list.h"

#include "client/cli.h"
#include "client/letters.h"
#include "client/output.h"
#include "shared/fields.h"
#include "shared/wire.h"
#include "shared/words.h"

#define LIST_BYTES_FIRST ((size_t)32 * 1024 * 1024)

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *message,
                                                   const char *name, size_t size)
{
    for (unsigned i = 0; i < message->n_fields; i++) {
        char key[64];
        field_key(&message->fields[i], key);
        if (strlen(key) == size && strncmp(key, name, size) == 0) {
            return &message->fields[i];
        }
    }
    return NULL;
}

static void columns_find(struct list *list, const char *columns)
{
    while (columns[0] != '\0') {
        const size_t size = strcspn(columns, ",");
        const ProtobufCFieldDescriptor *field = field_named(list->rows->descriptor, columns, size);
        assert(field != NULL && list->column_count < TABLE_COLUMNS_MAX);
        list->column[list->column_count++] = field;
        columns += size + (columns[size] == ',' ? 1 : 0);
    }
}

enum status list_open(struct list *list, const char *command, const char *columns)
{
    list->command = command_by_name(command);
    assert(list->command != NULL);
    list->rows = protobuf_c_message_descriptor_get_field_by_name(list->command->reply, "row");
    assert(list->rows != NULL);
    columns_find(list, columns);
    list->arena = arena_make(LIST_BYTES_FIRST);
    return list->arena == NULL ? STATUS_ENVIRONMENT : STATUS_OK;
}

void list_close(struct list *list)
{
    arena_free(list->arena);
    list->arena = NULL;
}

static void text_set(ProtobufCMessage *message, const char *name, const char *text)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
    if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING) {
        char *lent = letters_lend(text);
        memcpy(field_at(message, field), &lent, sizeof lent);
    }
}

void list_ask(struct list *list, struct page *page, answer_function *answer)
{
    ProtobufCMessage *inner = wire_make(console_frame(page->console), list->command->request);
    if (inner == NULL) {
        return;
    }
    text_set(inner, "query", list->filter);
    const ProtobufCFieldDescriptor *limit =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "limit");
    if (limit != NULL && limit->type == PROTOBUF_C_TYPE_UINT32) {
        const uint32_t most = list->limit == 0 ? LIST_ROWS_MAX : list->limit;
        memcpy(field_at(inner, limit), &most, sizeof most);
    }
    const ProtobufCFieldDescriptor *everybody =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "everybody");
    if (everybody != NULL && list->everybody) {
        const protobuf_c_boolean yes = true;
        memcpy(field_at(inner, everybody), &yes, sizeof yes);
    }
    (void)console_ask(page, list->command->name, inner, answer);
}

// What tells rows apart: the id, or the number of a journal record.
static uint64_t row_id(const ProtobufCMessage *row)
{
    static const char *const NAMES[] = {"id", "number"};
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(row->descriptor, NAMES[i]);
        if (field != NULL && field->type == PROTOBUF_C_TYPE_FIXED64) {
            uint64_t id = 0;
            memcpy(&id, field_at(row, field), sizeof id);
            return id;
        }
    }
    return 0;
}

// Stable: few rows of a page are out of order.
static void rows_rank(struct list *list)
{
    ProtobufCMessage **row = *(ProtobufCMessage * *const *)field_at(list->reply, list->rows);
    for (size_t i = 1; i < list_count(list); i++) {
        ProtobufCMessage *moved = row[i];
        size_t at = i;
        for (; at > 0 && list->rank(row[at - 1]) > list->rank(moved); at--) {
            row[at] = row[at - 1];
        }
        row[at] = moved;
    }
}

bool list_take(struct list *list, struct page *page, const struct answer *answer)
{
    const ProtobufCMessage *reply =
        answer->reply == NULL ? NULL : wire_inner(&answer->reply->base, list->command->number);
    if (console_refused(page->console, answer) || reply == NULL) {
        return false;
    }
    const ProtobufCMessage *chosen = list_chosen(list);
    const uint64_t id = chosen == NULL ? 0 : row_id(chosen);
    struct arena *old = list->arena;
    list->arena = *answer->arena;
    *answer->arena = old;
    list->reply = reply;
    if (list->rank != NULL) {
        rows_rank(list);
    }
    table_rows(&list->table, list_count(list));
    for (size_t i = 0; id != 0 && i < list_count(list); i++) {
        if (row_id(list_row(list, i)) == id) {
            list->table.chosen = i;
            break;
        }
    }
    arena_reset(old);
    return true;
}

void list_filter(struct list *list, const char *filter)
{
    (void)snprintf(list->filter, sizeof list->filter, "%s", filter);
}

size_t list_count(const struct list *list)
{
    return list->reply == NULL ? 0 : field_count(list->reply, list->rows);
}

const ProtobufCMessage *list_row(const struct list *list, size_t index)
{
    assert(index < list_count(list));
    return (*(ProtobufCMessage *const *const *)field_at(list->reply, list->rows))[index];
}

const ProtobufCMessage *list_chosen(const struct list *list)
{
    return list->table.chosen < list_count(list) ? list_row(list, list->table.chosen) : NULL;
}

// ---- drawing ----

struct source {
    struct list *list;
    struct console *console;
};

static const char *cell(void *context, size_t row, size_t column)
{
    const struct source *source = context;
    const struct list *list = source->list;
    const ProtobufCMessage *message = list_row(list, row);
    const ProtobufCFieldDescriptor *field = list->column[column];
    const char *text =
        list->cell == NULL ? NULL : list->cell(source->console, message, field->name);
    return text != NULL ? text : output_cell(console_render(source->console), message, field);
}

static enum style row_style(void *context, size_t row)
{
    const struct source *source = context;
    return source->list->style(list_row(source->list, row));
}

static const char *header(struct console *console, const ProtobufCFieldDescriptor *field)
{
    char key[64];
    field_key(field, key);
    const char *word = language_word(key);
    char *text = arena_copy(console_frame(console), word, strlen(word));
    letters_replace(text, '_', ' ');
    return text == NULL ? "" : text;
}

static struct table_source table_source(struct list *list, struct source *source)
{
    struct table_source out = {
        .column_count = list->column_count,
        .context = source,
        .cell = cell,
        .style = list->style == NULL ? NULL : row_style,
    };
    for (size_t i = 0; i < list->column_count; i++) {
        out.header[i] = header(source->console, list->column[i]);
        out.right[i] = list->column[i]->type != PROTOBUF_C_TYPE_STRING &&
                       list->column[i]->type != PROTOBUF_C_TYPE_ENUM &&
                       strstr(list->column[i]->name, "_us") == NULL &&
                       strstr(list->column[i]->name, "_day") == NULL;
    }
    return out;
}

const char *list_sentence(struct list *list, struct page *page, size_t index)
{
    struct source source = {list, page->console};
    char *text = arena_print(console_frame(page->console), "%s", "");
    for (size_t i = 0; i < list->column_count && text != NULL; i++) {
        const char *value = cell(&source, index, i);
        if (value[0] != '\0') {
            text = arena_print(console_frame(page->console), "%s%s%s: %s", text,
                               text[0] == '\0' ? "" : "; ", header(page->console, list->column[i]),
                               value);
        }
    }
    return text == NULL ? "" : text;
}

static void empty_draw(const struct list *list, struct canvas *canvas, struct area area)
{
    struct cli_empty empty;
    const bool is_known = list->reply != NULL;
    const bool teaches = is_known && list->filter[0] == '\0' && cli_empty(list->command, &empty);
    const char *text = teaches    ? language_word(empty.sentence)
                       : is_known ? _("Nothing matches.")
                                  : _("Nothing was heard from the server yet.");
    (void)canvas_put(canvas, area.row + 1, area.column + 1, area.columns - 2, STYLE_DIM, text);
    if (teaches && area.rows > 2) {
        (void)canvas_put(canvas, area.row + 2, area.column + 3, area.columns - 4, STYLE_PLAIN,
                         empty.line);
    }
}

void list_draw(struct list *list, struct page *page, struct canvas *canvas, struct area area)
{
    struct source source = {list, page->console};
    const struct table_source rows = table_source(list, &source);
    table_rows(&list->table, list_count(list));
    table_draw(&list->table, &rows, canvas, area);
    if (list_count(list) == 0 && area.rows > 1) {
        empty_draw(list, canvas, area);
    }
}

// ---- a page that is a list ----

static struct list *list_of(struct page *page)
{
    return page->state;
}

void list_page_close(struct page *page)
{
    list_close(list_of(page));
}

static void page_hear(void *context, const struct answer *answer)
{
    struct page *page = context;
    (void)list_take(list_of(page), page, answer);
}

void list_page_refresh(struct page *page)
{
    list_ask(list_of(page), page, page_hear);
}

bool list_page_press(struct page *page, const struct press *press)
{
    return table_press(&list_of(page)->table, press);
}

const char *list_page_line(struct page *page)
{
    const struct list *list = list_of(page);
    const char *name = list->command->name;
    const size_t noun = strcspn(name, "_");
    const bool is_filtered = list->filter[0] != '\0';
    char *line = arena_print(console_frame(page->console), "kontor %.*s %s%s%s%s", (int)noun, name,
                             name + noun + 1, is_filtered ? " -q '" : "", list->filter,
                             is_filtered ? "'" : "");
    return line == NULL ? "" : line;
}

const char *list_page_filter(struct page *page)
{
    return list_of(page)->filter;
}

void list_page_filter_set(struct page *page, const char *filter)
{
    list_filter(list_of(page), filter);
    list_page_refresh(page);
}

size_t list_page_items(struct page *page, int axis)
{
    return axis == 0 ? list_count(list_of(page)) : 0;
}

const char *list_page_item(struct page *page, int axis, size_t index)
{
    assert(axis == 0);
    return list_sentence(list_of(page), page, index);
}

void list_page_choose(struct page *page, int axis, size_t index)
{
    assert(axis == 0);
    list_of(page)->table.chosen = index;
}

void list_page_draw(struct page *page, struct canvas *canvas, struct area area, const char *heading,
                    const char *row_heading, size_t detail_rows)
{
    struct area first;
    struct area second;
    frame_split(canvas, area, false, detail_rows, row_heading, &first, &second);
    frame_heading(canvas, area, heading);
    second.column++;
    second.columns -= 2;
    (void)canvas_wrap(canvas, second, STYLE_PLAIN, page->kind->detail(page));
    list_draw(list_of(page), page, canvas, first);
}
