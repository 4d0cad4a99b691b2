// SPDX-License-Identifier: Apache-2.0
#include "client/gather.h"

#include "client/letters.h"
#include "client/output_machine.h"
#include "shared/fields.h"
#include "shared/limits.h"
#include "shared/page.h"
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
    const char *next = page_next(command, first);
    struct gathered all = {0};
    if (next == NULL) {
        return STATUS_OK;
    }
    if (!rows_take(client->arena, first, rows, &all)) {
        return STATUS_TOO_LARGE;
    }
    while (next != NULL) {
        page_set_cursor(command, inner, letters_lend(next));
        Reply *reply = NULL;
        client->deadline_ms = client_clock_ms() + client->options.timeout_ms;
        enum status status = client_call(client, command, inner, &reply);
        if (status != STATUS_OK) {
            return status;
        }
        const ProtobufCMessage *page = wire_inner(&reply->base, command->number);
        const char *after = page == NULL ? next : page_next(command, page);
        if (after != NULL && strcmp(after, next) == 0) {
            return STATUS_MALFORMED;
        }
        if (!rows_take(client->arena, page, rows, &all)) {
            return STATUS_TOO_LARGE;
        }
        next = after;
    }
    Page *page = *(Page **)field_at(first, named(command->reply, "page"));
    page->next += strlen(page->next);
    *(ProtobufCMessage ***)field_at(first, rows) = all.row;
    memcpy((char *)first + rows->quantifier_offset, &all.count, sizeof(all.count));
    return STATUS_OK;
}

enum status gather_call(struct client *client, const struct command *command,
                        ProtobufCMessage *inner, Reply **out)
{
    assert(command != NULL && inner != NULL && out != NULL);
    const ProtobufCFieldDescriptor *limit = named(command->request, "limit");
    if (!page_is_paged(command) || limit == NULL || output_rows_of(command->reply) == NULL) {
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
