// SPDX-License-Identifier: Apache-2.0
#include "client/output.h"

#include "client/cli.h"
#include "client/grid.h"
#include "client/pages.h"
#include "shared/day.h"
#include "shared/fields.h"
#include "shared/money.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "shared/words.h"

#include <ctype.h>

#define LABEL_CELLS 18

static void stream_close_at(FILE **stream)
{
    if (*stream != NULL) {
        (void)fclose(*stream);
    }
}

const char *output_word(struct client *client, const char *key)
{
    const char *word = language_word(key);
    if (strcmp(word, key) != 0) {
        return word;
    }
    char *spaced = arena_copy(client->arena, key, strlen(key));
    for (char *c = spaced; c != NULL && *c != '\0'; c++) {
        *c = *c == '_' ? ' ' : *c;
    }
    return spaced == NULL ? key : spaced;
}

const char *output_header(struct client *client, const char *key)
{
    const char *word = output_word(client, key);
    char *upper = arena_copy(client->arena, word, strlen(word));
    for (char *c = upper; c != NULL && *c != '\0'; c++) {
        *c = (unsigned char)*c < 0x80 ? (char)toupper((unsigned char)*c) : *c;
    }
    return upper == NULL ? word : upper;
}

const char *output_money(struct client *client, int64_t minor)
{
    const char *text = money_print_grouped(client->arena, minor, client->context.decimals);
    return text == NULL ? "" : text;
}

const char *output_day(struct client *client, int32_t day)
{
    static const char *const NAMES[] = {N_("Monday"),   N_("Tuesday"), N_("Wednesday"),
                                        N_("Thursday"), N_("Friday"),  N_("Saturday"),
                                        N_("Sunday")};
    const char *text = day_print(client->arena, day);
    const char *name = language_word(NAMES[day_weekday(day) - 1]);
    const char *both =
        arena_print(client->arena, client->language == LANGUAGE_CHINESE ? "%s（%s）" : "%s %s",
                    text == NULL ? "" : text, name);
    return both == NULL ? "" : both;
}

// ---- lists ----

static const ProtobufCFieldDescriptor *field_by_key(const ProtobufCMessageDescriptor *message,
                                                    const char *key, size_t size)
{
    for (unsigned i = 0; i < message->n_fields; i++) {
        char name[64];
        field_key(&message->fields[i], name);
        if (strlen(name) == size && memcmp(name, key, size) == 0) {
            return &message->fields[i];
        }
    }
    return NULL;
}

static bool field_is_number(const ProtobufCMessageDescriptor *message,
                            const ProtobufCFieldDescriptor *field)
{
    enum kind kind = field_of(message, (unsigned)(field - message->fields)).kind;
    return kind == KIND_MONEY || kind == KIND_NUMBER || kind == KIND_RATE || kind == KIND_QUANTITY;
}

struct selection {
    const ProtobufCFieldDescriptor *field[GRID_COLUMNS_MAX];
    size_t count;
};

