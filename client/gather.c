// SPDX-License-Identifier: Apache-2.0
#include "client/gather.h"

#include "client/output_machine.h"
#include "shared/fields.h"
#include "shared/limits.h"
#include "shared/wire.h"

struct gathered {
    ProtobufCMessage **row;
    size_t count;
    size_t room;
};

static const ProtobufCFieldDescriptor *named(const ProtobufCMessageDescriptor *message,
                                             const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(message, name);
}

static bool rows_take(struct arena *arena, const ProtobufCMessage *reply,
                      const ProtobufCFieldDescriptor *rows, struct gathered *all)
{
    size_t count = field_count(reply, rows);
    if (all->count + count > all->room) {
        size_t room = 2 * (all->count + count);
        ProtobufCMessage **list = arena_alloc(arena, room * sizeof(*list));
        if (list == NULL) {
            return false;
        }
        for (size_t i = 0; i < all->count; i++) {
            list[i] = all->row[i];
        }
        *all = (struct gathered){.row = list, .count = all->count, .room = room};
    }
    ProtobufCMessage *const *page = *(ProtobufCMessage *const *const *)field_at(reply, rows);
    for (size_t i = 0; i < count; i++) {
        all->row[all->count++] = page[i];
    }
    return true;
}

// Walks on from the page that `first` is; its rows become all rows.
static enum status pages_walk(struct client *client, const struct command *command,
                              ProtobufCMessage *inner, ProtobufCMessage *first)
{
    const ProtobufCFieldDescriptor *rows = output_rows_of(command->reply);
    const ProtobufCFieldDescriptor *page = named(command->reply, "page");
    Page *page_first = *(Page **)field_at(first, page);
    struct gathered all = {0};
    if (page_first == NULL) {
        return STATUS_OK;
    }
    if (!rows_take(client->arena, first, rows, &all)) {
        return STATUS_TOO_LARGE;
    }
    for (char *next = page_first->next; next[0] != '\0';) {
        *(char **)field_at(inner, named(command->request, "cursor")) = next;
        Reply *reply = NULL;
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        enum status status = client_call(client, command, inner, &reply);
        if (status != STATUS_OK) {
            return status;
        }
        const ProtobufCMessage *message = wire_inner(&reply->base, command->number);
        const Page *page_next = message == NULL ? NULL : *(Page *const *)field_at(message, page);
        if (page_next == NULL || strcmp(page_next->next, next) == 0) {
            return STATUS_MALFORMED;
        }
        if (!rows_take(client->arena, message, rows, &all)) {
            return STATUS_TOO_LARGE;
        }
        next = page_next->next;
    }
    page_first->next = page_first->next + strlen(page_first->next);
    *(ProtobufCMessage ***)field_at(first, rows) = all.row;
    memcpy((char *)first + rows->quantifier_offset, &all.count, sizeof(all.count));
    return STATUS_OK;
}

enum status gather_call(struct client *client, const struct command *command,
                        ProtobufCMessage *inner, Reply **out)
{
    assert(command != NULL && inner != NULL && out != NULL);
    const ProtobufCFieldDescriptor *limit = named(command->request, "limit");
    bool is_list = limit != NULL && named(command->request, "cursor") != NULL &&
                   named(command->reply, "page") != NULL && output_rows_of(command->reply) != NULL;
    if (!is_list) {
        return client_fail(client, STATUS_USAGE, NULL, "--all", NULL);
    }
    if (!field_is_set(inner, limit)) {
        *(uint32_t *)field_at(inner, limit) = LIST_ROWS_MAX;
    }
    enum status status = client_call(client, command, inner, out);
    ProtobufCMessage *first =
        status == STATUS_OK ? wire_inner(&(*out)->base, command->number) : NULL;
    return first == NULL ? status : pages_walk(client, command, inner, first);
}
