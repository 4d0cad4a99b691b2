// SPDX-License-Identifier: Apache-2.0
#include "client/groups.h"

#include "shared/fields.h"
#include "shared/wire.h"

// The field of that name that is a single text; NULL.
static const ProtobufCFieldDescriptor *text_named(const ProtobufCMessageDescriptor *message,
                                                  const char *name)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message, name);
    const bool is_text = field != NULL && field->type == PROTOBUF_C_TYPE_STRING &&
                         field->label != PROTOBUF_C_LABEL_REPEATED;
    return is_text ? field : NULL;
}

static enum status rows_join(struct arena *arena, ProtobufCMessage *all,
                             const ProtobufCMessage *more, const ProtobufCFieldDescriptor *rows)
{
    const size_t count = field_count(all, rows);
    const size_t added = field_count(more, rows);
    if (added == 0) {
        return STATUS_OK;
    }
    ProtobufCMessage **list = arena_alloc(arena, (count + added) * sizeof *list);
    if (list == NULL) {
        return STATUS_TOO_LARGE;
    }
    if (count > 0) {
        memcpy(list, *(ProtobufCMessage *const *const *)field_at(all, rows), count * sizeof *list);
    }
    memcpy(list + count, *(ProtobufCMessage *const *const *)field_at(more, rows),
           added * sizeof *list);
    const size_t sum = count + added;
    *(ProtobufCMessage ***)field_at(all, rows) = list;
    memcpy((char *)all + rows->quantifier_offset, &sum, sizeof sum);
    return STATUS_OK;
}

// Adds rows, counts and amounts; other fields say the same in each answer.
static enum status answers_join(struct arena *arena, ProtobufCMessage *all,
                                const ProtobufCMessage *more)
{
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < all->descriptor->n_fields && status == STATUS_OK; i++) {
        const ProtobufCFieldDescriptor *field = &all->descriptor->fields[i];
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            status = field->type == PROTOBUF_C_TYPE_MESSAGE ? rows_join(arena, all, more, field)
                                                            : STATUS_OK;
        } else if (field->type == PROTOBUF_C_TYPE_UINT32) {
            *(uint32_t *)field_at(all, field) += *(const uint32_t *)field_at(more, field);
        } else if (field_kind(field) == KIND_MONEY) {
            *(int64_t *)field_at(all, field) += *(const int64_t *)field_at(more, field);
        }
    }
    return status;
}

enum status groups_call(struct client *client, const struct command *command,
                        ProtobufCMessage *inner, Reply *first)
{
    const ProtobufCFieldDescriptor *cursor = text_named(command->request, "cursor");
    const ProtobufCFieldDescriptor *next = text_named(command->reply, "next");
    ProtobufCMessage *all = wire_inner(&first->base, command->number);
    if (command->mode != COMMAND_WRITE || cursor == NULL || next == NULL || all == NULL ||
        client->options.dry_run || client->options.key != NULL) {
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    char **at = (char **)field_at(all, next);
    while (status == STATUS_OK && (*at)[0] != '\0') {
        Reply *reply = NULL;
        *(char **)field_at(inner, cursor) = *at;
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        status = client_call(client, command, inner, &reply);
        const ProtobufCMessage *more =
            status == STATUS_OK ? wire_inner(&reply->base, command->number) : NULL;
        if (status == STATUS_OK && more == NULL) {
            status = STATUS_MALFORMED;
        }
        if (status == STATUS_OK) {
            char *after = *(char *const *)field_at(more, next);
            status =
                strcmp(after, *at) == 0 ? STATUS_MALFORMED : answers_join(client->arena, all, more);
            *at = after;
        }
    }
    return status;
}