static enum status columns_named(struct client *client, const ProtobufCMessageDescriptor *message,
                                 const char *list, struct selection *out)
{
    const char *at = list;
    while (*at != '\0') {
        size_t size = strcspn(at, ",");
        const ProtobufCFieldDescriptor *field = field_by_key(message, at, size);
        if (field == NULL || out->count == GRID_COLUMNS_MAX) {
            char *name = arena_copy(client->arena, at, size);
            const char *all = "";
            for (unsigned i = 0; i < message->n_fields && all != NULL; i++) {
                char key[64];
                field_key(&message->fields[i], key);
                all = arena_print(client->arena, "%s%s%s", all, i == 0 ? "" : ", ", key);
            }
            return client_fail(client, STATUS_FIELD_NOT_CHOICE, "columns", name, all);
        }
        out->field[out->count++] = field;
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return STATUS_OK;
}

static const ProtobufCMessage *row_at(const ProtobufCMessage *message,
                                      const ProtobufCFieldDescriptor *rows, size_t i)
{
    ProtobufCMessage *const *list = *(ProtobufCMessage *const *const *)field_at(message, rows);
    return list[i];
}

// Every field that at least one row sets; the internal id stays behind the number.
static void columns_all(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *rows,
                        struct selection *out)
{
    const ProtobufCMessageDescriptor *row = rows->descriptor;
    size_t count = field_count(message, rows);
    for (unsigned f = 0; f < row->n_fields && out->count < GRID_COLUMNS_MAX; f++) {
        bool is_set = false;
        for (size_t i = 0; i < count && !is_set; i++) {
            is_set = field_is_set(row_at(message, rows, i), &row->fields[f]);
        }
        if (is_set && strcmp(row->fields[f].name, "id") != 0 &&
            row->fields[f].type != PROTOBUF_C_TYPE_MESSAGE &&
            row->fields[f].type != PROTOBUF_C_TYPE_BYTES) {
            out->field[out->count++] = &row->fields[f];
        }
    }
}

// The sum of a column: the field of that name beside the rows.
static const char *sum_of(const struct render_context *render, const ProtobufCMessage *sums,
                          const ProtobufCFieldDescriptor *column)
{
    for (unsigned i = 0; i < sums->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &sums->descriptor->fields[i];
        if (strcmp(field->name, column->name) == 0 && field->label != PROTOBUF_C_LABEL_REPEATED &&
            field_is_number(sums->descriptor, field)) {
            return render_cell(render, sums, field);
        }
    }
    return NULL;
}

enum status output_table(struct client *client, const ProtobufCMessage *message,
                         const ProtobufCFieldDescriptor *rows, const char *columns,
                         const ProtobufCMessage *sums, FILE *out)
{
    struct selection selection = {0};
    if (columns != NULL) {
        enum status status = columns_named(client, rows->descriptor, columns, &selection);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        columns_all(message, rows, &selection);
    }
    if (selection.count == 0) {
        return STATUS_OK;
    }
    const struct render_context render = client_render(client);
    struct grid grid;
    grid_init(&grid, client->arena);
    for (size_t c = 0; c < selection.count; c++) {
        char key[64];
        field_key(selection.field[c], key);
        grid_column(&grid, output_header(client, key),
                    field_is_number(rows->descriptor, selection.field[c]));
        grid.footer[c] = sums == NULL ? NULL : sum_of(&render, sums, selection.field[c]);
        grid.has_footer = grid.has_footer || grid.footer[c] != NULL;
    }
    size_t count = field_count(message, rows);
    for (size_t i = 0; i < count; i++) {
        const char **cells = grid_row(&grid);
        if (cells == NULL) {
            return STATUS_TOO_LARGE;
        }
        for (size_t c = 0; c < selection.count; c++) {
            const char *text = render_cell(&render, row_at(message, rows, i), selection.field[c]);
            cells[c] = text == NULL ? "" : text;
        }
    }
    grid_print(&grid, client->terminal.width, client->terminal.colour, out);
    return STATUS_OK;
}

static const ProtobufCFieldDescriptor *rows_of(const ProtobufCMessageDescriptor *reply)
{
    const ProtobufCFieldDescriptor *row =
        protobuf_c_message_descriptor_get_field_by_name(reply, "row");
    return row != NULL && row->label == PROTOBUF_C_LABEL_REPEATED &&
                   row->type == PROTOBUF_C_TYPE_MESSAGE
               ? row
               : NULL;
}

static const Page *page_of(const ProtobufCMessage *reply)
{
    const ProtobufCFieldDescriptor *page =
        protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "page");
    if (page == NULL || page->type != PROTOBUF_C_TYPE_MESSAGE) {
        return NULL;
    }
    return *(const Page *const *)field_at(reply, page);
}

// Where the sums of the columns stand: in a row of its own ("total"), or beside the rows.
static const ProtobufCMessage *sums_of(const ProtobufCMessage *inner,
                                       const ProtobufCFieldDescriptor *rows)
{
    const ProtobufCFieldDescriptor *total =
        protobuf_c_message_descriptor_get_field_by_name(inner->descriptor, "total");
    if (total == NULL || total->type != PROTOBUF_C_TYPE_MESSAGE ||
        total->descriptor != rows->descriptor || !field_is_set(inner, total)) {
        return inner;
    }
    return *(const ProtobufCMessage *const *)field_at(inner, total);
}

static enum status list_print(struct client *client, const struct command *command,
                              const ProtobufCMessage *inner, const ProtobufCFieldDescriptor *rows,
                              FILE *out)
{
    size_t count = field_count(inner, rows);
    struct cli_empty empty;
    if (count == 0) {
        bool teaches = cli_empty(command, &empty);
        (void)fprintf(out, "%s\n", teaches ? language_word(empty.sentence) : _("Nothing."));
        if (teaches) {
            (void)fprintf(out, "  %s\n", empty.line);
        }
        return STATUS_OK;
    }
    const char *columns =
        client->options.columns != NULL ? client->options.columns : cli_columns(command);
    enum status status = output_table(client, inner, rows, columns, sums_of(inner, rows), out);
    const Page *page = page_of(inner);
    if (status == STATUS_OK && page != NULL && page->next[0] != '\0' && !client->options.quiet) {
        (void)fprintf(out, _("%zu of %u; the next ones: --cursor %s"), count, page->count,
                      page->next);
        (void)fputc('\n', out);
    }
    return status;
}

