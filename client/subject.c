// SPDX-License-Identifier: Apache-2.0

// Everything that is held about a person as one file for that person: the card with its veils
// lifted, of which the journal keeps the trace, then documents, payments and history as the
// commands that show them do.

#include "client/gather.h"
#include "client/home.h"
#include "client/output_machine.h"
#include "client/run.h"
#include "client/tools.h"
#include "shared/fields.h"
#include "shared/wire.h"
#include "shared/words.h"

struct subject {
    struct client *client;
    json_t *file;
    uint64_t customer_id;
};

// What a reply says, without the envelope that a program reads it in.
static json_t *data_of(struct client *client, const struct command *command,
                       const ProtobufCMessage *reply)
{
    const struct render_context render = client_render(client);
    json_t *json = render_json(&render, command, reply);
    json_t *data = json_incref(json_object_get(json, "data"));
    json_decref(json);
    return data;
}

// A request of the command about this id, which is its first field of that name.
static ProtobufCMessage *about(struct client *client, const struct command *command,
                               const char *name, uint64_t id)
{
    ProtobufCMessage *request = wire_make(client->arena, command->request);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(command->request, name);
    assert(field != NULL);
    if (request != NULL) {
        memcpy(field_at(request, field), &id, sizeof id);
    }
    return request;
}

// One by one, as `show` tells each that `list` names.
static enum status add_each(struct subject *subject, json_t *into, const ProtobufCMessage *list,
                            const struct command *show, const char *name)
{
    struct client *client = subject->client;
    const ProtobufCFieldDescriptor *rows = output_rows_of(list->descriptor);
    for (size_t i = 0; i < field_count(list, rows); i++) {
        const ProtobufCMessage *row =
            *(const ProtobufCMessage *const *)field_element(list, rows, i);
        const ProtobufCFieldDescriptor *id =
            protobuf_c_message_descriptor_get_field_by_name(row->descriptor, "id");
        uint64_t about_id = 0;
        Reply *reply = NULL;
        memcpy(&about_id, field_element(row, id, 0), sizeof about_id);
        ProtobufCMessage *request = about(client, show, name, about_id);
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        const enum status status =
            request != NULL ? client_call(client, show, request, &reply) : STATUS_TOO_LARGE;
        if (status != STATUS_OK) {
            return status;
        }
        json_array_append_new(into, data_of(client, show, wire_inner(&reply->base, show->number)));
    }
    return STATUS_OK;
}

struct section {
    const char *key;
    const char *list;
    const char *show; // NULL: the rows of the list say it all
    const char *name; // of the field of `show` that takes an id
};

static const struct section SECTIONS[] = {
    {"invoices", "invoice_list", "invoice_show", "invoice_id"},
    {"payments", "payment_list", "payment_show", "payment_id"},
    {"history", "customer_history", NULL, NULL},
};

static enum status add_section(struct subject *subject, const struct section *section)
{
    struct client *client = subject->client;
    const struct command *list = command_by_name(section->list);
    ProtobufCMessage *request = about(client, list, "customer_id", subject->customer_id);
    Reply *reply = NULL;
    client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
    const enum status status =
        request != NULL ? gather_call(client, list, request, &reply) : STATUS_TOO_LARGE;
    if (status != STATUS_OK) {
        return status;
    }
    const ProtobufCMessage *inner = wire_inner(&reply->base, list->number);
    if (section->show == NULL) {
        return json_object_set_new(subject->file, section->key, data_of(client, list, inner)) == 0
                   ? STATUS_OK
                   : STATUS_ENVIRONMENT;
    }
    json_t *into = json_array();
    if (json_object_set_new(subject->file, section->key, into) != 0) {
        return STATUS_ENVIRONMENT;
    }
    return add_each(subject, into, inner, command_by_name(section->show), section->name);
}

static enum status subject_write(const struct subject *subject, const char *path)
{
    struct client *client = subject->client;
    if (path == NULL) {
        return render_json_write(subject->file, JSON_INDENT(1), stdout) ? STATUS_OK
                                                                        : STATUS_FILE_ERROR;
    }
    char *text = json_dumps(subject->file, JSON_INDENT(1));
    if (text == NULL) {
        return STATUS_ENVIRONMENT;
    }
    const enum status status = home_write(path, bytes_of(text, strlen(text)));
    explicit_bzero(text, strlen(text));
    free(text);
    return status == STATUS_OK ? status : client_fail(client, status, "output", path, NULL);
}

// Takes --output FILE out of the words; the rest are the command's.
static enum status words_parse(struct client *client, const struct command *command, size_t count,
                               const char *const *words, const char **path,
                               ProtobufCMessage **inner)
{
    const char **kept = arena_alloc(client->arena, (count + 1) * sizeof *kept);
    size_t kept_count = 0;
    if (kept == NULL) {
        return STATUS_TOO_LARGE;
    }
    for (size_t i = 0; i < count; i++) {
        if (!tool_value(count, words, &i, "output", path)) {
            kept[kept_count++] = words[i];
        }
    }
    const enum status status = command_parse(client, command, kept_count, kept, inner);
    return status == STATUS_OK ? rules_check(command, *inner, &client->problems) : status;
}

enum status tool_subject(struct client *client, size_t count, const char *const *words)
{
    const struct command *command = command_by_name("customer_subject");
    const char *path = NULL;
    ProtobufCMessage *inner = NULL;
    Reply *reply = NULL;
    enum status status = words_parse(client, command, count, words, &path, &inner);
    if (status == STATUS_OK) {
        status = client_call(client, command, inner, &reply);
    }
    if (status != STATUS_OK || client->options.dry_run) {
        return status;
    }

    struct subject subject = {.client = client,
                              .file = data_of(client, command, &reply->customer_subject->base),
                              .customer_id = reply->customer_subject->id};
    for (size_t i = 0; status == STATUS_OK && i < COUNT_OF(SECTIONS); i++) {
        status = add_section(&subject, &SECTIONS[i]);
    }
    if (status == STATUS_OK) {
        status = subject_write(&subject, path);
    }
    json_decref(subject.file);
    return status;
}
