// SPDX-License-Identifier: Apache-2.0
#include "client/output_machine.h"

#include "shared/fields.h"
#include "shared/money.h"

const ProtobufCFieldDescriptor *output_field_by_key(const ProtobufCMessageDescriptor *message,
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

bool output_field_is_number(const ProtobufCMessageDescriptor *message,
                            const ProtobufCFieldDescriptor *field)
{
    enum kind kind = field_of(message, (unsigned)(field - message->fields)).kind;
    return kind == KIND_MONEY || kind == KIND_NUMBER || kind == KIND_RATE || kind == KIND_QUANTITY;
}

enum status output_columns_named(struct client *client, const ProtobufCMessageDescriptor *message,
                                 const char *list, struct selection *out)
{
    const char *at = list;
    while (*at != '\0') {
        size_t size = strcspn(at, ",");
        const ProtobufCFieldDescriptor *field = output_field_by_key(message, at, size);
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

const ProtobufCFieldDescriptor *output_rows_of(const ProtobufCMessageDescriptor *reply)
{
    const ProtobufCFieldDescriptor *row =
        protobuf_c_message_descriptor_get_field_by_name(reply, "row");
    return row != NULL && row->label == PROTOBUF_C_LABEL_REPEATED &&
                   row->type == PROTOBUF_C_TYPE_MESSAGE
               ? row
               : NULL;
}

const ProtobufCMessage *output_row_at(const ProtobufCMessage *message,
                                      const ProtobufCFieldDescriptor *rows, size_t i)
{
    ProtobufCMessage *const *list = *(ProtobufCMessage *const *const *)field_at(message, rows);
    return list[i];
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

// One line for each row, then one with all the rest; an answer that is no list is that one line.
static bool json_lines(json_t *json, FILE *out)
{
    json_t *rows = json_object_get(json, "data");
    size_t index = 0;
    json_t *row = NULL;
    bool is_written = true;
    if (json_is_array(rows)) {
        json_array_foreach(rows, index, row)
        {
            is_written = is_written && render_json_write(row, JSON_COMPACT, out);
        }
        is_written = is_written && json_object_del(json, "data") == 0;
    }
    return is_written && render_json_write(json, JSON_COMPACT, out);
}

enum status output_json(struct client *client, const struct command *command, const Reply *reply,
                        const ProtobufCMessage *inner)
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
        if (reply->control[0] != '\0') {
            (void)json_object_set_new(json, "control", json_string(reply->control));
        }
        (void)json_object_set_new(json, "replayed", json_boolean(reply->replayed));
        if (reply->plan[0] != '\0') {
            (void)json_object_set_new(json, "plan", json_string(reply->plan));
        }
    }
    const bool is_written = client->options.jsonl ? json_lines(json, stdout)
                                                  : render_json_write(json, JSON_INDENT(1), stdout);
    json_decref(json);
    return is_written ? STATUS_OK : STATUS_FILE_ERROR;
}

// A tab or an end of line inside a cell becomes a space: a line is a row and a tab ends a cell.
static void tsv_cell(const char *text, FILE *out)
{
    for (const char *c = text; *c != '\0'; c++) {
        (void)fputc(strchr("\t\r\n", *c) != NULL ? ' ' : *c, out);
    }
}

// Would a spreadsheet take the text for a formula? Some do behind spaces, and of the wide signs of
// a Chinese or Japanese keyboard.
static bool is_formula(const char *text)
{
    static const char *const SIGNS[] = {"=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"};
    const char *begin = text + strspn(text, " ");
    bool found = false;
    for (size_t i = 0; i < COUNT_OF(SIGNS); i++) {
        found = found || strncmp(begin, SIGNS[i], strlen(SIGNS[i])) == 0;
    }
    return found;
}

// A formula gets an apostrophe before it; numbers of ours are none.
static void csv_cell(const char *text, bool number, FILE *out)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    bool formula = !number && is_formula(text);
    (void)fputs(quoted ? "\"" : "", out);
    (void)fputs(formula ? "'" : "", out);
    for (const char *c = text; *c != '\0'; c++) {
        (void)fputs(*c == '"' ? "\"" : "", out);
        (void)fputc(*c, out);
    }
    (void)fputs(quoted ? "\"" : "", out);
}

static enum status cells_selection(struct client *client, const ProtobufCMessageDescriptor *message,
                                   struct selection *out)
{
    if (client->options.columns != NULL) {
        return output_columns_named(client, message, client->options.columns, out);
    }
    for (unsigned i = 0; i < message->n_fields; i++) {
        enum kind kind = field_of(message, i).kind;
        if (kind != KIND_MESSAGE && kind != KIND_BYTES && out->count < GRID_COLUMNS_MAX) {
            out->field[out->count++] = &message->fields[i];
        }
    }
    return STATUS_OK;
}

static void row_cells(struct client *client, const ProtobufCMessage *inner,
                      const ProtobufCMessage *row, const struct selection *selection, FILE *out)
{
    struct render_context render = client_render(client);
    render.around = row != inner ? inner : NULL;
    for (size_t c = 0; c < selection->count; c++) {
        const ProtobufCFieldDescriptor *field = selection->field[c];
        const char *text = render_cell(&render, row, field);
        if (field_kind(field) == KIND_MONEY) {
            text = money_print(client->arena, *(const int64_t *)field_at(row, field),
                               render_decimals(&render, row, field));
        }
        text = text == NULL ? "" : text;
        if (client->options.tsv) {
            (void)fputs(c == 0 ? "" : "\t", out);
            tsv_cell(text, out);
        } else {
            (void)fputs(c == 0 ? "" : ",", out);
            csv_cell(text, output_field_is_number(row->descriptor, field), out);
        }
    }
    (void)fputs(client->options.tsv ? "\n" : "\r\n", out);
}

enum status output_cells(struct client *client, const ProtobufCMessage *inner, FILE *out)
{
    const ProtobufCFieldDescriptor *rows = output_rows_of(inner->descriptor);
    const ProtobufCMessageDescriptor *message = rows == NULL ? inner->descriptor : rows->descriptor;
    struct selection selection = {0};
    enum status status = cells_selection(client, message, &selection);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t c = 0; c < selection.count; c++) {
        char key[64];
        field_key(selection.field[c], key);
        (void)fprintf(out, "%s%s", c == 0 ? "" : client->options.tsv ? "\t" : ",", key);
    }
    (void)fputs(client->options.tsv ? "\n" : "\r\n", out);
    size_t count = rows == NULL ? 1 : field_count(inner, rows);
    for (size_t i = 0; i < count; i++) {
        row_cells(client, inner, rows == NULL ? inner : output_row_at(inner, rows, i), &selection,
                  out);
    }
    return STATUS_OK;
}