// ---- one object ----

static void label_print(const char *label, const char *text, FILE *out)
{
    size_t cells = text_cells(label);
    (void)fprintf(out, "%s%*s%s\n", label, cells < LABEL_CELLS ? (int)(LABEL_CELLS - cells) : 1, "",
                  text);
}

static enum status record_print(struct client *client, const ProtobufCMessage *inner, FILE *out)
{
    const struct render_context render = client_render(client);
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &inner->descriptor->fields[i];
        enum kind kind = field_of(inner->descriptor, i).kind;
        if (kind == KIND_MESSAGE || kind == KIND_BYTES || kind == KIND_REFERENCE ||
            (!field_is_set(inner, field) && kind != KIND_MONEY) || strcmp(field->name, "id") == 0) {
            continue;
        }
        char key[64];
        field_key(field, key);
        const char *text = render_cell(&render, inner, field);
        label_print(output_word(client, key), text == NULL ? "" : text, out);
    }
    for (unsigned i = 0; i < inner->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &inner->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE || field->label != PROTOBUF_C_LABEL_REPEATED ||
            field_count(inner, field) == 0) {
            continue;
        }
        (void)fputc('\n', out);
        enum status status = output_table(client, inner, field, NULL, NULL, out);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

// "{number} added." with the reply's fields.
static void done_print(struct client *client, const char *sentence, const ProtobufCMessage *inner,
                       FILE *out)
{
    const struct render_context render = client_render(client);
    for (const char *at = sentence; *at != '\0';) {
        size_t plain = strcspn(at, "{");
        (void)fwrite(at, 1, plain, out);
        at += plain;
        const char *end = strchr(at, '}');
        if (*at == '\0' || end == NULL) {
            break;
        }
        size_t size = (size_t)(end - at) - 1;
        const ProtobufCFieldDescriptor *field = field_by_key(inner->descriptor, at + 1, size);
        const char *text = field == NULL ? NULL : render_cell(&render, inner, field);
        if (size == 8 && memcmp(at + 1, "currency", 8) == 0) {
            text = client->context.currency;
        }
        (void)fputs(text == NULL ? "" : text, out);
        at = end + 1;
    }
    (void)fputc('\n', out);
}

// ---- for programs ----

// Leaves only the named fields in the object, or in each object of the array.
static void json_filter(json_t *json, const char *fields)
{
    size_t index = 0;
    json_t *element = NULL;
    if (json_is_array(json)) {
        json_array_foreach(json, index, element)
        {
            json_filter(element, fields);
        }
        return;
    }
    const char *key = NULL;
    void *next = NULL;
    json_t *value = NULL;
    json_object_foreach_safe(json, next, key, value)
    {
        bool wanted = false;
        for (const char *at = fields; *at != '\0';) {
            size_t size = strcspn(at, ",");
            wanted = wanted || (strlen(key) == size && memcmp(at, key, size) == 0);
            at += size + (at[size] == ',' ? 1 : 0);
        }
        if (!wanted) {
            (void)json_object_del(json, key);
        }
    }
}

static enum status json_print(struct client *client, const struct command *command,
                              const Reply *reply, const ProtobufCMessage *inner)
{
    const struct render_context render = client_render(client);
    json_t *json = render_json(&render, command, inner);
    if (json == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (client->options.json[0] != '\0') {
        json_filter(json_object_get(json, "data"), client->options.json);
    }
    if (command->mode == COMMAND_WRITE) {
        (void)json_object_set_new(json, "committed", json_boolean(reply->committed));
        (void)json_object_set_new(json, "replayed", json_boolean(reply->replayed));
        if (reply->plan[0] != '\0') {
            (void)json_object_set_new(json, "plan", json_string(reply->plan));
        }
    }
    int failed = json_dumpf(json, stdout, JSON_INDENT(1));
    (void)fputc('\n', stdout);
    json_decref(json);
    return failed == 0 ? STATUS_OK : STATUS_FILE_ERROR;
}

// A cell that a spreadsheet would take for a formula gets an apostrophe; numbers of ours are no
// such cells.
static void csv_cell(const char *text, bool number, FILE *out)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    bool formula = !number && text[0] != '\0' && strchr("=+-@", text[0]) != NULL;
    (void)fputs(quoted ? "\"" : "", out);
    (void)fputs(formula ? "'" : "", out);
    for (const char *c = text; *c != '\0'; c++) {
        (void)fputs(*c == '"' ? "\"" : "", out);
        (void)fputc(*c, out);
    }
    (void)fputs(quoted ? "\"" : "", out);
}

static enum status csv_print(struct client *client, const ProtobufCMessage *inner, FILE *out)
{
    const ProtobufCFieldDescriptor *rows = rows_of(inner->descriptor);
    const ProtobufCMessageDescriptor *message = rows == NULL ? inner->descriptor : rows->descriptor;
    struct selection selection = {0};
    if (client->options.columns != NULL) {
        enum status status = columns_named(client, message, client->options.columns, &selection);
        if (status != STATUS_OK) {
            return status;
        }
    }
    for (unsigned i = 0; client->options.columns == NULL && i < message->n_fields; i++) {
        enum kind kind = field_of(message, i).kind;
        if (kind != KIND_MESSAGE && kind != KIND_BYTES && selection.count < GRID_COLUMNS_MAX) {
            selection.field[selection.count++] = &message->fields[i];
        }
    }
    for (size_t c = 0; c < selection.count; c++) {
        char key[64];
        field_key(selection.field[c], key);
        (void)fprintf(out, "%s%s", c == 0 ? "" : ",", key);
    }
    (void)fputs("\r\n", out);
    const struct render_context render = client_render(client);
    size_t count = rows == NULL ? 1 : field_count(inner, rows);
    for (size_t i = 0; i < count; i++) {
        const ProtobufCMessage *row = rows == NULL ? inner : row_at(inner, rows, i);
        for (size_t c = 0; c < selection.count; c++) {
            const ProtobufCFieldDescriptor *field = selection.field[c];
            const char *text = render_cell(&render, row, field);
            if (field_of(message, (unsigned)(field - message->fields)).kind == KIND_MONEY) {
                text = money_print(client->arena, *(const int64_t *)field_at(row, field),
                                   client->context.decimals);
            }
            (void)fputs(c == 0 ? "" : ",", out);
            csv_cell(text == NULL ? "" : text, field_is_number(message, field), out);
        }
        (void)fputs("\r\n", out);
    }
    return STATUS_OK;
}

// ---- people ----

static enum status people_print(struct client *client, const struct command *command,
                                const Reply *reply, const ProtobufCMessage *inner, FILE *out)
{
    page_function *page = page_of_command(command);
    const ProtobufCFieldDescriptor *rows = rows_of(inner->descriptor);
    const char *done = cli_done(command);
    if (command->mode == COMMAND_WRITE && client->options.dry_run) {
        (void)fprintf(out, "%s\n", _("Nothing is written by --dry-run. It would be:"));
    }
    enum status status = STATUS_OK;
    if (page != NULL) {
        status = page(client, reply, inner, out);
    } else if (rows != NULL) {
        status = list_print(client, command, inner, rows, out);
    } else if (done != NULL && !client->options.dry_run) {
        done_print(client, language_word(done), inner, out);
    } else {
        status = record_print(client, inner, out);
    }
    if (status == STATUS_OK && client->options.dry_run && reply->plan[0] != '\0') {
        const char *line = page_commit_line(client, reply->plan);
        page_label(_("Plan"), out);
        (void)fprintf(out, "%s   %s\n", reply->plan, _("valid until what it read changes"));
        page_label(_("Commit"), out);
        (void)fprintf(out, "%s\n", line == NULL ? "" : line);
    }
    if (reply->replayed && !client->options.quiet) {
        (void)fprintf(out, "%s\n", _("(the stored outcome of an earlier request with this id)"));
    }
    return status;
}

enum status output_reply(struct client *client, const struct command *command, const Reply *reply)
{
    const ProtobufCMessage *inner = wire_inner(&reply->base, command->number);
    if (inner == NULL) {
        return STATUS_MALFORMED;
    }
    if (client->options.json != NULL) {
        return json_print(client, command, reply, inner);
    }
    if (client->options.quiet && command->mode == COMMAND_WRITE && cli_done(command) != NULL) {
        return STATUS_OK;
    }
    char *text = NULL;
    size_t size = 0;

    enum status status = STATUS_OK;
    {
        CLEANUP(stream_close_at) FILE *out = open_memstream(&text, &size);
        if (out == NULL) {
            return STATUS_ENVIRONMENT;
        }

        status = client->options.csv ? csv_print(client, inner, out)
                                     : people_print(client, command, reply, inner, out);
    }

    if (status == STATUS_OK) {
        status = terminal_page(&client->terminal, text);
    }
    free(text);
    return status;
}
